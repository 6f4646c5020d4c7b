//! A case as the text of a scenario file.

use super::case::Case;
use scenario::{Client, Node, NodeKind, Segment, Serve, show_duration};
use std::fmt::Write;
use std::time::Duration;

pub(super) fn text(case: &Case) -> String {
    let mut out = String::new();
    let frame = &case.frame;
    let _ = writeln!(out, "title   = {}", quoted(&frame.title));
    let _ = writeln!(out, "why     = {}", quoted(&frame.why));
    let _ = writeln!(out, "length  = {}", quoted(&show_duration(frame.length)));
    let engines: Vec<String> = frame.engines.iter().map(|one| quoted(one.word())).collect();
    let _ = writeln!(out, "engines = [{}]\n", engines.join(", "));
    let lines = case.lines();
    let times: Vec<String> = lines.iter().map(|line| show_duration(line.at)).collect();
    let width = times.iter().map(String::len).max().unwrap_or(0);
    let lines = times.iter().zip(&lines).map(|(at, line)| format!("{at:width$} {}", line.action));
    list(&mut out, "timeline", lines.chain(case.reactions.iter().cloned()));
    list(&mut out, "expect", case.expect.iter().cloned());
    for (name, segment) in &frame.segments {
        if *segment != Segment::DEFAULT {
            let _ = writeln!(out, "[segments.{}]", key(name));
            let (from, to) = (segment.latency.from, segment.latency.to);
            let latency = format!("{}..{}", show_duration(from), show_duration(to));
            let _ = writeln!(out, "latency = {}", quoted(&latency));
            let _ = writeln!(out, "mtu = {}\n", segment.mtu);
        }
    }
    frame.nodes.iter().for_each(|one| node(&mut out, one));
    frame.clients.iter().for_each(|one| client(&mut out, one));
    out
}

fn list(out: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    let _ = writeln!(out, "{name} = [");
    for line in lines {
        let _ = writeln!(out, "  {},", quoted(&line));
    }
    let _ = writeln!(out, "]\n");
}

fn node(out: &mut String, node: &Node) {
    let _ = writeln!(out, "[nodes.{}]", key(&node.name));
    let (kind, config, serve, on_lo) = match &node.kind {
        NodeKind::Router => ("router", None, &[][..], true),
        NodeKind::Client => ("client", None, &[][..], true),
        NodeKind::Server { serve, vip_on_lo } => ("server", None, &serve[..], *vip_on_lo),
        NodeKind::Director { config, serve } => ("director", Some(config), &serve[..], true),
        NodeKind::Voter { config } => ("voter", Some(config), &[][..], true),
    };
    let _ = writeln!(out, "kind = {}", quoted(kind));
    for port in &node.ports {
        let addresses = port.cidrs().map(|cidr| quoted(&cidr.to_string())).collect();
        let _ = writeln!(out, "{} = {}", key(&port.segment), one_or_more(addresses));
    }
    let gateway = node.gateway.map(|gateway| ("gateway", gateway.to_string()));
    let config = config.map(|config| ("config", config.path.clone()));
    let prepare = node.prepare.as_ref().map(|file| ("prepare", file.path.clone()));
    for (key, value) in [gateway, config, prepare].into_iter().flatten() {
        let _ = writeln!(out, "{key} = {}", quoted(&value));
    }
    if !serve.is_empty() {
        let serves = serve.iter().map(|one| quoted(&served(one))).collect();
        let _ = writeln!(out, "serve = {}", one_or_more(serves));
    }
    if node.drops_icmp {
        let _ = writeln!(out, "icmp = \"drop\"");
    }
    if !on_lo {
        let _ = writeln!(out, "vip_on_lo = false");
    }
    out.push('\n');
}

fn one_or_more(values: Vec<String>) -> String {
    match <[String; 1]>::try_from(values) {
        Ok([one]) => one,
        Err(more) => format!("[{}]", more.join(", ")),
    }
}

fn served(serve: &Serve) -> String {
    let protocol = match serve.protocol {
        scenario::Protocol::Http => "http",
        scenario::Protocol::Https => "https",
        scenario::Protocol::Tcp => "tcp",
        scenario::Protocol::Udp => "udp",
        scenario::Protocol::Postgresql => "postgresql",
    };
    let by = match serve.software {
        scenario::Software::Nginx => "",
        scenario::Software::Apache => "apache/",
    };
    format!("{by}{protocol} {} {} {}", serve.port, serve.behaviour, serve.body)
}

fn client(out: &mut String, client: &Client) {
    let per = match client.new.per {
        Duration::ZERO => "s".to_owned(),
        per if per == Duration::from_secs(1) => "s".to_owned(),
        per => show_duration(per),
    };
    let _ = writeln!(out, "[clients.{}]", key(&client.name));
    let _ = writeln!(out, "target = {}", quoted(&client.target.to_string()));
    let _ = writeln!(out, "new = {}", quoted(&format!("{}/{per}", client.new.count)));
    let _ = writeln!(out, "start = {}", quoted(&show_duration(client.start)));
    let _ = writeln!(out, "timeout = {}", quoted(&show_duration(client.timeout)));
    if let Some(hold) = client.hold {
        let _ = writeln!(out, "hold = {}", quoted(&show_duration(hold)));
    }
    if let Some(request) = client.request {
        let _ = writeln!(out, "request = {request}");
    }
    let _ = writeln!(out, "from = {}\n", quoted(&client.from));
}

fn key(name: &str) -> String {
    let bare = name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || one == '-');
    if bare && !name.is_empty() { name.to_owned() } else { quoted(name) }
}

/// A basic string (TOML 1.0, "String").
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            one if one.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(one));
            }
            one => out.push(one),
        }
    }
    out.push('"');
    out
}
