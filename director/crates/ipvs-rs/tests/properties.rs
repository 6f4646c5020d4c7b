//! What holds for every value and for any bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in helpers too")]

mod common;

use ipvs_rs::{Family, Message, Reply, Request};
use proptest::prelude::*;

use common::{destination, endpoint, family, key, reply, service};

/// Header of netlink, then what a decoder sees.
const HEADER_BYTES: usize = 16;

fn payload(message: &Message) -> Vec<u8> {
    message.to_bytes(28, 0, 1).split_off(HEADER_BYTES)
}

fn read(bytes: &[u8], family: Family) -> Option<Reply> {
    let message = Message::from_payload(bytes).ok()?;
    Reply::from_message(&message, family).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every object survives the wire, counters and unknown attributes included.
    #[test]
    fn round_trip(reply in reply(), family in family()) {
        let bytes = payload(&reply.message().unwrap());
        prop_assert_eq!(read(&bytes, family), Some(reply));
    }

    /// A request to add holds what the kernel needs to build the same object.
    #[test]
    fn a_request_reads_back_as_the_same_settings(
        service in service(),
        destination in destination(),
    ) {
        let request = Request::AddService(service.clone());
        let Some(Reply::Service(found)) = read(&payload(&request.message().unwrap()), Family::V4)
        else { panic!("no service") };
        prop_assert!(found.same_settings(&service));
        prop_assert!(found.unknown.is_empty() && found.stats.connections == 0);

        let request = Request::AddDestination(service.key, destination.clone());
        let Some(Reply::Destination(found)) =
            read(&payload(&request.message().unwrap()), service.key.family())
        else { panic!("no destination") };
        prop_assert!(found.same_settings(&destination));
        prop_assert!(found.unknown.is_empty() && found.connections.active == 0);
    }

    /// Any request's bytes are whole: lengths and padding agree, and nothing is lost.
    #[test]
    fn requests_are_well_formed(key in key(), at in endpoint(), flags: u16, sequence: u32) {
        for request in [
            Request::RemoveService(key),
            Request::GetService(key),
            Request::ListDestinations(key),
            Request::RemoveDestination(key, at),
            Request::ZeroService(key),
        ] {
            let message = request.message().unwrap();
            let bytes = message.to_bytes(28, flags, sequence);
            let length = u32::from_ne_bytes(*bytes.first_chunk().unwrap());
            prop_assert_eq!(usize::try_from(length).unwrap(), bytes.len());
            prop_assert_eq!(bytes.len() % 4, 0);
            prop_assert_eq!(Message::from_payload(&bytes[HEADER_BYTES..]), Ok(message));
        }
    }

    /// Random bytes give a value or an error.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..256), family in family()) {
        let _ = read(&bytes, family);
    }

    /// Random bytes behind a valid command reach the decoders of the attributes.
    #[test]
    fn any_attributes(
        command in 1u8..=17,
        bytes in proptest::collection::vec(any::<u8>(), 0..256),
        family in family(),
    ) {
        let mut payload = vec![command, 1, 0, 0];
        payload.extend(bytes);
        let _ = read(&payload, family);
    }

    /// Valid messages with bytes changed, cut or repeated give a value or an error.
    #[test]
    fn mutated(
        reply in reply(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        keep: bool,
        family in family(),
    ) {
        let mut bytes = payload(&reply.message().unwrap());
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read(&bytes, family);
    }
}
