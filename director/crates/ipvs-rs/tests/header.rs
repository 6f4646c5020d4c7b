//! The crate compared with the kernel's header, `linux/ip_vs.h`, as this machine has it.
//!
//! Every command, attribute and flag of the header must be known to the crate under the same
//! number. So a newer header fails here with the names of what is new.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in helpers too")]

use std::collections::BTreeMap;
use std::fs;

use ipvs_rs::{
    Command, DaemonRole, Forwarding, Request, Service, ServiceFlags, ServiceKey, TunnelFlags,
    TunnelKind,
};

/// Debian has it in `linux-libc-dev`, without which nothing can be linked either.
const HEADER: &str = "/usr/include/linux/ip_vs.h";

type Numbers = BTreeMap<String, u64>;

fn header() -> String {
    let text = fs::read_to_string(HEADER);
    let text = text.unwrap_or_else(|error| panic!("{HEADER}: {error}; install linux-libc-dev"));
    let mut bare = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare + rest
}

/// The members of every `enum`, but those that only mark an end.
fn members(header: &str) -> Numbers {
    let mut found = Numbers::new();
    for body in header.split("enum {").skip(1) {
        let body = body.split_once('}').unwrap().0;
        let mut next = 0;
        for member in body.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let (name, number) = member.split_once('=').unwrap_or((member, ""));
            next = number.trim().parse().unwrap_or(next);
            if !name.trim().ends_with("_MAX") {
                found.insert(name.trim().to_owned(), next);
            }
            next += 1;
        }
    }
    found
}

/// The `#define`s of names with this beginning whose value is a number, an alias or one bit.
fn defines(header: &str, beginning: &str) -> Numbers {
    let mut found = Numbers::new();
    for line in header.lines() {
        let Some(line) = line.strip_prefix("#define") else { continue };
        let Some((name, value)) = line.trim().split_once(char::is_whitespace) else { continue };
        if !name.starts_with(beginning) {
            continue;
        }
        let value = value.trim().trim_matches(['(', ')']);
        let number = value
            .strip_prefix("0x")
            .and_then(|hex| u64::from_str_radix(hex, 16).ok())
            .or_else(|| value.parse().ok())
            .or_else(|| value.strip_prefix("1 << ")?.parse().ok().map(|bit: u32| 1 << bit))
            .or_else(|| found.get(value).copied());
        found.extend(number.map(|number| (name.to_owned(), number)));
    }
    found
}

fn starting(all: &Numbers, beginning: &str) -> Numbers {
    let of = all.iter().filter(|(name, _)| name.starts_with(beginning));
    of.map(|(name, number)| (name.clone(), *number)).collect()
}

/// The crate's numbers of attributes are private; their names are the header's.
fn ours() -> Numbers {
    let source = include_str!("../src/uapi.rs");
    let constants = source.lines().filter_map(|line| line.strip_prefix("pub(crate) const "));
    let attributes = constants.filter_map(|line| {
        let (name, value) = line.split_once(": u16 = ")?;
        Some((format!("IPVS_{name}"), value.trim_end_matches(';').parse().ok()?))
    });
    attributes.collect()
}

#[test]
fn every_attribute_of_the_header_is_known() {
    let wanted: Numbers = members(&header())
        .into_iter()
        .filter(|(name, _)| name.contains("_ATTR_") && !name.ends_with("_UNSPEC"))
        .collect();
    assert!(wanted.len() >= 54, "the header was not understood: {wanted:?}");
    assert_eq!(ours(), wanted);
}

#[test]
fn every_command_of_the_header_is_known() {
    let commands = starting(&members(&header()), "IPVS_CMD_");
    let commands: Vec<(&String, &u64)> = commands
        .iter()
        .filter(|(name, _)| !name.contains("_ATTR_") && !name.ends_with("_UNSPEC"))
        .collect();
    assert_eq!(commands.len(), 17, "{commands:?}");
    for (name, number) in commands {
        let number = u8::try_from(*number).unwrap();
        let known = Command::try_from(number).unwrap();
        // `NewService` is `IPVS_CMD_NEW_SERVICE`.
        let mut ours = "IPVS_CMD".to_owned();
        for letter in format!("{known:?}").chars() {
            if letter.is_ascii_uppercase() {
                ours.push('_');
            }
            ours.push(letter.to_ascii_uppercase());
        }
        assert_eq!(&ours, name);
    }
}

#[test]
fn every_flag_of_a_service_is_known() {
    let flags = defines(&header(), "IP_VS_SVC_F_");
    let bits = |flags: ServiceFlags| u64::from(flags.bits());
    let known = [
        ("PERSISTENT", bits(ServiceFlags::PERSISTENT)),
        // The kernel's own; neither read nor sent.
        ("HASHED", 2),
        ("ONEPACKET", bits(ServiceFlags::ONE_PACKET)),
        ("SCHED1", bits(ServiceFlags::SCHEDULER_1)),
        ("SCHED2", bits(ServiceFlags::SCHEDULER_2)),
        ("SCHED3", bits(ServiceFlags::SCHEDULER_3)),
        ("SCHED_SH_FALLBACK", bits(ServiceFlags::SCHEDULER_1)),
        ("SCHED_SH_PORT", bits(ServiceFlags::SCHEDULER_2)),
    ];
    let known: Numbers =
        known.into_iter().map(|(name, bit)| (format!("IP_VS_SVC_F_{name}"), bit)).collect();
    assert_eq!(flags, known);
}

#[test]
fn every_method_and_tunnel_is_known() {
    let header = header();
    let methods = defines(&header, "IP_VS_CONN_F_");
    let mask = methods["IP_VS_CONN_F_FWD_MASK"];
    let of = |name: &str, known: Forwarding, number: u64| {
        assert_eq!(methods[&format!("IP_VS_CONN_F_{name}")], number, "{known}");
    };
    of("MASQ", Forwarding::Masquerade, 0);
    of("LOCALNODE", Forwarding::Local, 1);
    of("TUNNEL", Forwarding::Tunnel, 2);
    of("DROUTE", Forwarding::Direct, 3);
    of("BYPASS", Forwarding::Bypass, 4);
    let within = methods.iter().filter(|(name, number)| {
        **number <= mask && !name.ends_with("_MASK") && !name.contains("TUNNEL_")
    });
    assert_eq!(within.count(), 5, "a method is new: {methods:?}");
    let kinds = starting(&members(&header), "IP_VS_CONN_F_TUNNEL_TYPE_");
    let known = [TunnelKind::Ipip, TunnelKind::Gue, TunnelKind::Gre].map(|kind| {
        format!("IP_VS_CONN_F_TUNNEL_TYPE_{}", format!("{kind:?}").to_ascii_uppercase())
    });
    let known: Numbers = known.into_iter().zip(0..).collect();
    assert_eq!(kinds, known);
    let flags = defines(&header, "IP_VS_TUNNEL_ENCAP_FLAG_");
    let known = [
        ("NOCSUM", TunnelFlags::NONE),
        ("CSUM", TunnelFlags::CHECKSUM),
        ("REMCSUM", TunnelFlags::REMOTE_CHECKSUM),
    ];
    let known = known
        .map(|(name, flags)| (format!("IP_VS_TUNNEL_ENCAP_FLAG_{name}"), u64::from(flags.bits())));
    assert_eq!(flags, Numbers::from(known));
}

#[test]
fn every_daemon_state_is_known() {
    let states = defines(&header(), "IP_VS_STATE_");
    let names = [DaemonRole::Master, DaemonRole::Backup]
        .map(|role| format!("IP_VS_STATE_{}", role.to_string().to_ascii_uppercase()));
    let mut known: Numbers = names.into_iter().zip(1..).collect();
    known.insert("IP_VS_STATE_NONE".to_owned(), 0);
    assert_eq!(states, known);
}

/// A name is as long as the header's arrays hold, with the NUL.
#[test]
fn names_are_as_long_as_the_header_allows() {
    let header = header();
    let lengths = [("IP_VS_SCHEDNAME_", 16), ("IP_VS_PENAME_", 16), ("IP_VS_IFNAME_", 16)];
    for (name, length) in lengths {
        assert_eq!(defines(&header, name), [(format!("{name}MAXLEN"), length)].into());
    }
    let named = |length: usize| {
        let key = ServiceKey::tcp((std::net::Ipv4Addr::LOCALHOST, 80));
        Request::AddService(Service::new(key, "x".repeat(length))).message()
    };
    assert!(named(15).is_ok() && named(16).is_err());
}
