//! The grammar as data: every table with its keys, for references, schemas and editors.
//!
//! What a key is for stands once, in `GRAMMAR.md`; of what type it is stands here.

use crate::section::Keys;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text of any kind.
    Text,
    /// A number and its unit: `"100ms"`.
    Duration,
    /// A whole number in a range.
    Number(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// The table of this name.
    Table(&'static str),
    /// A list of tables of this name.
    Tables(&'static str),
    /// What one of these looks like.
    Any(&'static [Self]),
    /// Texts under names of the reader's own.
    Names,
}

/// A key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like; `None` where only the text says it.
    pub form: Option<Form>,
    /// What it is for, in Markdown.
    pub text: String,
    /// What stands when it is left out, in Markdown; empty where the text says it.
    pub default: String,
    /// Whether the table must have it.
    pub is_required: bool,
}

/// A table of the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, as [`Form::Table`] has it.
    pub name: &'static str,
    /// As people write it: `[services.NAME]`.
    pub title: &'static str,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// Name, title, the heading of the grammar that has its rows, and its keys.
type Entry = (&'static str, &'static str, &'static str, &'static Keys);

/// All tables.
const TABLES: &[Entry] = &[
    ("cluster", "[cluster]", "[cluster]", &crate::cluster::KEYS),
    ("link", "a link of `links`", "links", &crate::cluster::links::KEYS),
    ("announce", "`announce`", "", &crate::cluster::ANNOUNCE_KEYS),
    ("sync", "`sync`", "sync", &crate::cluster::sync::KEYS),
    ("node", "[nodes.NAME]", "[nodes.NAME]", &crate::node::KEYS),
    ("override", "`override`", "override", &crate::overrides::KEYS),
    ("group", "[groups.NAME]", "[groups.NAME]", &crate::group::KEYS),
    ("vrrp", "`vrrp`", "vrrp", &crate::group::vrrp::KEYS),
    ("service", "[services.NAME]", "[services.NAME]", &crate::service::KEYS),
    ("server", "a server of `servers`", "[services.NAME]", &crate::service::servers::SERVER_KEYS),
    ("tunnel", "`tunnel`", "", &crate::service::forward::TUNNEL_KEYS),
    ("persistence", "`persistence`", "", &crate::service::settings::PERSISTENCE_KEYS),
    ("quorum", "`quorum`", "", &crate::policy::QUORUM_KEYS),
    ("flap-damping", "`flap-damping`", "", &crate::policy::DAMPING_KEYS),
    ("check", "`check`", "check", &crate::check::KEYS),
    ("alert", "[alerts.NAME]", "[alerts.NAME]", &crate::alerts::KEYS),
    ("mail", "`mail`", "mail", &crate::alerts::MAIL_KEYS),
    ("webhook", "`webhook`", "webhook", &crate::alerts::WEBHOOK_KEYS),
    ("limit", "`limit`", "", &crate::alerts::LIMIT_KEYS),
    ("retry", "`retry`", "", &crate::alerts::RETRY_KEYS),
    ("telemetry", "[telemetry]", "[telemetry]", &crate::operations::TELEMETRY_KEYS),
    ("api", "[api]", "[api]", &crate::operations::API_KEYS),
    ("maintenance", "[maintenance]", "[maintenance]", &crate::operations::MAINTENANCE_KEYS),
];

const SCHEDULERS: &[&str] = &[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
];
const FORWARDS: &[&str] = &["direct", "tunnel", "nat"];

/// What the value of a key looks like, where it is always the same.
fn form(table: &str, key: &str) -> Option<Form> {
    use Form::{Any, Boolean, Duration, Names, Number, Table, Tables, Text, Texts, Word};
    const PORT: Form = Number(1, 65535);
    Some(match (table, key) {
        ("cluster", "detection") => Word(&["ask", "deadtime"]),
        ("cluster", "failback") => Word(&["auto", "manual"]),
        ("cluster", "keepalive" | "deadtime" | "initdead" | "failback-delay" | "resync") => {
            Duration
        }
        ("cluster", "links") => Tables("link"),
        ("cluster", "announce") => Table("announce"),
        ("cluster", "sync") => Table("sync"),
        ("sync", "warm") => Duration,
        ("cluster", "witnesses") => Texts,
        ("cluster", "name" | "key-file" | "voter") => Text,
        ("cluster", "check-marks") => Number(1, 0xffff_0000),
        ("check", "via") => Word(&["server", "service"]),
        ("cluster" | "sync" | "check", "port") => PORT,
        ("link" | "sync", "interface") | ("link", "multicast") => Text,
        ("announce", "count") => Number(1, 255),
        ("announce", "interval") => Duration,
        ("announce" | "sync", "refresh") | ("sync", "group") => Text,
        ("sync", "id") => Number(0, 255),
        ("sync", "ttl") => Number(1, 255),
        ("node", "addresses") | ("override", "interfaces") => Names,
        ("node", "priority") => Number(1, 254),
        ("group", "addresses") | ("vrrp", "peers") => Texts,
        ("group", "vrrp") => Table("vrrp"),
        ("vrrp", "id") => Number(1, 255),
        ("vrrp", "version") => Number(2, 3),
        ("vrrp", "interval" | "preempt-delay") => Duration,
        ("vrrp", "preempt" | "accept" | "virtual-mac") => Boolean,
        ("vrrp", "advert-mac") => Word(&["virtual", "interface"]),
        ("vrrp", "interface" | "owner" | "password") => Text,
        ("vrrp", "checksum") => Word(&["pseudo-header", "message"]),
        ("service", "listen") => Any(&[Text, Texts]),
        ("service", "protocol") => Word(&["tcp", "udp", "sctp"]),
        ("service", "fwmark") => Number(1, 4_294_967_295),
        ("service", "family") => Word(&["ipv4", "ipv6"]),
        ("service", "scheduler") => Word(SCHEDULERS),
        ("service", "scheduler-flags") => Texts,
        ("service", "persistence") => Any(&[Duration, Table("persistence")]),
        ("service", "one-packet") => Boolean,
        ("service" | "server", "forward") => Word(FORWARDS),
        ("service" | "server", "tunnel") => Table("tunnel"),
        ("service", "drain" | "slow-start") => Duration,
        ("service", "check") => Table("check"),
        ("service", "on-failure") => Word(&["quiesce", "remove"]),
        ("service", "fallback") => Text,
        ("service", "servers") => Tables("server"),
        ("service", "quorum") => Table("quorum"),
        ("service", "flap-damping") => Table("flap-damping"),
        ("service", "panic-threshold") => Number(1, 100),
        ("service", "half-open-limit") => Number(1, 1_000_000),
        ("server", "address") => Text,
        ("server", "weight") => Number(0, 65535),
        ("tunnel", "type") => Word(&["ipip", "gue", "gre"]),
        ("tunnel", "port") => PORT,
        ("tunnel", "checksum") => Text,
        ("persistence", "timeout") => Duration,
        ("persistence", "prefix") => Number(0, 128),
        ("persistence", "engine") => Text,
        ("flap-damping", "changes") => Number(1, 255),
        ("flap-damping", "within" | "hold") => Duration,
        ("check", "interval" | "timeout" | "fast-interval" | "down-interval") => Duration,
        ("check", "fall" | "rise") => Number(1, 255),
        ("check", "type") => Text,
        _ => return form_of_operations(table, key),
    })
}

fn form_of_operations(table: &str, key: &str) -> Option<Form> {
    use Form::{Boolean, Duration, Number, Table, Text, Texts, Word};
    Some(match (table, key) {
        ("node", "override") => Table("override"),
        ("override", "telemetry") => Table("telemetry"),
        ("override", "api") => Table("api"),
        ("override", "maintenance") => Table("maintenance"),
        ("telemetry", "metrics") | ("maintenance", "directory") => Text,
        ("api", "operators") => Texts,
        ("api", _) => Text,
        ("alert", "command" | "events" | "services") | ("mail", "to") => Texts,
        ("alert", "mail") => Table("mail"),
        ("alert", "webhook") => Table("webhook"),
        ("alert", "limit") => Table("limit"),
        ("alert", "retry") => Table("retry"),
        ("alert", "senders") => Word(&["active", "all"]),
        ("alert", "recovery") => Boolean,
        ("alert", "repeat" | "timeout") | ("limit", "within") => Duration,
        ("retry", "first" | "longest" | "for") => Duration,
        ("limit", "count") => Number(1, 1000),
        ("mail", "port") => Number(1, 65535),
        ("mail", "tls") => Word(&["off", "starttls", "on"]),
        ("mail" | "webhook", _) => Text,
        _ => return None,
    })
}

/// Every table of the grammar.
#[must_use]
pub fn reference() -> Vec<Table> {
    let grammar = include_str!("../GRAMMAR.md");
    let table = |(name, title, heading, keys): &Entry| {
        let mut rows = rows(grammar, heading);
        // The servers' rows follow those of their service.
        if *name == "server" {
            rows.reverse();
        }
        let keys = keys.known.iter().map(|key| one(name, key, &rows)).collect();
        Table { name, title, keys }
    };
    TABLES.iter().map(table).collect()
}

fn one(table: &str, name: &'static str, rows: &[Row]) -> Key {
    let row = rows.iter().find(|row| row.names.iter().any(|it| it == name));
    let (text, default) = row.map_or(("", ""), |row| (&row.text, &row.default));
    let is_required = default.starts_with("required");
    Key {
        name,
        form: form(table, name),
        text: text.to_owned(),
        default: if is_required { String::new() } else { default.to_owned() },
        // Of a check, the type alone is required by every type.
        is_required: default == "required" && (table != "check" || name == "type"),
    }
}

/// A row of a table of the grammar.
struct Row {
    names: Vec<String>,
    text: String,
    default: String,
}

/// The rows under a heading; a table that has none is told of in its parent's text.
fn rows(grammar: &str, heading: &str) -> Vec<Row> {
    let is_wanted =
        |part: &&str| part.lines().next().is_some_and(|line| line.trim_matches('`') == heading);
    let row = |line: &str| {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        // A bar in code is written with a backslash before it.
        let line = line.replace("\\|", "\u{1}");
        let mut cells = line.split('|').map(|cell| cell.trim().replace('\u{1}', "|"));
        let names = cells.next()?;
        let names = names.split(',').map(|name| name.trim().trim_matches('`').to_owned());
        let names = names.collect();
        Some(Row { names, text: cells.next()?, default: cells.next().unwrap_or_default() })
    };
    let part = grammar.split("\n# ").find(is_wanted).unwrap_or("");
    part.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_for_the_keys_of_every_table_with_a_heading() {
        let headed = [
            "cluster", "link", "sync", "node", "group", "service", "server", "vrrp", "alert",
            "mail", "webhook",
        ];
        for table in reference().iter().filter(|table| headed.contains(&table.name)) {
            for key in &table.keys {
                assert!(!key.text.is_empty(), "{} {}", table.name, key.name);
            }
        }
    }

    #[test]
    fn forms_name_tables_that_there_are() {
        let tables = reference();
        let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
        for form in tables.iter().flat_map(|table| &table.keys).filter_map(|key| key.form) {
            if let Form::Table(name) | Form::Tables(name) = form {
                assert!(names.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn schedulers_are_those_of_the_core() {
        let core: Vec<&str> =
            director_core::config::Scheduler::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(SCHEDULERS, core);
    }
}
