//! Every scrape is OpenMetrics 1.0, read as strictly as its text says (§ "Text format"), and has as
//! many series as the configuration has names.

use crate::http::{beside, get, served};
use crate::support::config;
use director_core::config::{Config, Server, ServiceKey, Weight};
use director_core::name::ServiceName;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

type Labels = BTreeMap<String, String>;

/// Samples of a family that is being read.
#[derive(Default)]
struct Family {
    name: String,
    kind: String,
    unit: String,
    seen: BTreeSet<(String, Labels)>,
}

/// What a text has: samples by name.
#[derive(Default)]
struct Scrape {
    families: BTreeSet<String>,
    series: BTreeMap<String, Vec<(Labels, f64)>>,
}

fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total", "_created"],
        "gauge" | "unknown" => &[""],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_count", "_sum", "_created"],
        other => panic!("no type of ours: {other}"),
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = |it: u8| it.is_ascii_alphabetic() || it == b'_' || it == b':';
    bytes.next().is_some_and(first) && bytes.all(|it| first(it) || it.is_ascii_digit())
}

/// The labels between braces; what is left behind them.
fn labels(text: &str) -> (Labels, &str) {
    let Some(mut rest) = text.strip_prefix('{') else { return (Labels::new(), text) };
    let mut labels = Labels::new();
    loop {
        let (name, after) = rest.split_once("=\"").expect("a label has a value");
        assert!(is_name(name) && !name.contains(':'), "{name}");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().expect("a value ends") {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().expect("an escape has a character").1 {
                    'n' => '\n',
                    it @ ('"' | '\\') => it,
                    other => panic!("no escape: \\{other}"),
                }),
                (_, it) => value.push(it),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} twice in {text}");
        rest = &after[end + 1..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", more) => return (labels, more),
            (other, _) => panic!("{other} between labels"),
        }
    }
}

impl Scrape {
    fn read(text: &str) -> Self {
        let mut scrape = Self::default();
        let mut family = Family::default();
        let body = text.strip_suffix("# EOF\n").expect("the end is told");
        for line in body.lines() {
            assert!(!line.is_empty() && !line.contains('\r'), "an empty line");
            match line.strip_prefix("# ") {
                Some(told) => scrape.told(told, &mut family),
                None => scrape.sample(line, &mut family),
            }
        }
        scrape
    }

    fn told(&mut self, told: &str, family: &mut Family) {
        let mut words = told.splitn(3, ' ');
        let (what, name) = (words.next().unwrap(), words.next().expect("a name"));
        let text = words.next().expect("a text");
        if name != family.name {
            assert!(is_name(name), "{name}");
            assert!(self.families.insert(name.to_owned()), "{name} comes in two places");
            *family = Family { name: name.to_owned(), ..Family::default() };
        }
        assert!(family.seen.is_empty(), "{told} behind its samples");
        let place = match what {
            "TYPE" => &mut family.kind,
            "UNIT" => &mut family.unit,
            "HELP" => return,
            other => panic!("# {other}"),
        };
        assert!(place.is_empty(), "{told} twice");
        text.clone_into(place);
        assert!(what != "UNIT" || name.ends_with(&format!("_{text}")), "{name} in {text}");
    }

    fn sample(&mut self, line: &str, family: &mut Family) {
        let end = line.find(['{', ' ']).expect("a value");
        let (name, rest) = line.split_at(end);
        let suffix = name.strip_prefix(&family.name).expect("a sample of its family");
        assert!(suffixes(&family.kind).contains(&suffix), "{name} is no {}", family.kind);
        let (labels, rest) = labels(rest);
        let value = rest.strip_prefix(' ').expect("a space");
        let value: f64 = value.split(' ').next().unwrap().parse().expect("a number");
        let grows = family.kind != "gauge" && family.kind != "unknown";
        assert!(!grows || value >= 0.0, "{line}");
        assert!(family.seen.insert((name.to_owned(), labels.clone())), "twice: {line}");
        self.series.entry(name.to_owned()).or_default().push((labels, value));
    }

    /// Buckets grow, the last one is `+Inf`, and it has as much as `_count` says.
    fn histograms_hold(&self) -> usize {
        let buckets: Vec<&String> =
            self.series.keys().filter(|name| name.ends_with("_bucket")).collect();
        for name in &buckets {
            let mut sets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for (labels, value) in &self.series[*name] {
                let mut labels = labels.clone();
                let bound = labels.remove("le").expect("a bound").replace("+Inf", "inf");
                sets.entry(labels).or_default().push((bound.parse().unwrap(), *value));
            }
            let counts = &self.series[&name.replace("_bucket", "_count")];
            for (labels, buckets) in sets {
                let grows = |it: &[(f64, f64)]| it[0].0 < it[1].0 && it[0].1 <= it[1].1;
                assert!(buckets.windows(2).all(grows), "{name} {labels:?}: {buckets:?}");
                let last = buckets.last().unwrap();
                let count = counts.iter().find(|(of, _)| *of == labels).expect("a count").1;
                assert_eq!(*last, (f64::INFINITY, count), "{name} {labels:?}");
            }
        }
        buckets.len()
    }

    fn count(&self, name: &str) -> usize {
        self.series.get(name).map_or(0, Vec::len)
    }
}

fn large(services: u16) -> Config {
    let mut config = config();
    let (_, service) = config.services.pop_first().unwrap();
    for number in 0..services {
        let mut one = service.clone();
        one.key = ServiceKey::Tcp(SocketAddr::new([10, 0, 0, 100].into(), 1000 + number));
        let server = |n: u16| {
            let address = format!("10.{}.{}.{n}:80", 1 + number / 250, number % 250);
            (address.parse().unwrap(), Server::from(Weight(10)))
        };
        one.servers = (20..22).map(server).collect();
        config.services.insert(ServiceName::new(&format!("web{number:03}")).unwrap(), one);
    }
    config
}

#[tokio::test]
async fn a_scrape_is_strictly_openmetrics() {
    let text = beside(|to| get(to, "/metrics").body).await;
    let scrape = Scrape::read(&text);
    assert!(scrape.families.len() > 30, "{:?}", scrape.families);
    assert!(scrape.histograms_hold() >= 2);
    assert!(scrape.families.iter().all(|name| name.starts_with("director_")));
}

#[tokio::test]
async fn a_thousand_services_have_as_many_series_as_names() {
    const SERVICES: usize = 1000;
    let few = Scrape::read(&served(large(10), |to| get(to, "/metrics").body).await);
    let many = Scrape::read(&served(large(1000), |to| get(to, "/metrics").body).await);
    many.histograms_hold();
    // Of a thousand perhaps none has been checked yet.
    let only: Vec<_> = many.families.difference(&few.families).collect();
    assert!(only.is_empty(), "no metric has a name in its own name: {only:?}");
    assert_eq!(many.count("director_service_fallback"), SERVICES);
    assert_eq!(many.count("director_server_weight"), 2 * SERVICES);
    for (name, series) in &many.series {
        let has = |label: &str| series.iter().any(|(labels, _)| labels.contains_key(label));
        let most = match (has("server"), has("service")) {
            (true, _) => 2 * SERVICES,
            // By a few words, too.
            (false, true) => 6 * SERVICES,
            (false, false) => 64,
        };
        assert!(series.len() <= most, "{name}: {} series", series.len());
    }
    let all: usize = many.series.values().map(Vec::len).sum();
    let of_services = all / SERVICES;
    assert!(of_services < 30, "{all} series, {of_services} for each service of two servers");
}

#[test]
#[should_panic(expected = "twice")]
fn a_sample_that_comes_twice_is_found() {
    Scrape::read("# TYPE a gauge\na{b=\"c\"} 1\na{b=\"c\"} 2\n# EOF\n");
}

#[test]
#[should_panic(expected = "is no counter")]
fn a_counter_without_total_is_found() {
    Scrape::read("# TYPE a counter\na 1\n# EOF\n");
}

#[test]
#[should_panic(expected = "two places")]
fn a_family_in_two_places_is_found() {
    Scrape::read("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n# EOF\n");
}
