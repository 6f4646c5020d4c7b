//! Segments onto the guest's wire, and what the kernel makes of them.
//!
//! One veth pair: `lan` belongs to the director, `out` to everybody else. Every neighbour is
//! written down beforehand, so that the hardware address of a frame tells whom it is for.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use director_sim::ipvs::Event;
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender, MacAddr};
use pnet::packet::Packet as _;
use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet::packet::icmp::{IcmpCode, IcmpPacket, IcmpTypes};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv4::{self, Ipv4Packet, MutableIpv4Packet};
use pnet::packet::tcp::{self, MutableTcpPacket, TcpFlags, TcpPacket};

use crate::case::{SERVERS, SERVICE, server};

/// The director's side of the wire.
const LAN: MacAddr = MacAddr(2, 0, 0, 0, 0, 1);

/// Where the clients are.
const ROUTER: MacAddr = MacAddr(2, 0, 0, 0, 0, 254);

/// Nothing else comes after so long; on the lab's clock it costs nothing.
const SILENCE: Duration = Duration::from_millis(5);

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const TCP: usize = 20;

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It went on to this real server.
    Server(SocketAddr),
    /// The host's own stack answered with a reset.
    Reset,
    /// The client was told that nobody is there.
    Unreachable,
    /// Nothing came of it.
    Nothing,
}

pub(crate) struct Wire {
    to: Box<dyn DataLinkSender>,
    from: Box<dyn DataLinkReceiver>,
}

impl Wire {
    /// Builds the wire in this network namespace.
    pub(crate) fn build() -> anyhow::Result<Self> {
        let mut commands = String::from(
            "link set dev lo up\n\
             link add lan address 02:00:00:00:00:01 type veth peer name out\n\
             link set dev out promisc on up\n\
             addr add 10.0.0.1/24 dev lan\n\
             link set dev lan up\n\
             addr add 10.0.0.100/32 dev lan\n\
             neigh replace 10.0.0.254 lladdr 02:00:00:00:00:fe dev lan nud permanent\n\
             route add default via 10.0.0.254\n",
        );
        for number in 0..SERVERS {
            let ip = server(number).ip();
            let last = 21 + number;
            commands += &format!(
                "neigh replace {ip} lladdr 02:00:00:00:00:{last:02x} dev lan nud permanent\n"
            );
        }
        // Every answer counts: none may be held back for having had many before it. What the kernel
        // has to say of services without servers would drown what is found.
        for (file, value) in [
            ("../kernel/printk", "1"),
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv4/icmp_msgs_per_sec", "1000000"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv6/conf/default/disable_ipv6", "1"),
        ] {
            sysctl(file, value)?;
        }
        batch(&commands).context("building the wire")?;
        let interfaces = datalink::interfaces();
        let out = interfaces.iter().find(|interface| interface.name == "out");
        let config =
            datalink::Config { read_timeout: Some(SILENCE), ..datalink::Config::default() };
        match datalink::channel(out.context("no interface out")?, config)? {
            Channel::Ethernet(to, from) => Ok(Self { to, from }),
            _ => bail!("the wire has no frames"),
        }
    }

    /// Sends a client's segment to the service and sees what comes of it.
    pub(crate) fn send(&mut self, client: SocketAddrV4, event: Event) -> anyhow::Result<Fate> {
        let frame = segment(client, event);
        let sent = self.to.send_to(&frame, None).context("the wire takes nothing")?;
        sent.context("sending a segment")?;
        let begun = Instant::now();
        loop {
            match self.from.next() {
                // Our own frame passes by as well, and whatever the kernel has to say to others.
                Ok(frame) => {
                    if let Some(fate) = fate(frame, client) {
                        return Ok(fate);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Fate::Nothing),
                Err(error) => return Err(error).context("reading the wire"),
            }
            if begun.elapsed() > 4 * SILENCE {
                return Ok(Fate::Nothing);
            }
        }
    }
}

/// Has `ip` carry out these commands.
fn batch(commands: &str) -> anyhow::Result<()> {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("its input")?.write_all(commands.as_bytes())?;
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("ip -batch: {status}") }
}

pub(crate) fn sysctl(file: &str, value: &str) -> anyhow::Result<()> {
    let path = format!("/proc/sys/net/{file}");
    std::fs::write(&path, value).with_context(|| format!("writing {value} to {path}"))
}

fn segment(client: SocketAddrV4, event: Event) -> Vec<u8> {
    let mut frame = vec![0; ETHERNET + IPV4 + TCP];
    if let Some(mut ethernet) = MutableEthernetPacket::new(&mut frame) {
        ethernet.set_destination(LAN);
        ethernet.set_source(ROUTER);
        ethernet.set_ethertype(EtherTypes::Ipv4);
    }
    if let Some(mut ip) = MutableIpv4Packet::new(&mut frame[ETHERNET..]) {
        ip.set_version(4);
        ip.set_header_length(5);
        ip.set_total_length(40);
        ip.set_ttl(64);
        ip.set_next_level_protocol(IpNextHeaderProtocols::Tcp);
        ip.set_source(*client.ip());
        ip.set_destination(*SERVICE.ip());
        ip.set_checksum(ipv4::checksum(&ip.to_immutable()));
    }
    if let Some(mut tcp) = MutableTcpPacket::new(&mut frame[ETHERNET + IPV4..]) {
        tcp.set_source(client.port());
        tcp.set_destination(SERVICE.port());
        tcp.set_data_offset(5);
        tcp.set_sequence(1);
        tcp.set_window(1024);
        tcp.set_flags(match event {
            Event::Syn => TcpFlags::SYN,
            Event::Ack => TcpFlags::ACK,
            Event::Fin => TcpFlags::FIN | TcpFlags::ACK,
            Event::Rst => TcpFlags::RST,
        });
        let sum = tcp::ipv4_checksum(&tcp.to_immutable(), client.ip(), SERVICE.ip());
        tcp.set_checksum(sum);
    }
    frame
}

/// What a frame that the director sent says of the client's segment.
fn fate(frame: &[u8], client: SocketAddrV4) -> Option<Fate> {
    let ethernet = EthernetPacket::new(frame)?;
    if ethernet.get_source() != LAN || ethernet.get_ethertype() != EtherTypes::Ipv4 {
        return None;
    }
    let ip = Ipv4Packet::new(ethernet.payload())?;
    match ip.get_next_level_protocol() {
        IpNextHeaderProtocols::Tcp => {
            let tcp = TcpPacket::new(ip.payload())?;
            let own = (ip.get_source(), tcp.get_source()) == (*client.ip(), client.port());
            if own {
                let last = ethernet.get_destination().5;
                return Some(Fate::Server(SocketAddr::from((
                    Ipv4Addr::new(10, 0, 0, last),
                    SERVICE.port(),
                ))));
            }
            let answer = (ip.get_destination(), tcp.get_destination());
            let reset = tcp.get_flags() & TcpFlags::RST != 0;
            (answer == (*client.ip(), client.port()) && reset).then_some(Fate::Reset)
        }
        IpNextHeaderProtocols::Icmp => {
            let icmp = IcmpPacket::new(ip.payload())?;
            let port = icmp.get_icmp_type() == IcmpTypes::DestinationUnreachable
                && icmp.get_icmp_code() == IcmpCode(3);
            (port && ip.get_destination() == *client.ip()).then_some(Fate::Unreachable)
        }
        _ => None,
    }
}
