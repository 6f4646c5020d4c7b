//! The outages of the same scenarios on two engines, each the mean over its seeds.

use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Means that are not farther apart than this agree,
const NEAR: Duration = Duration::from_millis(50);
/// nor do those differ that are apart by less than this part of the longer one.
const PART: u32 = 10;

/// By scenario and client, the longest outage of each run.
pub(super) type Outages = BTreeMap<(String, String), Vec<Duration>>;

/// The longest outage of every client of a run.
pub(super) fn of(run: &Value) -> Vec<(String, Duration)> {
    let clients = run["clients"].as_array().into_iter().flatten();
    let outage = |client: &Value| {
        let nanos = client["outage_ns"].as_u64()?;
        Some((client["client"].as_str()?.to_owned(), Duration::from_nanos(nanos)))
    };
    clients.filter_map(outage).collect()
}

/// How many clients there are on both sides, and whose means are apart.
pub(super) fn apart(one: &Outages, other: &Outages) -> (usize, Vec<String>) {
    let (mut compared, mut apart) = (0, Vec::new());
    for ((file, client), here) in one {
        let Some(there) = other.get(&(file.clone(), client.clone())) else { continue };
        let (Some(here), Some(there)) = (mean(here), mean(there)) else { continue };
        compared += 1;
        let differ = here.abs_diff(there);
        if differ > NEAR && differ > here.max(there) / PART {
            let shown = |mean: Duration| format!("{} ms", mean.as_millis());
            apart.push(format!("{file}: {client}: {} | {}", shown(here), shown(there)));
        }
    }
    (compared, apart)
}

fn mean(all: &[Duration]) -> Option<Duration> {
    let count = u32::try_from(all.len()).ok().filter(|count| *count > 0)?;
    Some(all.iter().sum::<Duration>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outages(millis: &[u64]) -> Outages {
        let all = millis.iter().copied().map(Duration::from_millis).collect();
        [(("a.toml".to_owned(), "web".to_owned()), all)].into()
    }

    #[test]
    fn means_are_apart_by_more_than_fifty_milliseconds_and_a_tenth() {
        let of = |here: &[u64], there: &[u64]| apart(&outages(here), &outages(there));
        assert_eq!(of(&[100, 200], &[199, 200]), (1, vec![]));
        assert_eq!(of(&[100], &[151]), (1, vec!["a.toml: web: 100 ms | 151 ms".to_owned()]));
        assert_eq!(of(&[1000], &[1099]), (1, vec![]));
        assert_eq!(apart(&outages(&[1]), &Outages::new()), (0, vec![]));
    }

    #[test]
    fn a_run_that_was_not_has_no_outages() {
        assert!(of(&serde_json::json!({"result": "skipped"})).is_empty());
        let run = serde_json::json!({"clients": [{"client": "web", "outage_ns": 7}]});
        assert_eq!(of(&run), [("web".to_owned(), Duration::from_nanos(7))]);
    }
}
