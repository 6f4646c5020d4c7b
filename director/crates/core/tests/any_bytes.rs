//! The function of the fuzz target (`fuzz/`), over bytes that a property test makes.

#[path = "common/any_bytes.rs"]
mod target;

use director_core::name::ClusterName;
use director_core::wire::heartbeat::{self, Key, VERSION};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        target::understand(&bytes);
    }

    /// Content that is nearly a packet's: its fields in order, a few bytes changed, some behind.
    #[test]
    fn nearly_content(
        numbers in any::<[u64; 3]>(),
        names in proptest::collection::vec("[a-z0-9]{0,9}", 1..6),
        counts in proptest::collection::vec(0_u16..4, 3),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        more in proptest::collection::vec(any::<u8>(), 0..24),
    ) {
        let mut bytes = vec![0];
        bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        let mut names = names.iter().cycle();
        let mut name = |bytes: &mut Vec<u8>| {
            let name = names.next().map_or("", String::as_str);
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(name.as_bytes());
        };
        name(&mut bytes);
        for (place, count) in counts.iter().enumerate() {
            bytes.extend_from_slice(&count.to_be_bytes());
            for _ in 0..*count {
                name(&mut bytes);
                bytes.extend_from_slice(if place == 0 { &[7; 8] } else { &[4] });
            }
        }
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        bytes.extend(more);
        target::understand(&bytes);
    }

    /// Adverts of which a few bytes are changed.
    #[test]
    fn nearly_adverts(
        head in any::<[u8; 8]>(),
        addresses in proptest::collection::vec(any::<[u8; 4]>(), 0..4),
        rest in proptest::collection::vec(any::<u8>(), 0..16),
    ) {
        let count = u8::try_from(addresses.len()).unwrap_or(0);
        let mut bytes = vec![if head[0] % 2 == 0 { 0x21 } else { 0x31 }, head[1], head[2], count];
        bytes.extend_from_slice(&head[4..]);
        bytes.extend(addresses.iter().flatten());
        bytes.extend(rest);
        target::understand(&bytes);
    }
}

/// The tag that the target writes is the cluster's: otherwise nothing would be read behind it.
#[test]
fn signed_content_is_read() {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 9]);
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(b"\x02d1\x00\x00\x00\x00\x00\x00");
    let cluster = ClusterName::new("lvs").unwrap_or_else(|error| panic!("{error}"));
    let is_read = |content: &[u8]| {
        let packet = target::signed(VERSION, content);
        heartbeat::open(&packet, &cluster, &Key::new(target::SECRET)).is_ok()
    };
    assert!(is_read(&bytes));
    bytes.push(0);
    assert!(!is_read(&bytes), "something stands behind the end");
}
