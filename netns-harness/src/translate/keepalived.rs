//! The configuration of keepalived: VRRP instances and virtual servers in one file.

mod notes;

use std::fmt::{self, Write as _};

use super::source::{Address, Check, Failback, Forward, Group, Kind, OnFailure, Service, Source};
use super::{ConfigText, Translation, literal, seconds};

/// Where the file stands on a node's disk.
const PATH: &str = "/etc/keepalived/keepalived.conf";

/// The `keepalived.conf` of one node.
pub(super) fn translate(config: &str, node: &str) -> Result<Translation, String> {
    let source: Source = toml::from_str(config).map_err(|error| error.to_string())?;
    let priority = source.nodes.get(node).ok_or_else(|| format!("there is no [nodes.{node}]"))?;
    let notes = notes::of(&source);
    let mut text = String::new();
    write(&mut text, &source, node, priority.priority, &notes)
        .map_err(|error| error.to_string())?;
    Ok(Translation { files: vec![ConfigText::open(PATH, text)], notes })
}

/// How many adverts may be missed: VRRP counts them, the director counts time.
fn down_adverts(source: &Source) -> u128 {
    let advert = source.cluster.keepalive.0.as_nanos().max(1);
    source.cluster.deadtime().as_nanos().div_ceil(advert).clamp(1, 100)
}

fn write(
    out: &mut String,
    source: &Source,
    node: &str,
    priority: u8,
    notes: &[String],
) -> fmt::Result {
    writeln!(out, "# The director's configuration for {node}, as keepalived can be told it.")?;
    for note in notes {
        writeln!(out, "# * {note}")?;
    }
    writeln!(out, "\nglobal_defs {{\n    router_id {node}\n    vrrp_version 3")?;
    // The daemon follows one instance: the first stands for all of them.
    if let (Some(sync), Some(group)) = (&source.cluster.sync, source.groups.keys().next()) {
        writeln!(out, "    lvs_sync_daemon {} {group}", sync.interface)?;
    }
    writeln!(out, "}}")?;
    for (index, (name, group)) in source.groups.iter().enumerate() {
        instance(out, source, index + 1, name, group, priority)?;
    }
    for service in source.services.values() {
        virtual_server(out, service)?;
    }
    Ok(())
}

fn instance(
    out: &mut String,
    source: &Source,
    id: usize,
    name: &str,
    group: &Group,
    priority: u8,
) -> fmt::Result {
    let Some(first) = group.addresses.first() else { return Ok(()) };
    writeln!(
        out,
        "\nvrrp_instance {name} {{\n    state BACKUP\n    interface {}",
        first.interface
    )?;
    writeln!(out, "    virtual_router_id {id}\n    priority {priority}")?;
    writeln!(out, "    advert_int {}", seconds(source.cluster.keepalive.0))?;
    let adverts = down_adverts(source);
    if adverts != 3 {
        writeln!(out, "    down_timer_adverts {adverts}")?;
    }
    match (source.cluster.failback, source.cluster.failback_delay) {
        (Failback::Manual, _) => writeln!(out, "    nopreempt")?,
        (Failback::Auto, Some(delay)) if !delay.0.is_zero() => {
            writeln!(out, "    preempt_delay {}", seconds(delay.0))?;
        }
        (Failback::Auto, _) => {}
    }
    // The adverts carry addresses of one family; the others come and go with them.
    let (carried, excluded): (Vec<&Address>, Vec<&Address>) =
        group.addresses.iter().partition(|one| one.address.is_ipv4() == first.address.is_ipv4());
    addresses(out, "virtual_ipaddress", &carried)?;
    addresses(out, "virtual_ipaddress_excluded", &excluded)?;
    writeln!(out, "}}")
}

fn addresses(out: &mut String, key: &str, list: &[&Address]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(out, "    {key} {{")?;
    for Address { address, prefix, interface } in list {
        writeln!(out, "        {address}/{prefix} dev {interface}")?;
    }
    writeln!(out, "    }}")
}

fn virtual_server(out: &mut String, service: &Service) -> fmt::Result {
    let (listen, check) = (service.listen, &service.check);
    writeln!(out, "\nvirtual_server {} {} {{", listen.ip(), listen.port())?;
    writeln!(out, "    delay_loop {}", seconds(check.interval.0))?;
    writeln!(out, "    lb_algo {}", service.scheduler)?;
    let method = match service.forward {
        Forward::Direct => "DR",
        Forward::Tunnel => "TUN",
        Forward::Nat => "NAT",
    };
    // A real server of which nothing is known is not taken for healthy by the director either.
    writeln!(out, "    lb_kind {method}\n    protocol TCP\n    alpha")?;
    if let Some(fallback) = service.fallback {
        let (address, port) = fallback.with_port(listen.port());
        writeln!(out, "    sorry_server {address} {port}")?;
    }
    for server in &service.servers {
        let (address, port) = server.address.with_port(listen.port());
        writeln!(out, "    real_server {address} {port} {{\n        weight {}", server.weight)?;
        if service.on_failure == OnFailure::Quiesce {
            writeln!(out, "        inhibit_on_failure")?;
        }
        checker(out, check)?;
        writeln!(out, "    }}")?;
    }
    writeln!(out, "}}")
}

fn checker(out: &mut String, check: &Check) -> fmt::Result {
    match check.kind {
        Kind::Tcp => writeln!(out, "        TCP_CHECK {{")?,
        Kind::Http => {
            writeln!(out, "        HTTP_GET {{\n            url {{")?;
            writeln!(out, "                path {}", check.path.as_deref().unwrap_or("/"))?;
            writeln!(out, "                status_code 200")?;
            if let Some(host) = &check.host {
                writeln!(out, "                virtualhost {host}")?;
            }
            if let Some(expect) = &check.expect {
                writeln!(out, "                regex \"{}\"", literal(expect))?;
            }
            writeln!(out, "            }}")?;
        }
    }
    if let Some(port) = check.port {
        writeln!(out, "            connect_port {port}")?;
    }
    writeln!(out, "            connect_timeout {}", seconds(check.timeout.0))?;
    writeln!(out, "            retry {}", check.fall.saturating_sub(1))?;
    writeln!(out, "            delay_before_retry {}", seconds(check.interval.0))?;
    writeln!(out, "        }}")
}

#[cfg(test)]
mod tests;
