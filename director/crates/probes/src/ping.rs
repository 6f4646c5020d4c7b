//! ICMP echo (RFC 792, RFC 4443 §4).

use crate::call::Call;
use crate::datagram::Exchange;
use crate::network::{Carrier, Network};
use director_core::probe::{Outcome, Passed};

/// Bytes by which an answer is known; the kernel may change the identifier in the header.
const NONCE: usize = 16;
const HEADER: usize = 8;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>) -> Outcome {
    let nonce: [u8; NONCE] = call.random();
    let kind = if call.target.is_ipv4() { V4 } else { V6 };
    let mut exchange = Exchange::new(call.datagrams(Carrier::Echo)?, &call);
    exchange.ask(&request(kind, &nonce), |message| answers(kind, &nonce, message)).await?;
    Ok(Passed::default())
}

/// Types of request and reply.
type Kind = (u8, u8);
const V4: Kind = (8, 0);
const V6: Kind = (128, 129);

fn request(kind: Kind, nonce: &[u8; NONCE]) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message[0] = kind.0;
    message[4..6].copy_from_slice(&nonce[..2]);
    message.extend(nonce);
    // Of ICMPv6 the kernel makes the checksum, which covers the addresses.
    if kind == V4 {
        let sum = checksum(&message).to_be_bytes();
        message[2..4].copy_from_slice(&sum);
    }
    message
}

fn answers(kind: Kind, nonce: &[u8; NONCE], message: &[u8]) -> bool {
    message.first() == Some(&kind.1) && message.get(HEADER..) == Some(nonce)
}

/// The Internet checksum (RFC 1071) of a message of even length.
fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    !words.fold(0_u16, |sum, word| {
        let (sum, carried) = sum.overflowing_add(word);
        sum + u16::from(carried)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_sums_up_and_only_its_reply_answers_it(
            nonce in any::<[u8; NONCE]>(), other in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut message = request(V4, &nonce);
            prop_assert_eq!(checksum(&message), 0);
            prop_assert!(!answers(V4, &nonce, &message), "a request is no reply");
            message[0] = V4.1;
            prop_assert!(answers(V4, &nonce, &message));
            prop_assert!(!answers(V6, &nonce, &message));
            prop_assert!(!answers(V4, &nonce, &other));
        }
    }
}
