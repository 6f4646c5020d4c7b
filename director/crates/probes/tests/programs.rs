//! Programs on the director: how they end, as whom they run, and that nothing of them stays.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use director_core::config::Dialogue;
use director_core::config::dialogue::{File, Pattern, Program};
use director_core::probe::{Failure, Outcome, Probe};
use director_probes::{LocalHost, probe};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Far more than a script needs; no test waits for it.
const PLENTY: Duration = Duration::from_secs(30);

/// Root's programs run as nobody; without root there is only oneself.
fn user() -> String {
    let own = nix::unistd::geteuid();
    if own.is_root() {
        return "nobody".to_owned();
    }
    nix::unistd::User::from_uid(own).unwrap().unwrap().name
}

/// A folder that everybody may write to, and a script in it; `DIR` stands for the folder.
fn script(text: &str) -> (TempDir, Dialogue) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let path = folder.path().join("script");
    let text = text.replace("DIR", folder.path().to_str().unwrap());
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let command = vec![path.to_str().unwrap().to_owned(), "first; exit 1".to_owned()];
    (folder, Dialogue::Program(Program { command, user: user() }.into()))
}

fn check(dialogue: Dialogue, timeout: Duration) -> Probe {
    Probe { target: "192.0.2.21:80".parse().unwrap(), way: None, dialogue, timeout }
}

async fn of(text: &str) -> Outcome {
    let (_folder, dialogue) = script(text);
    probe(&LocalHost::default(), &check(dialogue, PLENTY)).await
}

/// The number that a script has written; waits for it.
async fn number(folder: &TempDir, name: &str) -> u32 {
    let limit = Instant::now() + PLENTY;
    loop {
        let text = fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        assert!(Instant::now() < limit, "{name} was not written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a process is gone, or is only there to be waited for.
async fn gone(pid: u32) {
    let limit = Instant::now() + PLENTY;
    let status = format!("/proc/{pid}/stat");
    while Path::new(&status).exists() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let dead = text.rsplit(") ").next().is_none_or(|rest| rest.starts_with(['Z', 'X']));
        if text.is_empty() || dead {
            return;
        }
        assert!(Instant::now() < limit, "process {pid} lives on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn only_status_0_is_success() {
    assert!(of("exit 0").await.is_ok());
    let how = "ended with status 3".to_owned();
    assert_eq!(of("exit 3").await, Err(Failure::Ended { how }));
}

/// ldirectord's defect D9: there, a check that a signal ends is a success.
#[tokio::test]
async fn d9_a_program_that_a_signal_ends_has_failed() {
    let how = "died of signal 15".to_owned();
    assert_eq!(of("kill -TERM $$; sleep 1000").await, Err(Failure::Ended { how }));
}

#[tokio::test]
async fn no_shell_reads_the_arguments_and_nothing_of_our_environment_is_there() {
    let (folder, dialogue) = script("printf '%s\\n' \"$@\" >DIR/arguments; env >DIR/environment");
    probe(&LocalHost::default(), &check(dialogue, PLENTY)).await.unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("arguments"), "first; exit 1\n192.0.2.21\n80\n");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!read("environment").contains("CARGO"), "{}", read("environment"));
}

#[tokio::test]
async fn a_program_runs_as_its_user_in_no_group_of_ours() {
    let (folder, dialogue) = script("id -un >DIR/user; id -G >DIR/groups");
    probe(&LocalHost::default(), &check(dialogue, PLENTY)).await.unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("user").trim(), user());
    if nix::unistd::geteuid().is_root() {
        assert!(!read("groups").split_whitespace().any(|group| group == "0"), "{}", read("groups"));
    }
}

#[tokio::test]
async fn a_program_dies_with_its_children_when_its_time_is_up() {
    let (folder, dialogue) = script("sleep 1000 & echo $! >DIR/child; echo $$ >DIR/own; wait");
    let running =
        tokio::spawn(async move { probe(&LocalHost::default(), &check(dialogue, PLENTY)).await });
    let (child, own) = (number(&folder, "child").await, number(&folder, "own").await);
    // The end of the time drops the check, as this does.
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    gone(own).await;
    gone(child).await;
}

#[tokio::test]
async fn a_program_that_ends_leaves_no_children() {
    let (folder, dialogue) = script("sleep 1000 & echo $! >DIR/child");
    probe(&LocalHost::default(), &check(dialogue, PLENTY)).await.unwrap();
    gone(number(&folder, "child").await).await;
}

#[tokio::test]
async fn a_program_that_hangs_is_late_on_time() {
    let (_folder, dialogue) = script("sleep 1000");
    let (start, timeout) = (Instant::now(), Duration::from_millis(200));
    let outcome = probe(&LocalHost::default(), &check(dialogue, timeout)).await;
    assert!(matches!(outcome, Err(Failure::TimedOut { .. })), "{outcome:?}");
    assert!(start.elapsed() >= timeout);
}

#[tokio::test]
async fn what_cannot_be_started_is_not_blamed_on_the_server() {
    for (path, user) in [("/no/such/program", user()), ("/bin/true", "no-such-user".to_owned())] {
        let command = vec![path.to_owned()];
        let dialogue = Dialogue::Program(Program { command, user }.into());
        let outcome = probe(&LocalHost::default(), &check(dialogue, PLENTY)).await;
        assert!(matches!(outcome, Err(Failure::Local { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_file_says_how_the_server_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").to_str().unwrap().to_owned();
    let look = async |expect: Option<&str>| {
        let expect = expect.map(|text| Pattern::Text(text.into()));
        let dialogue = Dialogue::File(File { path: path.clone(), expect }.into());
        probe(&LocalHost::default(), &check(dialogue, PLENTY)).await
    };
    assert!(matches!(look(None).await, Err(Failure::Rejected { .. })));
    fs::write(&path, "up\n").unwrap();
    assert!(look(None).await.is_ok() && look(Some("up")).await.is_ok());
    assert_eq!(look(Some("down")).await, Err(Failure::Body { length: 3 }));
}
