//! RADIUS (RFC 2865), with the authenticator of RFC 3579 in both directions.

use crate::call::{Call, local, rejected};
use crate::datagram::Exchange;
use crate::network::{Carrier, Network};
use director_core::config::dialogue::Radius;
use director_core::probe::{Failure, Outcome, Passed};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};

const REQUEST: u8 = 1;
const ACCEPT: u8 = 2;
const REJECT: u8 = 3;
const CHALLENGE: u8 = 11;

const USER_NAME: u8 = 1;
const USER_PASSWORD: u8 = 2;
const REPLY_MESSAGE: u8 = 18;
const NAS_IDENTIFIER: u8 = 32;
const MESSAGE_AUTHENTICATOR: u8 = 80;

const HEADER: usize = 20;
/// Where the 16 bytes of the message authenticator stand: it is the first attribute of a request.
const SIGNATURE: std::ops::Range<usize> = HEADER + 2..HEADER + 18;
/// Bytes of a password (§5.2).
const PASSWORD_LIMIT: usize = 128;
const NAME: &[u8] = b"director-check";

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, radius: &Radius) -> Outcome {
    let credentials = call.credentials(&radius.login).await?;
    let secret = call.secret(&radius.secret).await?;
    let [id, authenticator @ ..]: [u8; 17] = call.random();
    let (user, password) = (credentials.user.as_bytes(), &credentials.password);
    let request = request(id, &authenticator, user, password, &secret)?;
    let mut exchange = Exchange::new(call.datagrams(Carrier::Udp)?, &call);
    // What does not prove that it has the secret is passed over in silence (§3).
    let genuine = |answer: &[u8]| is_genuine(answer, &request, &secret);
    let answer = exchange.ask(&request, genuine).await?;
    let message = attributes(&answer).find(|(kind, _)| *kind == REPLY_MESSAGE);
    let message = String::from_utf8_lossy(message.map_or(&[][..], |(_, value)| value));
    match answer[0] {
        ACCEPT => Ok(Passed::default()),
        CHALLENGE => Err(rejected(&format!("Access-Challenge {message}"))),
        _ => Err(rejected(&format!("Access-Reject {message}"))),
    }
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    parts.iter().fold(Md5::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

fn sign(packet: &[u8], secret: &[u8]) -> Result<[u8; 16], Failure> {
    let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(secret).map_err(local)?;
    mac.update(packet);
    Ok(mac.finalize().into_bytes().into())
}

fn push(packet: &mut Vec<u8>, kind: u8, value: &[u8]) -> Result<(), Failure> {
    let length = u8::try_from(value.len() + 2)
        .map_err(|_| local("a name is longer than RADIUS can say: 253 bytes"))?;
    packet.extend([kind, length]);
    packet.extend(value);
    Ok(())
}

fn request(
    id: u8,
    authenticator: &[u8; 16],
    user: &[u8],
    password: &[u8],
    secret: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut packet = vec![REQUEST, id, 0, 0];
    packet.extend(authenticator);
    push(&mut packet, MESSAGE_AUTHENTICATOR, &[0; 16])?;
    push(&mut packet, USER_NAME, user)?;
    push(&mut packet, USER_PASSWORD, &hidden(password, authenticator, secret)?)?;
    push(&mut packet, NAS_IDENTIFIER, NAME)?;
    let length = u16::try_from(packet.len()).map_err(local)?;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let signature = sign(&packet, secret)?;
    packet[SIGNATURE].copy_from_slice(&signature);
    Ok(packet)
}

/// The password as it goes over the wire (§5.2).
fn hidden(password: &[u8], authenticator: &[u8; 16], secret: &[u8]) -> Result<Vec<u8>, Failure> {
    if password.len() > PASSWORD_LIMIT {
        return Err(local("the password is longer than RADIUS can say: 128 bytes"));
    }
    let mut padded = password.to_vec();
    padded.resize(password.len().next_multiple_of(16).max(16), 0);
    let mut before = *authenticator;
    for block in padded.chunks_exact_mut(16) {
        let mask = md5(&[secret, &before]);
        block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        before.copy_from_slice(block);
    }
    Ok(padded)
}

/// Types and values; ends where the packet is cut.
fn attributes(packet: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = packet.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let [kind, length, ..] = *rest else { return None };
        let (attribute, behind) = rest.split_at_checked(usize::from(length))?;
        rest = behind;
        Some((kind, attribute.get(2..)?))
    })
}

/// Whether a packet is an answer to the request by somebody who has the secret (§3).
fn is_genuine(answer: &[u8], request: &[u8], secret: &[u8]) -> bool {
    let Some((head, rest)) = answer.split_at_checked(HEADER) else { return false };
    let known = matches!(head[0], ACCEPT | REJECT | CHALLENGE) && head[1] == request[1];
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if !known || length != answer.len() {
        return false;
    }
    let sent = &request[4..HEADER];
    if md5(&[&head[..4], sent, rest, secret]) != head[4..] {
        return false;
    }
    // A forger can make up MD5 but not HMAC-MD5: where it stands, it must be right.
    let mut signed = answer.to_vec();
    signed[4..HEADER].copy_from_slice(sent);
    let mut at = HEADER;
    for (kind, value) in attributes(answer) {
        if kind == MESSAGE_AUTHENTICATOR {
            let place = at + 2..at + 2 + value.len();
            signed[place].fill(0);
            return sign(&signed, secret).is_ok_and(|right| right == value);
        }
        at += 2 + value.len();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of RFC 2865 §7.1.
    const AUTHENTICATOR: [u8; 16] = [
        0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb, 0x98, 0xf4, 0x22,
        0x7a,
    ];
    const SECRET: &[u8] = b"xyzzy5461";

    #[test]
    fn a_password_is_hidden_as_in_the_standard() {
        let expected = [
            0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31, 0x96, 0xe4, 0x3f, 0x78, 0x2a,
            0x0a, 0xee,
        ];
        assert_eq!(hidden(b"arctangent", &AUTHENTICATOR, SECRET), Ok(expected.to_vec()));
        assert_eq!(hidden(b"", &AUTHENTICATOR, SECRET).unwrap().len(), 16);
        assert!(hidden(&[b'x'; 129], &AUTHENTICATOR, SECRET).is_err());
    }

    fn answer(code: u8, request: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut answer = vec![code, request[1], 0, 0];
        answer.extend(&request[4..HEADER]);
        push(&mut answer, MESSAGE_AUTHENTICATOR, &[0; 16]).unwrap();
        push(&mut answer, REPLY_MESSAGE, b"well").unwrap();
        let length = u16::try_from(answer.len()).unwrap();
        answer[2..4].copy_from_slice(&length.to_be_bytes());
        let signature = sign(&answer, secret).unwrap();
        answer[SIGNATURE].copy_from_slice(&signature);
        let proof = md5(&[&answer, secret]);
        answer[4..HEADER].copy_from_slice(&proof);
        answer
    }

    #[test]
    fn only_who_has_the_secret_is_believed() {
        let request = request(7, &AUTHENTICATOR, b"nemo", b"arctangent", SECRET).unwrap();
        let good = answer(ACCEPT, &request, SECRET);
        assert!(is_genuine(&good, &request, SECRET));
        assert!(!is_genuine(&answer(ACCEPT, &request, b"other"), &request, SECRET));
        for at in 0..good.len() {
            let mut forged = good.clone();
            forged[at] ^= 1;
            assert!(!is_genuine(&forged, &request, SECRET), "byte {at}");
            assert!(!is_genuine(&good[..at], &request, SECRET), "cut at {at}");
        }
        let message = attributes(&good).find(|(kind, _)| *kind == REPLY_MESSAGE);
        assert_eq!(message, Some((REPLY_MESSAGE, &b"well"[..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let request = request(7, &AUTHENTICATOR, b"nemo", b"arctangent", SECRET).unwrap();
            prop_assert!(!is_genuine(&bytes, &request, SECRET));
            prop_assert!(attributes(&bytes).count() <= bytes.len());
        }
    }
}
