//! Asking a segment who has which address.

use crate::announce::probe;
use crate::error::{NET_RAW, refused};
use director_core::doctor::{Answer, Mac};
use director_core::name::InterfaceName;
use director_engine::ports::KernelError;
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender, NetworkInterface};
use pnet::packet::Packet;
use pnet::packet::arp::{ArpOperations, ArpPacket};
use pnet::packet::ethernet::{EtherTypes, EthernetPacket};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

/// Times that everything is asked: a busy neighbour drops a question now and then.
const ROUNDS: usize = 3;
/// How long answers are waited for after each round. A neighbour on a local segment answers within
/// a millisecond; a busy one takes longer.
const PATIENCE: Duration = Duration::from_millis(200);
/// Frames that are looked at in a round before it is given up: a bound on a flooded segment.
const FRAMES: usize = 100_000;

/// Who answers for these addresses, each on its interface. Takes a bit more than half a second per
/// interface.
///
/// The questions are ARP probes (RFC 5227 §1.1): they name no sender, and so change no neighbour's
/// table.
///
/// # Errors
/// When an interface is not there or has no Ethernet, or when packets may not be sent.
pub fn ask(questions: &BTreeSet<(InterfaceName, Ipv4Addr)>) -> Result<Vec<Answer>, KernelError> {
    let mut by_interface: BTreeMap<&InterfaceName, BTreeSet<Ipv4Addr>> = BTreeMap::new();
    for (interface, address) in questions {
        by_interface.entry(interface).or_default().insert(*address);
    }
    let mut answers = BTreeSet::new();
    for (interface, asked) in by_interface {
        answers.append(&mut ask_on(interface, &asked)?);
    }
    Ok(answers.into_iter().collect())
}

fn ask_on(
    name: &InterfaceName,
    asked: &BTreeSet<Ipv4Addr>,
) -> Result<BTreeSet<Answer>, KernelError> {
    let failed =
        |error: std::io::Error| refused(&error, &format!("ask for addresses on {name}"), NET_RAW);
    let found = datalink::interfaces().into_iter().find(|one| one.name == name.as_str());
    let Some(NetworkInterface { mac: Some(mac), .. }) = &found else {
        return Err(KernelError::Missing);
    };
    let interface = found.as_ref().ok_or(KernelError::Missing)?;
    let config = datalink::Config { read_timeout: Some(PATIENCE), ..Default::default() };
    let Channel::Ethernet(mut sender, mut receiver) =
        datalink::channel(interface, config).map_err(failed)?
    else {
        let cure = format!("{name} is no Ethernet interface, and has no ARP");
        return Err(KernelError::Unsupported { cure });
    };
    let mut answers = BTreeSet::new();
    for _ in 0..ROUNDS {
        send_all(sender.as_mut(), *mac, asked).map_err(failed)?;
        answers.extend(hear(receiver.as_mut(), asked).into_iter().map(|(address, mac)| Answer {
            interface: name.clone(),
            address: IpAddr::V4(address),
            mac,
        }));
    }
    Ok(answers)
}

fn send_all(
    sender: &mut dyn DataLinkSender,
    mac: datalink::MacAddr,
    asked: &BTreeSet<Ipv4Addr>,
) -> std::io::Result<()> {
    for address in asked {
        let sent = sender.send_to(&probe(mac, *address), None);
        sent.unwrap_or_else(|| Err(std::io::Error::other("the frame was not sent")))?;
    }
    Ok(())
}

/// The answers that come in time.
fn hear(
    receiver: &mut dyn DataLinkReceiver,
    asked: &BTreeSet<Ipv4Addr>,
) -> BTreeSet<(Ipv4Addr, Mac)> {
    let until = Instant::now() + PATIENCE;
    let mut heard = BTreeSet::new();
    for _ in 0..FRAMES {
        if Instant::now() >= until {
            break;
        }
        match receiver.next() {
            Ok(frame) => heard.extend(answer(frame).filter(|(address, _)| asked.contains(address))),
            // Nothing came within the patience.
            Err(_) => break,
        }
    }
    heard
}

/// What an ARP reply says (RFC 826), if the frame is one.
fn answer(frame: &[u8]) -> Option<(Ipv4Addr, Mac)> {
    let frame = EthernetPacket::new(frame).filter(|f| f.get_ethertype() == EtherTypes::Arp)?;
    let arp = ArpPacket::new(frame.payload())
        .filter(|arp| arp.get_operation() == ArpOperations::Reply)?;
    let mac = arp.get_sender_hw_addr();
    let mac = Mac([mac.0, mac.1, mac.2, mac.3, mac.4, mac.5]);
    Some((arp.get_sender_proto_addr(), mac))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_is_no_answer() {
        let mac = datalink::MacAddr::new(2, 0, 0, 0, 0, 1);
        let mut frame = probe(mac, [10, 0, 0, 100].into());
        assert_eq!(answer(&frame), None);
        // The operation: 1 asks, 2 answers (RFC 826).
        frame[21] = 2;
        assert_eq!(answer(&frame), Some(([0, 0, 0, 0].into(), Mac([2, 0, 0, 0, 0, 1]))));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(frame in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = answer(&frame);
        }
    }
}
