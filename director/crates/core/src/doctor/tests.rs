//! Each finding with the facts that make it, and without them.

use super::*;
use crate::config::{Checksum, Forward, Server, ServiceKey, Tunnel, VirtualAddress};
use crate::director::tests::config;
use crate::name::NodeName;
use crate::realserver::{Found, changes, needs};
use std::string::ToString;
use std::vec;

fn with(forward: Forward) -> Config {
    let mut config = config();
    config.services.values_mut().for_each(|service| service.forward = forward);
    config
}

fn lan() -> InterfaceName {
    InterfaceName::literal("lan")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Director d1 on `lan` and `hb`, with every setting as it should be.
fn sound() -> Facts {
    let interface = |address: &str, mtu| Interface { mtu, addresses: vec![(ip(address), 24)] };
    let interfaces = BTreeMap::from([
        (lan(), interface("10.0.0.11", 1500)),
        (InterfaceName::literal("hb"), interface("10.1.0.11", 1500)),
        (
            InterfaceName::literal("lo"),
            Interface { mtu: 65_536, addresses: vec![(ip("127.0.0.1"), 8)] },
        ),
    ]);
    let mut facts = Facts { interfaces, open_files: Some(1024), ..Facts::default() };
    facts.settings = settings(&facts).into_iter().map(|path| (path, 0)).collect();
    for path in ["net/ipv4/ip_forward", "net/ipv4/vs/pmtu_disc"] {
        facts.settings.insert(path.into(), 1);
    }
    facts
}

fn answer(address: &str, last: u8) -> Answer {
    Answer { interface: lan(), address: ip(address), mac: Mac([2, 0, 0, 0, 0, last]) }
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

fn on_director(config: &Config, facts: &Facts) -> Vec<Finding> {
    director(config, &NodeName::new("d1").unwrap(), facts)
}

#[test]
fn a_sound_director_has_no_finding() {
    for forward in [Forward::Direct, Forward::Nat] {
        assert_eq!(on_director(&with(forward), &sound()), []);
    }
}

#[test]
fn everybody_near_is_asked_for() {
    let asked: Vec<_> =
        questions(&config(), &sound()).into_iter().map(|(_, a)| a.to_string()).collect();
    assert_eq!(asked, ["10.0.0.12", "10.0.0.21", "10.0.0.22", "10.0.0.100"]);
}

#[test]
fn a_real_server_that_answers_is_named() {
    let mut facts = sound();
    facts.answers =
        vec![answer("10.0.0.12", 12), answer("10.0.0.21", 21), answer("10.0.0.100", 21)];
    let findings = on_director(&config(), &facts);
    assert_eq!(codes(&findings), ["address-answered"]);
    assert!(findings[0].what.starts_with("real server 10.0.0.21 (02:00:00:00:00:15) answers"));
}

#[test]
fn the_owner_may_answer_and_a_second_may_not() {
    let mut facts = sound();
    facts.answers = vec![answer("10.0.0.12", 12), answer("10.0.0.100", 12)];
    assert_eq!(on_director(&config(), &facts), []);
    facts.interfaces.get_mut(&lan()).unwrap().addresses.push((ip("10.0.0.100"), 24));
    let findings = on_director(&config(), &facts);
    assert_eq!(codes(&findings), ["two-owners"]);
    assert!(findings[0].what.contains("d2") && findings[0].what.contains("d1 (this host)"));
}

#[test]
fn a_host_without_a_name_is_a_stranger_only_where_directors_are_known() {
    let mut facts = sound();
    facts.answers = vec![answer("10.0.0.100", 77)];
    assert_eq!(on_director(&config(), &facts), [], "it may be d2");
    facts.answers.push(answer("10.0.0.12", 12));
    let findings = on_director(&config(), &facts);
    assert!(findings[0].what.starts_with("an unknown host (02:00:00:00:00:4d)"), "{findings:?}");
}

#[test]
fn settings_that_break_nat_are_found_for_nat_only() {
    let mut facts = sound();
    facts.settings.insert("net/ipv4/ip_forward".into(), 0);
    facts.settings.insert("net/ipv4/conf/lan/send_redirects".into(), 1);
    assert_eq!(
        codes(&on_director(&with(Forward::Nat), &facts)),
        ["forwarding-off", "redirects-on"]
    );
    assert_eq!(on_director(&with(Forward::Direct), &facts), []);
}

#[test]
fn the_greater_of_two_reverse_path_settings_counts() {
    let mut facts = sound();
    facts.settings.insert("net/ipv4/conf/all/rp_filter".into(), 1);
    assert_eq!(codes(&on_director(&config(), &facts)), ["strict-reverse-path"]);
    facts.settings.insert("net/ipv4/conf/lan/rp_filter".into(), 2);
    assert_eq!(on_director(&config(), &facts), []);
}

#[test]
fn a_tunnel_without_room_needs_icmp_or_fragments_to_pass() {
    let mut facts = sound();
    let config = with(Forward::IPIP);
    let told = |facts: &Facts| on_director(&config, facts).first().cloned();
    let says = |facts: &Facts, word: &str| {
        told(facts)
            .is_some_and(|one| one.severity == Severity::Warning && one.consequence.contains(word))
    };
    assert!(says(&facts, "told by ICMP"));
    facts.settings.insert("net/ipv4/vs/pmtu_disc".into(), 0);
    assert!(says(&facts, "go out as fragments"));
    // The clients' side is narrower than the servers' side by the header.
    let servers = Interface { mtu: 1520, addresses: vec![(ip("10.0.0.11"), 24)] };
    let clients = Interface { mtu: 1500, addresses: vec![(ip("192.0.2.11"), 24)] };
    facts.interfaces.insert(InterfaceName::literal("inside"), servers);
    facts.interfaces.insert(lan(), clients);
    assert_eq!(told(&facts), None);
}

#[test]
fn every_tunnel_needs_room_for_what_it_adds() {
    let port = core::num::NonZeroU16::new(6080).unwrap();
    let gue = |checksum| Forward::Tunnel(Tunnel::Gue { port, checksum });
    let gre = |checksum| Forward::Tunnel(Tunnel::Gre { checksum });
    for (forward, longer) in [
        (Forward::IPIP, 20),
        (gre(false), 24),
        (gre(true), 28),
        (gue(Checksum::Off), 32),
        (gue(Checksum::Outer), 32),
        (gue(Checksum::Remote), 40),
    ] {
        let mut facts = sound();
        let findings = on_director(&with(forward), &facts);
        assert_eq!(codes(&findings), ["tunnel-size"], "{forward}");
        assert!(findings[0].what.ends_with(&std::format!("are {longer} longer")), "{findings:?}");
        assert!(findings[0].cure.contains(&std::format!("to {},", 1500 + longer)), "{findings:?}");
        let servers = Interface { mtu: 1500 + longer, addresses: vec![(ip("10.0.0.11"), 24)] };
        let clients = Interface { mtu: 1500, addresses: vec![(ip("192.0.2.11"), 24)] };
        facts.interfaces.insert(InterfaceName::literal("inside"), servers);
        facts.interfaces.insert(lan(), clients);
        assert_eq!(on_director(&with(forward), &facts), [], "{forward}");
    }
}

#[test]
fn a_host_that_answers_for_no_address_is_told() {
    let mut facts = sound();
    facts.settings.insert("net/ipv4/conf/all/arp_ignore".into(), 8);
    assert_eq!(codes(&on_director(&config(), &facts)), ["address-unanswered"]);
    facts.settings.insert("net/ipv4/conf/all/arp_ignore".into(), 2);
    assert_eq!(on_director(&config(), &facts), []);
}

/// The configuration with IPv6 instead: virtual address, service and server.
fn six(forward: Forward) -> Config {
    let mut config = with(forward);
    let address =
        VirtualAddress { address: ip("fd00::100"), prefix: 64, interface: lan(), mac: None };
    config.groups.values_mut().for_each(|group| group.addresses = [address.clone()].into());
    for service in config.services.values_mut() {
        service.key = ServiceKey::Tcp("[fd00::100]:80".parse().unwrap());
        let one = Server::from(crate::config::Weight(1));
        service.servers = [("[fd00::21]:80".parse().unwrap(), one)].into();
    }
    config
}

#[test]
fn an_interface_without_ipv6_is_told_when_it_is_to_have_a_virtual_address() {
    let mut facts = sound();
    facts.settings.insert("net/ipv6/conf/lan/disable_ipv6".into(), 1);
    assert_eq!(on_director(&config(), &facts), []);
    assert_eq!(codes(&on_director(&six(Forward::Direct), &facts)), ["ipv6-off"]);
    facts.settings.insert("net/ipv6/conf/lan/disable_ipv6".into(), 0);
    assert_eq!(on_director(&six(Forward::Direct), &facts), []);
}

#[test]
fn a_default_route_by_advertisement_and_ipv6_nat_do_not_go_together() {
    let mut facts = sound();
    facts.settings.insert("net/ipv6/conf/all/forwarding".into(), 1);
    facts.settings.insert("net/ipv6/conf/hb/accept_ra".into(), 1);
    assert_eq!(on_director(&six(Forward::Direct), &facts), []);
    assert_eq!(codes(&on_director(&six(Forward::Nat), &facts)), ["router-unheard"]);
    facts.settings.insert("net/ipv6/conf/hb/accept_ra".into(), 2);
    assert_eq!(on_director(&six(Forward::Nat), &facts), []);
}

/// What the settings are asked for by is what findings look up.
#[test]
fn every_setting_that_a_finding_needs_is_asked_for() {
    let asked = settings(&sound());
    for path in [
        "net/ipv4/ip_forward",
        "net/ipv6/conf/all/forwarding",
        "net/ipv4/vs/pmtu_disc",
        "net/ipv4/conf/all/arp_ignore",
        "net/ipv4/conf/lan/rp_filter",
        "net/ipv4/conf/all/send_redirects",
        "net/ipv6/conf/lan/disable_ipv6",
        "net/ipv6/conf/hb/accept_ra",
    ] {
        assert!(asked.iter().any(|one| one == path), "{path}");
    }
}

#[test]
fn too_few_files_for_the_checks_are_told() {
    let mut facts = sound();
    facts.open_files = Some(64);
    let findings = on_director(&config(), &facts);
    assert_eq!(codes(&findings), ["few-open-files"]);
    assert_eq!(findings[0].cure, "LimitNOFILE=128 in the unit");
}

/// A real server with everything in place.
fn served(forward: Forward) -> (Config, Facts) {
    let mut facts = sound();
    facts.interfaces.get_mut(&lan()).unwrap().addresses = vec![(ip("10.0.0.21"), 24)];
    facts.listeners = ["0.0.0.0:80".parse().unwrap()].into();
    facts.gateways = [ip("10.0.0.100")].into();
    (with(forward), facts)
}

fn on_real_server(
    config: &Config,
    facts: &Facts,
    missing: &[crate::realserver::Change],
) -> Vec<Finding> {
    let needs = needs(config, &[ip("10.0.0.21")].into());
    real_server(config, &needs, missing, facts)
}

#[test]
fn a_prepared_real_server_has_no_finding() {
    for forward in [Forward::Direct, Forward::IPIP, Forward::Nat] {
        let (config, facts) = served(forward);
        assert_eq!(on_real_server(&config, &facts, &[]), []);
    }
}

#[test]
fn everything_that_is_missing_has_its_consequence() {
    let (config, facts) = served(Forward::IPIP);
    let needs = needs(&config, &[ip("10.0.0.21")].into());
    let findings = on_real_server(&config, &facts, &changes(&needs, &Found::default()));
    assert_eq!(findings.len(), 6);
    let all: Vec<_> = findings.iter().map(|one| one.consequence.as_str()).collect();
    assert!(all[0].contains("unwraps") && all[1].contains("ARP"), "{all:?}");
    assert!(all[3].contains("dropped") && all[4].contains("10.0.0.100"), "{all:?}");
}

#[test]
fn nat_needs_the_answers_to_come_back() {
    let (config, mut facts) = served(Forward::Nat);
    facts.gateways = [ip("10.0.0.1")].into();
    assert_eq!(codes(&on_real_server(&config, &facts, &[])), ["answers-pass-by"]);
}

#[test]
fn something_must_listen_where_packets_arrive() {
    let (config, mut facts) = served(Forward::Direct);
    let mut listens = |place: &str| {
        facts.listeners = [place.parse().unwrap()].into();
        codes(&on_real_server(&config, &facts, &[]))
    };
    assert_eq!(listens("10.0.0.21:80"), ["nobody-listens"], "the server's own address only");
    assert_eq!(listens("10.0.0.100:80"), [""; 0]);
    assert_eq!(listens("[::]:80"), [""; 0]);
    assert_eq!(listens("0.0.0.0:81"), ["nobody-listens"]);
}

#[test]
fn a_finding_reads_as_three_lines() {
    let (config, mut facts) = served(Forward::Direct);
    facts.listeners.clear();
    assert_eq!(
        on_real_server(&config, &facts, &[])[0].to_string(),
        "problem[nobody-listens]: http: nothing on this host listens on 10.0.0.100:80\n  so:   \
         every connection that is sent here is reset\n  cure: start the server, or have it listen \
         on 10.0.0.100:80 or on port 80 of every address"
    );
}
