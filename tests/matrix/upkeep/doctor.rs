//! `director doctor` on machines with something wrong: it names that, and not without it.

use super::{Held, configuration, told};
use crate::Outcome;
use crate::director::Running;
use e2e::processes::run;
use serde_json::Value;

/// A machine, what is wrong there, how it is put right again, and what is found.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// With direct routing.
const CASES: [Case; 5] = [
    (
        "a real server answers ARP",
        "s1",
        "echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore",
        "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore",
        "address-answered",
    ),
    (
        "a strict reverse path filter",
        "d",
        "echo 1 >/proc/sys/net/ipv4/conf/lan/rp_filter",
        "echo 2 >/proc/sys/net/ipv4/conf/lan/rp_filter",
        "strict-reverse-path",
    ),
    (
        "no answer to ARP",
        "d",
        "echo 8 >/proc/sys/net/ipv4/conf/all/arp_ignore",
        "echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore",
        "address-unanswered",
    ),
    (
        "its own address is gone",
        "d",
        "ip addr del 10.1.0.1/24 dev hb",
        "ip addr add 10.1.0.1/24 dev hb",
        "cannot-start",
    ),
    (
        "a real server that announces with any address",
        "s1",
        "echo 0 >/proc/sys/net/ipv4/conf/all/arp_announce",
        "echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce",
        "unprepared",
    ),
];

pub(super) fn play(program: &str, running: &Running) -> Outcome<usize> {
    let mut broken = 0;
    for (what, machine, wrong, right, code) in CASES {
        let outcome = found(program, machine, wrong, right, code);
        broken += usize::from(told(&format!("doctor: {what}"), outcome));
    }
    for (what, forward, code) in [
        ("no room for a tunnel", "tunnel", "tunnel-size"),
        ("no forwarding for NAT", "nat", "forwarding-off"),
        ("redirects with NAT", "nat", "redirects-on"),
    ] {
        let outcome = with(program, running, forward, code);
        broken += usize::from(told(&format!("doctor: {what}"), outcome));
    }
    broken += usize::from(told("doctor: a capability is missing", without_rights(program)));
    Ok(broken)
}

/// What it finds on a machine: codes, and all words.
fn findings(program: &str, machine: &str, before: &str) -> Outcome<(Vec<String>, String)> {
    let node = if machine == "d" { "--node d" } else { "" };
    let file = "/run/matrix-d/director.toml";
    // Findings are a status of their own.
    let command = format!("{before} {program} doctor --config {file} {node} --json || true");
    let text = run("ip", &["netns", "exec", machine, "sh", "-c", &command])?;
    let all: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let all = all["findings"].as_array().cloned().unwrap_or_default();
    let bare = |one: &Value| ["consequence", "cure"].iter().any(|part| one[part] == "");
    if let Some(one) = all.iter().find(|one| bare(one)) {
        return Err(format!("without consequence or cure: {one}"));
    }
    let codes = all.iter().filter_map(|one| one["code"].as_str()).map(str::to_owned);
    Ok((codes.collect(), text))
}

fn found(program: &str, on: &str, wrong: &str, right: &str, code: &str) -> Outcome<String> {
    let seen_from = if code == "unprepared" { "s1" } else { "d" };
    let sh = |words: &str| run("ip", &["netns", "exec", on, "sh", "-c", words]).map(|_| ());
    let has = |(codes, _): &(Vec<String>, String)| codes.iter().any(|one| one == code);
    let before = findings(program, seen_from, "")?;
    sh(wrong)?;
    let during = findings(program, seen_from, "")?;
    sh(right)?;
    match (has(&before), has(&during)) {
        (false, true) => Ok(format!("{code}, and not before")),
        _ => Err(format!("before {:?}, then {:?}", before.0, during.0)),
    }
}

/// What a way of forwarding needs, and direct routing does not.
fn with(program: &str, running: &Running, forward: &str, code: &str) -> Outcome<String> {
    let direct = configuration(Held::With);
    let other = direct.replace("scheduler =", &format!("forward = \"{forward}\"\nscheduler ="));
    let before = findings(program, "d", "")?;
    running.rewrite(&other)?;
    let during = findings(program, "d", "")?;
    running.rewrite(&direct)?;
    let has = |codes: &[String]| codes.iter().any(|one| one == code);
    match (has(&before.0), has(&during.0)) {
        (false, true) => Ok(format!("{code}, and not with direct routing")),
        _ => Err(format!("direct {:?}, {forward} {:?}", before.0, during.0)),
    }
}

fn without_rights(program: &str) -> Outcome<String> {
    let (_, text) = findings(program, "d", "setpriv --reuid 65534 --clear-groups")?;
    let missing = ["CAP_NET_ADMIN", "CAP_NET_RAW"];
    match missing.iter().all(|name| text.contains(name)) {
        true => Ok(missing.join(" and ")),
        false => Err(text),
    }
}
