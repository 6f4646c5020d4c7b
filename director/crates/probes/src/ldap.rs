//! Directories (RFC 4511): bind, and one entry.

use crate::ber::{BOOLEAN, ENUMERATED, INTEGER, OCTETS, SEQUENCE, element, encode, number, tagged};
use crate::call::{Call, malformed, rejected};
use crate::expect::contains;
use crate::network::Network;
use crate::wire::Wire;
use director_core::config::dialogue::{Ldap, Start};
use director_core::probe::{Failure, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};

/// The operations that are used here, by their tags (§4.2 to §4.12).
const BIND: u8 = 0x60;
const BOUND: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const ANSWERED: u8 = 0x78;
/// The first alternative of a choice, primitive: a simple password, the name of an operation.
const FIRST: u8 = 0x80;
/// The filter that an attribute is there.
const PRESENT: u8 = 0x87;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// Messages before the one that ends an answer. An entry of the base alone is one.
const MESSAGES: usize = 100;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, ldap: &Ldap) -> Outcome {
    let mut wire = call.dial(ldap.tls.as_ref()).await?;
    if let Some(tls) = ldap.tls.as_ref().filter(|tls| tls.start == Start::Asked) {
        let operation = encode(EXTENDED, &encode(FIRST, START_TLS));
        exchange(&mut wire, 1, &operation, ANSWERED).await?;
        wire = call.upgrade(wire, tls).await?;
    }
    let bind = match &ldap.login {
        None => bind("", b""),
        Some(login) => {
            let credentials = call.credentials(login).await?;
            bind(&credentials.user, &credentials.password)
        }
    };
    exchange(&mut wire, 2, &bind, BOUND).await?;
    if let Some(base) = &ldap.base {
        let names = exchange(&mut wire, 3, &search(base), DONE).await?;
        match &names[..] {
            [name] => contains(ldap.expect.as_ref(), name)?,
            [] => return Err(rejected("there is no such entry")),
            _ => return Err(malformed("more than one entry has the same name")),
        }
    }
    wire.part(&message(4, &encode(UNBIND, &[]))).await;
    Ok(wire.passed())
}

fn message(number: u8, operation: &[u8]) -> Vec<u8> {
    encode(SEQUENCE, &[&encode(INTEGER, &[number])[..], operation].concat())
}

fn bind(name: &str, password: &[u8]) -> Vec<u8> {
    let version = encode(INTEGER, &[3]);
    let name = encode(OCTETS, name.as_bytes());
    encode(BIND, &[version, name, encode(FIRST, password)].concat())
}

/// Asks for the entry itself and none of its attributes (§4.5.1).
fn search(base: &str) -> Vec<u8> {
    let unlimited = encode(INTEGER, &[0]);
    let fields = [
        encode(OCTETS, base.as_bytes()),
        encode(ENUMERATED, &[0]),
        encode(ENUMERATED, &[0]),
        unlimited.clone(),
        unlimited,
        encode(BOOLEAN, &[0xff]),
        encode(PRESENT, b"objectClass"),
        encode(SEQUENCE, &encode(OCTETS, b"1.1")),
    ];
    encode(SEARCH, &fields.concat())
}

/// Says an operation and gives the names of the entries that come before its end.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    number: u8,
    operation: &[u8],
    end: u8,
) -> Result<Vec<Vec<u8>>, Failure> {
    wire.send(&message(number, operation)).await?;
    let mut names = Vec::new();
    for _ in 0..MESSAGES {
        let bytes = wire.element().await?;
        let answer = parse(&bytes).ok_or_else(|| malformed("this is no LDAP message"))?;
        match answer {
            Answer { number: other, .. } if other != i64::from(number) => {
                // Number 0 is a notice that the server ends the connection (§4.4.1).
                return Err(rejected("the server answers something else, or wants to end"));
            }
            Answer { what: What::Entry(name), .. } => names.push(name.to_vec()),
            Answer { what: What::Reference, .. } => {}
            Answer { what: What::Result { tag, code: 0, .. }, .. } if tag == end => {
                return Ok(names);
            }
            Answer { what: What::Result { code, text, .. }, .. } => {
                let text = String::from_utf8_lossy(text);
                return Err(rejected(&format!("result {code} {text}")));
            }
        }
    }
    Err(malformed(format_args!("more than {MESSAGES} messages")))
}

/// A message of the server.
struct Answer<'a> {
    number: i64,
    what: What<'a>,
}

enum What<'a> {
    Entry(&'a [u8]),
    Reference,
    Result { tag: u8, code: i64, text: &'a [u8] },
}

fn parse(bytes: &[u8]) -> Option<Answer<'_>> {
    let message = tagged(bytes, SEQUENCE)?;
    let id = tagged(message.content, INTEGER)?;
    let operation = element(id.rest)?;
    let what = match operation.tag {
        ENTRY => What::Entry(tagged(operation.content, OCTETS)?.content),
        REFERENCE => What::Reference,
        tag => {
            let code = tagged(operation.content, ENUMERATED)?;
            let matched = tagged(code.rest, OCTETS)?;
            let text = tagged(matched.rest, OCTETS)?.content;
            What::Result { tag, code: number(code.content)?, text }
        }
    };
    Some(Answer { number: number(id.content)?, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bind_has_the_bytes_of_the_standard() {
        let expected = [
            &[0x30, 0x1a, 2, 1, 2, 0x60, 0x15, 2, 1, 3, 4, 8][..],
            b"cn=admin",
            &[0x80, 6],
            b"secret",
        ];
        assert_eq!(message(2, &bind("cn=admin", b"secret")), expected.concat());
    }

    #[test]
    fn an_answer_is_read() {
        let result = [encode(ENUMERATED, &[49]), encode(OCTETS, b""), encode(OCTETS, b"no")];
        let bytes = message(7, &encode(BOUND, &result.concat()));
        let Some(Answer { number: 7, what: What::Result { tag: BOUND, code: 49, text } }) =
            parse(&bytes)
        else {
            panic!("{bytes:x?}");
        };
        assert_eq!(text, b"no");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            parse(&bytes);
            parse(&message(1, &bytes));
        }
    }
}
