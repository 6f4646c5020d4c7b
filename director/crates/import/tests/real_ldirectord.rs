//! What the real ldirectord puts into a table is what a director wants there after the import.
//!
//! ldirectord takes `./ipvsadm` when it is told to stay in the foreground: one that keeps its table
//! in a file stands there.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use director_core::config::{Config, Forward, Persistence, ServiceKey};
use director_import::{Input, Options, import};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/sbin/ldirectord";
/// A start of Perl and some dozen calls of the program that stands in.
const LONGEST: Duration = Duration::from_secs(60);

/// A file of one `virtual` for each way of persistence, all servers taken for healthy.
fn file(is_v6: bool, protocol: &str, forward: &str) -> String {
    let schedulers = ["rr", "wrr", "lc", "wlc", "sh", "sed"];
    let six = if is_v6 { "6" } else { "" };
    let host = |n: usize| {
        if is_v6 { format!("[2001:db8::{n}]") } else { format!("10.0.0.{n}") }
    };
    let mut text = "quiescent=yes\ncleanstop=no\ncheckinterval=3600\n".to_owned();
    for (at, persistence) in ["", "persistent=300", "persistent=60\n\tnetmask="].iter().enumerate()
    {
        let port = 8000 + at;
        let (target, reals) = match protocol {
            "fwm" => (format!("{}", at + 7), ["", "", ""].map(str::to_owned)),
            _ => {
                let other = if forward == "masq" { 9000 } else { port };
                let ports = [port, port, other].map(|port| format!(":{port}"));
                (format!("{}:{port}", host(100 + at)), ports)
            }
        };
        let mask = match persistence.contains("netmask") {
            false => "",
            true if is_v6 => "64",
            true => "255.255.255.0",
        };
        let scheduler = schedulers[(at + forward.len()) % schedulers.len()];
        let _ok = writeln!(text, "virtual{six}={target}");
        let _ok = writeln!(text, "\tchecktype=on\n\tscheduler={scheduler}\n\tprotocol={protocol}");
        if !persistence.is_empty() {
            let _ok = writeln!(text, "\t{persistence}{mask}");
        }
        if protocol == "udp" && at == 0 {
            text.push_str("\tops=yes\n");
        }
        let _ok = writeln!(text, "\treal{six}={}{} {forward} 5", host(21), reals[0]);
        let _ok = writeln!(text, "\treal{six}={}{} {forward}", host(22), reals[1]);
        let _ok = writeln!(text, "\treal{six}={}{} {forward} 0 l:10 u:20", host(23), reals[2]);
        if !is_v6 && protocol != "fwm" {
            let _ok = writeln!(text, "\treal=10.0.0.31->10.0.0.33{} {forward} 2", reals[0]);
        }
        text.push('\n');
    }
    text
}

fn key(key: ServiceKey) -> String {
    match key {
        ServiceKey::Tcp(address) => format!("-t {address}"),
        ServiceKey::Udp(address) => format!("-u {address}"),
        ServiceKey::Sctp(address) => format!("--sctp-service {address}"),
        ServiceKey::FwMark(mark) => format!("-f {mark}"),
        ServiceKey::FwMark6(mark) => format!("-f {mark} -6"),
    }
}

/// The table that a director wants when every server is healthy, in the words of the stand-in.
fn wanted(config: &Config) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for service in config.services.values() {
        let (key, settings) = (key(service.key), &service.settings);
        let (timeout, mask) = match settings.persistence {
            None => (String::new(), String::new()),
            Some(Persistence { timeout, prefix, .. }) => {
                (timeout.as_secs().to_string(), prefix.to_string())
            }
        };
        let once = if settings.one_packet { "1" } else { "" };
        lines.insert(format!("S\t{key}\t{}\t{timeout}\t{mask}\t\t{once}", settings.scheduler));
        for (address, server) in &service.servers {
            let forward = match service.forward_of(address) {
                Forward::Nat => "-m",
                Forward::Direct => "-g",
                Forward::Tunnel(_) => "-i",
            };
            let director_core::config::Thresholds { upper, lower } = server.thresholds;
            let weight = server.weight;
            lines.insert(format!("R\t{key}\t{address}\t{forward}\t{weight}\t{upper}\t{lower}"));
        }
    }
    lines
}

/// The stand-in's table; a netmask as the bits that it has, also where nobody wrote one.
fn table(folder: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join("table")).unwrap_or_default();
    let line = |line: &str| {
        let mut parts: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if parts[0] == "S" && !parts[3].is_empty() {
            let is_v6 = parts[1].contains('[') || parts[1].ends_with("-6");
            let bits = parts[4].parse::<std::net::Ipv4Addr>().map(|it| u32::from(it).count_ones());
            parts[4] = match (parts[4].as_str(), bits) {
                ("", _) => if is_v6 { "128" } else { "32" }.to_owned(),
                (_, Ok(bits)) => bits.to_string(),
                (prefix, Err(_)) => prefix.to_owned(),
            };
        }
        parts.join("\t")
    };
    text.lines().map(line).collect()
}

/// A daemon that ends when the test is done with it.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn compare(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ldirectord.cf");
    let log = folder.path().join("log");
    std::fs::write(&path, format!("logfile=\"{}\"\n{text}", log.display())).unwrap();
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/ipvsadm");
    std::os::unix::fs::symlink(stand_in, folder.path().join("ipvsadm")).unwrap();
    let input = Input { name: "ldirectord.cf".to_owned(), text: text.to_owned() };
    let imported = import(&[input], &Options::default(), &support::Host::new());
    let imported = imported.unwrap_or_else(|problems| panic!("{name}: {}", problems[0]));
    let config = director_config::parse("director.toml", &imported.text).unwrap();
    let wanted = wanted(&config);
    let daemon = Command::new(PROGRAM)
        .arg("-d")
        .arg(&path)
        .arg("start")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut daemon = Daemon(daemon.unwrap());
    let end = Instant::now() + LONGEST;
    while table(folder.path()) != wanted && Instant::now() < end {
        if daemon.0.try_wait().unwrap().is_some() {
            break;
        }
        // Another program works meanwhile; what it has done is looked at again.
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(table(folder.path()), wanted, "{name}\n{text}\n{:?}", imported.notes);
}

#[test]
fn the_real_ldirectord_wants_the_same_table() {
    if !Path::new(PROGRAM).exists() {
        println!("skipped: {PROGRAM} is not installed");
        return;
    }
    let mut cases = Vec::new();
    for is_v6 in [false, true] {
        for protocol in ["tcp", "udp", "fwm"] {
            for forward in ["gate", "masq", "ipip"] {
                let name = format!("{protocol} {forward} {}", if is_v6 { "v6" } else { "v4" });
                cases.push((name, file(is_v6, protocol, forward)));
            }
        }
    }
    let (first, second) = cases.split_at(cases.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(|| half.iter().for_each(|(name, text)| compare(name, text)));
        }
    });
    println!("{} files, {} services", cases.len(), cases.len() * 3);
}
