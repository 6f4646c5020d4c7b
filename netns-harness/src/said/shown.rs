//! The table as `ipvsadm -Ln` prints it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, bail};

/// Services by their names: `tcp 10.0.0.100:80`, `fwmark 7`, `fwmark6 7`.
pub(super) type Shown = BTreeMap<String, Service>;

/// A virtual service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Service {
    /// The scheduler's name.
    pub(super) scheduler: String,
    /// Its destinations.
    pub(super) destinations: BTreeMap<SocketAddr, Destination>,
}

/// A real server, or a fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// `Route`, `Tunnel`, `Masq` or `Local`.
    pub(super) method: String,
    /// Its weight.
    pub(super) weight: u32,
}

/// Reads it; a line that is not understood is an error, so that nothing is overlooked.
pub(super) fn read(text: &str) -> anyhow::Result<Shown> {
    let mut shown = Shown::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (key, scheduler) = match words.as_slice() {
            []
            | ["IP", "Virtual", "Server", ..]
            | ["Prot", ..]
            | ["->", "RemoteAddress:Port", ..] => {
                continue;
            }
            ["->", address, method, weight, ..] => {
                let key = current.as_ref().context("a destination before any service")?;
                let wrong = || format!("`{line}`");
                let destination = Destination {
                    method: (*method).to_owned(),
                    weight: weight.parse().with_context(wrong)?,
                };
                let service = shown.get_mut(key).context("a service")?;
                service.destinations.insert(address.parse().with_context(wrong)?, destination);
                continue;
            }
            ["FWM", mark, "IPv6", scheduler, ..] => (format!("fwmark6 {mark}"), scheduler),
            ["FWM", mark, scheduler, ..] => (format!("fwmark {mark}"), scheduler),
            [protocol @ ("TCP" | "UDP" | "SCTP"), listen, scheduler, ..] => {
                let listen: SocketAddr = listen.parse().with_context(|| format!("`{line}`"))?;
                (format!("{} {listen}", protocol.to_lowercase()), scheduler)
            }
            _ => bail!("`{line}` is neither a service nor a destination"),
        };
        let service = Service { scheduler: (*scheduler).to_owned(), ..Service::default() };
        shown.insert(key.clone(), service);
        current = Some(key);
    }
    Ok(shown)
}
