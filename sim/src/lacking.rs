//! What the model does not have.

use crate::build::Refusal;
use crate::{ipvs, probe};
use director_core::config::{Config, Forward, ServiceKey, Via};
use scenario::{Action, Node, NodeKind, Protocol, Resource, Scenario};

/// Whether the model can do every statement.
///
/// # Errors
/// The first that it cannot do; a configuration that is called refused, and is good.
pub(crate) fn deeds(scenario: &Scenario) -> Result<(), Refusal> {
    for statement in &scenario.timeline {
        let not = |why: &str| {
            let text = &statement.text;
            Err(Refusal::NotModelled(format!("the world engine cannot `{text}`: {why}")))
        };
        match &statement.action {
            Action::Exhaust { resource, .. } | Action::Replenish { resource, .. }
                if *resource != Resource::Modules =>
            {
                return not("its hosts run out of nothing but modules");
            }
            Action::Forget { .. } => return not("its switches learn nothing"),
            Action::ReloadRefused { config, .. }
                if director_config::parse(&config.path, &config.text).is_ok() =>
            {
                let file = &scenario.file;
                let (text, path) = (&statement.text, &config.path);
                let wrong = format!("{file}: `{text}`: there is no mistake in {path}");
                return Err(Refusal::Invalid(wrong));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the model has what the node is.
pub(crate) fn node(node: &Node) -> Result<(), Refusal> {
    let not = |what: &str| {
        let name = &node.name;
        let text = format!("the world engine has no {what} ({name}); run it with another engine");
        Err(Refusal::NotModelled(text))
    };
    let of_one_family = |port: &scenario::Port| {
        let six = port.cidrs().filter(|cidr| cidr.address.is_ipv6()).count();
        six > 1 || port.cidrs().count() - six > 1
    };
    if node.ports.iter().any(of_one_family) {
        return not("second address of one family on an interface");
    }
    if node.prepare.is_some() && matches!(node.kind, NodeKind::Director { .. }) {
        return not("director that is a real server too");
    }
    let serve = match &node.kind {
        NodeKind::Server { serve, .. } | NodeKind::Director { serve, .. } => serve.as_slice(),
        NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => &[],
    };
    let speaks = |protocol| serve.iter().any(|serve| serve.protocol == protocol);
    if speaks(Protocol::Udp) {
        return not("UDP");
    }
    if speaks(Protocol::Https) {
        return not("TLS");
    }
    if speaks(Protocol::Postgresql) {
        return not("PostgreSQL");
    }
    Ok(())
}

/// Whether the model can do what a configuration says.
///
/// # Errors
/// The first that it cannot do.
pub(crate) fn config(config: &Config) -> Result<(), Refusal> {
    let not = |what: String| {
        let text = format!("the world engine has no {what}; run it with another engine");
        Err(Refusal::NotModelled(text))
    };
    for (name, service) in &config.services {
        if !matches!(service.key, ServiceKey::Tcp(_)) {
            return not(format!("{} (service {name})", service.key));
        }
        let own = service.servers.values().filter_map(|server| server.forward);
        let direct = own.chain([service.forward]).all(|forward| forward == Forward::Direct);
        let six = service.key.is_ipv6() || service.servers.keys().any(|one| one.is_ipv6());
        if six && !direct {
            return not(format!("tunnel and no NAT over IPv6 (service {name})"));
        }
        if six && config.cluster.sync.is_some() {
            return not(format!("connection synchronisation of IPv6 (service {name})"));
        }
        if service.check.via == Via::Service {
            return not(format!("check through the service (service {name})"));
        }
        if !probe::is_modelled(&service.check.dialogue) {
            return not(format!(
                "{} check like that of service {name}",
                service.check.dialogue.word()
            ));
        }
        if let Some(what) = ipvs::lacks(&service.settings) {
            return not(format!("{what} (service {name})"));
        }
    }
    if let Some(sync) = &config.cluster.sync
        && sync.daemon.group.is_ipv6()
    {
        return not("connection synchronisation over IPv6".to_owned());
    }
    for group in config.groups.values().filter(|group| group.vrrp.is_some()) {
        if let Some(other) = group.addresses.iter().find(|one| one.address.is_ipv6()) {
            return not(format!("VRRP over IPv6 ({other})"));
        }
    }
    Ok(())
}
