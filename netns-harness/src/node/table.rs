//! The IPVS table of a director, as `/proc/net/ip_vs` shows it, whenever it changed.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use scenario::Event;

use crate::clock;
use crate::record::Recorder;

const FILE: &str = "/proc/net/ip_vs";

/// Destination within service to its weight.
type Table = BTreeMap<(String, String), u32>;

static SEEN: Mutex<Table> = Mutex::new(Table::new());

/// Looks at the table again and again for as long as the node has power.
///
/// IPVS announces no change. Besides this often it is looked at whenever the director prints a
/// line or an address comes or goes.
pub(super) fn start(node: &str, period: Duration, recorder: &Recorder) -> anyhow::Result<()> {
    let (node, recorder) = (node.to_owned(), recorder.clone());
    std::thread::Builder::new()
        .name("ipvs table".to_owned())
        .spawn(move || {
            // Ends with the first reading that fails, and with the node.
            while once(&node, &recorder).is_ok() {
                clock::sleep_until(clock::now() + period);
            }
        })
        .context("starting the observer of the table")?;
    Ok(())
}

/// Looks at the table and records what is different from the last look.
pub(super) fn once(node: &str, recorder: &Recorder) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
    let table = parse(&text);
    let Ok(mut seen) = SEEN.lock() else { return Ok(()) };
    let event = |(service, server): &(String, String), weight| Event::Table {
        node: node.to_owned(),
        service: service.clone(),
        server: server.clone(),
        weight,
        fallback: false,
    };
    for key in seen.keys().filter(|key| !table.contains_key(*key)) {
        recorder.now(event(key, None));
    }
    for (key, weight) in &table {
        if seen.get(key) != Some(weight) {
            recorder.now(event(key, Some(*weight)));
        }
    }
    *seen = table;
    Ok(())
}

fn parse(text: &str) -> Table {
    let mut table = Table::new();
    let mut service = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["TCP" | "UDP" | "SCTP", listen, ..] => {
                service = address(listen).map(|at| at.to_string());
            }
            ["FWM", mark, ..] => {
                service = u32::from_str_radix(mark, 16).ok().map(|mark| format!("fwmark {mark}"));
            }
            ["->", server, _, weight, ..] => {
                if let (Some(service), Some(server), Ok(weight)) =
                    (&service, address(server), weight.parse())
                {
                    table.insert((service.clone(), server.to_string()), weight);
                }
            }
            _ => {}
        }
    }
    table
}

/// `0A000064:0050` or `[2001:0db8:0000:0000:0000:0000:0000:0064]:0050`.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => IpAddr::V6(host.parse::<Ipv6Addr>().ok()?),
        None => IpAddr::V4(Ipv4Addr::from_bits(u32::from_str_radix(host, 16).ok()?)),
    };
    Some(SocketAddr::new(host, port))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_kernels_table_is_read() {
        let table = parse(
            "IP Virtual Server version 1.2.1 (size=4096)\n\
             Prot LocalAddress:Port Scheduler Flags\n  \
               -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
             TCP  0A000064:0050 wlc \n  \
               -> 0A000015:0050      Route   10     0          12\n\
             TCP  [2001:0db8:0000:0000:0000:0000:0000:0064]:0050 rr \n  \
               -> [2001:0db8:0000:0000:0000:0000:0000:0015]:0050      Tunnel  0      0   0\n\
             FWM  00000007 wlc \n  \
               -> 7F000001:0050      Local   1      0          0\n",
        );
        let rows: Vec<String> = table
            .iter()
            .map(|((service, server), weight)| format!("{service} {server} {weight}"))
            .collect();
        assert_eq!(
            rows,
            [
                "10.0.0.100:80 10.0.0.21:80 10",
                "[2001:db8::64]:80 [2001:db8::15]:80 0",
                "fwmark 7 127.0.0.1:80 1",
            ]
        );
    }
}
