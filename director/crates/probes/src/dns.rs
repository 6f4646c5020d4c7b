//! Name servers (RFC 1035), with hickory's codec.

use crate::call::{Call, local, malformed, rejected};
use crate::datagram::Exchange;
use crate::expect::contains;
use crate::network::{Carrier, Network};
use director_core::config::dialogue::{Dns, Pattern, Transport};
use director_core::probe::{Failure, Outcome, Passed};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, dns: &Dns) -> Outcome {
    let id = u16::from_be_bytes(call.random());
    let question = question(id, dns)?;
    let bytes = question.to_vec().map_err(local)?;
    let answer = match dns.transport {
        Transport::Udp => {
            let mut exchange = Exchange::new(call.datagrams(Carrier::Udp)?, &call);
            exchange.ask(&bytes, |answer| answers(answer, id)).await?
        }
        Transport::Tcp => {
            let (answer, passed) = over_tcp(&call, dns, &bytes).await?;
            judge(&answer, &question, dns)?;
            return Ok(passed);
        }
    };
    judge(&answer, &question, dns)?;
    Ok(Passed::default())
}

fn question(id: u16, dns: &Dns) -> Result<Message, Failure> {
    let mut name = Name::from_ascii(&dns.name).map_err(local)?;
    // No search list: the name is whole, with or without a dot behind it.
    name.set_fqdn(true);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, RecordType::from(dns.record.number())));
    Ok(message)
}

/// Whether a datagram has the number of the question.
fn answers(datagram: &[u8], id: u16) -> bool {
    datagram.get(..2) == Some(&id.to_be_bytes())
}

/// With two bytes of length in front (§4.2.2).
async fn over_tcp<N: Network>(
    call: &Call<'_, N>,
    dns: &Dns,
    question: &[u8],
) -> Result<(Vec<u8>, Passed), Failure> {
    let length = u16::try_from(question.len()).map_err(local)?.to_be_bytes();
    let mut wire = call.dial(dns.tls.as_ref()).await?;
    wire.send(&[&length[..], question].concat()).await?;
    let length = wire.exact(2).await?;
    let answer = wire.exact(usize::from(u16::from_be_bytes([length[0], length[1]]))).await?;
    Ok((answer, wire.passed()))
}

fn judge(answer: &[u8], question: &Message, dns: &Dns) -> Result<(), Failure> {
    let answer = Message::from_vec(answer).map_err(malformed)?;
    let head = &answer.metadata;
    if head.id != question.metadata.id || head.message_type != MessageType::Response {
        return Err(malformed("this is no answer to the question"));
    }
    if head.response_code != ResponseCode::NoError {
        return Err(rejected(head.response_code.to_str()));
    }
    if answer.queries != question.queries {
        return Err(malformed("the answer is to another question"));
    }
    let wanted = RecordType::from(dns.record.number());
    let records = answer.answers.iter().filter(|record| record.record_type() == wanted);
    let texts: Vec<String> = records.map(|record| record.data.to_string()).collect();
    if texts.is_empty() {
        let hint = if head.truncation { "; the answer was cut: ask by tcp" } else { "" };
        return Err(rejected(&format!("no {} record{hint}", dns.record.name())));
    }
    any_is(&texts, dns.expect.as_ref())
}

/// Whether one of the records is as expected.
fn any_is(texts: &[String], expect: Option<&Pattern>) -> Result<(), Failure> {
    let mut judged = texts.iter().map(|text| contains(expect, text.as_bytes()));
    let length = texts.iter().map(String::len).sum();
    match judged.find(|it| !matches!(it, Err(Failure::Body { .. }))) {
        Some(decided) => decided,
        None => Err(Failure::Body { length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::config::dialogue::Record;
    use proptest::prelude::*;

    fn dns(expect: Option<&str>) -> Dns {
        Dns {
            tls: None,
            transport: Transport::Udp,
            name: "www.example.org".into(),
            record: Record::A,
            expect: expect.map(|text| Pattern::Text(text.into())),
        }
    }

    /// An answer with these addresses, put together byte by byte.
    fn answer(question: &[u8], code: u8, addresses: &[[u8; 4]]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[3] = code;
        bytes[7] = u8::try_from(addresses.len()).unwrap();
        for address in addresses {
            bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            bytes.extend(address);
        }
        bytes
    }

    #[test]
    fn an_answer_is_judged_by_its_records() {
        let question = question(7, &dns(None)).unwrap();
        let bytes = question.to_vec().unwrap();
        let two = answer(&bytes, 0, &[[192, 0, 2, 1], [192, 0, 2, 2]]);
        let judged = |bytes: &[u8], expect| judge(bytes, &question, &dns(expect));
        assert_eq!(judged(&two, None), Ok(()));
        assert_eq!(judged(&two, Some("192.0.2.2")), Ok(()));
        assert_eq!(judged(&two, Some("192.0.2.3")), Err(Failure::Body { length: 18 }));
        assert!(matches!(judged(&answer(&bytes, 3, &[]), None), Err(Failure::Rejected { .. })));
        assert!(matches!(judged(&answer(&bytes, 0, &[]), None), Err(Failure::Rejected { .. })));
        assert!(matches!(judged(&bytes, None), Err(Failure::Malformed { .. })));
        assert!(answers(&two, 7) && !answers(&two, 8) && !answers(&[], 0));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            at in 0..60_usize,
            byte in any::<u8>(),
        ) {
            let question = question(7, &dns(None)).unwrap();
            let _judged = judge(&bytes, &question, &dns(None));
            let mut slip = answer(&question.to_vec().unwrap(), 0, &[[192, 0, 2, 1]]);
            if let Some(place) = slip.get_mut(at) {
                *place = byte;
            }
            let _judged = judge(&slip, &question, &dns(None));
        }
    }
}
