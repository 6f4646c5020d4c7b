//! Checks of real servers from Debian's packages, each started here on free ports of the loopback
//! with a configuration of its own, and what comes of them in every case. Prints the table:
//!
//! ```sh
//! cargo nextest run --workspace --no-capture \
//!     -E 'package(director-probes) & binary(servers)'
//! ```
//!
//! What a real server does not do by itself (drip, break off, talk garbage) is done to its real
//! bytes by somebody in the middle. A server that is not installed is skipped, and said so.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod certificates;
mod host;
mod inetd;
mod mail;
mod middle;
mod others;
mod place;
mod process;
mod rehearse;
mod stores;
mod subject;
mod table;
mod trees;
mod web;

use rehearse::rehearse;
use std::time::{Duration, Instant};
use table::Table;
use tokio::task::JoinSet;

/// A machine that is busy with other things may take this long; a quiet one needs a quarter of it.
const LIMIT: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_protocol_in_every_case() {
    let begun = Instant::now();
    let mut table = Table::default();
    let mut stages = JoinSet::new();
    let all = [web::stages(), mail::stages(), trees::stages(), stores::stages(), others::stages()];
    for (place, stage) in all.into_iter().flatten().enumerate() {
        match stage {
            Ok(stage) => {
                stages.spawn(async move { (place, rehearse(stage).await) });
            }
            Err(missing) => table.skip(place, &missing),
        }
    }
    while let Some(ended) = stages.join_next().await {
        let (place, rows) = ended.unwrap();
        table.add(place, rows);
    }
    table.add(usize::MAX, host::rows().await);
    println!("{table}");
    let took = begun.elapsed();
    println!("{}, in {} s", table.sum(), took.as_secs());
    assert!(table.broken().is_empty(), "{}", table.broken().join("\n"));
    assert!(took < LIMIT, "{took:?}");
}
