//! Oracle listeners: a connect packet of Transparent Network Substrate and what it is answered
//! with. Without a service the listener is asked for a ping, as `tnsping` does.

use crate::call::{Call, local, malformed, rejected};
use crate::network::Network;
use director_core::config::dialogue::Oracle;
use director_core::probe::{Failure, Outcome};

const CONNECT: u8 = 1;
const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const RESEND: u8 = 11;

/// Bytes before the type of a packet, and of its whole header.
const HEADER: usize = 8;
/// Where the connect data begin.
const DATA: usize = 58;
/// Bytes of an answer, which has one descriptor.
const LIMIT: usize = 8192;
/// How often a listener may ask to hear the packet again.
const RESENDINGS: usize = 3;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, oracle: &Oracle) -> Outcome {
    let data = match &oracle.service {
        None => "(CONNECT_DATA=(COMMAND=ping))".to_owned(),
        Some(service) => format!(
            "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME={service})\
             (CID=(PROGRAM=director)(HOST=director)(USER=director))))"
        ),
    };
    let packet = connect(&data)?;
    let mut wire = call.dial(None).await?;
    for _ in 0..RESENDINGS {
        wire.send(&packet).await?;
        let head = wire.exact(HEADER).await?;
        let (kind, length) = (head[4], usize::from(u16::from_be_bytes([head[0], head[1]])));
        if !(HEADER..=LIMIT).contains(&length) {
            return Err(malformed("this is no packet of TNS"));
        }
        let body = wire.exact(length - HEADER).await?;
        if kind != RESEND {
            judge(kind, &body, oracle.service.is_some())?;
            return Ok(wire.passed());
        }
    }
    Err(malformed("the listener wants to hear the same again and again"))
}

fn connect(data: &str) -> Result<Vec<u8>, Failure> {
    let mut packet = vec![0; DATA];
    let mut put = |at: usize, number: u16| {
        packet[at..at + 2].copy_from_slice(&number.to_be_bytes());
    };
    put(0, u16::try_from(DATA + data.len()).map_err(local)?);
    // Version, oldest version that will do, sizes of a session's data unit and of a transport's,
    // characteristics, and a one that shows the order of bytes.
    put(8, 0x0136);
    put(10, 0x012c);
    put(14, 0x0800);
    put(16, 0x7fff);
    put(18, 0x7f08);
    put(22, 1);
    put(24, u16::try_from(data.len()).map_err(local)?);
    put(26, 58);
    packet[4] = CONNECT;
    packet.extend(data.as_bytes());
    Ok(packet)
}

/// A listener answers a ping with a refusal without an error.
fn judge(kind: u8, body: &[u8], service: bool) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(body.get(4..).unwrap_or_default()).into_owned();
    match kind {
        ACCEPT | REDIRECT => Ok(()),
        REFUSE if !service && text.contains("(ERR=0)") => Ok(()),
        REFUSE => Err(rejected(&text)),
        _ => Err(malformed(format_args!("a packet of type {kind} answers nothing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_packet_says_how_long_it_is() {
        let packet = connect("(CONNECT_DATA=(COMMAND=ping))").unwrap();
        assert_eq!(packet.len(), 58 + 29);
        assert_eq!(packet[..8], [0, 87, 0, 0, 1, 0, 0, 0]);
        assert_eq!(packet[24..28], [0, 29, 0, 58]);
    }

    #[test]
    fn a_refusal_without_an_error_answers_a_ping_only() {
        let fine = b"\x04\0\0\x20(DESCRIPTION=(VSNNUM=1)(ERR=0))";
        assert_eq!(judge(REFUSE, fine, false), Ok(()));
        assert!(matches!(judge(REFUSE, fine, true), Err(Failure::Rejected { .. })));
        let unknown = b"\x04\0\0\x20(DESCRIPTION=(ERR=12514))";
        assert!(matches!(judge(REFUSE, unknown, false), Err(Failure::Rejected { .. })));
        assert_eq!(judge(ACCEPT, &[], true), Ok(()));
        assert!(matches!(judge(9, &[], true), Err(Failure::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(
            kind in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let _judged = judge(kind, &bytes, true);
        }
    }
}
