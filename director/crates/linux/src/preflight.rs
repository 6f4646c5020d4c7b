//! What is missing on this machine, before anything is changed.

use crate::error::{NET_ADMIN, NET_RAW};
use crate::heartbeat::{no_address, no_interface};
use crate::interface::{self, Interface};
use crate::kernel::LinuxKernel;
use crate::modules::{self, Module};
use crate::problem::Problem;
use director_core::config::Config;
use director_core::name::{InterfaceName, NodeName};
use director_engine::ports::{IpvsTable, KernelError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Capabilities and their bit (`linux/capability.h`).
const BIND_SERVICE: (&str, u32) = ("CAP_NET_BIND_SERVICE", 10);
const ADMIN: (&str, u32) = (NET_ADMIN, 12);
const RAW: (&str, u32) = (NET_RAW, 13);

/// Everything on this machine that would keep the director `node` of the configuration from
/// working: permissions, IPVS and its schedulers, interfaces, its own addresses. Changes nothing,
/// except that the kernel may load the module `ip_vs` when asked for it.
#[must_use]
pub fn preflight(config: &Config, node: &NodeName) -> Vec<Problem> {
    let mut problems = capabilities(config);
    let may_ask = problems.is_empty();
    if may_ask {
        problems.extend(ipvs(config));
    }
    match interface::all() {
        Ok(interfaces) => problems.extend(places(config, node, &interfaces)),
        Err(error) => {
            let what = format!("cannot list the interfaces: {error}");
            problems.push(Problem::new("this machine", what, "see the kernel's log"));
        }
    }
    problems
}

/// What would keep a director that runs with `used` from carrying out `wanted`, and is not so with
/// `used` already: an interface that has gone keeps nobody from reading a configuration again.
///
/// The kernel is not asked for its table, so that the director waits for nothing.
#[must_use]
pub fn preflight_reload(used: &Config, wanted: &Config, node: &NodeName) -> Vec<Problem> {
    let mut problems = absent(modules(wanted).difference(&modules(used)));
    // Where nothing can be listed, the kernel will say what is missing.
    if let Ok(interfaces) = interface::all() {
        let known = places(used, node, &interfaces);
        let places = places(wanted, node, &interfaces).into_iter();
        problems.extend(places.filter(|problem| !known.contains(problem)));
    }
    problems
}

fn capabilities(config: &Config) -> Vec<Problem> {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    // Without the file the limit is the one that always was (capabilities(7)).
    let first = first.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024);
    let mut needed = vec![ADMIN, RAW];
    if config.cluster.port.get() < first {
        needed.push(BIND_SERVICE);
    }
    lacking(&status, &needed)
}

/// The needed capabilities that the status of a thread (proc_pid_status(5)) does not have.
fn lacking(status: &str, needed: &[(&str, u32)]) -> Vec<Problem> {
    let hex = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let Some(effective) = hex.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()) else {
        let what = "its capabilities cannot be read from /proc/thread-self/status";
        return vec![Problem::new("this process", what, "mount /proc")];
    };
    let lacking = |(_, bit): &&(&str, u32)| effective & (1 << bit) == 0;
    let problem = |(name, _): &(&str, u32)| {
        let cure = format!("run it as root, or with AmbientCapabilities={name} in its unit");
        Problem::new("this process", format!("it does not have {name}"), cure)
    };
    needed.iter().filter(lacking).map(problem).collect()
}

fn ipvs(config: &Config) -> Vec<Problem> {
    if config.services.is_empty() {
        return Vec::new();
    }
    match LinuxKernel::new().services() {
        Ok(_) => {}
        Err(KernelError::Unsupported { cure }) => {
            return vec![Problem::new("this kernel", "it has no IPVS", cure)];
        }
        Err(error) => {
            let what = format!("its IPVS table cannot be read: {error}");
            return vec![Problem::new("this kernel", what, "see the kernel's log")];
        }
    }
    absent(&modules(config))
}

/// The modules of the kernel for schedulers and persistence engines.
fn modules(config: &Config) -> BTreeSet<String> {
    let settings = config.services.values().map(|service| service.settings);
    settings
        .flat_map(|settings| {
            let engine = settings.persistence.and_then(|persistence| persistence.engine);
            let engine = engine.map(|engine| format!("ip_vs_pe_{}", engine.name()));
            engine.into_iter().chain([format!("ip_vs_{}", settings.scheduler)])
        })
        .collect()
}

/// When nothing can be told of a module, the kernel will say so itself.
fn absent<'a>(modules: impl IntoIterator<Item = &'a String>) -> Vec<Problem> {
    let absent = |module: &&String| {
        matches!(modules::find(Path::new("/"), module), Module::LeftOut | Module::NotInstalled)
    };
    let problem = |module: &String| {
        let what = format!("module {module} is not to be had");
        Problem::new("this kernel", what, modules::cure(module))
    };
    modules.into_iter().filter(absent).map(problem).collect()
}

/// The interfaces of links and of virtual addresses, and the node's own addresses on them.
fn places(
    config: &Config,
    node: &NodeName,
    interfaces: &BTreeMap<String, Interface>,
) -> Vec<Problem> {
    let virtual_addresses = config.groups.values().flat_map(|group| &group.addresses);
    let named: BTreeSet<&InterfaceName> = config
        .cluster
        .links
        .iter()
        .map(|link| &link.interface)
        .chain(virtual_addresses.map(|address| &address.interface))
        .chain(config.groups.values().filter_map(|group| Some(&group.vrrp.as_ref()?.interface)))
        .chain(config.cluster.sync.iter().map(|sync| &sync.daemon.interface))
        .collect();
    let missing = |name: &&&InterfaceName| !interfaces.contains_key(name.as_str());
    let mut problems: Vec<Problem> =
        named.iter().filter(missing).map(|name| no_interface(name, interfaces)).collect();
    let Some(node) = config.nodes.get(node) else {
        let known: Vec<&str> = config.nodes.keys().map(NodeName::as_str).collect();
        let cure = format!("the nodes are {}; name one of them", known.join(", "));
        problems.push(Problem::new(format!("node {node}"), "it is not configured", cure));
        return problems;
    };
    for (name, address) in &node.addresses {
        let Some(interface) = interfaces.get(name.as_str()) else {
            if !named.contains(name) {
                problems.push(no_interface(name, interfaces));
            }
            continue;
        };
        if !interface.addresses.iter().any(|(held, _)| held == address) {
            problems.push(no_address(name, *address, interfaces));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_capabilities_is_told_which_it_needs() {
        let status = "Name:\tdirector\nCapEff:\t0000000000002000\n";
        let said: Vec<String> =
            lacking(status, &[ADMIN, RAW, BIND_SERVICE]).iter().map(Problem::to_string).collect();
        assert_eq!(said.len(), 2);
        assert_eq!(
            said[0],
            "this process: it does not have CAP_NET_ADMIN\n  help: run it as root, or with \
             AmbientCapabilities=CAP_NET_ADMIN in its unit"
        );
        assert!(said[1].contains("CAP_NET_BIND_SERVICE"));
    }

    #[test]
    fn all_capabilities_are_no_problem() {
        assert_eq!(lacking("CapEff:\t000001ffffffffff\n", &[ADMIN, RAW, BIND_SERVICE]), []);
    }

    #[test]
    fn a_status_that_cannot_be_read_is_a_problem_of_its_own() {
        assert_eq!(lacking("", &[ADMIN])[0].cure, "mount /proc");
    }
}
