//! Random configurations, as text: whatever the grammar allows of one pair and its services.

use crate::case::SERVERS;
use director_core::random::Stream;
use std::fmt::Write as _;

/// A configuration. All of them have the same nodes, link and group.
pub(crate) fn random(stream: &mut Stream) -> String {
    let mut text = String::from("[cluster]\nkey-file = \"/key\"\nresync = \"10s\"\n");
    text.push_str("links = [{ interface = \"lan\" }]\n");
    // A renewal is a comparison with the kernel, of which the resync makes enough.
    let lease = one_of(stream, &["off", "40s"]);
    let _ = writeln!(text, "lease = \"{lease}\"");
    if stream.below(4) == 0 {
        text.push_str("failback = \"manual\"\n");
    }
    if stream.below(4) == 0 {
        text.push_str("sync = { interface = \"lan\" }\n");
    }
    text.push_str("\n[nodes.d1]\naddresses = { lan = \"10.0.0.11\" }\npriority = 200\n");
    text.push_str("\n[nodes.d2]\naddresses = { lan = \"10.0.0.12\" }\npriority = 100\n");
    let second = if stream.below(3) == 0 { ", \"10.0.0.101/24 on lan\"" } else { "" };
    let _ = writeln!(text, "\n[groups.web]\naddresses = [\"10.0.0.100/24 on lan\"{second}]");
    for kind in Kind::ALL {
        // The program `nft` is started at every look at the kernel, once there are marks.
        let rare = kind == Kind::Marked && stream.below(4) > 0;
        if stream.below(3) > 0 && !rare {
            service(stream, kind, &mut text);
        }
    }
    text
}

/// The services that there may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Mail,
    Names,
    Marked,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Http, Self::Mail, Self::Names, Self::Marked];

    fn head(self) -> &'static str {
        match self {
            Self::Http => "\n[services.http]\nlisten = \"10.0.0.100:80\"\n",
            Self::Mail => "\n[services.mail]\nlisten = \"10.0.0.100:25\"\n",
            Self::Names => "\n[services.names]\nlisten = \"10.0.0.100:53\"\nprotocol = \"udp\"\n",
            Self::Marked => "\n[services.marked]\nfwmark = 7\n",
        }
    }
}

fn service(stream: &mut Stream, kind: Kind, text: &mut String) {
    text.push_str(kind.head());
    if kind == Kind::Marked && stream.below(2) == 0 {
        text.push_str("listen = [\"10.0.0.100:443\"]\n");
    }
    if kind == Kind::Names && stream.below(2) == 0 {
        text.push_str("one-packet = true\n");
    } else if stream.below(3) == 0 {
        let _ = writeln!(text, "persistence = \"{}s\"", 60 * (1 + stream.below(3)));
    }
    let scheduler = one_of(stream, &["rr", "wrr", "wlc", "sh", "mh", "sed"]);
    let _ = writeln!(text, "scheduler = \"{scheduler}\"");
    let forward = one_of(stream, &["direct", "tunnel", "nat"]);
    let _ = writeln!(text, "forward = \"{forward}\"");
    let drain = one_of(stream, &["0s", "2s", "10s"]);
    let _ = writeln!(text, "drain = \"{drain}\"");
    let on_failure = one_of(stream, &["quiesce", "remove"]);
    let _ = writeln!(text, "on-failure = \"{on_failure}\"");
    let fallback = stream.below(2) == 0;
    if fallback && kind != Kind::Marked {
        text.push_str("fallback = \"10.0.0.30\"\n");
    }
    let (fall, rise) = (1 + stream.below(3), 1 + stream.below(2));
    let _ = writeln!(
        text,
        "check = {{ type = \"tcp\", port = 6999, interval = \"1s\", timeout = \"500ms\", \
         fall = {fall}, rise = {rise} }}"
    );
    text.push_str("servers = [");
    let first = stream.below(SERVERS);
    for number in 0..SERVERS {
        // At least one, or there is nobody to serve.
        if number == first || stream.below(2) == 0 {
            server(stream, number, text);
        }
    }
    text.push_str("]\n");
}

fn server(stream: &mut Stream, number: u64, text: &mut String) {
    let weight = 1 + stream.below(20);
    let _ = write!(text, "{{ address = \"10.0.0.{}\", weight = {weight}", 21 + number);
    if stream.below(4) == 0 {
        let upper = 2 + stream.below(100);
        let _ = write!(text, ", upper-threshold = {upper}");
    }
    text.push_str(" }, ");
}

fn one_of(stream: &mut Stream, all: &[&'static str]) -> &'static str {
    all[usize::try_from(stream.below(all.len() as u64)).unwrap_or(0)]
}
