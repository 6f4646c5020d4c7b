//! The grammar of `ipvsadm -Sn` and `ipvsadm -R`.

use crate::table::Entry;
use ipvs_rs::{
    Destination, Family, Forwarding, Netmask, Service, ServiceFlags, ServiceKey, TunnelFlags,
    TunnelKind,
};

/// The table as `ipvsadm -Sn` prints it, a line for each service and destination, in any order.
///
/// Thresholds are not in what it prints; with `whole` they are, as `ipvsadm -R` takes them.
pub(crate) fn lines(table: &[Entry], whole: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for Entry { service, destinations } in table {
        lines.push(format!("-A {}", settings(service)));
        for destination in destinations {
            let thresholds = if whole { thresholds(destination) } else { String::new() };
            let at = destination.endpoint();
            let place = format!("-a {} -r {at}", key(&service.key));
            lines.push(format!("{place}{}{thresholds}", method(destination)));
        }
    }
    lines
}

fn key(key: &ServiceKey) -> String {
    match key {
        ServiceKey::Tcp(endpoint) => format!("-t {endpoint}"),
        ServiceKey::Udp(endpoint) => format!("-u {endpoint}"),
        ServiceKey::Sctp(endpoint) => format!("--sctp-service {endpoint}"),
        ServiceKey::FwMark { mark, family: Family::V4 } => format!("-f {mark}"),
        ServiceKey::FwMark { mark, family: Family::V6 } => format!("-f {mark} -6"),
        ServiceKey::Other { .. } => format!("{key}"),
    }
}

fn settings(service: &Service) -> String {
    let mut text = format!("{} -s {}", key(&service.key), service.scheduler);
    if let Some(timeout) = service.persistence() {
        text.push_str(&format!(" -p {}", timeout.as_secs()));
        if service.netmask != Netmask::host(service.key.family()) {
            text.push_str(&match service.netmask {
                Netmask::V4(mask) => format!(" -M {mask}"),
                Netmask::V6(bits) => format!(" -M {bits}"),
            });
        }
    }
    if let Some(engine) = &service.persistence_engine {
        text.push_str(&format!(" --pe {engine}"));
    }
    if service.flags.contains(ServiceFlags::ONE_PACKET) {
        text.push_str(" -o");
    }
    let flags = [(ServiceFlags::SCHEDULER_1, "fallback"), (ServiceFlags::SCHEDULER_2, "port")];
    let set = flags.iter().filter(|(flag, _)| service.flags.contains(*flag));
    let names: Vec<String> = set.map(|(_, name)| format!("{}-{name}", service.scheduler)).collect();
    if !names.is_empty() {
        text.push_str(&format!(" -b {}", names.join(",")));
    }
    text
}

fn method(destination: &Destination) -> String {
    let method = match destination.forwarding {
        Forwarding::Masquerade => "-m",
        Forwarding::Tunnel => "-i",
        _ => "-g",
    };
    let mut text = format!(" {method} -w {}", destination.weight);
    if destination.forwarding == Forwarding::Tunnel {
        let tunnel = destination.tunnel;
        text.push_str(&match tunnel.kind {
            TunnelKind::Gue => format!(" --tun-type gue --tun-port {}", tunnel.port),
            TunnelKind::Gre => " --tun-type gre".to_owned(),
            _ => " --tun-type ipip".to_owned(),
        });
        if tunnel.kind != TunnelKind::Ipip {
            text.push_str(match tunnel.flags {
                TunnelFlags::CHECKSUM => " --tun-csum",
                TunnelFlags::REMOTE_CHECKSUM => " --tun-remcsum",
                _ => " --tun-nocsum",
            });
        }
    }
    text
}

fn thresholds(destination: &Destination) -> String {
    match (destination.upper_threshold, destination.lower_threshold) {
        (0, _) => String::new(),
        (upper, lower) => format!(" -x {upper} -y {lower}"),
    }
}
