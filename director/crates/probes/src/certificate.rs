//! When a certificate ends (RFC 5280 §4.1.2.5), and whom it names (§4.1.2.6).

use crate::ber::{Element, INTEGER, SEQUENCE, element, tagged};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which is there unless it is the first.
const VERSION: u8 = 0xa0;

/// The object identifier 2.5.4.3, the common name.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// The validity of a certificate, with what comes behind it.
fn validity(certificate: &[u8]) -> Option<Element<'_>> {
    let certificate = tagged(certificate, SEQUENCE)?;
    let fields = tagged(certificate.content, SEQUENCE)?.content;
    let fields = match element(fields)? {
        version if version.tag == VERSION => version.rest,
        _ => fields,
    };
    let serial = tagged(fields, INTEGER)?;
    let signature = tagged(serial.rest, SEQUENCE)?;
    let issuer = tagged(signature.rest, SEQUENCE)?;
    tagged(issuer.rest, SEQUENCE)
}

/// The first common name of the subject, when it is one that a line of a log can hold.
#[must_use]
pub fn common_name(certificate: &[u8]) -> Option<String> {
    let mut parts = tagged(validity(certificate)?.rest, SEQUENCE)?.content;
    while !parts.is_empty() {
        let part = tagged(parts, SET)?;
        let pair = tagged(part.content, SEQUENCE)?.content;
        let kind = tagged(pair, OBJECT_IDENTIFIER)?;
        if kind.content == COMMON_NAME {
            let name = std::str::from_utf8(element(kind.rest)?.content).ok()?;
            let plain = !name.is_empty() && !name.chars().any(char::is_control);
            return plain.then(|| name.to_owned());
        }
        parts = part.rest;
    }
    None
}

/// Seconds between 1970 and the end of the certificate.
pub(crate) fn not_after(certificate: &[u8]) -> Option<i64> {
    let end = element(element(validity(certificate)?.content)?.rest)?;
    let text = std::str::from_utf8(end.content).ok()?;
    match end.tag {
        UTC_TIME => {
            let (year, rest) = digits(text, 2)?;
            seconds(if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits(text, 4)?;
            seconds(year, rest)
        }
        _ => None,
    }
}

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| plain)?, rest))
}

/// From the year and `MMDDhhmmssZ`.
fn seconds(year: i64, rest: &str) -> Option<i64> {
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, zone) = digits(rest, 2)?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && zone == "Z";
    valid.then(|| ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days between 1970 and a day of the Gregorian calendar. The year is counted from March on, so
/// that the leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    const OF_1970: i64 = 719_468;
    year * 365 + leaps + of_year - OF_1970
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends(year: i32, month: u8, day: u8) -> Option<i64> {
        let mut parameters = rcgen::CertificateParams::new(vec!["a.example".into()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(1960, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(year, month, day);
        let key = rcgen::KeyPair::generate().unwrap();
        not_after(parameters.self_signed(&key).unwrap().der())
    }

    #[test]
    fn the_end_is_that_of_the_calendar() {
        const DAY: i64 = 86_400;
        assert_eq!(ends(1970, 1, 1), Some(0));
        assert_eq!(ends(1970, 3, 1), Some(59 * DAY));
        assert_eq!(ends(2000, 2, 29), Some(951_782_400));
        assert_eq!(ends(2026, 11, 22), Some(1_795_305_600));
        assert_eq!(ends(2049, 12, 31), Some(2_524_521_600));
        assert_eq!(ends(2100, 3, 1), Some(4_107_542_400));
    }

    #[test]
    fn the_subject_is_named() {
        let named = |name: &str| {
            let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
            parameters.distinguished_name.push(rcgen::DnType::OrganizationName, "Operations");
            parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
            let key = rcgen::KeyPair::generate().unwrap();
            common_name(parameters.self_signed(&key).unwrap().der())
        };
        assert_eq!(named("alice").as_deref(), Some("alice"));
        assert_eq!(named("Zoë"), Some("Zoë".to_owned()));
        assert_eq!(named("two\nlines"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            not_after(&bytes);
            let _name = common_name(&bytes);
        }

        #[test]
        fn any_slip_in_a_certificate_is_answered(at in 0..200_usize, byte in any::<u8>()) {
            let named = rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap();
            let mut bytes = named.cert.der().to_vec();
            bytes[at] = byte;
            not_after(&bytes);
            not_after(&bytes[..at]);
            let _name = common_name(&bytes);
            let _name = common_name(&bytes[..at]);
        }
    }
}
