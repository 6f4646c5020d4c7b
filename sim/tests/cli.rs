//! The command line: what it prints, and its exit status.

#![allow(clippy::unwrap_used, reason = "a test that cannot write its files has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod common;

/// A folder of its own for a test, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("director-sim-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("config")).unwrap();
        std::fs::write(path.join("config/pair.toml"), common::CONFIG).unwrap();
        Self(path)
    }

    fn scenario(&self, name: &str, engines: &str, expect: &str) -> PathBuf {
        let nodes = common::NODES
            .replace("config = \"other.toml\"", "config = \"config/pair.toml\"")
            .replace("config = \"pair.toml\"", "config = \"config/pair.toml\"");
        let text = format!(
            "title = \"{name}\"\nwhy = \"a test\"\nlength = \"10s\"\nengines = [{engines}]\n\
             timeline = [\"{{6s..7s}} power-off d1\"]\nexpect = [\"{expect}\"]\n{nodes}"
        );
        let path = self.0.join(format!("{name}.toml"));
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sim(arguments: &[&str], path: &Path) -> Output {
    let program = env!("CARGO_BIN_EXE_director-sim");
    Command::new(program).args(arguments).arg(path).output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn status_0_when_everything_held_and_the_same_bytes_for_the_same_seed() {
    let folder = Folder::new("held");
    let path = folder.scenario("held", "\"world\"", "outage(web) <= 1s");
    for format in ["text", "json", "junit"] {
        let run = || sim(&["run", "--seed", "7", "--format", format], &path);
        let (one, other) = (run(), run());
        assert_eq!(one.status.code(), Some(0), "{}", words(&one));
        assert!(!one.stdout.is_empty());
        assert_eq!(one.stdout, other.stdout);
    }
}

#[test]
fn one_run_is_told_in_every_form_that_is_asked_for() {
    let folder = Folder::new("outputs");
    let path = folder.scenario("outputs", "\"world\"", "outage(web) <= 1ms");
    let file = |name: &str| folder.0.join(name).display().to_string();
    let (page, json, junit) = (file("a.html"), file("a.json"), file("a.xml"));
    let run = || sim(&["run", "--report", &page, "--json", &json, "--junit", &junit], &path);
    let read = |name: &str| std::fs::read_to_string(name).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("1 violated"));
    let first = [read(&page), read(&json), read(&junit)];
    assert!(first[0].starts_with("<!doctype html>") && first[0].contains("outage(web)"));
    assert!(first[1].contains("\"exit_status\": 1") && first[2].contains("<failure message="));
    run();
    assert_eq!(first, [read(&page), read(&json), read(&junit)]);
    let output = sim(&["run", "--report", "/nowhere/a.html"], &path);
    assert_eq!(output.status.code(), Some(2));
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(wrong.contains("cannot write the report to /nowhere/a.html"), "{wrong}");
}

#[test]
fn status_1_when_something_was_violated() {
    let folder = Folder::new("violated");
    let path = folder.scenario("violated", "\"world\"", "outage(web) <= 1ms");
    let output = sim(&["run"], &path);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("outage(web) <= 1ms"));
    let output = sim(&["run", "--seeds", "1..4"], &path);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("3 of 3 seeds, 1 2 3"), "{}", words(&output));
}

#[test]
fn status_2_with_every_problem_when_the_input_is_wrong() {
    let folder = Folder::new("wrong");
    let path = folder.scenario("wrong", "\"world\"", "outage(nobody) <= 1ms");
    let output = sim(&["run"], &path);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("wrong.toml:6:"));
    assert!(output.stdout.is_empty());
    assert_eq!(sim(&["run", "--seeds", "5..5"], &path).status.code(), Some(2));
    assert_eq!(sim(&["run"], &folder.0.join("missing.toml")).status.code(), Some(2));
}

#[test]
fn status_2_when_a_configuration_is_wrong() {
    let folder = Folder::new("config");
    let path = folder.scenario("fine", "\"world\"", "outage(web) <= 1s");
    let broken = common::CONFIG.replace("keepalive = \"100ms\"", "keepalive = 100");
    std::fs::write(folder.0.join("config/pair.toml"), broken).unwrap();
    let output = sim(&["run"], &path);
    assert_eq!(output.status.code(), Some(2));
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(problems.contains("pair.toml:4:"), "{problems}");
}

#[test]
fn what_is_not_for_this_engine_is_skipped_with_the_reason_and_counted() {
    let folder = Folder::new("skipped");
    folder.scenario("elsewhere", "\"netns\"", "outage(web) <= 1s");
    folder.scenario("here", "\"world\"", "outage(web) <= 1s");
    let direct = "forward = \"direct\"";
    let udp = common::CONFIG.replace(direct, &format!("{direct}\nprotocol = \"udp\""));
    assert_ne!(udp, common::CONFIG);
    std::fs::write(folder.0.join("config/udp.toml"), udp).unwrap();
    let path = folder.scenario("udp", "\"world\"", "outage(web) <= 1s");
    let text = std::fs::read_to_string(&path).unwrap().replace("pair.toml", "udp.toml");
    std::fs::write(&path, text).unwrap();
    let output = sim(&["run"], &folder.0);
    let text = words(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{output:?}");
    assert!(text.contains("it is for netns, not for world"), "{text}");
    assert!(text.contains("the world engine has no udp"), "{text}");
    assert!(text.contains("1 held, 0 violated, 2 skipped"), "{text}");
}

/// The page on replaying shows what its commands print.
#[test]
fn the_page_on_replaying_is_right() {
    let folder = Folder::new("replay");
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(top.join("docs/replay.md")).unwrap();
    let story = top.join("scenarios/failover/active-loses-power.toml");
    let records = folder.0.join("records");
    let told = sim(&["explain", "--record", records.to_str().unwrap()], &story);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let command = "director-sim replay /tmp/records/d2-1 --from 11.9s --until 11.957s";
    assert!(page.contains(command));
    let part = ["replay", "--from", "11.9s", "--until", "11.957s"];
    let replayed = sim(&part, &records.join("d2-1"));
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    let shown = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(shown, words(&replayed));
}

#[test]
fn status_2_for_what_is_no_record_with_its_line() {
    let folder = Folder::new("no-record");
    let path = folder.scenario("not", "\"world\"", "outage(web) <= 1s");
    let refused = sim(&["replay"], &path);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("not.toml:1: not a director's record"), "{said}");
    let missing = sim(&["replay"], &folder.0.join("missing"));
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
    let backwards = sim(&["replay", "--from", "2s", "--until", "1s"], &path);
    assert_eq!(backwards.status.code(), Some(2), "{backwards:?}");
}
