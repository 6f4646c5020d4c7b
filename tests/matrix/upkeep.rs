//! What a director does while it runs: drift, foreign entries, reloads, servers that leave, and
//! settings, on a real kernel with real clients.

mod doctor;
mod drift;
mod leaving;
mod talk;

use crate::Outcome;
use crate::cells::{HEALTH_PORT, HELD_PORT};
use crate::director::{self, Running, State};
use crate::extras;
use e2e::processes::{run, until};
use std::process::ExitCode;
use std::time::Duration;

pub(crate) use talk::talk;

/// How often the director compares the table of its own accord.
const RESYNC: Duration = Duration::from_secs(3);
/// How long servers that leave the configuration may drain.
const DRAIN: Duration = Duration::from_secs(10);
/// Until a change that the director makes at once is in the kernel.
const SOON: Duration = Duration::from_secs(2);
/// Metrics of what is not ours.
const FOREIGN: &str = "director_kernel_foreign";

/// Services of the story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// With the one whose connections are held.
    With,
    /// Without it.
    Without,
}

fn configuration(held: Held) -> String {
    let mut text = format!(
        "[cluster]\nkey-file = \"cluster.key\"\nkeepalive = \"100ms\"\ninitdead = \"500ms\"\n\
         resync = \"{}s\"\nsync = {{ interface = \"hb\", refresh = \"7s\", retries = 2 }}\n\
         links = [{{ interface = \"hb\" }}]\n\n\
         [nodes.d]\naddresses = {{ hb = \"10.1.0.1\", lan = \"10.0.0.1\" }}\npriority = 100\n\n\
         [groups.all]\naddresses = [\"10.0.0.100/24 on lan\"]\n",
        RESYNC.as_secs()
    );
    let flow = extras::port_of("one socket");
    let client = extras::port_of("persistence");
    let all = [
        ("held", format!("listen = \"10.0.0.100:{HELD_PORT}\"")),
        ("flow", format!("listen = \"10.0.0.100:{flow}\"\nprotocol = \"udp\"")),
        ("client", format!("listen = \"10.0.0.100:{client}\"\npersistence = \"60s\"")),
        ("marked", "fwmark = 55\nlisten = [\"10.0.0.100:7999\"]".to_owned()),
    ];
    for (name, lines) in all {
        if name == "held" && held == Held::Without {
            continue;
        }
        text.push_str(&format!(
            "\n[services.{name}]\n{lines}\nscheduler = \"rr\"\ndrain = \"{}s\"\n\
             check = {{ type = \"tcp\", port = {HEALTH_PORT}, interval = \"1s\", \
             timeout = \"900ms\" }}\n\
             servers = [{{ address = \"10.0.0.21\", weight = 7 }}, \
             {{ address = \"10.0.0.22\", weight = 7 }}]\n",
            DRAIN.as_secs()
        ));
    }
    text
}

/// The table as `ipvsadm` writes it, in an order of its own.
fn table() -> Outcome<Vec<String>> {
    let text = run("ip", &["netns", "exec", "d", "ipvsadm", "-Sn"])?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

/// A shell command on the director's machine, as somebody else types it.
fn somebody(types: &str) -> Outcome<()> {
    run("ip", &["netns", "exec", "d", "sh", "-c", types]).map(|_| ())
}

fn setting(path: &str) -> Outcome<String> {
    let file = format!("/proc/sys/{path}");
    let text = run("ip", &["netns", "exec", "d", "cat", &file])?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Prints what came of a part; whether it is broken.
pub(crate) fn told(what: &str, outcome: Outcome<String>) -> bool {
    match &outcome {
        Ok(facts) => println!("{what:44} holds: {facts}"),
        Err(why) => println!("{what:44} BROKEN: {why}"),
    }
    outcome.is_err()
}

/// Plays all parts and says what did not hold.
pub(crate) fn play(program: &str) -> Outcome<ExitCode> {
    // What a strict machine has; the rest is as the kernel comes.
    somebody("echo 1 >/proc/sys/net/ipv4/conf/lan/rp_filter")?;
    let before = State::look()?;
    let running = director::start(program, "d", &configuration(Held::With))?;
    running.wait_until_ready(4, 1)?;
    let mut broken = 0;
    broken += usize::from(told("settings", settings()));
    broken += drift::play()?;
    broken += usize::from(told("a reload that cannot be used", refused(&running)));
    broken += usize::from(told("a reload that changes nothing", unchanged(&running)));
    broken += doctor::play(program, &running)?;
    broken += leaving::by_order(&running)?;
    broken += usize::from(told("a service that a reload takes out", leaving::by_reload(&running)));
    let running = leaving::while_nobody_ran(program, running, &mut broken)?;
    broken += usize::from(told("what is not ours", foreign(&running)));
    running.stop()?;
    broken += usize::from(told("what is not ours, after the stop", foreign_stays()));
    broken += usize::from(told("everything else, after the stop", as_before(&before)));
    println!("upkeep: {broken} broken");
    Ok(ExitCode::from(u8::from(broken > 0)))
}

/// Each setting as its reason wants it, read back from the kernel.
const SETTINGS: [(&str, &str); 10] = [
    ("net/ipv4/conf/lan/arp_ignore", "1"),
    ("net/ipv4/conf/lan/arp_announce", "2"),
    ("net/ipv4/conf/lan/rp_filter", "2"),
    ("net/ipv4/vs/expire_nodest_conn", "1"),
    ("net/ipv4/vs/expire_quiescent_template", "1"),
    ("net/ipv4/vs/conn_reuse_mode", "1"),
    ("net/ipv4/vs/drop_entry", "1"),
    ("net/ipv4/vs/sync_threshold", "3 0"),
    ("net/ipv4/vs/sync_refresh_period", "7"),
    ("net/ipv4/vs/sync_retries", "2"),
];

fn settings() -> Outcome<String> {
    for (path, wanted) in SETTINGS {
        let found = setting(path)?;
        if found != wanted {
            return Err(format!("{path} is {found}, and should be {wanted}"));
        }
    }
    Ok(format!("{} are as they should be", SETTINGS.len()))
}

/// Whatever is wrong with the file, the configuration in use stays.
fn refused(running: &Running) -> Outcome<String> {
    let good = configuration(Held::With);
    let bad = [
        ("no TOML", format!("{good}[services.held\n")),
        ("an unknown word", good.replace("scheduler = \"rr\"", "scheduler = \"rrr\"")),
        ("another node", good.replace("nodes.d]", "nodes.other]")),
        ("a server twice", good.replace("10.0.0.22", "10.0.0.21")),
        ("no address for a service", good.replace("10.0.0.100:", "10.0.0.101:")),
        ("an interface that is not there", good.replace("lan", "lan9")),
    ];
    let before = (table()?, running.status()?["config"].clone());
    for (what, text) in &bad {
        running.rewrite(text)?;
        if running.order(&["reload"]).is_ok() {
            return Err(format!("{what}: it was taken"));
        }
        if (table()?, running.status()?["config"].clone()) != before {
            return Err(format!("{what}: something changed"));
        }
    }
    running.rewrite(&good)?;
    Ok(format!("{} files refused, table and configuration stay", bad.len()))
}

/// Servers that stay keep their state, and nothing is written into the kernel.
fn unchanged(running: &Running) -> Outcome<String> {
    let since = || -> Outcome<Vec<u64>> {
        let status = running.status()?;
        let services = status["services"].as_array().cloned().unwrap_or_default();
        let servers = services.iter().flat_map(|it| it["servers"].as_array().into_iter().flatten());
        Ok(servers.filter_map(|server| server["since_ms"].as_u64()).collect())
    };
    let (before, held) = (table()?, since()?);
    running.order(&["reload"])?;
    let now = since()?;
    if table()? != before || now.len() != 8 || now.iter().zip(&held).any(|(now, held)| now < held) {
        return Err(format!("{held:?} ms became {now:?}"));
    }
    Ok("table and states are as they were".to_owned())
}

const THEIRS: [&str; 2] = ["-A -t 10.0.0.99:9 -s rr", "-a -t 10.0.0.99:9 -r 10.0.0.66:9 -g -w 5"];

/// Somebody adds a service, a server to one of ours, and an address.
fn foreign(running: &Running) -> Outcome<String> {
    let told = || -> Outcome<usize> {
        Ok(running.status()?["kernel"]["foreign"].as_array().map_or(0, Vec::len))
    };
    // The machine's IPv6 address: the configuration names one address of each interface.
    let wanted = told()? + 3;
    for words in THEIRS {
        somebody(&format!("ipvsadm {words}"))?;
    }
    let flow = extras::port_of("one socket");
    somebody(&format!("ipvsadm -a -u 10.0.0.100:{flow} -r 10.0.0.66:{flow} -g -w 5"))?;
    somebody("ip addr add 10.0.0.77/24 dev lan")?;
    until(RESYNC + SOON, || {
        let told = told()?;
        if told == wanted { Ok(()) } else { Err(format!("{told} are told, not {wanted}")) }
    })?;
    let metrics = running.order(&["metrics"])?;
    if !metrics.lines().any(|line| line == format!("{FOREIGN} {wanted}")) {
        return Err(format!("no line `{FOREIGN} {wanted}` in the metrics"));
    }
    let log = running.log();
    let told = log.lines().filter(|line| line.contains("left alone")).count();
    if told != wanted {
        return Err(format!("the log tells of {told}"));
    }
    Ok("a service, a server and an address: in status, metrics and log".to_owned())
}

fn foreign_stays() -> Outcome<String> {
    let flow = extras::port_of("one socket");
    let theirs = [
        "-A -t 10.0.0.99:9 -s rr".to_owned(),
        format!("-A -u 10.0.0.100:{flow} -s rr"),
        "-a -t 10.0.0.99:9 -r 10.0.0.66:9 -g -w 5".to_owned(),
        format!("-a -u 10.0.0.100:{flow} -r 10.0.0.66:{flow} -g -w 5"),
    ];
    let (found, mut wanted) = (table()?, theirs.to_vec());
    wanted.sort();
    if found != wanted {
        return Err(format!("{found:?}"));
    }
    somebody("ip addr del 10.0.0.77/24 dev lan")?;
    somebody("ipvsadm -C")?;
    Ok("it is there, and nothing else".to_owned())
}

fn as_before(before: &State) -> Outcome<String> {
    let left = before.differences(&State::look()?);
    if left.is_empty() {
        return Ok("table, rules, addresses and settings are as before".to_owned());
    }
    Err(left.join("; "))
}
