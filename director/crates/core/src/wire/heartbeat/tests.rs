use super::*;
use crate::beat::{Claim, RELEASES};
use crate::config::Weight;
use crate::name::{GroupName, ServiceName};
use crate::standing::{Duty, Entry, Seat, Standing};
use proptest::prelude::*;

const CLAIMS: &[Claim] = &[
    Claim::Waiting,
    Claim::Holding,
    Claim::Standby,
    Claim::Wants,
    Claim::Resting,
    Claim::Unserved,
    Claim::RestingUnserved,
    Claim::Unfit,
    Claim::Active,
    Claim::Releasing,
    Claim::Leaving,
];

fn cluster(name: &str) -> ClusterName {
    ClusterName::new(name).unwrap()
}

fn entry() -> impl Strategy<Value = Entry> {
    let duty = prop_oneof![
        Just(Duty::Serve),
        Just(Duty::Maintenance),
        prop::option::of(0..u64::MAX).prop_map(|millis| Duty::Drain {
            deadline: millis.map(core::time::Duration::from_millis)
        }),
    ];
    let server = (any::<core::net::IpAddr>(), any::<u16>());
    ("[a-z0-9.-]{1,63}", server, any::<u64>(), duty, prop::option::of(any::<u16>())).prop_map(
        |(service, (address, port), version, duty, weight)| Entry {
            seat: Seat {
                service: ServiceName::new(&service).unwrap(),
                server: core::net::SocketAddr::new(address, port),
            },
            standing: Standing { version, duty, weight: weight.map(Weight) },
        },
    )
}

fn beats() -> impl Strategy<Value = Beat> {
    let name = "[a-z0-9.-]{1,63}";
    let claim = prop::sample::select(CLAIMS);
    let body = (
        name,
        1..u64::MAX,
        any::<u64>(),
        prop::collection::btree_map(name, any::<u64>(), 0..4),
        prop::collection::btree_map(name, (claim, 0..RELEASES), 0..4),
        prop::collection::vec(entry(), 0..4),
    )
        .prop_map(|(node, incarnation, config, heard, claims, orders)| Body {
            version: VERSION,
            node: NodeName::new(&node).unwrap(),
            incarnation: Incarnation(incarnation),
            config: Digest(config),
            heard: heard
                .into_iter()
                .map(|(name, number)| (NodeName::new(&name).unwrap(), Incarnation(number)))
                .collect(),
            claims: claims
                .iter()
                .map(|(name, (claim, _))| (GroupName::new(name).unwrap(), *claim))
                .collect(),
            released: claims
                .into_iter()
                .filter(|(_, (_, count))| *count > 0)
                .map(|(name, (_, count))| (GroupName::new(&name).unwrap(), count))
                .collect(),
            orders,
        });
    let kind = (0_u8..4, any::<u64>()).prop_map(|(byte, question)| match kind_from_byte(byte) {
        Ok(Kind::Answer { .. }) => Kind::Answer { question },
        kind => kind.unwrap(),
    });
    (kind, any::<u64>(), body).prop_map(|(kind, sequence, body)| Beat {
        kind,
        sequence,
        body: Arc::new(body),
    })
}

proptest! {
    #[test]
    fn what_was_sealed_can_be_opened(beat in beats()) {
        let key = Key::new(b"secret");
        let bytes = seal(&beat, &cluster("lvs"), &key);
        prop_assert_eq!(open(&bytes, &cluster("lvs"), &key), Ok(beat));
    }

    #[test]
    fn any_changed_bit_is_noticed(
        beat in beats(), at in any::<prop::sample::Index>(), bit in 0_u32..8,
    ) {
        let key = Key::new(b"secret");
        let mut bytes = seal(&beat, &cluster("lvs"), &key);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(open(&bytes, &cluster("lvs"), &key).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let key = Key::new(b"secret");
        let _ = open(&bytes, &cluster("lvs"), &key);
        let _ = may_own(&bytes);
        // The same behind a valid authentication: the sender may be broken, too.
        let mut signed = seal_raw(&bytes, &key);
        let _ = open(&signed, &cluster("lvs"), &key);
        let _ = may_own(&signed);
        signed.truncate(signed.len() / 2);
        let _ = open(&signed, &cluster("lvs"), &key);
    }
}

/// A packet with a right header and authentication around any content.
fn seal_raw(content: &[u8], key: &Key) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let version = VERSION + content.first().copied().unwrap_or_default() % 2;
    bytes.extend_from_slice(&[version, 0, 0, 0]);
    bytes.extend_from_slice(&tag(&cluster("lvs")).to_be_bytes());
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(&key.sign(&bytes));
    bytes
}

fn sample() -> Beat {
    let body = Body {
        version: VERSION,
        node: NodeName::new("d1").unwrap(),
        incarnation: Incarnation(0x0102_0304_0506_0708),
        config: Digest(9),
        heard: BTreeMap::from([(NodeName::new("d2").unwrap(), Incarnation(7))]),
        claims: BTreeMap::from([(GroupName::new("web").unwrap(), Claim::Active)]),
        released: BTreeMap::from([(GroupName::new("web").unwrap(), 2)]),
        orders: vec![Entry {
            seat: Seat {
                service: ServiceName::new("http").unwrap(),
                server: "10.0.0.21:80".parse().unwrap(),
            },
            standing: Standing {
                version: 3,
                duty: Duty::Drain { deadline: Some(core::time::Duration::from_millis(258)) },
                weight: Some(Weight(7)),
            },
        }],
    };
    Beat { kind: Kind::Answer { question: 6 }, sequence: 5, body: Arc::new(body) }
}

#[test]
fn the_bytes_are_those_of_the_table() {
    let key = Key::new(b"secret");
    let bytes = seal(&sample(), &cluster("lvs"), &key);
    let mut expected = b"LDHB\x02\x02".to_vec();
    expected.extend_from_slice(&key.identifier().to_be_bytes());
    expected.extend_from_slice(&tag(&cluster("lvs")).to_be_bytes());
    expected.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 5]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 9]);
    expected.extend_from_slice(b"\x02d1\x00\x01\x02d2\x00\x00\x00\x00\x00\x00\x00\x07");
    expected.extend_from_slice(b"\x00\x01\x03web\x24");
    expected.extend_from_slice(b"\x00\x01\x04http\x04\x0a\x00\x00\x15\x00\x50");
    expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 7]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 6]);
    assert_eq!(bytes.len(), expected.len() + MAC_LENGTH);
    assert_eq!(bytes[..expected.len()], expected[..]);
}

#[test]
fn another_key_cluster_or_version_is_told_apart() {
    let key = Key::new(b"secret");
    let mut bytes = seal(&sample(), &cluster("lvs"), &key);
    let other = Key::new(b"Secret");
    assert_eq!(open(&bytes, &cluster("lvs"), &other), Err(Rejection::Authentication));
    assert_eq!(open(&bytes, &cluster("web"), &key), Err(Rejection::OtherCluster));
    bytes[4] = 3;
    assert_eq!(open(&bytes, &cluster("lvs"), &key), Err(Rejection::Version));
    assert_eq!(open(b"hello", &cluster("lvs"), &key), Err(Rejection::Malformed));
}

/// An older sender does not count releases; everything else is as it was.
#[test]
fn the_version_before_is_spoken_and_understood() {
    let key = Key::new(b"secret");
    let mut beat = sample();
    let body = Arc::make_mut(&mut beat.body);
    body.version = OLDEST;
    let bytes = seal(&beat, &cluster("lvs"), &key);
    assert_eq!(bytes[4], 1);
    assert!(bytes.windows(4).any(|bytes| bytes == b"web\x04"), "no releases are counted");
    Arc::make_mut(&mut beat.body).released.clear();
    assert_eq!(open(&bytes, &cluster("lvs"), &key), Ok(beat));
}

/// A release that does not know the difference reads the last word for a group; a claim above 8
/// would be damage to it.
#[test]
fn who_reaches_no_server_is_unfit_to_releases_that_know_no_difference() {
    for (claim, first) in [(Claim::Unserved, b'\x22'), (Claim::RestingUnserved, b'\x27')] {
        let key = Key::new(b"secret");
        let mut beat = sample();
        let body = Arc::make_mut(&mut beat.body);
        body.claims.insert(GroupName::new("web").unwrap(), claim);
        let bytes = seal(&beat, &cluster("lvs"), &key);
        let said = [b"\x00\x02\x03web".as_slice(), &[first], b"\x03web\x28"].concat();
        assert!(bytes.windows(said.len()).any(|bytes| bytes == said), "{claim:?}");
        assert_eq!(open(&bytes, &cluster("lvs"), &key), Ok(beat));
    }
}

/// A newer sender may say what it likes after what every version keeps.
#[test]
fn of_a_version_to_come_it_is_known_who_lives_and_whom_it_hears() {
    let key = Key::new(b"secret");
    let mut bytes = seal(&sample(), &cluster("lvs"), &key);
    let claims = bytes.windows(4).position(|bytes| bytes == b"\x03web").unwrap() - 2;
    bytes.truncate(claims);
    bytes.extend_from_slice(b"what nobody knows yet");
    bytes[4] = 9;
    bytes[5] = 77;
    let mac = key.sign(&bytes);
    bytes.extend_from_slice(&mac);
    let beat = open(&bytes, &cluster("lvs"), &key).unwrap();
    let expected = sample().body;
    assert_eq!((beat.kind, beat.sequence, beat.body.version), (Kind::Regular, 5, 9));
    assert_eq!((&beat.body.node, &beat.body.heard), (&expected.node, &expected.heard));
    assert_eq!(beat.body.incarnation, expected.incarnation);
    assert!(beat.body.claims.is_empty());
    bytes[50] ^= 1;
    assert_eq!(open(&bytes, &cluster("lvs"), &key), Err(Rejection::Version));
}

#[test]
fn what_an_unproven_packet_claims_can_be_seen() {
    let mut bytes = seal(&sample(), &cluster("lvs"), &Key::new(b"secret"));
    assert!(may_own(&bytes), "it says that it is active");
    let claim = bytes.windows(4).position(|bytes| bytes == b"web\x24").unwrap() + 3;
    bytes[claim] = 2;
    assert!(!may_own(&bytes));
    bytes[4] = 9;
    assert!(may_own(&bytes), "of an unknown version");
    assert!(!may_own(b"hello"));
}

#[test]
fn a_long_key_is_hashed_first() {
    // RFC 4231 §4.7, test case 6: a key of 131 bytes 0xaa.
    let key = Key::new(&[0xaa; 131]);
    let mac = key.sign(b"Test Using Larger Than Block-Size Key - Hash Key First");
    assert_eq!(mac[..4], [0x60, 0xe4, 0x31, 0x59]);
}

/// Step by step as an operator does it, with a node that is always one step behind.
#[test]
fn a_key_is_replaced_without_a_packet_that_is_not_believed() {
    let steps = [
        Key::new(b"old"),
        Key::new(b"old").believing(b"new"),
        Key::new(b"new").believing(b"old"),
        Key::new(b"new"),
    ];
    for pair in steps.windows(2) {
        for (from, to) in [(0, 1), (1, 0), (1, 1)] {
            let bytes = seal(&sample(), &cluster("lvs"), &pair[from]);
            assert_eq!(open(&bytes, &cluster("lvs"), &pair[to]), Ok(sample()));
        }
    }
    let bytes = seal(&sample(), &cluster("lvs"), &steps[0]);
    assert_eq!(open(&bytes, &cluster("lvs"), &steps[3]), Err(Rejection::Authentication));
}

#[test]
fn a_packet_that_does_not_name_its_key_is_tried_with_each() {
    let key = Key::new(b"new").believing(b"old");
    let old = Key::new(b"old");
    let mut bytes = seal(&sample(), &cluster("lvs"), &old);
    let signed = bytes.len() - MAC_LENGTH;
    bytes.truncate(signed);
    bytes[6..8].fill(0);
    let mac = old.sign(&bytes);
    bytes.extend_from_slice(&mac);
    assert_eq!(open(&bytes, &cluster("lvs"), &key), Ok(sample()));
}

#[test]
fn no_more_keys_are_tried_than_there_may_be() {
    let secrets: Vec<[u8; 1]> = (0..20).map(|number| [number]).collect();
    let first = Key::new(b"first");
    let key = secrets.iter().fold(first, |key, secret| key.believing(secret));
    let believed = |secret: &&[u8; 1]| {
        let bytes = seal(&sample(), &cluster("lvs"), &Key::new(*secret));
        open(&bytes, &cluster("lvs"), &key).is_ok()
    };
    assert_eq!(secrets.iter().filter(believed).count() + 1, MOST_KEYS);
}
