//! Makes the guest's plan from a scenario: names, hardware addresses, latencies, times.

mod deeds;
mod identity;
mod orders;
mod tamper;
mod wires;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use scenario::{
    Claim, ConfigFile, Expectation, NodeKind, Port as Wire, Protocol, Scenario, Segment, Software,
    Stream,
};

pub(crate) use deeds::steps;
use identity::Authority;

use crate::config;
use crate::database;
use crate::failure::Failure;
use crate::plan::{
    Client, Counting, DirectorRole, Identity, Node, Plan, Port, Prepare, Returning, Role, Serve,
    Speech,
};
use crate::stack::Stack;
use crate::translate::{ConfigText, DIRECTOR_FILE, translate};

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
    /// Our program as the guest sees it, which prepares real servers; also beside another stack.
    pub(crate) director: Option<&'a Path>,
    /// Whether the guest owns its machine.
    pub(crate) machine: bool,
    /// Whether all frames are captured.
    pub(crate) capture: bool,
    /// How often the table of a director is looked at.
    pub(crate) look: Duration,
    /// What is counted of what the directors spend.
    pub(crate) counting: Counting,
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

    let authority = Authority::of(scenario)?;
    let mut nodes = Vec::new();
    for (index, node) in scenario.nodes.iter().enumerate() {
        nodes.push(Node {
            name: node.name.clone(),
            role: role(scenario, node, &addresses, around, authority.as_ref())?,
            ports: ports(scenario, node, index, around.seed)?,
            gateways: gateways(scenario, node),
            prepare: match &node.prepare {
                Some(file) => Some(prepare(scenario, node, file, around)?),
                None => None,
            },
        });
    }
    let hardware = nodes
        .iter()
        .flat_map(|node| node.ports.iter().map(|port| (port.hardware.clone(), node.name.clone())))
        .collect();
    let steps = steps(scenario, &nodes, around)?;
    let returning = returning(scenario, &nodes);
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
        returning,
        counting: around.counting,
    })
}

/// What is to be counted on the directors, if any expectation asks.
fn returning(scenario: &Scenario, nodes: &[Node]) -> Option<Returning> {
    let asks = |expectation: &Expectation| matches!(expectation.claim, Claim::Returned { .. });
    scenario.expectations.iter().find(|expectation| asks(expectation))?;
    let ports = |wanted: fn(&Role) -> bool| {
        nodes.iter().filter(move |node| wanted(&node.role)).flat_map(|node| &node.ports)
    };
    let servers = ports(|role| matches!(role, Role::Server { .. }));
    let clients = ports(|role| matches!(role, Role::Router { clients, .. } if !clients.is_empty()));
    Some(Returning {
        from: servers.map(|port| port.hardware.clone()).collect(),
        to: clients.flat_map(|port| &port.addresses).map(|(address, _)| *address).collect(),
    })
}

fn role(
    scenario: &Scenario,
    node: &scenario::Node,
    addresses: &[IpAddr],
    around: &Surroundings<'_>,
    authority: Option<&Authority>,
) -> Result<Role, Failure> {
    Ok(match &node.kind {
        NodeKind::Router | NodeKind::Client => {
            let forwards = matches!(node.kind, NodeKind::Router);
            let drops_icmp = node.drops_icmp;
            Role::Router { forwards, drops_icmp, clients: clients(scenario, &node.name)? }
        }
        NodeKind::Director { config: file, serve } => {
            let known = config::read(&file.text).map_err(Failure::Input)?;
            let program = around.program.ok_or_else(|| {
                Failure::Input(format!(
                    "{} has directors; name the program with --director BINARY",
                    scenario.file
                ))
            })?;
            let mut files = configuration(scenario, &node.name, file, around.stack)?;
            files.extend(authority.map(Authority::file));
            files.extend(scenario.nodes.iter().any(database::is_on).then(database::password));
            Role::Director(DirectorRole {
                stack: around.stack,
                program: program.display().to_string(),
                files,
                key_file: known.key_file,
                serves: plan_serves(serve, None),
                launch: scenario::launch(around.seed, &node.name),
            })
        }
        NodeKind::Voter { config: file } => {
            let known = config::read(&file.text).map_err(Failure::Input)?;
            match around.director.filter(|_| around.stack == Stack::Director) {
                Some(program) => Role::Voter(DirectorRole {
                    stack: around.stack,
                    program: program.display().to_string(),
                    files: configuration(scenario, &node.name, file, around.stack)?,
                    key_file: known.key_file,
                    serves: Vec::new(),
                    launch: Duration::ZERO,
                }),
                // The others have nothing of the kind: there it is a host that answers pings.
                None => Role::Router { forwards: false, drops_icmp: false, clients: Vec::new() },
            }
        }
        NodeKind::Server { serve, vip_on_lo } => Role::Server {
            serves: {
                let own = node.ports.iter().flat_map(|port| port.cidrs());
                let own: Vec<IpAddr> = own.map(|cidr| cidr.address).collect();
                let identity = authority.map(|authority| authority.identity(&own)).transpose()?;
                plan_serves(serve, identity.as_ref())
            },
            loopback: match *vip_on_lo && node.prepare.is_none() {
                true => addresses.to_vec(),
                false => Vec::new(),
            },
        },
    })
}

fn prepare(
    scenario: &Scenario,
    node: &scenario::Node,
    file: &ConfigFile,
    around: &Surroundings<'_>,
) -> Result<Prepare, Failure> {
    let program = around.director.ok_or_else(|| {
        Failure::Input(format!(
            "{}: `prepare` is done by the director's program; name it with --director BINARY",
            scenario.file
        ))
    })?;
    // A director that is a real server too has a file of its own in that place.
    let path = match node.kind {
        NodeKind::Director { .. } => "/etc/director/realserver.toml",
        _ => DIRECTOR_FILE,
    };
    let path = path.to_owned();
    Ok(Prepare {
        program: program.display().to_string(),
        file: ConfigText { path, text: file.text.clone(), secret: false },
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
            NodeKind::Router | NodeKind::Client | NodeKind::Voter { .. } => &[],
        };
        serve.iter().map(|serve| (node.name.as_str(), serve))
    })
}

fn plan_serves(serves: &[scenario::Serve], identity: Option<&Identity>) -> Vec<Serve> {
    serves
        .iter()
        .map(|serve| Serve {
            speech: serve.protocol.into(),
            port: serve.port,
            by_apache: serve.software == Software::Apache,
            behaviour: serve.behaviour.into(),
            body: serve.body.clone(),
            identity: identity.filter(|_| serve.protocol == Protocol::Https).cloned(),
        })
        .collect()
}

fn clients(scenario: &Scenario, node: &str) -> Result<Vec<Client>, Failure> {
    scenario
        .clients
        .iter()
        .filter(|client| client.from == node)
        .map(|client| {
            let answers = answers(scenario, client.target.port());
            if answers.values().any(|serve| serve.protocol == Protocol::Https) {
                return Err(Failure::Input(format!(
                    "{}: the lab's clients speak no TLS; let {} ask another port",
                    scenario.file, client.name
                )));
            }
            Ok(Client {
                name: client.name.clone(),
                target: client.target,
                first: client.start,
                interval: client.new.interval(),
                timeout: client.timeout,
                hold: client.hold,
                request: client.request,
                speech: answers.values().next().map_or(Speech::Line, |it| it.protocol.into()),
                answers: answers
                    .into_iter()
                    .map(|(node, serve)| (node.to_owned(), serve.body.clone()))
                    .collect(),
            })
        })
        .collect()
}

/// What each node serves to clients of a port: what it serves there, or else what it serves first
/// of the same kind, since with NAT its port is another one.
fn answers(scenario: &Scenario, port: u16) -> BTreeMap<&str, &scenario::Serve> {
    let there = |(_, serve): &(&str, &scenario::Serve)| serve.port == port;
    let kind = serves(scenario).find(there).or_else(|| serves(scenario).next());
    let kind = kind.map(|(_, serve)| serve.protocol);
    let mut found: BTreeMap<&str, &scenario::Serve> = BTreeMap::new();
    for (node, serve) in serves(scenario).filter(|(_, serve)| Some(serve.protocol) == kind) {
        if serve.port == port {
            found.insert(node, serve);
        } else {
            found.entry(node).or_insert(serve);
        }
    }
    found
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
            let segment = scenario.segments.get(&port.segment).unwrap_or(&Segment::DEFAULT);
            let name = format!("latency/{}/{}", port.segment, node.name);
            Ok(Port {
                segment: port.segment.clone(),
                switch_port: if long.len() <= INTERFACE_NAME {
                    long
                } else {
                    format!("port{index}x{place}")
                },
                hardware: hardware(index, place),
                addresses: port.cidrs().map(|cidr| (cidr.address, cidr.prefix)).collect(),
                latency: segment.latency.draw(&mut Stream::named(seed, &name)),
                mtu: segment.mtu,
            })
        })
        .collect()
}

/// A locally administered address that says which port of the topology it is.
fn hardware(node: usize, segment: usize) -> String {
    format!("02:00:00:{:02x}:{:02x}:{:02x}", segment + 1, (node + 1) >> 8, (node + 1) & 0xff)
}

/// What the file says, and of the other family the first router on one of the node's segments; of
/// a router only what the file says.
fn gateways(scenario: &Scenario, node: &scenario::Node) -> Vec<IpAddr> {
    if matches!(node.kind, NodeKind::Router) {
        return node.gateway.into_iter().collect();
    }
    let mut found: BTreeMap<bool, IpAddr> =
        node.gateway.iter().map(|gateway| (gateway.is_ipv6(), *gateway)).collect();
    for port in &node.ports {
        let routers = scenario.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Router));
        let there = routers.filter_map(|node| node.port(&port.segment));
        for cidr in there.flat_map(Wire::cidrs) {
            found.entry(cidr.address.is_ipv6()).or_insert(cidr.address);
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests;
