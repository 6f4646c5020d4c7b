//! A kernel's neighbour table, by rtnetlink (`rtnetlink(7)`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use director_sim::neighbours::Stage;
use rustix::fd::OwnedFd;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// `struct nlmsghdr`, and with it `struct ndmsg`.
const HEADER: usize = 16;
const BOTH: usize = HEADER + 12;

/// What the kernel has of an address: its state and a hardware address.
pub(crate) type There = (Stage, Option<Vec<u8>>);

/// What it has of all.
pub(crate) type Known = BTreeMap<IpAddr, There>;

pub(crate) struct Kernel {
    socket: OwnedFd,
    interface: u32,
    buffer: Vec<u8>,
}

impl Kernel {
    /// That of an interface.
    pub(crate) fn of(interface: &str) -> anyhow::Result<Self> {
        let path = format!("/sys/class/net/{interface}/ifindex");
        let number = std::fs::read_to_string(&path).context(path)?;
        // Without a protocol it is `NETLINK_ROUTE`, which is 0.
        let family = AddressFamily::NETLINK;
        let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        Ok(Self { socket, interface: number.trim().parse()?, buffer: vec![0; 65_536] })
    }

    /// What it has of this interface's neighbours of both families; `NUD_NONE` is nothing.
    pub(crate) fn known(&mut self) -> anyhow::Result<Known> {
        let mut question = vec![0; BOTH];
        question[0..4].copy_from_slice(&u32::try_from(BOTH)?.to_ne_bytes());
        question[4..6].copy_from_slice(&RTM_GETNEIGH.to_ne_bytes());
        question[6..8].copy_from_slice(&DUMP.to_ne_bytes());
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &question, SendFlags::empty(), &kernel).context("asking")?;
        let mut known = Known::new();
        loop {
            let (length, _) = recv(&self.socket, &mut self.buffer[..], RecvFlags::empty())?;
            let mut rest = self.buffer.get(..length).context("too long")?;
            while rest.len() >= HEADER {
                let length = usize::try_from(u32::from_ne_bytes(rest[0..4].try_into()?))?;
                let kind = u16::from_ne_bytes(rest[4..6].try_into()?);
                let message = rest.get(..length).context("a message is cut off")?;
                match kind {
                    NLMSG_DONE => return Ok(known),
                    RTM_NEWNEIGH => known.extend(neighbour(message, self.interface)),
                    other => bail!("the kernel answers with {other}"),
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
            }
        }
    }
}

fn neighbour(message: &[u8], interface: u32) -> Option<(IpAddr, There)> {
    let word = |at: usize| Some(u16::from_ne_bytes(message.get(at..at + 2)?.try_into().ok()?));
    if message.get(HEADER + 4..HEADER + 8)? != interface.to_ne_bytes() {
        return None;
    }
    let stage = match word(HEADER + 8)? {
        0x01 => Stage::Incomplete,
        0x02 => Stage::Reachable,
        0x04 => Stage::Stale,
        0x08 => Stage::Delay,
        0x10 => Stage::Probe,
        0x20 => Stage::Failed,
        _ => return None,
    };
    let (mut address, mut owner, mut at) = (None, None, BOTH);
    while let (Some(length), Some(kind)) = (word(at), word(at + 2)) {
        let length = usize::from(length).max(4);
        let value = message.get(at + 4..at + length)?;
        match kind {
            NDA_DST => {
                address = <[u8; 4]>::try_from(value).map(IpAddr::from).ok();
                address = address.or(<[u8; 16]>::try_from(value).map(IpAddr::from).ok());
            }
            NDA_LLADDR => owner = Some(value.to_vec()),
            _ => {}
        }
        at += length.next_multiple_of(4);
    }
    Some((address?, (stage, owner)))
}

/// How long the kernel's entries of an interface are reachable for now, by the name of the table.
pub(crate) fn reachable_time(table: &str, interface: &str) -> anyhow::Result<Duration> {
    let output = Command::new("ip").args(["ntable", "show", "dev", interface]).output()?;
    let said = String::from_utf8(output.stdout)?;
    let mut words = said.split_whitespace().skip_while(|word| *word != table);
    let time = words.by_ref().skip_while(|word| *word != "reachable").nth(1);
    Ok(Duration::from_millis(time.context("no reachable time")?.parse()?))
}
