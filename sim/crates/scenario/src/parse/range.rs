//! Several nodes in one table: `[nodes."s1..s4"]` with `lan = "10.0.0.{21..24}/24"`.

use super::source::Mistake;

/// More nodes than this in one table is a slip.
const MOST: u32 = 256;

/// The names of a table: one, or those of a range like `s1..s4`.
pub(super) fn names(key: &str) -> Result<Vec<String>, Mistake> {
    let Some((first, last)) = key.split_once("..") else {
        return valid(key).map(|()| vec![key.to_owned()]);
    };
    let help = "write a range of names as \"s1..s4\"";
    let ((stem, low), (other, high)) = (stem(first), stem(last));
    let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else {
        return Err(Mistake::new(0, format!("`{key}` does not end in numbers"), help));
    };
    if stem != other || low > high || high - low >= MOST {
        return Err(Mistake::new(0, format!("`{key}` is not a range of names"), help));
    }
    valid(stem)?;
    Ok((low..=high).map(|number| format!("{stem}{number}")).collect())
}

fn stem(name: &str) -> (&str, &str) {
    name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len())
}

/// Names stand in statements, so blanks and the signs of the grammar cannot be part of them.
fn valid(name: &str) -> Result<(), Mistake> {
    let start = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let taken = ["none", "not", "all", "and", "or", "both", "start"].contains(&name);
    if start && rest && !name.ends_with('-') && !taken {
        return Ok(());
    }
    let help =
        "begin with a letter, go on with letters, digits, - and _; the grammar's words are taken";
    Err(Mistake::new(0, format!("`{name}` cannot be a name"), help))
}

/// The values of `count` nodes: the same for each, or one of `{a..b}` for each.
pub(super) fn values(text: &str, count: usize) -> Result<Vec<String>, Mistake> {
    let Some(open) = text.find('{') else {
        return Ok(vec![text.to_owned(); count]);
    };
    let help = "write as many numbers as there are nodes: 10.0.0.{21..24}/24";
    let wrong = |wrong: String| Err(Mistake::new(open, wrong, help));
    let Some(close) = text[open..].find('}').map(|length| open + length) else {
        return wrong("the range has no closing brace".to_owned());
    };
    let inner = &text[open + 1..close];
    let numbers = inner
        .split_once("..")
        .and_then(|(low, high)| Some((low.parse::<u32>().ok()?, high.parse::<u32>().ok()?)));
    let Some((low, high)) = numbers else {
        return wrong(format!("`{{{inner}}}` is not a range of numbers"));
    };
    let wanted = u32::try_from(count).unwrap_or(u32::MAX);
    if high.checked_sub(low).and_then(|width| width.checked_add(1)) != Some(wanted) {
        return wrong(format!("`{{{inner}}}` does not have one number for each of {count} nodes"));
    }
    let (head, tail) = (&text[..open], &text[close + 1..]);
    Ok((low..=high).map(|number| format!("{head}{number}{tail}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_names_and_addresses_go_together() {
        assert_eq!(names("s1..s3").unwrap(), ["s1", "s2", "s3"]);
        assert_eq!(names("gw").unwrap(), ["gw"]);
        assert_eq!(values("10.0.0.{21..22}/24", 2).unwrap(), ["10.0.0.21/24", "10.0.0.22/24"]);
        assert_eq!(values("http 80 ok", 2).unwrap(), ["http 80 ok", "http 80 ok"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in ["s4..s1", "s1..t4", "s..t", "s1..s9999", "1a", "a b", "none", "", "a-"] {
            assert!(names(bad).is_err(), "{bad}");
        }
        for bad in ["10.0.0.{21..24}/24", "10.0.0.{21/24", "10.0.0.{a..b}/24", "10.0.0.{5}/24"] {
            assert!(values(bad, 2).is_err(), "{bad}");
        }
    }
}
