//! Packets that are not to be believed, thrown at two directors that run.
//!
//! `d` and `k` run directors with one group by heartbeat and one by VRRP. Whoever sits on their
//! segment sends them what it has recorded of them, whole, cut short, damaged and in another order,
//! and packets of its own: under another key, of another cluster, of a node that nobody knows, of a
//! life that proves nothing, of another version, and noise. Nothing may change, nobody may be late,
//! and the counters must say why each was ignored.

use crate::throw;
use crate::topology;
use e2e::processes::{Outcome, run, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};
use std::time::Duration;

/// Long enough for both to boot, listen, and find each other.
const READY: Duration = Duration::from_secs(30);
/// Packets of one kind that one of the two must have ignored at the least.
const ENOUGH: u64 = 100;

const CONFIGURATION: &str = r#"
[cluster]
name      = "garbage"
keepalive = "100ms"
key-file  = "cluster.key"
links     = [{ interface = "lan" }]

[nodes.d]
addresses = { lan = "10.0.0.1" }
priority  = 200

[nodes.k]
addresses = { lan = "10.0.0.2" }
priority  = 100

[groups.web]
addresses = ["10.0.0.100/24 on lan"]

[groups.mail]
addresses = ["10.0.0.101/24 on lan"]
vrrp      = { id = 51 }
"#;

struct Node {
    name: &'static str,
    program: String,
    child: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder(node: &str) -> String {
    format!("/run/garbage-{node}")
}

impl Node {
    fn start(program: &str, name: &'static str) -> Outcome<Self> {
        let folder = folder(name);
        let failed = |error: std::io::Error| format!("{folder}: {error}");
        fs::create_dir_all(&folder).map_err(failed)?;
        let key = format!("{folder}/cluster.key");
        fs::write(&key, throw::SECRET).map_err(failed)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        fs::write(format!("{folder}/director.toml"), CONFIGURATION).map_err(failed)?;
        let log = fs::File::create(format!("{folder}/log")).map_err(failed)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name, program, "run", "--node", name]);
        command.args(["--config", &format!("{folder}/director.toml")]);
        command.args(["--control", &format!("{folder}/control")]);
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        Ok(Self { name, program: program.to_owned(), child })
    }

    fn ask(&self, words: &[&str]) -> Outcome<String> {
        let control = format!("{}/control", folder(self.name));
        run(&self.program, &[words, &["--control", &control]].concat())
    }

    fn view(&self) -> Outcome<Value> {
        let text = self.ask(&["status", "--json"])?;
        let mut whole: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(match whole.get_mut("view") {
            Some(view) => view.take(),
            None => whole,
        })
    }

    /// What must not change: its life, its roles, its peer.
    fn standing(&self) -> Outcome<Standing> {
        let view = self.view()?;
        let list = |key: &str| view[key].as_array().cloned().unwrap_or_default();
        let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let groups = list("groups");
        Ok(Standing {
            incarnation: words(&view["incarnation"]),
            roles: groups.iter().map(|it| (words(&it["name"]), words(&it["role"]))).collect(),
            peers: list("peers").iter().map(|it| words(&it["state"])).collect(),
        })
    }

    /// The counters of what was ignored, by their labels, and how often the peer was late.
    fn counters(&self) -> Outcome<BTreeMap<String, u64>> {
        let text = self.ask(&["metrics"])?;
        let wanted = ["heartbeat_packets_ignored", "vrrp_packets", "peer_late_total"];
        let lines = text.lines().filter(|line| wanted.iter().any(|it| line.contains(it)));
        let pairs = lines.filter(|line| !line.starts_with('#')).filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(pairs.collect())
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Standing {
    incarnation: String,
    roles: BTreeMap<String, String>,
    peers: Vec<String>,
}

/// Plays it; how many of the demands are broken.
pub(crate) fn play(program: &str) -> Outcome<usize> {
    topology::build()?;
    let nodes = [Node::start(program, "d")?, Node::start(program, "k")?];
    let before = until(READY, || settled(&nodes))?;
    let counted: Vec<BTreeMap<String, u64>> =
        nodes.iter().map(Node::counters).collect::<Outcome<_>>()?;
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let me = me.display().to_string();
    print!("{}", run("ip", &["netns", "exec", "segment", &me, "throw"])?);
    let mut broken = 0;
    let mut demand = |holds: bool, what: String| {
        broken += usize::from(!holds);
        println!("{}: {what}", if holds { "holds" } else { "BROKEN" });
    };
    for (node, (before, counted)) in nodes.iter().zip(before.iter().zip(&counted)) {
        let after = node.standing()?;
        demand(after == *before, format!("{} stands as before: {after:?}", node.name));
        let now = node.counters()?;
        let grown = |name: &str| {
            let sum = |counters: &BTreeMap<String, u64>| -> u64 {
                counters.iter().filter(|(key, _)| key.contains(name)).map(|(_, it)| it).sum()
            };
            sum(&now) - sum(counted)
        };
        let late = grown("peer_late_total");
        demand(late == 0, format!("{}: the peer was late {late} times", node.name));
        for (metric, reason) in throw::REASONS {
            let name = format!("{metric}{{");
            let of: BTreeMap<String, u64> = now
                .iter()
                .filter(|(key, _)| key.contains(&name) && key.contains(&format!("\"{reason}\"")))
                .map(|(key, value)| (key.clone(), value - counted.get(key).unwrap_or(&0)))
                .collect();
            let count: u64 = of.values().sum();
            let what = format!("{}: {count} packets ignored as {reason} ({metric})", node.name);
            demand(count >= ENOUGH, what);
        }
    }
    for mut node in nodes {
        let ended = node.child.try_wait().map_err(|error| error.to_string())?;
        demand(ended.is_none(), format!("{} runs still", node.name));
    }
    println!("{broken} broken");
    Ok(broken)
}

/// Both know their roles and each other.
fn settled(nodes: &[Node]) -> Outcome<Vec<Standing>> {
    let standing: Vec<Standing> = nodes.iter().map(Node::standing).collect::<Outcome<_>>()?;
    let whole = |one: &Standing, role: &str| {
        one.roles.len() == 2
            && one.roles.values().all(|it| it == role)
            && one.peers.iter().all(|peer| peer == "alive")
    };
    match &standing[..] {
        [d, k] if whole(d, "active") && whole(k, "standby") => Ok(standing),
        _ => Err(format!("not settled: {standing:?}")),
    }
}
