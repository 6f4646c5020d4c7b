//! Sequence numbers for a model that has none.

use crate::net::packet::{Segment, Tcp};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// What a segment is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) sequence: u32,
    /// None without the flag ACK.
    pub(super) acknowledged: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// A connection as both ends have told of it so far.
#[derive(Clone, Copy, Debug)]
struct Talk {
    /// The client's first number and the server's.
    first: (u32, u32),
    /// Bytes of the request and of the answer.
    told: (u32, u32),
    answered: bool,
    over: bool,
}

/// Client, server.
type Ends = (SocketAddrV4, SocketAddrV4);

/// Every connection that has been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Talks {
    known: BTreeMap<Ends, Talk>,
    count: u32,
}

impl Talks {
    /// The segment's numbers; `length` is that of its payload.
    pub(super) fn wire(&mut self, src: Ipv4Addr, dst: Ipv4Addr, tcp: Tcp, length: usize) -> Wire {
        let length = u32::try_from(length).unwrap_or(0);
        let (from, to) = (SocketAddrV4::new(src, tcp.sport), SocketAddrV4::new(dst, tcp.dport));
        let by_client = match tcp.kind {
            Segment::Syn | Segment::Request(_) | Segment::Ask(..) | Segment::Fin => true,
            Segment::SynAck(_) | Segment::Answer(_) | Segment::Page(..) => false,
            Segment::Ack | Segment::Rst => self.known.contains_key(&(from, to)),
        };
        let ends = if by_client { (from, to) } else { (to, from) };
        let talk = self.talk(ends, tcp.kind);
        match tcp.kind {
            Segment::Request(_) => talk.told.0 = length,
            Segment::Answer(_) => {
                talk.told.1 = length;
                talk.answered = true;
            }
            Segment::Fin | Segment::Rst => talk.over = true,
            // Every request on a connection that is held is as long as the first, and so is every
            // page.
            Segment::Ask(_, number) => talk.told.0 = length.wrapping_mul(u32::from(number) + 1),
            Segment::Page(_, number) => talk.told.1 = length.wrapping_mul(u32::from(number) + 1),
            Segment::Syn | Segment::SynAck(_) | Segment::Ack => {}
        }
        talk.numbers(tcp.kind, length, by_client)
    }

    /// A SYN after the end of a connection between the same ends is that of another one.
    fn talk(&mut self, ends: Ends, kind: Segment) -> &mut Talk {
        let is_over = self.known.get(&ends).is_some_and(|talk| talk.over);
        if kind == Segment::Syn && is_over {
            self.known.remove(&ends);
        }
        let count = &mut self.count;
        self.known.entry(ends).or_insert_with(|| {
            *count = count.wrapping_add(1);
            let first = (mixed(*count), mixed(!*count));
            Talk { first, told: (0, 0), answered: false, over: false }
        })
    }
}

impl Talk {
    fn numbers(&self, kind: Segment, length: u32, by_client: bool) -> Wire {
        let (client, server) = self.first;
        let asked = client.wrapping_add(1).wrapping_add(self.told.0);
        let server_next = server.wrapping_add(1);
        // The answer carries the server's FIN, which takes a number.
        let answered = match self.answered {
            true => server_next.wrapping_add(self.told.1).wrapping_add(1),
            false => server_next.wrapping_add(self.told.1),
        };
        let plain = Wire {
            sequence: client.wrapping_add(1),
            acknowledged: Some(server_next),
            syn: false,
            fin: false,
            rst: false,
        };
        match kind {
            Segment::Syn => Wire { sequence: client, acknowledged: None, syn: true, ..plain },
            Segment::SynAck(_) => Wire {
                sequence: server,
                acknowledged: Some(client.wrapping_add(1)),
                syn: true,
                ..plain
            },
            Segment::Request(_) => plain,
            Segment::Ask(_, number) => {
                let before = |length: u32| length.wrapping_sub(length / (u32::from(number) + 1));
                let sequence = client.wrapping_add(1).wrapping_add(before(self.told.0));
                Wire { sequence, acknowledged: Some(answered), ..plain }
            }
            Segment::Page(..) => {
                let sequence = answered.wrapping_sub(length);
                Wire { sequence, acknowledged: Some(asked), ..plain }
            }
            Segment::Ack if by_client => {
                Wire { sequence: asked, acknowledged: Some(answered), ..plain }
            }
            Segment::Ack => Wire { sequence: answered, acknowledged: Some(asked), ..plain },
            Segment::Answer(_) => {
                Wire { sequence: server_next, acknowledged: Some(asked), fin: true, ..plain }
            }
            Segment::Fin => {
                Wire { sequence: asked, acknowledged: Some(answered), fin: true, ..plain }
            }
            // What nobody listens for is answered with number 0, and acknowledged (RFC 9293
            // §3.5.2).
            Segment::Rst => Wire { sequence: 0, acknowledged: Some(asked), rst: true, ..plain },
        }
    }
}

/// Spreads small numbers over all of them.
fn mixed(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x045d_9f3b);
    let number = (number ^ (number >> 16)).wrapping_mul(0x045d_9f3b);
    number ^ (number >> 16)
}
