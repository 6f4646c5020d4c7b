//! What is read from the view when somebody asks.

mod vrrp;

use director_core::input::Ignored;
use director_core::report::{Health, PeerState, Role};
use director_core::standing::Duty;
use director_core::view::{AlertView, ServiceView, View};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

pub(super) type Float = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGroup {
    group: String,
    role: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPeer {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRival {
    group: String,
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLink {
    peer: String,
    interface: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    service: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfServer {
    service: String,
    server: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAlert {
    channel: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfChannel {
    channel: String,
}

/// What a node can be for a group.
pub(super) const ROLES: [Role; 6] =
    [Role::Waiting, Role::Standby, Role::Taking, Role::Active, Role::Releasing, Role::Stopped];

/// The word of a state.
pub(super) fn health(state: Health) -> &'static str {
    match state {
        Health::Unknown => "unknown",
        Health::Up => "up",
        Health::Down => "down",
    }
}

pub(super) fn register(registry: &mut Registry, view: &View) {
    let facts = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("node", view.node.to_string()),
        ("cluster", view.cluster.to_string()),
        ("config", view.config.to_string()),
    ];
    registry.register("build", "This program, and what it runs as", Info::new(facts));
    cluster(registry, view);
    services(registry, &view.services);
    servers(registry, &view.services);
    alerts(registry, &view.alerts);
    let converged: Gauge = Gauge::default();
    converged.set(i64::from(view.kernel.converged));
    registry.register("kernel_converged", "Whether the kernel holds what it should", converged);
    if let Some(answers) = view.voter {
        let voter: Gauge = Gauge::default();
        voter.set(i64::from(answers));
        registry.register("voter_answers", "Whether the voter answers", voter);
    }
    let foreign: Gauge = Gauge::default();
    foreign.set(i64::try_from(view.kernel.foreign.len()).unwrap_or(i64::MAX));
    let help = "Services, servers and addresses in the kernel that are not ours and left alone";
    registry.register("kernel_foreign", help, foreign);
    let up = Float::default();
    up.set(seconds(view.started_ms));
    let help = "Since this director started";
    registry.register_with_unit("up", help, Unit::Seconds, up);
}

fn seconds(millis: u64) -> f64 {
    std::time::Duration::from_millis(millis).as_secs_f64()
}

fn cluster(registry: &mut Registry, view: &View) {
    let role: Family<OfGroup, Gauge> = Family::default();
    for group in &view.groups {
        for each in ROLES {
            let label = OfGroup { group: group.name.to_string(), role: each.to_string() };
            role.get_or_create(&label).set(i64::from(group.role == each));
        }
    }
    registry.register("group_role", "Whether this node has the role for the group", role);
    let rivals: Family<OfRival, Float> = Family::default();
    for (group, peer) in
        view.groups.iter().flat_map(|group| view.peers.iter().map(move |peer| (group, &peer.name)))
    {
        let rival = group.rival.as_ref().filter(|rival| rival.peer == *peer);
        let label = OfRival { group: group.name.to_string(), peer: peer.to_string() };
        rivals.get_or_create(&label).set(rival.map_or(0.0, |rival| seconds(rival.since_ms)));
    }
    let help = "For how long the peer may have owned the group beside this node";
    registry.register_with_unit("group_two_owners", help, Unit::Seconds, rivals);
    vrrp::register(registry, &view.groups);
    let (alive, same): (Family<OfPeer, Gauge>, Family<OfPeer, Gauge>) = Default::default();
    let link: Family<OfLink, Gauge> = Family::default();
    let missed: Family<OfLink, Counter> = Family::default();
    let heard: Family<OfPeer, Float> = Family::default();
    for peer in &view.peers {
        let label = OfPeer { peer: peer.name.to_string() };
        let live = matches!(peer.state, PeerState::Alive | PeerState::Suspect);
        alive.get_or_create(&label).set(i64::from(live));
        same.get_or_create(&label).set(i64::from(peer.same_config.unwrap_or(true)));
        let silent = peer.heard_ms.unwrap_or(view.started_ms);
        heard.get_or_create(&label).set(seconds(silent));
        for each in &peer.links {
            let interface = each.interface.to_string();
            let label = OfLink { peer: peer.name.to_string(), interface };
            missed.get_or_create(&label).inc_by(each.missed);
            link.get_or_create(&label).set(i64::from(each.up));
        }
    }
    let ignored: Family<OfReason, Gauge> = Family::default();
    for why in Ignored::ALL {
        let count = view.ignored.get(&why).copied().unwrap_or_default();
        let label = OfReason { reason: why.word() };
        ignored.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let help = "Heartbeat packets since the start that changed nothing, by why";
    registry.register("heartbeat_packets_ignored", help, ignored);
    registry.register("peer_alive", "Whether the peer is heard", alive);
    registry.register("peer_same_config", "Whether the peer has our configuration", same);
    registry.register("link_up", "Whether the peer is heard over the link", link);
    let help = "Heartbeats that did not come over the link while it was up";
    registry.register("heartbeats_missed", help, missed);
    let help = "Since the peer was heard last, or since this director started";
    registry.register_with_unit("peer_silent", help, Unit::Seconds, heard);
}

fn services(registry: &mut Registry, views: &[ServiceView]) {
    let count: Family<OfState, Gauge> = Family::default();
    let fallback: Family<OfService, Gauge> = Family::default();
    let quorum: Family<OfService, Gauge> = Family::default();
    let panic: Family<OfService, Gauge> = Family::default();
    let connections: Family<OfState, Gauge> = Family::default();
    for view in views {
        let service = view.name.to_string();
        for state in ["up", "down", "unknown", "drain", "maintenance"] {
            let is = |server: &&director_core::view::ServerView| match server.duty {
                Duty::Serve => health(server.health) == state,
                Duty::Drain { .. } => state == "drain",
                Duty::Maintenance => state == "maintenance",
            };
            let number = view.servers.iter().filter(is).count();
            let label = OfState { service: service.clone(), state };
            count.get_or_create(&label).set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        let (active, inactive) = view.servers.iter().fold((0, 0), |(active, inactive), server| {
            (active + i64::from(server.active), inactive + i64::from(server.inactive))
        });
        for (state, number) in [("active", active), ("inactive", inactive)] {
            connections.get_or_create(&OfState { service: service.clone(), state }).set(number);
        }
        let label = OfService { service };
        fallback.get_or_create(&label).set(i64::from(view.fallback_serving));
        quorum.get_or_create(&label).set(i64::from(view.quorate));
        panic.get_or_create(&label).set(i64::from(view.panicking));
    }
    registry.register("service_servers", "Real servers of the service by state", count);
    registry.register("service_fallback", "Whether the fallback serves", fallback);
    registry.register("service_quorum", "Whether enough weight is usable", quorum);
    registry.register("service_panic", "Whether checks are not believed", panic);
    let help = "Connections in the kernel, summed over the service's servers";
    registry.register("service_connections", help, connections);
}

fn alerts(registry: &mut Registry, views: &[AlertView]) {
    let count: Family<OfAlert, Counter> = Family::default();
    let (waiting, troubles): (Family<OfChannel, Gauge>, Family<OfChannel, Gauge>) =
        Default::default();
    for view in views {
        let channel = view.channel.to_string();
        for (result, number) in [
            ("sent", view.sent),
            ("failed", view.failed),
            ("lost", view.lost),
            ("suppressed", view.suppressed),
        ] {
            let label = OfAlert { channel: channel.clone(), result };
            count.get_or_create(&label).inc_by(number);
        }
        let label = OfChannel { channel };
        let number = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
        waiting.get_or_create(&label).set(number(view.waiting));
        troubles.get_or_create(&label).set(number(view.troubles));
    }
    registry.register("alerts", "Alerts by what became of them", count);
    registry.register("alerts_waiting", "Alerts that are not delivered yet", waiting);
    registry.register("alert_troubles", "Troubles of the channel's kind that last", troubles);
}

fn servers(registry: &mut Registry, views: &[ServiceView]) {
    let up: Family<OfServer, Gauge> = Family::default();
    let weight: Family<OfServer, Gauge> = Family::default();
    let took: Family<OfServer, Float> = Family::default();
    for view in views {
        for server in &view.servers {
            let label =
                OfServer { service: view.name.to_string(), server: server.address.to_string() };
            up.get_or_create(&label).set(i64::from(server.health == Health::Up));
            let share = server.kernel_weight.map_or(0, |weight| i64::from(weight.0));
            weight.get_or_create(&label).set(share);
            if let Some(micros) = server.check_us {
                let duration = std::time::Duration::from_micros(micros);
                took.get_or_create(&label).set(duration.as_secs_f64());
            }
        }
    }
    registry.register("server_up", "Whether the real server is up", up);
    registry.register("server_weight", "Its weight in the kernel", weight);
    let help = "How long its last check took";
    registry.register_with_unit("server_check", help, Unit::Seconds, took);
}
