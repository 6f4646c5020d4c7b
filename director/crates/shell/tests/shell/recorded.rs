//! What whole directors record: their decisions made once more are the same.

use crate::support::{Cluster, Manner, on_one_thread, server, settled, until_role};
use director_core::order::{Author, Order as Operation};
use director_core::report::Role;
use director_engine::record::{Beginning, Cause, End, Item, Outputs, Reader, Turn};
use director_shell::Order;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::mem::discriminant;
use std::path::Path;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Does everything again; how many inputs there were of how many kinds, and how the record ends.
fn replayed(path: &Path) -> (Beginning, usize, usize, Item) {
    let file = BufReader::new(File::open(path).unwrap());
    let (beginning, mut reader) = Reader::open(file).unwrap();
    let mut director = beginning.director();
    let (mut count, mut kinds) = (0, BTreeSet::new());
    loop {
        let (line, at, cause, outputs) = match reader.item().unwrap() {
            Item::Turn { line, at, cause, outputs } => (line, at, cause, outputs),
            last => return (beginning, count, kinds.len(), last),
        };
        let kind = match &cause {
            Cause::Told(input) => format!("{:?}", discriminant(input)),
            other => format!("{:?}", discriminant(other)),
        };
        kinds.insert(kind);
        let turn = Turn::of(&mut director, cause, at);
        let now = Outputs::of(&turn.effects, &turn.reports, turn.next);
        assert_eq!(now, outputs, "line {line}: {turn:?}");
        count += 1;
    }
}

async fn hand_over(orders: &tokio::sync::mpsc::Sender<Order>) {
    let (reply, answer) = oneshot::channel();
    let by = Author { who: "root".to_owned(), why: "a test".to_owned() };
    let operation = Operation::Handover { group: None };
    orders.send(Order::Operate(operation, by, reply)).await.unwrap();
    answer.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_whole_life_is_recorded_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let records = Some(folder.path().to_owned());
    on_one_thread(async {
        let cluster = Cluster { records, ..Cluster::default() };
        let (d1, d2) = settled(&cluster).await;
        cluster.servers.set(server(1), Manner::Refuses);
        sleep(Duration::from_secs(9)).await;
        hand_over(&d1.orders).await;
        until_role(&d2, Role::Active).await;
        d1.orders.send(Order::Reload).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        d2.crash().await;
        until_role(&d1, Role::Active).await;
        d1.stop().await;
        d1.task.await.unwrap().unwrap();
    })
    .await;
    let (beginning, count, kinds, last) = replayed(&folder.path().join("d1"));
    assert_eq!(beginning.node.as_str(), "d1");
    assert_eq!(last, Item::End(End::Stopped));
    assert!(count > 200 && kinds >= 7, "{count} inputs of {kinds} kinds");
    // The process was not there any more to write why.
    let (_, count, _, last) = replayed(&folder.path().join("d2"));
    assert!(count > 200 && last == Item::Open { cut: false }, "{count} inputs, {last:?}");
}
