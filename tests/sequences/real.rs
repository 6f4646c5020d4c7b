//! Machines that are network namespaces of this machine's kernel.

use crate::Outcome;
use crate::foreign::{lan, on_lan, settings};
use crate::lab::Machine;
use director_core::desired::{Marks, Sysctl, SysctlValue};
use director_engine::ports::{
    Addresses, ConnectionSync, IpvsTable, KernelError, PacketMarks, Sysctls,
};
use director_linux::LinuxKernel;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::Command;

/// A namespace with the interface `lan`, and what was set in it at first.
pub(crate) struct Namespace {
    file: File,
    own: u8,
    settings: Vec<(Sysctl, SysctlValue)>,
}

/// Two of them.
pub(crate) fn pair() -> Outcome<[Namespace; 2]> {
    Ok([Namespace::new("d1", 11)?, Namespace::new("d2", 12)?])
}

impl Namespace {
    fn new(name: &str, own: u8) -> Outcome<Self> {
        ip(&["netns", "add", name])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        ip(&["-n", name, "link", "add", "lan", "type", "dummy"])?;
        // An address that the kernel gives itself is no part of the story.
        ip(&["-n", name, "link", "set", "lan", "addrgenmode", "none"])?;
        ip(&["-n", name, "link", "set", "lan", "up"])?;
        let address = format!("{}/24", on_lan(own).address);
        ip(&["-n", name, "addr", "add", &address, "dev", "lan"])?;
        let path = format!("/run/netns/{name}");
        let file = File::open(&path).map_err(|error| format!("{path}: {error}"))?;
        let mut namespace = Self { file, own, settings: Vec::new() };
        namespace.enter()?;
        let mut kernel = LinuxKernel::new();
        // The first question brings the table's settings.
        said(kernel.services())?;
        for key in settings() {
            let value = said(kernel.read_sysctl(&key))?;
            namespace.settings.push((key, value));
        }
        Ok(namespace)
    }
}

impl Machine for Namespace {
    type Kernel = LinuxKernel;

    fn kernel(&self) -> LinuxKernel {
        LinuxKernel::new()
    }

    fn enter(&self) -> Outcome<()> {
        let moved = move_into_link_name_space(self.file.as_fd(), Some(LinkNameSpaceType::Network));
        moved.map_err(|error| format!("a namespace cannot be entered: {error}"))
    }

    fn reset(&self, kernel: &mut LinuxKernel) -> Outcome<()> {
        for address in said(kernel.held(&lan()))?.into_keys() {
            if address != on_lan(self.own) && address.address.is_ipv4() {
                said(kernel.remove_address(&address))?;
            }
        }
        for key in said(kernel.services())?.into_keys() {
            said(kernel.remove_service(key))?;
        }
        for role in said(kernel.sync_daemons())?.into_keys() {
            said(kernel.stop_sync(role))?;
        }
        if said(kernel.marks())? != Some(Marks::new()) {
            said(kernel.set_marks(&Marks::new()))?;
        }
        for (key, value) in &self.settings {
            if said(kernel.read_sysctl(key))? != *value {
                said(kernel.write_sysctl(key, *value))?;
            }
        }
        Ok(())
    }
}

fn said<T>(answer: Result<T, KernelError>) -> Outcome<T> {
    answer.map_err(|error| format!("the kernel: {error}"))
}

fn ip(words: &[&str]) -> Outcome<()> {
    let done = Command::new("ip").args(words).output();
    let done = done.map_err(|error| format!("ip: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr).trim()))
}
