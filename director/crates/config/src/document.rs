//! The whole file: its tables, then what they must be to each other.

use crate::code::Code;
use crate::found::Found;
use crate::problem::Problems;
use crate::section::{Keys, Section};
use crate::source::Span;
use crate::texts::Texts;
use crate::tree::{Entry, Kind, Value, from_document};
use crate::value::wrong_type;
use crate::{alerts, cluster, cross, group, include, node, operations, service, syntax};
use director_core::config::{Config, Operations};

const KEYS: Keys = Keys {
    known: &[
        include::KEY,
        "cluster",
        "nodes",
        "groups",
        "services",
        "alerts",
        "telemetry",
        "api",
        "maintenance",
    ],
};

/// The tables of tables with names: each file may have some of them.
const NAMED: [&str; 4] = ["nodes", "groups", "services", "alerts"];

/// What the file says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) cluster: Option<cluster::Draft>,
    pub(crate) nodes: Tables<node::Draft>,
    pub(crate) groups: Tables<group::Draft>,
    pub(crate) services: Tables<service::Draft>,
    pub(crate) alerts: Tables<alerts::Draft>,
    operations: Option<Operations>,
}

/// The tables `[nodes.*]`, `[groups.*]` or `[services.*]`.
pub(crate) struct Tables<T> {
    /// Where the first of them stands; the start of the file when there is none.
    pub(crate) span: Span,
    /// Those that could be read.
    pub(crate) list: Vec<T>,
    /// Whether that is all of them.
    pub(crate) complete: bool,
}

/// Makes the text of a `director.toml` into a configuration.
///
/// Reads no file; `file_name` only stands in the problems, and `include` is one of them.
///
/// # Errors
/// Every problem of the text. A text that is not TOML has one: where it stops being TOML.
pub fn parse(file_name: &str, text: &str) -> Result<Config, Problems> {
    read(&Texts::one(file_name, text), include::refuse)
}

/// Makes the texts of a `director.toml` and of the files that it includes into a configuration.
///
/// Reads no file: `include` has been followed.
///
/// # Errors
/// Every problem of the texts, each with its file.
pub fn parse_all(texts: &Texts) -> Result<Config, Problems> {
    read(texts, |_, _| {})
}

fn read(texts: &Texts, on_root: impl Fn(&Value<'_>, &mut Found<'_>)) -> Result<Config, Problems> {
    let mut found = Found::new(texts);
    let config = understand(texts, on_root, &mut found);
    let problems = found.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(Problems::new(texts.file(), problems)),
    }
}

fn understand(
    texts: &Texts,
    on_root: impl Fn(&Value<'_>, &mut Found<'_>),
    found: &mut Found<'_>,
) -> Option<Config> {
    let mut documents = Vec::new();
    for (_, base, _, text) in texts.parts() {
        match toml_edit::Document::parse(text) {
            Ok(document) => documents.push((base, document)),
            Err(error) => {
                let (span, message, help) = syntax::broken(text, &error);
                let span = span.start + base..span.end + base;
                found.add(Code::Syntax, &span, message, help);
            }
        }
    }
    if documents.len() <= texts.included() {
        return None;
    }
    let roots = documents.iter().map(|(base, document)| from_document(document, *base));
    let root = include::merge(roots.collect(), &NAMED, found);
    on_root(&root, found);
    let section = Section::open("the file".to_owned(), &root, &KEYS, "", found)?;
    let help = "begin the file with [cluster] and, under it, key-file and links";
    let cluster =
        section.need("cluster", help, found, |_, value, found| cluster::Draft::read(value, found));
    let draft = Draft {
        cluster: cluster.map(|at| at.value),
        nodes: tables(&section, "nodes", "d1", found, node::Draft::read),
        groups: tables(&section, "groups", "web", found, group::Draft::read),
        services: tables(&section, "services", "http", found, service::Draft::read),
        alerts: tables(&section, "alerts", "pager", found, alerts::Draft::read),
        operations: operations::read(&section, found),
    };
    cross::check(&draft, found);
    draft.build()
}

fn tables<T>(
    section: &Section<'_, '_>,
    key: &str,
    example: &str,
    found: &mut Found<'_>,
    read: impl Fn(&Entry<'_>, &mut Found<'_>) -> Option<T>,
) -> Tables<T> {
    let Some(entry) = section.entry(key) else {
        let complete = !section.misspelt(key);
        return Tables { span: 0..0, list: Vec::new(), complete };
    };
    let span = entry.key_span.clone();
    let Kind::Table(entries) = &entry.value.kind else {
        not_tables(key, example, &entry.value, found);
        return Tables { span, list: Vec::new(), complete: false };
    };
    let list: Vec<T> = entries.iter().filter_map(|entry| read(entry, found)).collect();
    Tables { span, complete: list.len() == entries.len(), list }
}

fn not_tables(key: &str, example: &str, value: &Value<'_>, found: &mut Found<'_>) {
    if matches!(value.kind, Kind::List(_)) {
        let message = format!("`{key}` is a list, but each of them needs a name");
        let help = format!("write [{key}.NAME], such as [{key}.{example}], for each");
        found.add(Code::WrongType, &value.span, message, help);
    } else {
        let help = format!("write [{key}.{example}] on a line of its own");
        wrong_type(key, "a table of tables", &help, value, found);
    }
}

impl Draft {
    fn build(self) -> Option<Config> {
        Some(Config {
            cluster: self.cluster?.build()?,
            nodes: self.nodes.list.into_iter().map(node::Draft::build).collect::<Option<_>>()?,
            groups: self.groups.list.into_iter().map(group::Draft::build).collect::<Option<_>>()?,
            services: self
                .services
                .list
                .into_iter()
                .map(service::Draft::build)
                .collect::<Option<_>>()?,
            alerts: self
                .alerts
                .list
                .into_iter()
                .map(alerts::Draft::build)
                .collect::<Option<_>>()?,
            operations: self.operations?,
            shared: None,
        })
    }
}
