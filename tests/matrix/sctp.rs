//! SCTP associations in the one-to-one style, which look like TCP connections (RFC 6458 §4).

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, ipproto, listen, socket_with,
};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

fn socket(to: SocketAddr) -> io::Result<OwnedFd> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let (kind, flags) = (SocketType::STREAM, SocketFlags::CLOEXEC);
    Ok(socket_with(family, kind, flags, Some(ipproto::SCTP))?)
}

/// On one address: an association is told all of those that its socket has.
pub(crate) fn listener(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(at)?;
    bind(&socket, &at)?;
    listen(&socket, 64)?;
    Ok(socket.into())
}

/// Tries as long as the kernel does.
pub(crate) fn stream(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket(to)?;
    connect(&socket, &to)?;
    Ok(socket.into())
}
