//! The file: draft-ietf-opsawg-pcapng, little-endian, one section, three kinds of blocks.

use scenario::Cidr;
use std::net::IpAddr;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// `LINKTYPE_ETHERNET`.
const ETHERNET: u16 = 1;
/// 10 to the power of minus this is a second's part that times are counted in.
const NANOSECONDS: u8 = 9;

/// Which way a packet passed its interface: the low bits of `epb_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Inbound = 1,
    Outbound = 2,
}

pub(super) struct Interface {
    pub(super) name: String,
    pub(super) hardware: [u8; 6],
    pub(super) cidrs: Vec<Cidr>,
}

pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new(comment: &str) -> Self {
        let mut body = Vec::new();
        body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        body.extend_from_slice(&1_u16.to_le_bytes());
        body.extend_from_slice(&0_u16.to_le_bytes());
        // The section's length is not said.
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        option(&mut body, 1, comment.as_bytes());
        option(&mut body, 4, b"director-sim");
        option(&mut body, 0, &[]);
        let mut writer = Self { bytes: Vec::new() };
        writer.block(SECTION, &body);
        writer
    }

    pub(super) fn interface(&mut self, interface: &Interface) {
        let mut body = Vec::new();
        body.extend_from_slice(&ETHERNET.to_le_bytes());
        body.extend_from_slice(&0_u16.to_le_bytes());
        // No limit to what is kept of a packet.
        body.extend_from_slice(&0_u32.to_le_bytes());
        option(&mut body, 2, interface.name.as_bytes());
        for Cidr { address, prefix } in &interface.cidrs {
            match address {
                IpAddr::V4(address) => {
                    let bits = 32 - u32::from(*prefix.min(&32));
                    let mask = u32::MAX.checked_shl(bits).unwrap_or(0);
                    let both = [address.octets(), mask.to_be_bytes()].concat();
                    option(&mut body, 4, &both);
                }
                IpAddr::V6(address) => {
                    let mut both = address.octets().to_vec();
                    both.push(*prefix);
                    option(&mut body, 5, &both);
                }
            }
        }
        option(&mut body, 6, &interface.hardware);
        option(&mut body, 9, &[NANOSECONDS]);
        option(&mut body, 0, &[]);
        self.block(INTERFACE, &body);
    }

    /// `at` in nanoseconds.
    pub(super) fn packet(&mut self, interface: u32, at: u64, direction: Direction, data: &[u8]) {
        let mut body = Vec::with_capacity(data.len() + 40);
        let length = length(data);
        let (high, low) = (at >> 32, at & 0xffff_ffff);
        for number in [u64::from(interface), high, low, length.into(), length.into()] {
            body.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        body.extend_from_slice(data);
        pad(&mut body);
        option(&mut body, 2, &(direction as u32).to_le_bytes());
        option(&mut body, 0, &[]);
        self.block(PACKET, &body);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let total = length(body).saturating_add(12).to_le_bytes();
        self.bytes.extend_from_slice(&kind.to_le_bytes());
        self.bytes.extend_from_slice(&total);
        self.bytes.extend_from_slice(body);
        self.bytes.extend_from_slice(&total);
    }
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    // Longer ones have no form; a comment is cut.
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

/// Everything begins at a multiple of four.
fn pad(body: &mut Vec<u8>) {
    while !body.len().is_multiple_of(4) {
        body.push(0);
    }
}
