//! A scenario for the tests of this crate, with a timeline and expectations of their own.

use crate::{Problems, Scenario};
use std::time::Duration;

pub(crate) const PAIR: &str = r#"
[groups.web]
addresses = ["10.0.0.100/24 on lan"]
[services.http]
listen = "10.0.0.100:80"
"#;

const HEAD: &str = r#"
title   = "a test"
why     = "it must be judged"
length  = "30s"
engines = ["world", "timetravel"]
"#;

const TABLES: &str = r#"
[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes.d1]
kind = "director"
lan  = "10.0.0.11/24"
hb   = "10.1.0.11/24"
config = "pair.toml"
[nodes.d2]
kind = "director"
lan  = "10.0.0.12/24"
hb   = "10.1.0.12/24"
config = "pair.toml"
[nodes."s1..s2"]
kind  = "server"
lan   = "10.0.0.{21..22}/24"
serve = "http 80 ok"
[clients.web]
target = "10.0.0.100:80"
new    = "20/s"
start  = "5s"
"#;

pub(crate) fn read(path: &str) -> Result<String, String> {
    match path {
        "pair.toml" | "other.toml" => Ok(PAIR.to_owned()),
        _ => Err("No such file or directory".to_owned()),
    }
}

/// Line 6 of the text is the timeline, line 7 the expectations.
pub(crate) fn parsed(timeline: &[&str], expect: &[&str]) -> Result<Scenario, Problems> {
    let text = format!("{HEAD}timeline = {timeline:?}\nexpect = {expect:?}\n{TABLES}");
    Scenario::parse("a.toml", &text, &read)
}

#[track_caller]
pub(crate) fn scenario(timeline: &[&str], expect: &[&str]) -> Scenario {
    parsed(timeline, expect).unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub(crate) fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}
