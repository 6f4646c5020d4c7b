//! A packet inside another (`ip_vs_tunnel_xmit` in `net/netfilter/ipvs/ip_vs_xmit.c`).

use director_core::config::Tunnel;
use etherparse::err::packet::BuildWriteError;
use etherparse::{IpHeaders, IpNumber, PacketBuilderStep};

/// The first UDP port that the kernel sends such packets from (`udp_flow_src_port` with the default
/// of `ip_local_port_range`); which one of them, nothing here looks at.
const FROM: u16 = 32_768;
/// GUE, variant 0 without options: what is inside by its protocol number (`ipvs_gue_encap`).
const GUE: [u8; 4] = [0, 4, 0, 0];
/// GRE (RFC 2784 §2): whether a checksum follows, and IPv4 as what is inside.
const GRE: [u8; 4] = [0, 0, 0x08, 0x00];
const CHECKSUM: u8 = 0x80;

/// Writes what stands after the outer IP header begins.
pub(super) fn write(
    ip: PacketBuilderStep<IpHeaders>,
    tunnel: Tunnel,
    inner: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<(), BuildWriteError> {
    match tunnel {
        Tunnel::Ipip => ip.write(bytes, IpNumber::IPV4, inner),
        Tunnel::Gue { port, .. } => {
            let body = [&GUE[..], inner].concat();
            ip.udp(FROM, port.get()).write(bytes, &body)
        }
        Tunnel::Gre { checksum } => {
            let mut body = GRE.to_vec();
            if checksum && let Some(first) = body.first_mut() {
                *first = CHECKSUM;
                body.extend_from_slice(&[0; 4]);
            }
            body.extend_from_slice(inner);
            if checksum {
                let sum = ones_complement(&body).to_be_bytes();
                body.splice(4..6, sum);
            }
            ip.write(bytes, IpNumber::GRE, &body)
        }
    }
}

/// RFC 1071.
fn ones_complement(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    #[test]
    fn the_inner_packet_stands_behind_what_wraps_it() {
        let inner = [0x45; 41];
        let written = |tunnel| {
            let ip = PacketBuilder::ipv4([10, 0, 0, 11], [10, 2, 0, 21], 64);
            let mut bytes = Vec::new();
            write(ip, tunnel, &inner, &mut bytes).unwrap();
            assert!(bytes.ends_with(&inner));
            (bytes[9], bytes[20..bytes.len() - inner.len()].to_vec())
        };
        assert_eq!(written(Tunnel::Ipip), (4, vec![]));
        let checksum = director_core::config::Checksum::Off;
        let (protocol, udp) = written(Tunnel::Gue { port: 6080.try_into().unwrap(), checksum });
        assert_eq!((protocol, &udp[2..4], &udp[8..]), (17, &6080_u16.to_be_bytes()[..], &GUE[..]));
        assert_eq!(written(Tunnel::Gre { checksum: false }), (47, GRE.to_vec()));
        let (protocol, gre) = written(Tunnel::Gre { checksum: true });
        assert_eq!((protocol, gre.len()), (47, 8));
        let whole = [&gre[..], &inner].concat();
        assert_eq!(ones_complement(&whole), 0, "with its checksum the sum is all ones");
    }
}
