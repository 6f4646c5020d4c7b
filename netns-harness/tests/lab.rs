//! The program itself, on whatever engine this machine has.

#![expect(clippy::unwrap_used, reason = "helpers of tests are outside `#[test]` functions")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_director-lab");

/// A directory of one test, removed when it ends well.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn lab(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Engines on which a scenario without directors runs here; a run that needs none that is there
/// says so and is over.
fn engines() -> Vec<&'static str> {
    let report = said(&lab(&["doctor"]));
    let blocked = |engine: &str| {
        let mut lines = report.lines().skip_while(|line| !line.starts_with(engine));
        let ready = lines.next().is_some_and(|line| line.ends_with("ready"));
        let missing: Vec<&str> = lines
            .take_while(|line| line.starts_with(' '))
            .filter(|l| l.contains("missing"))
            .collect();
        // IPVS alone is no hindrance where nobody directs.
        let only_ipvs = engine == "netns" && missing.iter().all(|line| line.contains("IPVS"));
        !(ready || only_ipvs)
    };
    let found: Vec<&str> =
        ["timetravel", "netns"].into_iter().filter(|engine| !blocked(engine)).collect();
    if found.is_empty() {
        eprintln!("skipped: no engine runs here:\n{report}");
    }
    found
}

/// The processes whose working directory is, or was, below this one.
fn processes_in(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            let cwd = std::fs::read_link(entry.path().join("cwd"));
            cwd.is_ok_and(|cwd| cwd.starts_with(directory))
        })
        .map(|entry| entry.path())
        .collect()
}

const SERVER: &str = r#"
title   = "a client and a real server"
why     = "without the lab's own parts nothing else can be shown"
length  = "4s"
engines = ["timetravel", "netns"]
timeline = [
  "1s   serve s1 refuse",
  "1.5s serve s1 wrong",
  "2s   serve s1 ok",
  "2.5s cut lan gw->s1",
  "3s   heal all",
]
expect = [
  "served(web, s1) >= 18 between 0s and 950ms",
  "failed(web) >= 9 between 1.05s and 1.5s",
  "wrong(web) >= 8 between 1.55s and 2s",
  "served(web, s1) >= 7 between 2.05s and 2.5s",
  "failed(web) >= 7 between 2.55s and 2.9s",
  "served(web, s1) >= 18 between 3.05s and 4s",
]
[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes.s1]
kind  = "server"
lan   = "10.0.0.21/24"
serve = "http 80 ok"
[clients.web]
target  = "10.0.0.21:80"
new     = "20/s"
timeout = "100ms"
"#;

#[test]
fn behaviours_and_cuts_are_seen_by_the_client() {
    let scratch = Scratch::new("behaviours");
    let file = scratch.file("server.toml", SERVER);
    for engine in engines() {
        let output = lab(&["run", "--engine", engine, file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{engine}: {}", said(&output));
    }
}

#[test]
fn the_same_seed_gives_the_same_history_to_the_byte() {
    if !engines().contains(&"timetravel") {
        eprintln!("skipped: needs the lab's own kernel, see `director-lab kernel build`");
        return;
    }
    let scratch = Scratch::new("repeat");
    let file = scratch.file("server.toml", SERVER);
    let history = |name: &str, seed: &str| {
        let path = scratch.0.join(name);
        let arguments = ["run", "--engine", "timetravel", "--seed", seed, "--history"];
        let output =
            lab(&[&arguments[..], &[path.to_str().unwrap(), file.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        std::fs::read_to_string(path).unwrap()
    };
    let first = history("first", "7");
    assert_eq!(first, history("second", "7"));
    assert_ne!(first, history("other", "8"));
}

#[test]
fn a_violated_expectation_and_a_wrong_file_have_their_exit_status() {
    let scratch = Scratch::new("status");
    let wrong = scratch.file("wrong.toml", "title = 7\n");
    let output = lab(&["run", wrong.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("wrong.toml:1:"), "{}", said(&output));
    for engine in engines() {
        let untrue = SERVER.replace("served(web, s1) >= 7 ", "served(web, s1) >= 700 ");
        let file = scratch.file("untrue.toml", &untrue);
        let output = lab(&["run", "--engine", engine, file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{engine}: {}", said(&output));
    }
}

#[test]
fn a_guest_that_is_not_done_in_time_is_killed_and_nothing_is_left() {
    let scratch = Scratch::new("limit");
    let long = SERVER.replace("length  = \"4s\"", "length  = \"23h\"");
    let file = scratch.file("long.toml", &long);
    for engine in engines() {
        let output = Command::new(PROGRAM)
            .args(["run", "--wall-limit", "2", "--engine", engine])
            .arg(&file)
            .env("TMPDIR", &scratch.0)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{engine}: {}", said(&output));
        assert!(said(&output).contains("not done after 2 s"), "{}", said(&output));
        let left: Vec<PathBuf> = std::fs::read_dir(&scratch.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| *path != file)
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "{engine}");
        // Who was killed is there until it has been buried.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !processes_in(&scratch.0).is_empty() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(processes_in(&scratch.0), Vec::<PathBuf>::new(), "{engine}");
    }
}

/// A director that does nothing and claims to have a service.
const PRETENDER: &str = r#"#!/bin/sh
if [ "$1" = status ]; then
  echo '{"services":[{"key":{"tcp":"10.0.0.100:80"},"scheduler":"wlc","fallback":null,
    "fallback_serving":false,"servers":[]}],"draining":[],"kernel":{"foreign":[]}}'
else
  exec sleep 1000
fi
"#;

const PRETENDERS: &str = r#"
title   = "a director that lies about its table"
why     = "what a status says is worth nothing unless somebody compares"
length  = "2s"
engines = ["timetravel"]
timeline = ["1s kill d2"]
expect = ["always owners(10.0.0.100) = 0"]
[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes.d1]
kind = "director"
lan  = "10.0.0.11/24"
config = "director.toml"
[nodes.d2]
kind = "director"
lan  = "10.0.0.12/24"
config = "director.toml"
"#;

#[test]
fn a_status_that_ipvsadm_contradicts_is_a_violation_and_both_texts_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    if !engines().contains(&"timetravel") {
        eprintln!("skipped: needs the lab's own kernel, see `director-lab kernel build`");
        return;
    }
    let scratch = Scratch::new("pretender");
    let program = scratch.file("director", PRETENDER);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = "[groups.web]\naddresses = [\"10.0.0.100/24 on lan\"]\n";
    scratch.file("director.toml", config);
    let file = scratch.file("pretenders.toml", PRETENDERS);
    let kept = scratch.0.join("kept");
    let output = Command::new(PROGRAM)
        .args(["run", "--engine", "timetravel", "--director"])
        .arg(&program)
        .arg("--keep")
        .arg(&kept)
        .arg(&file)
        .output()
        .unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = |node: &str| {
        let start = format!("on {node}, director status says what ipvsadm -Ln shows");
        said.lines().find(|line| line.contains(&start)).unwrap_or_default()
    };
    assert!(line("d1").ends_with("at 2s: ipvsadm does not show tcp 10.0.0.100:80"), "{said}");
    assert!(line("d2").ends_with("its director does not run at the end"), "{said}");
    let text = |name: &str| std::fs::read_to_string(kept.join("pretenders/status").join(name));
    assert!(text("d1.status.json").unwrap().contains("wlc"));
    assert!(text("d1.ipvsadm.txt").unwrap().starts_with("IP Virtual Server"));
}

const PEER_CONFIG: &str = r#"
[cluster]
name      = "pair"
keepalive = "100ms"
key-file  = "/etc/director/cluster.key"
links     = [{ interface = "lan" }]
[nodes.d1]
addresses = { lan = "10.0.0.11" }
priority  = 200
[nodes.d2]
addresses = { lan = "10.0.0.12" }
priority  = 100
[groups.web]
addresses = ["10.0.0.100/24 on lan"]
[services.http]
listen   = "10.0.0.100:80"
check    = { type = "http", path = "/", expect = "a page", interval = "500ms", timeout = "100ms" }
fallback = "127.0.0.1:80"
servers  = [{ address = "10.0.0.21" }]
"#;

const PEERS: &str = r#"
title   = "keepalived in the director's place"
why     = "a comparison is worth nothing when the peer was told something else"
length  = "5s"
engines = ["timetravel"]
timeline = ["3s power-off d1"]
expect = [
  "at 2900ms owner(10.0.0.100) = d1 and weight(d1, http, s1) = 1 and weight(d2, http, s1) = 1",
  "within 400ms of power-off owner(10.0.0.100) = d2 and arp(gw, 10.0.0.100) = d2",
  "failed(web) = 0 between 3500ms and 4500ms",
  "eventually role(d2, web) = active",
]
[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes."d1..d2"]
kind   = "director"
lan    = "10.0.0.{11..12}/24"
config = "director.toml"
serve  = "http 80 ok sorry"
[nodes.s1]
kind  = "server"
lan   = "10.0.0.21/24"
serve = "http 80 ok a page"
[clients.web]
target  = "10.0.0.100:80"
new     = "100/s"
timeout = "100ms"
start   = "2s"
"#;

/// Plays [`PEERS`] with a stack; the document of the comparison and the kept run directory. Nothing
/// when this machine cannot.
fn peer(stack: &str, scenario: &str) -> Option<(serde_json::Value, Scratch)> {
    let ready = format!("compare with {stack} ready");
    if !engines().contains(&"timetravel") || !said(&lab(&["doctor"])).contains(&ready) {
        eprintln!("skipped: needs the lab's own kernel and {stack}, see `director-lab doctor`");
        return None;
    }
    let scratch = Scratch::new(stack);
    scratch.file("director.toml", PEER_CONFIG);
    let file = scratch.file("peers.toml", scenario);
    let kept = scratch.0.join("kept");
    let arguments = ["compare", "--stacks", stack, "--format", "json", "--keep"];
    let arguments = [&arguments[..], &[kept.to_str().unwrap(), file.to_str().unwrap()]].concat();
    let output = lab(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stack = document["scenarios"][0]["stacks"][0].clone();
    let run = &stack["runs"][0];
    assert_eq!(run["result"], "held", "{}", said(&output));
    assert_eq!((&run["owners"], &run["neighbours"]), (&"d2".into(), &"d2".into()));
    assert_eq!(run["not_judged"], 1);
    Some((stack, scratch))
}

#[test]
fn keepalived_takes_over_as_it_was_told_and_is_not_asked_for_roles() {
    let Some((stack, scratch)) = peer("keepalived", PEERS) else { return };
    // Three adverts and the skew of priority 100, less one advert at most (RFC 5798 §6.1).
    let outage = stack["clients"]["web"]["outage"]["max_ns"].as_u64().unwrap();
    assert!((250_000_000..=380_000_000).contains(&outage), "{outage}");
    let config = scratch.0.join("kept/peers/keepalived-1/d2.keepalived.conf");
    let config = std::fs::read_to_string(config).unwrap();
    assert!(config.contains("    priority 100\n"), "{config}");
}

#[test]
fn heartbeat_and_ldirectord_take_over_as_they_were_told() {
    // At a takeover the table is filled anew, so that the standby has none before.
    let scenario = PEERS.replace(" and weight(d2, http, s1) = 1", "").replace("400ms", "900ms");
    let scenario = scenario.replace("between 3500ms", "between 4s");
    let Some((stack, scratch)) = peer("ldirectord", &scenario) else { return };
    // The deadtime, up to 250 ms until the clock is looked at, and once more for its second look.
    let outage = stack["clients"]["web"]["outage"]["max_ns"].as_u64().unwrap();
    assert!((250_000_000..=850_000_000).contains(&outage), "{outage}");
    let folder = scratch.0.join("kept/peers/ldirectord-1");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text("d2.ha.cf").contains("\nkeepalive 100ms\n"), "{}", text("d2.ha.cf"));
    assert!(text("d2.haresources").starts_with("d1 ldirectord::ldirectord-web.cf "));
    assert!(text("logs/d2.heartbeat.log").contains("node d1: is dead"));
    assert!(text("logs/d2.ldirectord.log").contains("Added real server: 10.0.0.21:80"));
}
