use super::*;
use crate::beat::Incarnation;
use crate::config::Forward;

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

/// Those of hints and alerts.
fn newer() -> Vec<Report> {
    let server: SocketAddr = "10.0.0.21:80".parse().unwrap();
    let (service, words) = (|| ServiceName::new("http").unwrap(), || String::from("words"));
    vec![
        Report::Suspected { service: service(), server, half_open: 25 },
        Report::Rerouted { service: service(), server, from: Forward::Nat, connections: 12 },
        Report::Alert {
            channel: AlertName::new("pager").unwrap(),
            number: 7,
            fate: Fate::Failed { why: words(), again_ms: 5000 },
        },
    ]
}

/// One of each variant; whoever adds one is reminded by the number.
fn samples() -> Vec<Report> {
    let group = || GroupName::new("web").unwrap();
    let service = || ServiceName::new("http").unwrap();
    let interface = InterfaceName::new("lan").unwrap();
    let server: SocketAddr = "10.0.0.21:80".parse().unwrap();
    let key = ServiceKey::Tcp(server);
    let (from, prefix) = ("10.0.0.11".parse().unwrap(), 24);
    let address = VirtualAddress { address: from, prefix, interface: interface.clone(), mac: None };
    let words = || String::from("words");
    let why = ServerCause::Failed { checks: 2, failure: Failure::Refused };
    vec![
        Report::Started { node: node("d1"), incarnation: Incarnation(1) },
        Report::Role {
            group: group(),
            from: Role::Taking,
            to: Role::Active,
            why: RoleCause::AddressesHeld,
        },
        Report::Peer { peer: node("d2"), state: PeerState::Dead, why: PeerCause::Goodbye },
        Report::Link { peer: node("d2"), link: LinkId(0), interface, up: false },
        Report::ConfigDiffers { peer: node("d2"), differs: true },
        Report::Version { peer: node("d2"), version: 1 },
        Report::Rejected { link: LinkId(0), from, why: Rejection::Authentication },
        Report::HeldBack { peer: node("d2") },
        Report::Warming { group: group(), wait_ms: 23_400 },
        Report::Fencing { peer: node("d2"), state: FenceState::Asked },
        Report::Witness { reached: false },
        Report::TwoOwners { group: group(), peer: node("d2"), winner: node("d1"), unheard_ms: 7 },
        Report::TwoOwnersOver { group: group(), peer: node("d2"), lasted_ms: 9 },
        Report::Server { service: service(), server, state: Health::Down, why },
        Report::CheckFailed {
            service: service(),
            server,
            failures: 1,
            fall: 2,
            failure: Failure::Refused,
        },
        Report::Ordered {
            service: service(),
            server,
            duty: Duty::Drain { deadline: Some(core::time::Duration::from_secs(90)) },
            weight: Some(Weight(3)),
            by: Author { who: "root".into(), why: "new disk".into() },
        },
        Report::Flapping { service: service(), server, falls: 3, hold_ms: 30_000 },
        Report::Certificate { service: service(), server, days: 9 },
        Report::Quorum { service: service(), reached: false },
        Report::Panic { service: service(), begun: true },
        Report::Fallback { service: service(), serving: true },
        Report::Unserved { service: service(), unserved: true },
        Report::Draining { service: key, server },
        Report::Drained { service: key, server, left: 3 },
        Report::Address { address: address.clone(), held: true },
        Report::Announcing { group: group(), why: AnnounceCause::Taken },
        Report::StepDone { step: words() },
        Report::StepFailed { step: words(), why: words() },
        Report::ObserveFailed { why: words() },
        Report::Drift { step: words() },
        Report::Foreign { service: key, server: None },
        Report::ForeignAddress { address: address.clone() },
        Report::Stalled { late_ms: 7 },
        Report::Resting { group: group(), resting: true },
        Report::Reloaded,
        Report::Stopping,
        Report::Stopped { left: vec![address] },
    ]
}

#[test]
fn every_report_has_a_sentence_of_its_own() {
    let all = samples().into_iter().chain(newer());
    let sentences: Vec<String> = all.map(|report| report.to_string()).collect();
    insta::assert_snapshot!(sentences.join("\n"));
    assert!(sentences.iter().all(|sentence| sentence.len() > 6));
    let different: alloc::collections::BTreeSet<_> = sentences.iter().collect();
    assert_eq!(different.len(), sentences.len());
}
