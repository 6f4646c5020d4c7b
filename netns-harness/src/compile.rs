//! Makes the guest's plan from a scenario: names, hardware addresses, latencies, times.

mod deeds;
mod tamper;
mod wires;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use scenario::{ConfigFile, NodeKind, Protocol, Scenario, Stream};

pub(crate) use deeds::steps;

use crate::config;
use crate::failure::Failure;
use crate::plan::{Client, DirectorRole, Node, Plan, Port, Role, Serve};
use crate::stack::Stack;
use crate::translate::{ConfigText, translate};

/// The longest name of an interface, in bytes (`IFNAMSIZ` less the final zero).
const INTERFACE_NAME: usize = 15;

/// What the plan depends on besides the scenario.
pub(crate) struct Surroundings<'a> {
    /// The seed that times and latencies are drawn from.
    pub(crate) seed: u64,
    /// What runs on every director.
    pub(crate) stack: Stack,
    /// Its program as the guest sees it.
    pub(crate) program: Option<&'a Path>,
    /// Whether the guest owns its machine.
    pub(crate) machine: bool,
    /// Whether all frames are captured.
    pub(crate) capture: bool,
    /// How often the table of a director is looked at.
    pub(crate) look: Duration,
}

/// The plan of one run.
pub(crate) fn compile(scenario: &Scenario, around: &Surroundings<'_>) -> Result<Plan, Failure> {
    let configs = scenario
        .directors()
        .map(|(node, file)| {
            config::read(&file.text).map_err(|text| {
                Failure::Input(format!(
                    "{}: node {}: {}: {text}",
                    scenario.file, node.name, file.path
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut addresses: Vec<IpAddr> =
        configs.iter().flat_map(|config| config.addresses.iter().copied()).collect();
    addresses.extend(scenario.clients.iter().map(|client| client.target.ip()));
    addresses.retain(|address| scenario.node_at(*address).is_none());
    addresses.sort();
    addresses.dedup();

    let mut nodes = Vec::new();
    for (index, node) in scenario.nodes.iter().enumerate() {
        nodes.push(Node {
            name: node.name.clone(),
            role: role(scenario, node, &addresses, around)?,
            ports: ports(scenario, node, index, around.seed)?,
            gateways: gateways(scenario, node),
        });
    }
    let hardware = nodes
        .iter()
        .flat_map(|node| node.ports.iter().map(|port| (port.hardware.clone(), node.name.clone())))
        .collect();
    let steps = steps(scenario, &nodes, around)?;
    Ok(Plan {
        machine: around.machine,
        capture: around.capture,
        stays: false,
        look: around.look,
        head_start: around.stack.head_start(),
        length: scenario.length,
        segments: scenario.segments.keys().cloned().collect(),
        nodes,
        steps,
        addresses,
        hardware,
    })
}

fn role(
    scenario: &Scenario,
    node: &scenario::Node,
    addresses: &[IpAddr],
    around: &Surroundings<'_>,
) -> Result<Role, Failure> {
    Ok(match &node.kind {
        NodeKind::Router | NodeKind::Client => {
            let forwards = matches!(node.kind, NodeKind::Router);
            Role::Router { forwards, clients: clients(scenario, &node.name) }
        }
        NodeKind::Director { config: file, serve } => {
            let known = config::read(&file.text).map_err(Failure::Input)?;
            let program = around.program.ok_or_else(|| {
                Failure::Input(format!(
                    "{} has directors; name the program with --director BINARY",
                    scenario.file
                ))
            })?;
            Role::Director(DirectorRole {
                stack: around.stack,
                program: program.display().to_string(),
                files: configuration(scenario, &node.name, file, around.stack)?,
                key_file: known.key_file,
                serves: plan_serves(serve),
            })
        }
        NodeKind::Server { serve, vip_on_lo } => Role::Server {
            serves: plan_serves(serve),
            loopback: if *vip_on_lo { addresses.to_vec() } else { Vec::new() },
        },
    })
}

/// A director's configuration in the language of what runs there.
fn configuration(
    scenario: &Scenario,
    node: &str,
    file: &ConfigFile,
    stack: Stack,
) -> Result<Vec<ConfigText>, Failure> {
    match translate(stack, &file.text, node) {
        Ok(translation) => Ok(translation.files),
        Err(text) => Err(Failure::Input(format!(
            "{}: node {node}: {} cannot be translated for {}: {text}",
            scenario.file,
            file.path,
            stack.word()
        ))),
    }
}

fn serves(scenario: &Scenario) -> impl Iterator<Item = (&str, &scenario::Serve)> {
    scenario.nodes.iter().flat_map(|node| {
        let serve = match &node.kind {
            NodeKind::Server { serve, .. } | NodeKind::Director { serve, .. } => serve.as_slice(),
            NodeKind::Router | NodeKind::Client => &[],
        };
        serve.iter().map(|serve| (node.name.as_str(), serve))
    })
}

fn plan_serves(serves: &[scenario::Serve]) -> Vec<Serve> {
    serves
        .iter()
        .map(|serve| Serve {
            http: serve.protocol == Protocol::Http,
            port: serve.port,
            behaviour: serve.behaviour.into(),
            body: serve.body.clone(),
        })
        .collect()
}

fn clients(scenario: &Scenario, node: &str) -> Vec<Client> {
    scenario
        .clients
        .iter()
        .filter(|client| client.from == node)
        .map(|client| {
            let on_port =
                || serves(scenario).filter(|(_, serve)| serve.port == client.target.port());
            Client {
                name: client.name.clone(),
                target: client.target,
                first: client.start,
                interval: client.new.interval(),
                timeout: client.timeout,
                http: on_port().all(|(_, serve)| serve.protocol == Protocol::Http),
                answers: on_port()
                    .map(|(node, serve)| (node.to_owned(), serve.body.clone()))
                    .collect(),
            }
        })
        .collect()
}

fn ports(
    scenario: &Scenario,
    node: &scenario::Node,
    index: usize,
    seed: u64,
) -> Result<Vec<Port>, Failure> {
    node.ports
        .iter()
        .map(|port| {
            if port.segment.len() > INTERFACE_NAME - 3 {
                return Err(Failure::Input(format!(
                    "{}: segment {} becomes an interface's name: at most {} characters",
                    scenario.file,
                    port.segment,
                    INTERFACE_NAME - 3
                )));
            }
            let place = scenario.segments.keys().position(|name| *name == port.segment);
            let place = place.unwrap_or_default();
            let long = format!("{}-{}", node.name, port.segment);
            let latency = scenario
                .segments
                .get(&port.segment)
                .map_or(scenario::Segment::DEFAULT.latency, |segment| segment.latency);
            let name = format!("latency/{}/{}", port.segment, node.name);
            Ok(Port {
                segment: port.segment.clone(),
                switch_port: if long.len() <= INTERFACE_NAME {
                    long
                } else {
                    format!("port{index}x{place}")
                },
                hardware: hardware(index, place),
                address: port.cidr.address,
                prefix: port.cidr.prefix,
                latency: latency.draw(&mut Stream::named(seed, &name)),
            })
        })
        .collect()
}

/// A locally administered address that says which port of the topology it is.
fn hardware(node: usize, segment: usize) -> String {
    format!("02:00:00:{:02x}:{:02x}:{:02x}", segment + 1, (node + 1) >> 8, (node + 1) & 0xff)
}

/// The routers on the node's segments, one per address family; a router has none.
fn gateways(scenario: &Scenario, node: &scenario::Node) -> Vec<IpAddr> {
    if matches!(node.kind, NodeKind::Router) {
        return Vec::new();
    }
    let mut found: BTreeMap<bool, IpAddr> = BTreeMap::new();
    for port in &node.ports {
        let routers = scenario.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Router));
        for address in routers.filter_map(|node| node.port(&port.segment)).map(|p| p.cidr.address) {
            found.entry(address.is_ipv6()).or_insert(address);
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests;
