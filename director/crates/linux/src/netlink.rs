//! Blocking questions to the kernel's routing tables (rtnetlink(7)).
//!
//! Every question has a socket of its own: nothing of an earlier exchange that broke off can be
//! taken for its answer.

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt::ReceiveTimeout};
use nix::sys::time::TimeVal;
use std::io;

/// The kernel answers from memory; when it has not after this many seconds, something is very
/// wrong.
const PATIENCE_SECONDS: i64 = 5;
/// Tables that change while they are read are read again, this many times.
const ATTEMPTS: usize = 8;
/// Datagrams of one answer; each holds some 32 KiB.
const MAX_DATAGRAMS: usize = 10_000;
/// The table changed while it was read (`linux/netlink.h`).
const NLM_F_DUMP_INTR: u16 = 0x10;

type Message = NetlinkMessage<RouteNetlinkMessage>;

/// Asks for a change, and waits until it is done.
pub(crate) fn change(what: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
    let socket = ask(what, flags | NLM_F_ACK)?;
    for _ in 0..MAX_DATAGRAMS {
        for message in receive(&socket)? {
            if let NetlinkPayload::Error(answer) = message.payload {
                return if answer.code.is_none() { Ok(()) } else { Err(answer.to_io()) };
            }
        }
    }
    Err(endless())
}

/// Asks for a whole table.
pub(crate) fn dump(what: &RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
    for _ in 0..ATTEMPTS {
        if let Some(table) = dump_once(what.clone())? {
            return Ok(table);
        }
    }
    Err(io::Error::other(format!("the table changed {ATTEMPTS} times while it was read")))
}

/// A whole table, or nothing when it changed while it was read.
fn dump_once(what: RouteNetlinkMessage) -> io::Result<Option<Vec<RouteNetlinkMessage>>> {
    let socket = ask(what, NLM_F_DUMP)?;
    let (mut table, mut torn) = (Vec::new(), false);
    for _ in 0..MAX_DATAGRAMS {
        for message in receive(&socket)? {
            torn |= message.header.flags & NLM_F_DUMP_INTR != 0;
            match message.payload {
                NetlinkPayload::InnerMessage(entry) => table.push(entry),
                NetlinkPayload::Done(_) => return Ok((!torn).then_some(table)),
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                _ => {}
            }
        }
    }
    Err(endless())
}

fn ask(what: RouteNetlinkMessage, flags: u16) -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    setsockopt(&socket, ReceiveTimeout, &TimeVal::new(PATIENCE_SECONDS, 0))?;
    socket.bind_auto()?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = 1;
    let mut message = Message::new(header, NetlinkPayload::InnerMessage(what));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
    Ok(socket)
}

/// The messages of the next datagram.
fn receive(socket: &Socket) -> io::Result<Vec<Message>> {
    let (bytes, _) = socket.recv_from_full().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => {
            io::Error::other(format!("the kernel did not answer within {PATIENCE_SECONDS} s"))
        }
        _ => error,
    })?;
    let mut messages = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let message = Message::deserialize(rest).map_err(io::Error::other)?;
        let length = usize::try_from(message.header.length).map_err(io::Error::other)?;
        // Messages are padded to four bytes; the last one need not be.
        rest = rest.get(length.next_multiple_of(4).max(1)..).unwrap_or_default();
        messages.push(message);
    }
    Ok(messages)
}

fn endless() -> io::Error {
    io::Error::other(format!("the kernel's answer did not end after {MAX_DATAGRAMS} datagrams"))
}
