//! Adverts as bytes: recorded ones, all that can be said, and all that cannot.

use super::*;
use proptest::prelude::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn id(router: u8) -> NonZeroU8 {
    NonZeroU8::new(router).unwrap()
}

fn envelope() -> Envelope {
    Envelope { from: ip("10.0.0.11"), to: ip("224.0.0.18"), hops: 255 }
}

fn advert() -> Advert {
    Advert {
        version: VrrpVersion::V3,
        router: id(51),
        priority: 100,
        interval: AdvertInterval::new(VrrpVersion::V3, 100).unwrap(),
        addresses: [ip("10.0.0.100")].into(),
        password: None,
    }
}

fn bytes() -> Vec<u8> {
    encode(&advert(), envelope().from, envelope().to, Coverage::PseudoHeader)
}

/// The message of RFC 9568 §5.2, byte for byte.
#[test]
fn version_3_is_as_the_standard_draws_it() {
    let bytes = bytes();
    assert_eq!(bytes[..6], [0x31, 51, 100, 1, 0, 100]);
    assert_eq!(bytes[8..], [10, 0, 0, 100]);
    assert_eq!(decode(&bytes, envelope()), Ok(advert()));
}

/// The message of RFC 3768 §5.3, byte for byte; its sum by hand: 2133 + 6401 + 0101 + 0a00 + 0064 +
/// 6162 + 6300 = 155fb with one carry, so that the checksum is !55fc.
#[test]
fn version_2_has_authentication_and_whole_seconds() {
    let advert = Advert {
        version: VrrpVersion::V2,
        interval: AdvertInterval::new(VrrpVersion::V2, 100).unwrap(),
        password: Password::new("abc"),
        ..advert()
    };
    let bytes = encode(&advert, envelope().from, envelope().to, Coverage::Message);
    let sum = 0x2133 + 0x6401 + 0x0101 + 0x0a00 + 0x0064 + 0x6162 + 0x6300_u32;
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    assert_eq!(bytes[..6], [0x21, 51, 100, 1, 1, 1]);
    assert_eq!(bytes[6..8], sum.to_be_bytes());
    assert_eq!(bytes[8..], *b"\x0a\0\0\x64abc\0\0\0\0\0");
    assert_eq!(decode(&bytes, envelope()), Ok(advert));
}

#[test]
fn both_coverages_of_version_3_are_taken_over_ipv4_and_one_over_ipv6() {
    let plain = encode(&advert(), envelope().from, envelope().to, Coverage::Message);
    assert_ne!(plain, bytes());
    assert_eq!(decode(&plain, envelope()), Ok(advert()));
    let six = Envelope { from: ip("fe80::1"), to: ip("ff02::12"), hops: 255 };
    let advert = Advert { addresses: [ip("fe80::100"), ip("2001:db8::100")].into(), ..advert() };
    let sent = encode(&advert, six.from, six.to, Coverage::Message);
    assert_eq!(decode(&sent, six), Ok(advert));
    let other = Envelope { from: ip("fe80::2"), ..six };
    assert_eq!(decode(&sent, other), Err(Fault::Checksum), "the source is covered");
}

#[test]
fn what_was_forwarded_is_not_taken() {
    for hops in 0..255 {
        assert_eq!(decode(&bytes(), Envelope { hops, ..envelope() }), Err(Fault::HopLimit));
    }
}

#[test]
fn what_is_cut_short_or_longer_is_malformed() {
    let whole = bytes();
    for length in 0..whole.len() {
        assert_eq!(decode(&whole[..length], envelope()), Err(Fault::Malformed), "{length}");
    }
    let longer = [&whole[..], &[0, 0]].concat();
    // The pseudo-header has the length, so the sum already tells.
    assert_eq!(decode(&longer, envelope()), Err(Fault::Checksum));
}

/// Patches bytes and mends the checksum, so that only the patch is wrong.
fn patched(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = encode(&advert(), envelope().from, envelope().to, Coverage::Message);
    bytes[at] = byte;
    bytes[6..8].copy_from_slice(&[0, 0]);
    let sum = !sum(&bytes, 0);
    bytes[6..8].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[test]
fn what_no_version_says_has_its_own_reason() {
    let fault = |at, byte| decode(&patched(at, byte), envelope());
    assert_eq!(fault(0, 0x41), Err(Fault::Version));
    assert_eq!(fault(0, 0x32), Err(Fault::Malformed), "another type");
    assert_eq!(fault(1, 0), Err(Fault::Malformed), "the router's number 0");
    assert_eq!(fault(3, 0), Err(Fault::Malformed), "no addresses");
    assert_eq!(fault(3, 2), Err(Fault::Malformed), "fewer addresses than said");
    assert_eq!(fault(5, 0), Err(Fault::Malformed), "an interval of nothing");
    // Version 2: no authentication may be no bytes; type 2 is the IP authentication header.
    assert_eq!(fault(0, 0x21).map(|advert| advert.password), Ok(None));
    let mut two = patched(0, 0x21);
    two[5] = 1;
    two[6..8].copy_from_slice(&[0, 0]);
    two[4] = 2;
    let mended = !sum(&two, 0);
    two[6..8].copy_from_slice(&mended.to_be_bytes());
    assert_eq!(decode(&two, envelope()), Err(Fault::Authentication));
}

#[test]
fn version_2_is_for_ipv4_alone() {
    let six = Envelope { from: ip("fe80::1"), to: ip("ff02::12"), hops: 255 };
    assert_eq!(decode(&patched(0, 0x21), six), Err(Fault::Version));
}

fn any_v4() -> impl Strategy<Value = IpAddr> {
    any::<[u8; 4]>().prop_map(IpAddr::from)
}

fn any_v6() -> impl Strategy<Value = IpAddr> {
    any::<[u8; 16]>().prop_map(IpAddr::from)
}

prop_compose! {
    fn any_advert()(
        (version, v6) in prop_oneof![
            Just((VrrpVersion::V2, false)),
            Just((VrrpVersion::V3, false)),
            Just((VrrpVersion::V3, true)),
        ],
        v4 in proptest::collection::vec(any_v4(), 1..256),
        six in proptest::collection::vec(any_v6(), 1..256),
        ends in ((any_v4(), any_v4()), (any_v6(), any_v6())),
        router in 1..=u8::MAX,
        priority in any::<u8>(),
        number in 1..=255_u16,
        password in proptest::option::of(any::<[u8; 8]>()),
        message in any::<bool>(),
    ) -> (Advert, Envelope, Coverage) {
        let two = version == VrrpVersion::V2;
        let centiseconds = if two { number * 100 } else { number * 16 };
        let advert = Advert {
            version,
            router: id(router),
            priority,
            interval: AdvertInterval::new(version, centiseconds).unwrap(),
            addresses: if v6 { six } else { v4 },
            password: password.filter(|_| two).map(Password),
        };
        let (from, to) = if v6 { ends.1 } else { ends.0 };
        let coverage = if message { Coverage::Message } else { Coverage::PseudoHeader };
        (advert, Envelope { from, to, hops: 255 }, coverage)
    }
}

proptest! {
    #[test]
    fn what_is_said_is_heard((advert, around, coverage) in any_advert()) {
        let bytes = encode(&advert, around.from, around.to, coverage);
        prop_assert_eq!(decode(&bytes, around), Ok(advert));
    }

    #[test]
    fn a_turned_bit_is_noticed((advert, around, coverage) in any_advert(), at in any::<usize>()) {
        let mut bytes = encode(&advert, around.from, around.to, coverage);
        // With two coverages to choose from, one may fit by accident.
        prop_assume!(around.from.is_ipv6() || advert.version == VrrpVersion::V2);
        let at = at % (bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        prop_assert!(decode(&bytes, around).is_err());
    }

    #[test]
    fn no_bytes_break_anything(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        from in prop_oneof![any_v4(), any_v6()],
        hops in any::<u8>(),
    ) {
        let around = Envelope { from, to: crate::config::everybody(from), hops };
        if let Ok(advert) = decode(&bytes, around) {
            prop_assert!(advert.addresses.iter().all(|it| it.is_ipv4() == from.is_ipv4()));
        }
    }
}
