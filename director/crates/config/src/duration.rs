//! Durations as people write them: `100ms`, `1s`, `1.5s`, `2m`, `1h`.

use crate::code::Code;
use crate::found::Found;
use crate::suggest::quote;
use crate::tree::{Kind, Value};
use std::time::Duration;

/// Units by length, the shortest first: name and nanoseconds.
const UNITS: &[(&str, u64)] =
    &[("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

/// No duration of a configuration is longer: a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

const FORM: &str = r#"write a number with its unit: "100ms", "1s", "1.5s", "2m" or "1h""#;

/// The duration that the text stands for, exactly, if it stands for one.
///
/// A number, with a fraction if need be, and one of the units `ms`, `s`, `m`, `h`, without a space.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole = whole.parse::<u128>().ok()?.checked_mul(u128::from(*unit))?;
    let digits = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let parts = digits.checked_mul(u128::from(*unit))?;
    if !parts.is_multiple_of(scale) {
        return None;
    }
    Some(Duration::from_nanos(u64::try_from(whole.checked_add(parts / scale)?).ok()?))
}

/// The shortest text that [`parse_duration`] reads as this duration: `2m`, `1500ms`, `0s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    const MILLISECOND: u128 = 1_000_000;
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let whole = |(_, unit): &&(&str, u64)| nanos.is_multiple_of(u128::from(*unit));
    if let Some((name, unit)) = UNITS.iter().rev().find(whole) {
        return format!("{}{name}", nanos / u128::from(*unit));
    }
    let fraction = format!("{:06}", nanos % MILLISECOND);
    format!("{}.{}ms", nanos / MILLISECOND, fraction.trim_end_matches('0'))
}

/// A duration of at least `least`.
pub(crate) fn at_least(
    least: Duration,
) -> impl FnOnce(&str, &Value<'_>, &mut Found<'_>) -> Option<Duration> {
    move |key, value, found| {
        let duration = read(key, value, found)?;
        if duration >= least && duration <= LONGEST {
            return Some(duration);
        }
        let message = format!("{} cannot be {}", quote(key), format_duration(duration));
        let (least, most) = (format_duration(least), format_duration(LONGEST));
        let help = format!("write a duration from \"{least}\" to \"{most}\"");
        found.add(Code::OutOfRange, &value.span, message, help);
        None
    }
}

fn read(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Duration> {
    let (message, help) = match value.kind {
        Kind::Text(text) => match parse_duration(text) {
            Some(duration) => return Some(duration),
            None if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                (format!("{} has a number without a unit", quote(key)), FORM.to_owned())
            }
            None => (format!("{} is not a duration", quote(text)), FORM.to_owned()),
        },
        Kind::Integer(number) => (
            format!("{} has a number without a unit", quote(key)),
            format!("write \"{number}s\" for seconds or \"{number}ms\" for milliseconds"),
        ),
        Kind::Float => (format!("{} has a number without a unit", quote(key)), FORM.to_owned()),
        _ => (
            format!("{} must be a duration, not {}", quote(key), value.kind.article()),
            FORM.to_owned(),
        ),
    };
    found.add(Code::BadDuration, &value.span, message, help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        let millis = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(millis("100ms"), Some(100));
        assert_eq!(millis("1s"), Some(1_000));
        assert_eq!(millis("1.5s"), Some(1_500));
        assert_eq!(millis("2m"), Some(120_000));
        assert_eq!(millis("1h"), Some(3_600_000));
        assert_eq!(millis("0s"), Some(0));
        for wrong in ["", "1", "s", ".5s", "1.s", "1 s", "-1s", "1d", "1.2.3s", "１s", "1e3s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong:?}");
        }
        assert_eq!(parse_duration("0.0000000001s"), None, "finer than a nanosecond");
        assert_eq!(parse_duration(&format!("{}h", "9".repeat(60))), None);
        assert_eq!(parse_duration(&format!("1.{}s", "0".repeat(60))), None);
    }

    #[test]
    fn durations_are_written_short() {
        let text = |millis| format_duration(Duration::from_millis(millis));
        assert_eq!(text(0), "0s");
        assert_eq!(text(100), "100ms");
        assert_eq!(text(1_500), "1500ms");
        assert_eq!(text(90_000), "90s");
        assert_eq!(text(120_000), "2m");
        assert_eq!(format_duration(Duration::from_micros(2_500)), "2.5ms");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(nanos in any::<u64>()) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Some(duration));
        }
    }
}
