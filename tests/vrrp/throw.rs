//! Who sits on the segment of two directors, records what they say, and throws packets at them.

use director_core::beat::{Beat, Body, Incarnation, Kind};
use director_core::config::Digest;
use director_core::name::{ClusterName, NodeName};

use director_core::wire::heartbeat::{Key, VERSION, seal};
use e2e::processes::Outcome;
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender};
use pnet::packet::ipv4::{Ipv4Packet, checksum};
use scenario::Stream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The directors' own, which an insider has.
pub(crate) const SECRET: &str = "what the two share\n";

/// Why packets are ignored that come from here: metric and reason.
pub(crate) const REASONS: [(&str, &str); 10] = [
    ("heartbeat_packets_ignored", "malformed"),
    ("heartbeat_packets_ignored", "version"),
    ("heartbeat_packets_ignored", "other-cluster"),
    ("heartbeat_packets_ignored", "authentication"),
    ("heartbeat_packets_ignored", "stranger"),
    ("heartbeat_packets_ignored", "replayed"),
    ("heartbeat_packets_ignored", "unproven"),
    ("vrrp_packets", "hop-limit"),
    ("vrrp_packets", "malformed"),
    ("vrrp_packets", "checksum"),
];

const PORT: u16 = 694;
const UDP: u8 = 17;
const VRRP: u8 = 112;
/// Where IPv4 begins in a frame, and what comes behind a header without options.
const IP: usize = 14;
const INNER: usize = IP + 20;
const LISTEN: Duration = Duration::from_secs(3);
/// Packets of each kind for each of the two.
const MANY: u64 = 400;
const NOISE: u64 = 5_000;
/// Between packets: a director reads all of them.
const PAUSE: Duration = Duration::from_micros(200);

/// The cable to one of the two.
struct Port {
    out: Box<dyn DataLinkSender>,
    heard: Box<dyn DataLinkReceiver>,
}

impl Port {
    fn open(name: &str) -> Outcome<Self> {
        let interfaces = datalink::interfaces();
        let found = interfaces.iter().find(|interface| interface.name == name);
        let interface = found.ok_or_else(|| format!("there is no {name}"))?;
        let settings = datalink::Config {
            read_timeout: Some(Duration::from_millis(50)),
            ..datalink::Config::default()
        };
        match datalink::channel(interface, settings) {
            Ok(Channel::Ethernet(out, heard)) => Ok(Self { out, heard }),
            Ok(_) => Err(format!("{name} has no Ethernet")),
            Err(error) => Err(format!("{name}: {error}")),
        }
    }

    /// What comes from the node behind it, by protocol.
    fn record(&mut self, from: [u8; 4]) -> BTreeMap<u8, Vec<Vec<u8>>> {
        let begun = Instant::now();
        let mut found: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
        while begun.elapsed() < LISTEN {
            let Ok(frame) = self.heard.next() else { continue };
            let Some(protocol) = frame.get(IP + 9).filter(|_| frame.get(12..14) == Some(&[8, 0]))
            else {
                continue;
            };
            if frame.get(IP + 12..IP + 16) != Some(&from[..]) {
                continue;
            }
            let port = frame.get(INNER + 2..INNER + 4);
            if *protocol == VRRP || (*protocol == UDP && port == Some(&PORT.to_be_bytes()[..])) {
                found.entry(*protocol).or_default().push(frame.to_vec());
            }
        }
        found
    }

    fn throw(&mut self, frame: &[u8]) {
        // What does not get through is thrown again soon enough: all are thrown many times.
        let _ = self.out.send_to(frame, None);
        // A flood is the other test: here every packet is to be read.
        std::thread::sleep(PAUSE);
    }
}

/// The frame with other bytes behind its header of IPv4 (and of UDP), which fit it again.
fn with(frame: &[u8], hops: u8, content: &[u8]) -> Vec<u8> {
    let udp = frame.get(IP + 9) == Some(&UDP);
    let head = if udp { INNER + 8 } else { INNER };
    let mut made = frame.get(..head).unwrap_or_default().to_vec();
    made.extend_from_slice(content);
    let length = u16::try_from(made.len() - IP).unwrap_or(u16::MAX);
    made[IP + 2..IP + 4].copy_from_slice(&length.to_be_bytes());
    made[IP + 8] = hops;
    made[IP + 10..IP + 12].fill(0);
    if let Some(packet) = Ipv4Packet::new(&made[IP..]) {
        let sum = checksum(&packet);
        made[IP + 10..IP + 12].copy_from_slice(&sum.to_be_bytes());
    }
    if udp {
        made[INNER + 4..INNER + 6].copy_from_slice(&(length - 20).to_be_bytes());
        // None: 0 says so (RFC 768).
        made[INNER + 6..INNER + 8].fill(0);
    }
    made
}

fn content(frame: &[u8]) -> &[u8] {
    let udp = frame.get(IP + 9) == Some(&UDP);
    let length = frame.get(IP + 2..IP + 4).unwrap_or(&[0, 0]);
    let end = IP + usize::from(u16::from_be_bytes([length[0], length[1]]));
    frame.get(if udp { INNER + 8 } else { INNER }..end).unwrap_or_default()
}

/// A beat that was never said.
fn made_up(node: &str, version: u8, number: u64) -> Outcome<Beat> {
    let body = Body {
        version,
        node: NodeName::new(node).map_err(|error| error.to_string())?,
        incarnation: Incarnation(0xbad),
        config: Digest(1),
        heard: BTreeMap::new(),
        claims: BTreeMap::new(),
        released: BTreeMap::new(),
        orders: Vec::new(),
    };
    Ok(Beat { kind: Kind::Goodbye, sequence: u64::MAX - number, body: Arc::new(body) })
}

/// Records and throws; says how much of what.
pub(crate) fn throw() -> Outcome<()> {
    let mut ports = [("d", Port::open("p0")?), ("k", Port::open("p1")?)];
    let recorded: Vec<BTreeMap<u8, Vec<Vec<u8>>>> =
        (1..).zip(&mut ports).map(|(host, (_, port))| port.record([10, 0, 0, host])).collect();
    let of = |place: usize, protocol: u8| {
        recorded[place].get(&protocol).filter(|frames| frames.len() >= 3)
    };
    let adverts = of(0, VRRP).ok_or("the active router was not heard")?;
    for (place, (name, port)) in ports.iter_mut().enumerate() {
        let other = 1 - place;
        let peer = ["d", "k"][other];
        let beats = of(other, UDP).ok_or_else(|| format!("{peer} was not heard"))?;
        let mut noise = Stream::named(7, name);
        at_heartbeats(port, beats, peer, &mut noise)?;
        at_routers(port, adverts, &mut noise);
        println!("{name}: {} heartbeats and {} adverts recorded", beats.len(), adverts.len());
    }
    Ok(())
}

fn at_heartbeats(
    port: &mut Port,
    beats: &[Vec<u8>],
    peer: &str,
    noise: &mut Stream,
) -> Outcome<()> {
    let name = |text| ClusterName::new(text).map_err(|error| error.to_string());
    let (ours, other) = (name("garbage")?, name("other")?);
    let (key, wrong) = (Key::new(SECRET.trim().as_bytes()), Key::new(b"another"));
    let model = beats.first().ok_or("nothing was recorded")?;
    for number in 0..MANY {
        let place = usize::try_from(number).unwrap_or(0) % beats.len();
        // The newest first: in no order in which they were said.
        let recorded = &beats[beats.len() - 1 - place];
        let said = content(recorded);
        // Its checksum was left to a card that there is not.
        port.throw(&with(recorded, 64, said));
        let cut = usize::try_from(noise.between(0, said.len() as u64 - 1)).unwrap_or(0);
        port.throw(&with(recorded, 64, &said[..cut]));
        let mut bent = said.to_vec();
        bent[cut] ^= 1 << noise.between(0, 7);
        port.throw(&with(recorded, 64, &bent));
        for (cluster, key, node, version) in [
            (&other, &key, peer, VERSION),
            (&ours, &wrong, peer, VERSION),
            (&ours, &wrong, peer, VERSION + 1),
            (&ours, &key, "nobody", VERSION),
            (&ours, &key, peer, VERSION),
        ] {
            let packet = seal(&made_up(node, version, number)?, cluster, key);
            port.throw(&with(model, 64, &packet));
        }
    }
    for _ in 0..NOISE {
        let bytes = some(noise, 1_400);
        port.throw(&with(model, 64, &bytes));
    }
    Ok(())
}

fn at_routers(port: &mut Port, adverts: &[Vec<u8>], noise: &mut Stream) {
    for number in 0..MANY {
        let recorded = &adverts[usize::try_from(number).unwrap_or(0) % adverts.len()];
        let mut said = content(recorded).to_vec();
        // As if from a third router: what comes from oneself is ignored for that alone.
        let mut strange = recorded.clone();
        strange[IP + 12..IP + 16].copy_from_slice(&[10, 0, 0, 9]);
        port.throw(&with(&strange, 254, &said));
        port.throw(&with(&strange, 255, &said[..said.len() - 4]));
        said[2] = 255;
        port.throw(&with(&strange, 255, &said));
        let bytes = some(noise, 200);
        port.throw(&with(&strange, 255, &bytes));
    }
}

/// Noise of any length up to this.
fn some(noise: &mut Stream, longest: u64) -> Vec<u8> {
    let length = noise.between(0, longest);
    let byte = |_| u8::try_from(noise.between(0, 255)).unwrap_or_default();
    (0..length).map(byte).collect()
}
