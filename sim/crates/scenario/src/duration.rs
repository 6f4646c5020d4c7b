//! Lengths of time as text: `2.5s`, `100ms`, `200us`.

use std::time::Duration;

/// Units with their length in nanoseconds, longest spelling first where one ends another.
const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads `10s`, `2.5s`, `100ms`, `200us`, `50ns`, `1m`, `1h`: a decimal number and its unit.
///
/// # Errors
/// One sentence on what is wrong.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit"));
    }
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("`{unit}` is not a unit of time"));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(format!("`{number}` is not a decimal number"));
    }
    let too_long = || format!("`{text}` is too long");
    let mut total = u128::from(whole.parse::<u64>().map_err(|_| too_long())?) * u128::from(*nanos);
    let mut place = u128::from(*nanos);
    for digit in fraction.bytes() {
        let share = place * u128::from(digit - b'0');
        if share % 10 != 0 {
            return Err(format!("`{text}` is finer than a nanosecond"));
        }
        total += share / 10;
        place /= 10;
    }
    u64::try_from(total).map(Duration::from_nanos).map_err(|_| too_long())
}

/// The shortest exact text, in the largest unit of `s`, `ms`, `us`, `ns` that is not above it.
pub fn show_duration(value: Duration) -> String {
    let nanos = value.as_nanos();
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        1_000.. => (1_000, "us"),
        _ => (1, "ns"),
    };
    let (whole, rest) = (nanos / unit, nanos % unit);
    if rest == 0 {
        return format!("{whole}{name}");
    }
    let width = unit.ilog10();
    let fraction = format!("{rest:0width$}", width = usize::try_from(width).unwrap_or(0));
    format!("{whole}.{}{name}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_unit_exactly() {
        let nanos = |text| parse_duration(text).map(|value| value.as_nanos());
        assert_eq!(nanos("2.5s"), Ok(2_500_000_000));
        assert_eq!(nanos("0.1us"), Ok(100));
        assert_eq!(nanos("1m"), Ok(60_000_000_000));
        assert_eq!(nanos("1.000000001s"), Ok(1_000_000_001));
    }

    #[test]
    fn refuses_what_is_not_a_duration() {
        for bad in ["", "5", "s", ".5s", "5.s", "1.2.3s", "5sec", "-1s", "0.1ns", "99999999999h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn shown_durations_read_back(nanos in 0_u64..=u64::MAX) {
            let value = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&show_duration(value)), Ok(value));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse_duration(&text);
        }
    }
}
