//! Segments onto the guest's wire, and what the kernel makes of them.
//!
//! One veth pair: `lan` belongs to the director, `out` to everybody else. Every neighbour is
//! written down beforehand, so that the hardware address of a frame tells whom it is for.

use std::io::{self, Write as _};
use std::net::{SocketAddr, SocketAddrV4};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use director_sim::ipvs::{ENTRY, Event};
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender, MacAddr};

use crate::case::{FIRST, Family, SERVERS};
use crate::frames::{self, Fate, fate, passed, segment};
use crate::sync;

/// The director's side of the wire.
pub(crate) const LAN: MacAddr = MacAddr(2, 0, 0, 0, 0, 1);

/// Where the clients are.
pub(crate) const ROUTER: MacAddr = MacAddr(2, 0, 0, 0, 0, 254);

/// The other director.
pub(crate) const PEER: MacAddr = MacAddr(2, 0, 0, 0, 0, 2);

/// Nothing else comes after so long; on the lab's clock it costs nothing.
const SILENCE: Duration = Duration::from_millis(5);

pub(crate) struct Wire {
    to: Box<dyn DataLinkSender>,
    from: Box<dyn DataLinkReceiver>,
    /// What the director has told others of its connections since somebody asked.
    told: Vec<[u8; ENTRY]>,
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
             route add default via 10.0.0.254\n\
             addr add 2001:db8:a::1/64 dev lan nodad\n\
             addr add 2001:db8:a::64/128 dev lan nodad\n\
             neigh replace 2001:db8:a::fe lladdr 02:00:00:00:00:fe dev lan nud permanent\n\
             route add ::/0 via 2001:db8:a::fe\n",
        );
        for number in 0..SERVERS {
            let last = FIRST + number;
            for ip in [Family::Four, Family::Six].map(|family| family.server(number).ip()) {
                commands += &format!(
                    "neigh replace {ip} lladdr 02:00:00:00:00:{last:02x} dev lan nud permanent\n"
                );
            }
        }
        // Every answer counts: none may be held back for having had many before it. What the kernel
        // has to say of services without servers would drown what is found.
        for (file, value) in [
            ("../kernel/printk", "1"),
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv4/icmp_msgs_per_sec", "1000000"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/ip_forward", "1"),
            ("ipv6/icmp/ratelimit", "0"),
            ("ipv6/conf/default/accept_ra", "0"),
            ("ipv6/conf/default/router_solicitations", "0"),
        ] {
            sysctl(file, value)?;
        }
        batch(&commands).context("building the wire")?;
        let interfaces = datalink::interfaces();
        let out = interfaces.iter().find(|interface| interface.name == "out");
        let config =
            datalink::Config { read_timeout: Some(SILENCE), ..datalink::Config::default() };
        match datalink::channel(out.context("no interface out")?, config)? {
            Channel::Ethernet(to, from) => Ok(Self { to, from, told: Vec::new() }),
            _ => bail!("the wire has no frames"),
        }
    }

    /// Sends a client's segment to the service and sees what comes of it.
    pub(crate) fn send(
        &mut self,
        family: Family,
        client: SocketAddr,
        event: Event,
    ) -> anyhow::Result<Fate> {
        let frame = segment(ROUTER, (client, family.service()), event);
        self.exchange(&frame, |frame| fate(frame, family, client))
    }

    /// Sends a real server's segment to a client by way of the director, and sees what comes of it.
    pub(crate) fn answer(
        &mut self,
        server: SocketAddrV4,
        client: SocketAddrV4,
        event: Event,
    ) -> anyhow::Result<Fate> {
        let [.., last] = server.ip().octets();
        let from = MacAddr(2, 0, 0, 0, 0, last);
        let (server, client) = (server.into(), client.into());
        self.exchange(&segment(from, (server, client), event), |frame| passed(frame, client))
    }

    /// Puts a frame on the wire that nothing comes of at once.
    pub(crate) fn put(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        let sent = self.to.send_to(frame, None).context("the wire takes nothing")?;
        sent.context("sending a frame")
    }

    /// What the director has told others of its connections since the last time.
    pub(crate) fn told(&mut self) -> anyhow::Result<Vec<[u8; ENTRY]>> {
        loop {
            match self.from.next() {
                Ok(frame) => self.told.extend(entries(frame)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => break,
                Err(error) => return Err(error).context("reading the wire"),
            }
        }
        Ok(std::mem::take(&mut self.told))
    }

    fn exchange(
        &mut self,
        frame: &[u8],
        fate: impl Fn(&[u8]) -> Option<Fate>,
    ) -> anyhow::Result<Fate> {
        self.put(frame)?;
        let begun = Instant::now();
        loop {
            match self.from.next() {
                // Our own frame passes by as well, and whatever the kernel has to say to others.
                Ok(frame) => {
                    self.told.extend(entries(frame));
                    if let Some(fate) = fate(frame) {
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

fn entries(frame: &[u8]) -> Vec<[u8; ENTRY]> {
    frames::told(frame).map(|payload| sync::entries(&payload)).unwrap_or_default()
}

/// Has `ip` carry out these commands.
pub(crate) fn batch(commands: &str) -> anyhow::Result<()> {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("its input")?.write_all(commands.as_bytes())?;
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("ip -batch: {status}") }
}

pub(crate) fn sysctl(file: &str, value: &str) -> anyhow::Result<()> {
    let path = format!("/proc/sys/net/{file}");
    std::fs::write(&path, value).with_context(|| format!("writing {value} to {path}"))
}
