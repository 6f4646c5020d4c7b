//! What a service is for: an address and port, or a firewall mark.

use crate::address::socket;
use crate::code::Code;
use crate::found::{At, Found};
use crate::section::{Field, Section};
use crate::suggest::quote;
use crate::tree::{Kind, Value};
use crate::value::{choice, number};
use director_core::config::{Protocol, ServiceKey, Traffic};
use std::net::SocketAddr;

const LISTEN_HELP: &str = r#"say where clients connect to: listen = "10.0.0.100:80""#;

/// What a service is for, as far as it is valid.
pub(crate) struct Listen {
    /// Its key, at the place that says most about it.
    pub(crate) key: Option<At<ServiceKey>>,
    /// Every address and port that was named.
    pub(crate) sockets: Vec<At<SocketAddr>>,
    /// `None` when it is wrong.
    pub(crate) protocol: Option<Protocol>,
    /// Whether all that was named could be read.
    complete: bool,
}

impl Listen {
    pub(super) fn read(section: &Section<'_, '_>, found: &mut Found<'_>) -> Self {
        let words: Vec<_> = Protocol::ALL.iter().map(|it| (it.name(), *it)).collect();
        let protocol = section.read("protocol", found, choice(&words)).or(Protocol::Tcp);
        let mark = section.read("fwmark", found, number::<u32>(1..=i64::from(u32::MAX)));
        let sockets = section.read("listen", found, sockets);
        let family = section.read("family", found, choice(&[("ipv4", false), ("ipv6", true)]));
        let mut listen = Self { key: None, sockets: Vec::new(), protocol, complete: true };
        match (mark, sockets) {
            (Field::Wrong, sockets) => listen.take(sockets),
            (Field::Given(mark), sockets) => listen.marked(mark, sockets, family, section, found),
            (Field::Absent, sockets) => listen.plain(sockets, family, section, found),
        }
        listen
    }

    fn take(&mut self, sockets: Field<(Vec<At<SocketAddr>>, bool)>) {
        self.complete = !matches!(sockets, Field::Wrong);
        if let Some(at) = sockets.given() {
            (self.sockets, self.complete) = at.value;
        }
    }

    /// One address and port.
    fn plain(
        &mut self,
        sockets: Field<(Vec<At<SocketAddr>>, bool)>,
        family: Field<bool>,
        section: &Section<'_, '_>,
        found: &mut Found<'_>,
    ) {
        if matches!(sockets, Field::Absent) && !section.misspelt("listen") {
            let message = format!("{} has no `listen`", section.title);
            found.add(Code::MissingKey, &section.span, message, LISTEN_HELP);
        }
        self.take(sockets);
        if let (Some(second), None) = (self.sockets.get(1), section.entry("fwmark")) {
            let message = "a service without a firewall mark has one address and port";
            let help = "add fwmark = 1, or another number, to take several together";
            found.add(Code::WrongType, &second.span, message, help);
            self.complete = false;
        }
        if let (Field::Given(_), Some(entry)) = (family, section.entry("family")) {
            let message = "`family` has no effect beside an address";
            let help = "leave it out; it is for a firewall mark without `listen`";
            found.add(Code::NoEffect, &entry.key_span, message, help);
        }
        if let (Some(at), Some(protocol)) = (self.sockets.first(), self.protocol) {
            self.key = Some(At::new(ServiceKey::new(protocol, at.value), at.span.clone()));
        }
    }

    /// Everything that carries a mark, and perhaps what is to carry it.
    fn marked(
        &mut self,
        mark: At<u32>,
        sockets: Field<(Vec<At<SocketAddr>>, bool)>,
        family: Field<bool>,
        section: &Section<'_, '_>,
        found: &mut Found<'_>,
    ) {
        let absent = matches!(sockets, Field::Absent);
        self.take(sockets);
        if let (true, Some(entry)) = (absent, section.entry("protocol")) {
            let message = "`protocol` has no effect on a firewall mark without `listen`";
            let help = "leave it out: packets of every protocol may carry the mark";
            found.add(Code::NoEffect, &entry.key_span, message, help);
        }
        let first = self.sockets.first().map(|at| at.value.is_ipv6());
        if let Some(other) = self.sockets.iter().find(|at| Some(at.value.is_ipv6()) != first) {
            let message = "a firewall mark stands for IPv4 or for IPv6, not for both";
            let help = "make a second service, with the same mark, for the other family";
            found.add(Code::MixedFamily, &other.span, message, help);
            self.complete = false;
        }
        let ipv6 = match (family, first) {
            (Field::Wrong, _) => return,
            (Field::Absent, first) => first.unwrap_or(false),
            (Field::Given(at), Some(first)) if at.value != first => {
                let message = "the addresses of `listen` are of the other family";
                let help = "leave `family` out: the addresses say it";
                found.add(Code::MixedFamily, &at.span, message, help);
                return;
            }
            (Field::Given(at), _) => at.value,
        };
        let key = if ipv6 { ServiceKey::FwMark6 } else { ServiceKey::FwMark };
        self.key = Some(At::new(key(mark.value), mark.span));
    }

    /// The port that a server has when it names none of its own; 0 for the packet's.
    pub(crate) fn port(&self) -> Option<u16> {
        let key = self.key.as_ref()?.value;
        Some(key.address().map_or(0, |address| address.port()))
    }

    pub(super) fn build(&self) -> Option<(ServiceKey, Vec<Traffic>)> {
        let key = self.key.as_ref()?.value;
        let protocol = self.protocol?;
        let traffic = |at: &At<SocketAddr>| Traffic { protocol, to: at.value };
        let marked = match key.mark() {
            Some(_) => self.sockets.iter().map(traffic).collect(),
            None => Vec::new(),
        };
        self.complete.then_some((key, marked))
    }
}

/// One address and port, or a list of them.
fn sockets(
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<(Vec<At<SocketAddr>>, bool)> {
    let Kind::List(values) = &value.kind else {
        let socket = socket(key, value, found)?;
        return Some((vec![At::new(socket, value.span.clone())], true));
    };
    if values.is_empty() {
        let message = format!("{} is an empty list", quote(key));
        found.add(Code::MissingKey, &value.span, message, LISTEN_HELP);
        return None;
    }
    let read = |value| Some(At::new(socket(key, value, found)?, value.span.clone()));
    let sockets: Vec<_> = values.iter().filter_map(read).collect();
    let complete = sockets.len() == values.len();
    Some((sockets, complete))
}
