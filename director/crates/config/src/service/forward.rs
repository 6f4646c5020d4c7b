//! How packets reach real servers.

use crate::code::Code;
use crate::found::Found;
use crate::section::{Field, Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{choice, number};
use director_core::config::{Checksum, Forward, Tunnel};
use std::num::NonZeroU16;

pub(crate) const TUNNEL_KEYS: Keys = Keys { known: &["type", "port", "checksum"] };
const EXAMPLE: &str = r#"tunnel = { type = "gue", port = 6080 }"#;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Direct,
    Tunnel,
    Nat,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ipip,
    Gue,
    Gre,
}

/// What `forward` and `tunnel` of a table say.
pub(super) struct Drafted {
    method: Field<Method>,
    tunnel: Field<Tunnel>,
}

pub(super) fn read(section: &Section<'_, '_>, found: &mut Found<'_>) -> Drafted {
    let words = [("direct", Method::Direct), ("tunnel", Method::Tunnel), ("nat", Method::Nat)];
    let method = section.read("forward", found, choice(&words));
    let tunnel = section.read("tunnel", found, |_, value, found| tunnel(value, found));
    let other = matches!(&method, Field::Given(at) if at.value != Method::Tunnel);
    if let (true, Some(entry)) = (other, section.entry("tunnel")) {
        let message = "`tunnel` has no effect unless `forward` is \"tunnel\"";
        let help = "leave `tunnel` out, or write forward = \"tunnel\"";
        found.add(Code::NoEffect, &entry.key_span, message, help);
    }
    Drafted { method, tunnel }
}

impl Drafted {
    /// What a service says: the method and, for servers with a method of their own, the tunnel.
    pub(super) fn of_service(self) -> (Option<Forward>, Option<Tunnel>) {
        // Whoever describes a tunnel wants one.
        let default = match &self.tunnel {
            Field::Given(_) => Method::Tunnel,
            Field::Absent | Field::Wrong => Method::Direct,
        };
        let tunnel = self.tunnel.or(Tunnel::Ipip);
        (forward(self.method.or(default), tunnel), tunnel)
    }

    /// What a server says, if anything; `tunnel` is that of its service.
    pub(super) fn of_server(self, tunnel: Option<Tunnel>) -> Option<Option<Forward>> {
        let described = matches!(self.tunnel, Field::Given(_));
        let own = self.tunnel.or_else(|| tunnel);
        match self.method {
            Field::Wrong => None,
            Field::Absent if described => Some(Some(Forward::Tunnel(own?))),
            Field::Absent => own.map(|_| None),
            Field::Given(at) => Some(Some(forward(Some(at.value), own)?)),
        }
    }
}

fn forward(method: Option<Method>, tunnel: Option<Tunnel>) -> Option<Forward> {
    Some(match method? {
        Method::Direct => Forward::Direct,
        Method::Nat => Forward::Nat,
        Method::Tunnel => Forward::Tunnel(tunnel?),
    })
}

fn tunnel(value: &Value<'_>, found: &mut Found<'_>) -> Option<Tunnel> {
    let section = Section::open("`tunnel`".to_owned(), value, &TUNNEL_KEYS, EXAMPLE, found)?;
    let kinds = [("ipip", Kind::Ipip), ("gue", Kind::Gue), ("gre", Kind::Gre)];
    let help = r#"say what packets are wrapped in: type = "ipip", "gue" or "gre""#;
    let kind = section.need("type", help, found, choice(&kinds))?.value;
    let port = section.read("port", found, number::<u16>(1..=65535)).given_or_absent();
    let words = [("off", Checksum::Off), ("outer", Checksum::Outer), ("remote", Checksum::Remote)];
    let known = if kind == Kind::Gre { &words[..2] } else { &words[..] };
    let checksum = section.read("checksum", found, choice(known)).or(Checksum::Off);
    let useless: &[&str] = match kind {
        Kind::Ipip => &["port", "checksum"],
        Kind::Gue => &[],
        Kind::Gre => &["port"],
    };
    for entry in useless.iter().filter_map(|key| section.entry(key)) {
        let message = format!("{} has no effect in a tunnel of this type", quote(entry.key));
        found.add(Code::NoEffect, &entry.key_span, message, "leave it out");
    }
    if kind == Kind::Gue && section.entry("port").is_none() && !section.misspelt("port") {
        let message = "a tunnel of type \"gue\" has no `port`";
        let help = format!("name the UDP port that the real servers take it on: {EXAMPLE}");
        found.add(Code::MissingKey, &section.span, message, help);
    }
    Some(match kind {
        Kind::Ipip => Tunnel::Ipip,
        Kind::Gue => Tunnel::Gue { port: NonZeroU16::new(port??)?, checksum: checksum? },
        Kind::Gre => Tunnel::Gre { checksum: checksum? == Checksum::Outer },
    })
}
