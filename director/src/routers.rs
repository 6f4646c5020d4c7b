//! The segments on which VRRP is spoken, as the loop needs them.

use crate::output::Failure;
use director_core::Input;
use director_core::advert::Advert;
use director_core::config::{Config, Coverage, VirtualMac};
use director_core::name::{InterfaceName, NodeName};
use director_linux::VrrpSocket;
use director_shell::links::Routers;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::mpsc;

/// After an error it is listened again this much later, so that the loop does not turn hot.
const PAUSE: Duration = Duration::from_millis(10);

struct SocketRouters(Vec<VrrpSocket>);

impl Routers for SocketRouters {
    fn advertise(
        &mut self,
        interface: &InterfaceName,
        to: IpAddr,
        advert: &Advert,
        coverage: Coverage,
        mac: Option<VirtualMac>,
    ) -> io::Result<()> {
        let socket = self.0.iter().find(|socket| socket.serves(interface, to));
        socket.ok_or(io::ErrorKind::NotFound)?.send(to, advert, coverage, mac)
    }
}

/// A way to send adverts; what is heard goes to `sender`.
pub(crate) fn open(
    config: &Config,
    node: &NodeName,
    sender: &mpsc::Sender<Input>,
) -> Result<Box<dyn Routers>, Failure> {
    let sockets = VrrpSocket::open_all(config, node)
        .map_err(|problems| Failure::machine(format_args!("cannot run here\n{problems}")))?;
    for socket in &sockets {
        tokio::spawn(listen(socket.clone(), sender.clone()));
    }
    Ok(Box::new(SocketRouters(sockets)))
}

async fn listen(socket: VrrpSocket, sender: mpsc::Sender<Input>) {
    while !sender.is_closed() {
        match socket.receive().await {
            // What does not fit is lost as on the wire.
            Ok(arrival) => drop(sender.try_send(Input::Advert(arrival))),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
