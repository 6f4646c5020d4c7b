//! Makes a machine of a set of namespaces: file systems, host name, addresses, sysctls.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};

use super::shortage;
use crate::guest::mounts::{small_tmpfs, special};
use crate::guest::{DISKS, HOST};
use crate::plan::{Node, Role};
use crate::shell::{feed, sysctl};

/// A firewall that passes on no ICMP, as too many do (RFC 2923 §2.1).
const FIREWALL: &str = "table inet lab-firewall {\nchain forward {\n\
    type filter hook forward priority 0; policy accept;\n\
    meta l4proto { icmp, ipv6-icmp } drop\n}\n}\n";

/// File systems and host name.
pub(super) fn node(node: &Node) -> anyhow::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .context("making mounts private")?;
    special("proc", "/proc")?;
    special("sysfs", "/sys")?;
    for place in shortage::DISKS {
        small_tmpfs(place)?;
    }
    let disk = disk(&node.name)?;
    for (inside, place) in [("etc", "/etc"), ("lib", "/var/lib")] {
        mount_bind(disk.join(inside), place).with_context(|| format!("the node's {place}"))?;
    }
    rustix::system::sethostname(node.name.as_bytes()).context("host name")
}

/// The part of the node that survives a power loss; made at the first power-on.
fn disk(name: &str) -> anyhow::Result<PathBuf> {
    let disk = Path::new(DISKS).join(name);
    let etc = disk.join("etc");
    if etc.is_dir() {
        return Ok(disk);
    }
    fs::create_dir_all(&etc).context("the node's disk")?;
    fs::create_dir_all(disk.join("lib")).context("the node's disk")?;
    let own = [("hostname", format!("{name}\n")), ("hosts", "127.0.0.1 localhost\n".to_owned())];
    let own_folders = ["director", "keepalived", "ha.d"].map(OsStr::new);
    for entry in fs::read_dir(Path::new(HOST).join("etc")).context("the host's /etc")? {
        let entry = entry.context("the host's /etc")?;
        let file = entry.file_name();
        if own.iter().any(|(name, _)| file == *name) || own_folders.contains(&file.as_os_str()) {
            continue;
        }
        symlink(entry.path(), etc.join(&file)).context("the node's /etc")?;
    }
    for (file, text) in own {
        fs::write(etc.join(file), text).context("the node's /etc")?;
    }
    for folder in own_folders {
        fs::create_dir(etc.join(folder)).context("the node's /etc")?;
    }
    Ok(disk)
}

/// Addresses, routes, and the sysctls that must stand before them.
pub(super) fn network(node: &Node) -> anyhow::Result<()> {
    let interfaces = node.ports.iter().map(|port| port.segment.as_str());
    for scope in ["all", "default"].into_iter().chain(interfaces) {
        // Nobody advertises routes here, and an address must be usable at once.
        sysctl(&format!("ipv6/conf/{scope}/accept_ra"), "0")?;
        sysctl(&format!("ipv6/conf/{scope}/router_solicitations"), "0")?;
    }
    let loopback = match &node.role {
        Role::Router { forwards: true, .. } => {
            sysctl("ipv4/ip_forward", "1")?;
            sysctl("ipv6/conf/all/forwarding", "1")?;
            &[][..]
        }
        Role::Server { loopback, .. } => {
            if !loopback.is_empty() {
                hide_loopback_addresses(node)?;
            }
            loopback
        }
        Role::Router { .. } | Role::Director(_) | Role::Voter(_) => &[],
    };
    feed("ip", &["-batch", "-"], &commands(node, loopback)?).context("the node's network")?;
    match &node.role {
        Role::Router { drops_icmp: true, .. } => {
            feed("nft", &["-f", "-"], FIREWALL).context("the node's firewall")
        }
        _ => Ok(()),
    }
}

/// A real server holds the virtual address but neither answers ARP for it nor asks with it.
fn hide_loopback_addresses(node: &Node) -> anyhow::Result<()> {
    let interfaces = node.ports.iter().map(|port| port.segment.as_str());
    for scope in ["all", "lo"].into_iter().chain(interfaces) {
        sysctl(&format!("ipv4/conf/{scope}/arp_ignore"), "1")?;
        sysctl(&format!("ipv4/conf/{scope}/arp_announce"), "2")?;
    }
    Ok(())
}

fn commands(node: &Node, loopback: &[IpAddr]) -> anyhow::Result<String> {
    let mut batch = String::from("link set dev lo up\n");
    for address in loopback {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        writeln!(batch, "addr add {address}/{prefix} dev lo")?;
    }
    for port in &node.ports {
        for (address, prefix) in &port.addresses {
            let flags = if address.is_ipv6() { " nodad" } else { "" };
            writeln!(batch, "addr add {address}/{prefix} dev {}{flags}", port.segment)?;
        }
        writeln!(batch, "link set dev {} mtu {} up", port.segment, port.mtu)?;
    }
    for gateway in &node.gateways {
        let family = if gateway.is_ipv4() { "-4" } else { "-6" };
        // In a batch the family is an option of the address family of the line.
        let prefix = if family == "-4" { "0.0.0.0/0" } else { "::/0" };
        writeln!(batch, "route add {prefix} via {gateway}")?;
    }
    Ok(batch)
}
