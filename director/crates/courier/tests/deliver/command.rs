use super::{deliver, notice};
use director_core::alert::Undelivered;
use director_core::config::{Alert, Means};
use director_courier::LocalCourier;
use director_shell::courier::Courier;
use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use tokio::time::sleep;

fn shell(script: &str) -> Means {
    Means::Command(["/bin/sh", "-c", script, "alert"].map(str::to_owned).to_vec())
}

#[tokio::test]
async fn a_command_gets_everything_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let script = format!(
        "(echo $1 $2; env | grep -E ^DIRECTOR_'(NODE|ALERT)' | grep -v LASTED | sort) > {}",
        file.display()
    );
    deliver(shell(&script)).await.unwrap();
    let told = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "trouble server",
            "DIRECTOR_ALERT_EVENT=server",
            "DIRECTOR_ALERT_KIND=trouble",
            "DIRECTOR_ALERT_NUMBER=7",
            "DIRECTOR_ALERT_SINCE=2001-09-09T01:46:40Z",
            "DIRECTOR_ALERT_SUBJECT=d1: service web, server 10.0.0.21:80: server 10.0.0.21:80 is \
             down",
            "DIRECTOR_ALERT_SUPPRESSED=4",
            "DIRECTOR_ALERT_WHAT=server 10.0.0.21:80 is down",
            "DIRECTOR_ALERT_WHERE=service web, server 10.0.0.21:80",
            "DIRECTOR_ALERT_WHY=3 checks in a row failed, the last: connection refused",
            "DIRECTOR_NODE=d1",
        ]
    );
}

#[tokio::test]
async fn a_command_that_fails_or_is_not_there_is_tried_again() {
    let failed = deliver(shell("exit 3")).await.unwrap_err();
    assert_eq!(failed, Undelivered { again: true, why: "/bin/sh: exit status: 3".into() });
    let missing = deliver(Means::Command(vec!["/no/such".into()])).await.unwrap_err();
    assert!(missing.why.starts_with("/no/such cannot be run"), "{}", missing.why);
}

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let script = format!("mkfifo {0}; (read _ < {0}) & wait", pipe.display());
    let alert = Alert { timeout: Duration::from_millis(500), ..Alert::by(shell(&script)) };
    let hung = LocalCourier.deliver(&alert, &notice(), Duration::ZERO).await.unwrap_err();
    assert_eq!(hung.why, "/bin/sh ran for more than 500 ms and was killed");
    // With a reader left, opening it for writing alone succeeds; a killed one may take a moment.
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    for _ in 0..1000 {
        if options.open(&pipe).is_err() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("somebody still reads");
}
