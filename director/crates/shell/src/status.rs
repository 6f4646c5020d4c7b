//! The view as text for people.

mod table;

use director_core::config::{Forward, ServiceKey};
use director_core::probe::Phase;
use director_core::report::Role;
use director_core::standing::Duty;
use director_core::view::{
    ActiveRouterView, AlertView, DrainView, Explanation, GroupView, PeerView, PhaseView,
    RouterState, RouterView, ServerView, ServiceView, View,
};
use std::fmt::Write;
use table::Table;

/// One line about the roles: `active for web; standby for mail`.
#[must_use]
pub fn summary(view: &View) -> String {
    roles(&view.groups)
}

/// The same of the groups alone.
pub(crate) fn roles(groups: &[GroupView]) -> String {
    let mut parts = Vec::new();
    let all =
        [Role::Active, Role::Taking, Role::Releasing, Role::Standby, Role::Waiting, Role::Stopped];
    for role in all {
        let groups: Vec<&str> = groups
            .iter()
            .filter(|group| group.role == role)
            .map(|group| group.name.as_str())
            .collect();
        if !groups.is_empty() {
            parts.push(format!("{role} for {}", groups.join(", ")));
        }
    }
    if parts.is_empty() { "no groups".to_owned() } else { parts.join("; ") }
}

/// The whole view.
#[must_use]
pub fn text(view: &View) -> String {
    let mut text = format!(
        "director {} of cluster {}: {}\nup {}, incarnation {}, configuration {}\n",
        view.node,
        view.cluster,
        summary(view),
        ago(view.started_ms),
        view.incarnation,
        view.config
    );
    text.push('\n');
    text.push_str(&groups(&view.groups));
    if !view.peers.is_empty() {
        text.push('\n');
        text.push_str(&peers(&view.peers));
    }
    if let Some(reached) = view.witness {
        text.push_str(if reached { "A witness is reached\n" } else { "No witness is reached\n" });
    }
    if let Some(answers) = view.voter {
        text.push_str(if answers { "The voter answers\n" } else { "The voter does not answer\n" });
    }
    if !view.ignored.is_empty() {
        let each = view.ignored.iter().map(|(why, count)| format!("{count} {}", why.word()));
        let each: Vec<String> = each.collect();
        text.push_str(&format!("Heartbeat packets ignored: {}\n", each.join(", ")));
    }
    for service in &view.services {
        text.push('\n');
        text.push_str(&self::service(service));
    }
    for drain in &view.draining {
        let DrainView { service, address, connections, remaining_ms } = drain;
        let rest = ago(*remaining_ms);
        text.push_str(&format!(
            "\nserver {address} of {service} leaves: {connections} connections, {rest} at most\n"
        ));
    }
    if !view.alerts.is_empty() {
        text.push('\n');
    }
    text.extend(view.alerts.iter().map(alert));
    text.push('\n');
    kernel(view, &mut text);
    text
}

/// `alerts by pager: 7 sent, 4 suppressed, 1 given up; 2 waiting; last failure: refused`.
fn alert(view: &AlertView) -> String {
    let AlertView { channel, waiting, sent, lost, suppressed, failure, .. } = view;
    let mut text = format!("alerts by {channel}: {sent} sent");
    let counts = [(*suppressed, ", ", "suppressed"), (*lost, ", ", "given up")];
    let waiting = u64::try_from(*waiting).unwrap_or(u64::MAX);
    for (count, mark, word) in counts.into_iter().chain([(waiting, "; ", "waiting")]) {
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{mark}{count} {word}");
        }
    }
    if let Some(why) = failure {
        let _ = write!(text, "; last failure: {why}");
    }
    text.push('\n');
    text
}

/// Why things are as they are, oldest cause first.
#[must_use]
pub fn explanation(found: &[Explanation]) -> String {
    let mut text = String::new();
    for explanation in found {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {}", explanation.subject, explanation.state);
        for cause in &explanation.because {
            let _ = writeln!(text, "  {} ago  {}", ago(cause.ago_ms), cause.text);
        }
        for check in &explanation.checks {
            let took = std::time::Duration::from_micros(check.took_us);
            let started = ago(check.ago_ms);
            let parts = parts(&check.phases);
            let _ = writeln!(text, "  checked {started} ago, {took:.1?}{parts}: {}", check.text);
        }
    }
    text
}

/// ` (connect 0.3ms, answer 1.2ms)`; nothing when nothing is known.
fn parts(phases: &[PhaseView]) -> String {
    let part = |view: &PhaseView| {
        let word = match view.phase {
            Phase::Connect => "connect",
            Phase::Tls => "TLS",
            Phase::Answer => "answer",
            Phase::Body => "body",
            Phase::Whole => "all",
        };
        format!("{word} {:.1?}", std::time::Duration::from_micros(view.took_us))
    };
    let parts: Vec<String> = phases.iter().map(part).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn groups(groups: &[GroupView]) -> String {
    let mut table = Table::new(&["Group", "Role", "Since", "Owner", "Why"]);
    for group in groups {
        table.row([
            group.name.to_string(),
            if group.resting { format!("{}, rests", group.role) } else { group.role.to_string() },
            ago(group.since_ms),
            group.owner.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            group.why.clone(),
        ]);
        if let Some(router) = &group.vrrp {
            table.note(format!("  {}", self::router(router)));
        }
        for address in &group.addresses {
            let held = if address.held { "held" } else { "not held" };
            table.note(format!("  {} {held}", address.address));
        }
        if let Some(rival) = &group.rival {
            let (peer, since) = (&rival.peer, ago(rival.since_ms));
            table.note(format!("  TWO OWNERS: {peer} has it too, for up to {since}"));
        }
        if let Some(left) = group.failback_ms {
            table.note(format!("  taken back in {}", ago(left)));
        }
    }
    table.to_string()
}

/// `VRRP 3 router 51 on eth0: backup, priority 100; 10.0.0.12 (200) heard 80 ms ago; ignored 3`.
fn router(router: &RouterView) -> String {
    let state = match router.state {
        RouterState::Initialize => "initialize",
        RouterState::Backup => "backup",
        RouterState::Active => "active",
    };
    let mut text = format!(
        "VRRP {} router {} on {}: {state}, priority {}",
        router.version, router.router, router.interface, router.priority
    );
    // Writing to a string cannot fail.
    if let Some(ActiveRouterView { address, priority, heard_ms }) = router.active {
        let _ = write!(text, "; {address} ({priority}) heard {} ago", ago(heard_ms));
    }
    let ignored: u64 = router.ignored.values().sum();
    if ignored > 0 {
        let _ = write!(text, "; {ignored} packets ignored");
    }
    text
}

fn peers(peers: &[PeerView]) -> String {
    let mut table = Table::new(&["Peer", "State", "Heard", "Priority", "Config", "Links"]);
    for peer in peers {
        let links: Vec<String> = peer
            .links
            .iter()
            .map(|link| format!("{} {}", link.interface, if link.up { "up" } else { "down" }))
            .collect();
        let config = match peer.same_config {
            None => "-",
            Some(true) => "same",
            Some(false) => "differs",
        };
        table.row([
            peer.name.to_string(),
            peer.state.to_string(),
            peer.heard_ms.map_or_else(|| "never".to_owned(), |ms| format!("{} ago", ago(ms))),
            peer.priority.get().to_string(),
            config.to_owned(),
            links.join(", "),
        ]);
    }
    table.to_string()
}

/// A service with the words and in the order of `ipvsadm -Ln`.
fn service(service: &ServiceView) -> String {
    let mut text = format!("{}  ({})\n", key(&service.key, &service.settings), service.name);
    let titles = ["  -> RemoteAddress:Port", "Forward", "Weight", "ActiveConn", "InActConn"];
    let mut table = Table::new(&[&titles[..], &["State", "Since", "Why"]].concat());
    for server in &service.servers {
        table.row([
            format!("  -> {}", server.address),
            forward(server.forward).to_owned(),
            weight(server),
            server.active.to_string(),
            server.inactive.to_string(),
            state(server),
            ago(server.duty_ms.unwrap_or(server.since_ms)),
            why(server),
        ]);
    }
    text.push_str(&table.to_string());
    for server in &service.servers {
        if let Some(mark) = server.check_mark {
            let (address, at) = (server.address, server.checked_at);
            text.push_str(&format!("  {address} is checked at {at} with mark {mark}\n"));
        }
    }
    for traffic in &service.marked {
        text.push_str(&format!("  marked: {traffic}\n"));
    }
    if let Some(fallback) = service.fallback {
        let state = if service.fallback_serving { "serving" } else { "not needed" };
        text.push_str(&format!("  fallback {fallback}: {state}\n"));
    }
    if !service.quorate {
        text.push_str("  less usable weight than the quorum\n");
    }
    if service.panicking {
        text.push_str("  checks are not believed: too few servers pass them\n");
    }
    text
}

/// The state, and what the operator wants of the server.
fn state(server: &ServerView) -> String {
    match server.duty {
        Duty::Serve if server.damped_ms.is_some() => format!("{}, flaps", server.health),
        Duty::Serve => server.health.to_string(),
        Duty::Drain { .. } => format!("{}, drains", server.health),
        Duty::Maintenance => "maintenance".to_owned(),
    }
}

/// Who is behind it when somebody has ordered it, and the cause otherwise.
fn why(server: &ServerView) -> String {
    let ordered = server.by.as_ref().filter(|_| server.duty != Duty::Serve);
    ordered.map_or_else(|| server.why.clone(), |by| format!("ordered by {by}"))
}

fn key(key: &ServiceKey, settings: &str) -> String {
    match key {
        ServiceKey::Tcp(address) => format!("TCP  {address} {settings}"),
        ServiceKey::Udp(address) => format!("UDP  {address} {settings}"),
        ServiceKey::Sctp(address) => format!("SCTP {address} {settings}"),
        ServiceKey::FwMark(mark) => format!("FWM  {mark} {settings}"),
        ServiceKey::FwMark6(mark) => format!("FWM  {mark} IPv6 {settings}"),
    }
}

fn forward(forward: Forward) -> &'static str {
    match forward {
        Forward::Direct => "Route",
        Forward::Tunnel(_) => "Tunnel",
        Forward::Nat => "Masq",
    }
}

/// The weight in the kernel, and after an arrow the one that it should have.
fn weight(server: &ServerView) -> String {
    let show = |weight: Option<_>| weight.map_or_else(|| "-".to_owned(), |w| format!("{w}"));
    let present = show(server.kernel_weight);
    if server.kernel_weight == server.desired_weight {
        present
    } else {
        format!("{present}→{}", show(server.desired_weight))
    }
}

fn kernel(view: &View, text: &mut String) {
    let kernel = &view.kernel;
    let state = match (kernel.converged, kernel.refused.is_empty()) {
        (true, _) => "holds what it should",
        (false, true) => "is being changed",
        (false, false) => "refused something, it is tried again",
    };
    let asked = kernel.observed_ms.map_or_else(|| "never".to_owned(), |ms| ago(ms) + " ago");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Kernel {state}; asked {asked}");
    for (role, daemon) in &kernel.sync {
        let _ = writeln!(text, "  synchronisation {role}: {daemon}");
    }
    for step in &kernel.refused {
        let _ = writeln!(text, "  refused: {step}");
    }
    for foreign in &kernel.foreign {
        let _ = writeln!(text, "  not ours, left alone: {foreign}");
    }
}

/// A duration in the two largest units that say something.
fn ago(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}
