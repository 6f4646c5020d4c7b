//! The machines that the configuration names, and what they serve.

use super::Plan;
use super::network::Family;
use director_core::config::dialogue::{Http, Pattern};
use director_core::config::{Dialogue, Forward, Service};
use director_core::name::InterfaceName;
use scenario::{Behaviour, Cidr, ConfigFile, NodeKind, Port, Protocol, Serve, Software};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What each machine serves.
type Served = BTreeMap<IpAddr, Vec<Serve>>;

impl Plan {
    /// Real servers and fallbacks on the directors' networks; the rest is left out.
    pub(super) fn add_servers(&mut self) {
        let own: Vec<IpAddr> =
            self.played.nodes.values().flat_map(|node| node.addresses.values().copied()).collect();
        let mut served = Served::new();
        let mut services = std::mem::take(&mut self.played.services);
        for (name, service) in &mut services {
            let page = page(service);
            let ways = service.clone();
            service.servers.retain(|server, _| {
                let forward = ways.forward_of(server);
                if forward != Forward::Direct {
                    let why = format!("machines for forwarding {forward} are not derived");
                    self.left_out.push(format!("server {server} of service {name}: {why}"));
                    return false;
                }
                let reached = own.contains(&server.ip()) || self.is_near(server.ip());
                if reached {
                    let port = service.check.port.map(std::num::NonZeroU16::get);
                    serve(&mut served, *server, port, &page);
                } else {
                    self.left_out.push(format!(
                        "server {server} of service {name}: it is on no network of the directors, \
                         and forwarding {forward} needs that here"
                    ));
                }
                reached
            });
            if let Some(fallback) = service.fallback {
                let local = fallback.ip().is_loopback() || own.contains(&fallback.ip());
                if local || self.is_near(fallback.ip()) {
                    serve(&mut served, fallback, None, &page);
                } else {
                    service.fallback = None;
                    let why = "it is on no network of the directors";
                    self.left_out.push(format!("fallback {fallback} of service {name}: {why}"));
                }
            }
        }
        services.retain(|name, service| {
            if service.servers.is_empty() {
                self.left_out.push(format!("service {name}: no server of it is left"));
            }
            !service.servers.is_empty()
        });
        self.played.services = services;
        let machines =
            served.iter().filter(|(address, _)| !address.is_loopback() && !own.contains(address));
        let machines: Vec<(IpAddr, Vec<Serve>)> =
            machines.map(|(address, serve)| (*address, serve.clone())).collect();
        for (number, (address, serve)) in (1..).zip(machines) {
            let Some(interface) = self.interface_of(address) else { continue };
            let ports = vec![self.port(&interface, address)];
            let kind = NodeKind::Server { serve, vip_on_lo: true };
            self.nodes.push(super::node(format!("s{number}"), kind, ports));
        }
        self.on_directors = own
            .into_iter()
            .chain([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
            .filter_map(|address| served.remove(&address).map(|serve| (address, serve)))
            .collect();
    }

    fn is_near(&self, address: IpAddr) -> bool {
        self.interface_of(address).is_some()
    }

    fn port(&self, interface: &InterfaceName, address: IpAddr) -> Port {
        let cidr = self.cidr(interface, address);
        Port { segment: interface.to_string(), cidr, also: Vec::new() }
    }

    /// The directors, in the order of the configuration, before the servers.
    pub(super) fn add_directors(&mut self) {
        let is_server = |node: &scenario::Node| matches!(node.kind, NodeKind::Server { .. });
        let at = self.nodes.iter().position(is_server).unwrap_or(self.nodes.len());
        for (at, (name, node)) in (at..).zip(self.played.nodes.clone()) {
            let addresses = node.addresses.iter();
            let ports = addresses.map(|(interface, address)| {
                let mut port = self.port(interface, *address);
                port.also.extend(self.beside(interface, *address));
                port
            });
            let ports: Vec<Port> = ports.collect();
            for (interface, more) in
                ports.iter().filter_map(|it| Some((&it.segment, it.also.first()?)))
            {
                let why = "the services of that family need it";
                self.assumed.push(format!("{name} has {} on {interface} too: {why}", more.address));
            }
            let mut serve: Vec<Serve> = Vec::new();
            for (address, pages) in &self.on_directors {
                let is_here =
                    address.is_loopback() || node.addresses.values().any(|own| own == address);
                let new = pages.iter().filter(|_| is_here);
                for page in new {
                    if serve.iter().all(|known| known.port != page.port) {
                        serve.push(page.clone());
                    }
                }
            }
            let config = ConfigFile::new("config/own.toml", String::new());
            let kind = NodeKind::Director { config, serve };
            self.nodes.insert(at, super::node(name.to_string(), kind, ports));
        }
    }

    /// An address of the other family, where an interface has a network of it.
    fn beside(&self, interface: &InterfaceName, address: IpAddr) -> Option<Cidr> {
        let other = Family::of(address).other();
        let network = self.networks.get(&(interface.clone(), other))?;
        Some(self.cidr(interface, self.free(*network)?))
    }
}

/// Protocol and body that satisfy the service's check.
fn page(service: &Service) -> (Protocol, String) {
    match &service.check.dialogue {
        Dialogue::Http(http) => (Protocol::Http, body(http)),
        _ => (Protocol::Tcp, "OK".to_owned()),
    }
}

fn body(http: &Http) -> String {
    match &http.expect {
        Some(Pattern::Text(text)) => text.clone(),
        _ => "OK".to_owned(),
    }
}

fn serve(
    served: &mut Served,
    server: SocketAddr,
    other: Option<u16>,
    (protocol, body): &(Protocol, String),
) {
    let pages = served.entry(server.ip()).or_default();
    for port in [Some(server.port()), other].into_iter().flatten() {
        match pages.iter_mut().find(|page| page.port == port) {
            // Two services on one port of a machine: the page has what either expects.
            Some(page) if !page.body.contains(body.as_str()) => {
                page.body = format!("{} {body}", page.body);
            }
            Some(_) => {}
            None => pages.push(Serve {
                protocol: *protocol,
                port,
                software: Software::default(),
                behaviour: Behaviour::Ok,
                body: body.clone(),
            }),
        }
    }
}
