//! Deliveries to servers that the tests play, to a real mail server, and by programs.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod command;
mod mail;
mod served;
mod webhook;

use director_core::alert::{Kind, Notice, Occasion, Undelivered};
use director_core::config::dialogue::Secret;
use director_core::config::{Alert, Means};
use director_core::name::NodeName;
use director_core::time::Instant;
use director_courier::LocalCourier;
use director_shell::courier::Courier;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Far more than the loopback needs; no test waits for it.
const PLENTY: Duration = Duration::from_secs(20);

fn notice() -> Notice {
    Notice {
        number: 7,
        node: NodeName::new("d1").unwrap(),
        kind: Kind::Trouble,
        occasion: Some(Occasion::Server),
        what: "server 10.0.0.21:80 is down".into(),
        place: "service web, server 10.0.0.21:80".into(),
        why: "3 checks in a row failed, the last: connection refused".into(),
        since: Instant::ZERO,
        at: Instant::ZERO,
        suppressed: 4,
    }
}

/// Delivers the notice of a trouble that began at 1,000,000,000 s of Unix time.
async fn deliver(means: Means) -> Result<(), Undelivered> {
    let alert = Alert { timeout: PLENTY, ..Alert::by(means) };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    LocalCourier.deliver(&alert, &notice(), now - Duration::from_secs(1_000_000_000)).await
}

fn secret(folder: &Path, text: &str, mode: u32) -> Secret {
    let path = folder.join("secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    Secret::File(path.to_str().unwrap().to_owned())
}
