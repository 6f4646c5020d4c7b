//! Numbers in few letters.

/// A duration in at most five letters: `40ms`, `12s`, `3m5s`, `4h30m`, `12d`.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{seconds}s"),
        60..600 => format!("{minutes}m{}s", seconds % 60),
        600..3600 => format!("{minutes}m"),
        3600..36_000 => format!("{hours}h{}m", minutes % 60),
        36_000..86_400 => format!("{hours}h"),
        86_400..864_000 => format!("{days}d{}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// How long a check took, in at most six letters: `850µs` is `0.8ms`.
pub(crate) fn took(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{}ms", us / 1000, us % 1000 / 100),
        10_000..1_000_000 => format!("{}ms", us / 1000),
        _ => format!("{}.{}s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// A count in at most five letters: `4711`, `12k`, `3.4M`.
pub(crate) fn count(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1000),
        1_000_000..10_000_000 => {
            format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000)
        }
        10_000_000..1_000_000_000 => format!("{}M", number / 1_000_000),
        _ => format!("{}G", number / 1_000_000_000),
    }
}

/// So many in a thousand seconds, as so many in one: `0.3`, `12`, `4711`.
pub(crate) fn rate(in_thousand: u64) -> String {
    match in_thousand {
        0 => "0".to_owned(),
        1..10_000 => format!("{}.{}", in_thousand / 1000, in_thousand % 1000 / 100),
        _ => count(in_thousand / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fits_its_column() {
        for power in 0..63 {
            for number in [(1_u64 << power) - 1, 1 << power] {
                assert!(span(number.min(1 << 40)).len() <= 6, "{}", span(number));
                assert!(count(number.min(900_000_000_000)).len() <= 5, "{}", count(number));
                assert!(took(number.min(99_000_000)).len() <= 6, "{}", took(number));
                assert!(rate(number.min(900_000_000_000_000)).len() <= 5, "{}", rate(number));
            }
        }
    }

    #[test]
    fn the_two_largest_units_that_say_something() {
        let of = [40, 12_000, 185_000, 3_599_000, 16_200_000, 1_000_000_000].map(span);
        assert_eq!(of, ["40ms", "12s", "3m5s", "59m", "4h30m", "11d"]);
        assert_eq!([850, 12_345, 1_234_567].map(took), ["0.8ms", "12ms", "1.2s"]);
        assert_eq!([300, 12_000, 4_711_000].map(rate), ["0.3", "12", "4711"]);
        assert_eq!([4711, 12_345, 3_456_789].map(count), ["4711", "12k", "3.4M"]);
    }
}
