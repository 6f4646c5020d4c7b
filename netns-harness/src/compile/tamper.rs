//! What somebody else types on a director, from the words of the scenario.

use std::net::{IpAddr, SocketAddr};

use scenario::{NodeKind, Scenario, Tampering};

use crate::config::{self, Known, Service};

/// The commands, each a program and its arguments.
///
/// # Errors
/// The configuration of the director does not say enough, in a sentence.
pub(super) fn commands(
    scenario: &Scenario,
    node: &str,
    deed: &Tampering,
) -> Result<Vec<Vec<String>>, String> {
    let known = known(scenario, node)?;
    let line = match deed {
        Tampering::Flush => "ipvsadm -C".to_owned(),
        Tampering::AddForeign => "ipvsadm -A -t 192.0.2.99:9 -s rr".to_owned(),
        Tampering::RemoveAddress(address) => format!("ip addr del {}", place(&known, *address)?),
        Tampering::AddAddress(address) => format!("ip addr add {}", place(&known, *address)?),
        Tampering::RemoveServer { service, server } => {
            let (service, server) = destination(scenario, &known, service, server)?;
            format!("ipvsadm -d {} {} -r {server}", service.flag(), service.listen)
        }
        Tampering::SetWeight { service, server, weight } => {
            let (service, server) = destination(scenario, &known, service, server)?;
            let (flag, listen, method) = (service.flag(), &service.listen, service.method());
            format!("ipvsadm -e {flag} {listen} -r {server} {method} -w {weight}")
        }
    };
    Ok(vec![line.split(' ').map(str::to_owned).collect()])
}

fn known(scenario: &Scenario, node: &str) -> Result<Known, String> {
    match scenario.node(node).map(|node| &node.kind) {
        Some(NodeKind::Director { config: file, .. }) => config::read(&file.text),
        _ => Err(format!("{node} is no director")),
    }
}

/// `10.0.0.100/24 dev lan`.
fn place(known: &Known, address: IpAddr) -> Result<String, String> {
    let place = known.places.iter().find(|place| place.address == address);
    let place = place.ok_or_else(|| format!("no group holds {address}"))?;
    Ok(format!("{address}/{} dev {}", place.prefix, place.interface))
}

fn destination<'a>(
    scenario: &Scenario,
    known: &'a Known,
    service: &str,
    server: &str,
) -> Result<(&'a Service, SocketAddr), String> {
    let found = known.services.get(service);
    let found = found.ok_or_else(|| format!("there is no service {service}"))?;
    let is_of_node = |address: &&SocketAddr| {
        scenario.node_at(address.ip()).is_some_and(|node| node.name == server)
    };
    let address = found.servers.iter().find(is_of_node);
    let address = address.ok_or_else(|| format!("{server} is no server of {service}"))?;
    Ok((found, *address))
}
