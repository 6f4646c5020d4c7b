//! A change of a service's servers in the text of a director.toml, with everything else as it was.

use std::net::{IpAddr, SocketAddr};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// What is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A server comes, with this weight.
    Add(Server, u16),
    /// It goes.
    Remove(Server),
}

/// A server; without a port it is at the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
}

impl Server {
    /// Whether the `address` of a server in the file is this one; `own` is the service's port.
    fn is(self, text: &str, own: Option<u16>) -> bool {
        let socket = text.parse::<SocketAddr>().map(|it| (it.ip(), Some(it.port())));
        let bare = || text.trim_matches(['[', ']']).parse::<IpAddr>().map(|it| (it, own));
        let Ok((address, port)) = socket.or_else(|_| bare()) else { return false };
        address == self.address && port == self.port.or(own)
    }

    fn text(self) -> String {
        match self.port {
            Some(port) => SocketAddr::new(self.address, port).to_string(),
            None => self.address.to_string(),
        }
    }
}

/// The text with the change. `own` is the service's port, where it has one.
///
/// # Errors
/// Why it cannot be changed so.
pub(crate) fn edited(
    text: &str,
    service: &str,
    own: Option<u16>,
    edit: Edit,
) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    let services = document.get_mut("services").and_then(Item::as_table_like_mut);
    let found = services.and_then(|all| all.get_mut(service));
    let found = found.ok_or_else(|| format!("the file has no service {service}"))?;
    let table = found.as_table_like_mut();
    let table = table.ok_or_else(|| format!("the file's service {service} is no table"))?;
    let servers = table.entry("servers").or_insert(Item::Value(Value::Array(Default::default())));
    match servers {
        Item::Value(Value::Array(list)) => in_list(list, service, own, edit)?,
        Item::ArrayOfTables(list) => in_tables(list, service, own, edit)?,
        _ => return Err(format!("the servers of the file's service {service} are no list")),
    }
    Ok(document.to_string())
}

fn in_list(
    list: &mut toml_edit::Array,
    service: &str,
    own: Option<u16>,
    edit: Edit,
) -> Result<(), String> {
    let is = |server: Server, value: &Value| {
        let address = value.as_inline_table().and_then(|table| table.get("address"));
        address.and_then(Value::as_str).is_some_and(|text| server.is(text, own))
    };
    match edit {
        Edit::Add(server, weight) => {
            if list.iter().any(|value| is(server, value)) {
                return Err(known(service, server));
            }
            let mut table = InlineTable::new();
            table.insert("address", server.text().into());
            table.insert("weight", i64::from(weight).into());
            push(list, Value::InlineTable(table));
        }
        Edit::Remove(server) => {
            let at = list.iter().position(|value| is(server, value));
            remove(list, at.ok_or_else(|| unknown(service, server))?);
        }
    }
    Ok(())
}

/// Appends in the manner of the last one: on a line of its own where that is.
fn push(list: &mut toml_edit::Array, mut value: Value) {
    let text = |raw: Option<&toml_edit::RawString>| {
        raw.and_then(toml_edit::RawString::as_str).unwrap_or_default().to_owned()
    };
    let last = list.iter().last().map(|last| text(last.decor().prefix()));
    let trailing = text(Some(list.trailing()));
    let line = last.as_deref().and_then(|prefix| prefix.rfind('\n').map(|at| &prefix[at..]));
    match (line, &last) {
        (Some(line), _) => {
            // A comment behind the last one stays with it.
            let comment = trailing.trim_end();
            value.decor_mut().set_prefix(format!("{comment}{line}"));
            let end = trailing.rfind('\n').map_or("\n", |at| &trailing[at..]).to_owned();
            list.set_trailing(end);
        }
        (None, Some(_)) => value.decor_mut().set_prefix(" "),
        (None, None) => value.decor_mut().set_prefix(""),
    }
    value.decor_mut().set_suffix("");
    list.push_formatted(value);
}

/// Removes one with the comment behind it; the comment behind the one before stays.
fn remove(list: &mut toml_edit::Array, at: usize) {
    let text = |raw: Option<&toml_edit::RawString>| {
        raw.and_then(toml_edit::RawString::as_str).unwrap_or_default().to_owned()
    };
    let own = list.remove(at);
    let own = text(own.decor().prefix());
    let before = own.split_once('\n').map_or(own.as_str(), |(before, _)| before);
    let after = |behind: &str| behind.find('\n').map(|line| format!("{before}{}", &behind[line..]));
    match list.get_mut(at) {
        Some(next) => {
            let prefix = text(next.decor().prefix());
            next.decor_mut().set_prefix(after(&prefix).unwrap_or(own));
        }
        None => {
            let trailing = text(Some(list.trailing()));
            if let Some(trailing) = after(&trailing) {
                list.set_trailing(trailing);
            }
        }
    }
}

fn in_tables(
    list: &mut ArrayOfTables,
    service: &str,
    own: Option<u16>,
    edit: Edit,
) -> Result<(), String> {
    let is = |server: Server, table: &Table| {
        table.get("address").and_then(Item::as_str).is_some_and(|text| server.is(text, own))
    };
    match edit {
        Edit::Add(server, weight) => {
            if list.iter().any(|table| is(server, table)) {
                return Err(known(service, server));
            }
            let mut table = Table::new();
            table.insert("address", toml_edit::value(server.text()));
            table.insert("weight", toml_edit::value(i64::from(weight)));
            list.push(table);
        }
        Edit::Remove(server) => {
            let at = list.iter().position(|table| is(server, table));
            list.remove(at.ok_or_else(|| unknown(service, server))?);
        }
    }
    Ok(())
}

fn known(service: &str, server: Server) -> String {
    format!("the file's service {service} has the server {} already", server.text())
}

fn unknown(service: &str, server: Server) -> String {
    let server = server.text();
    format!(
        "the file's service {service} has no server {server}; without --keep the file is not asked"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# The shop.
[services.http]   # for everybody
listen = "10.0.0.100:80"
servers = [
    { address = "10.0.0.21", weight = 10 }, # the old one
    { address = "10.0.0.22:80" },           # the new one
]

[services.smtp]
servers = [{ address = "10.0.0.31" }, { address = "[2001:db8::31]:25" }]

[[services.dns.servers]]
address = "10.0.0.41"  # first
[[services.dns.servers]]
address = "10.0.0.42"
"#;

    fn server(text: &str) -> Server {
        match text.parse::<SocketAddr>() {
            Ok(it) => Server { address: it.ip(), port: Some(it.port()) },
            Err(_) => Server { address: text.parse().unwrap(), port: None },
        }
    }

    fn lines(text: &str) -> Vec<&str> {
        text.lines().collect()
    }

    /// Lines that are only in the one, and only in the other.
    fn difference(edited: &str) -> (Vec<String>, Vec<String>) {
        let only = |one: &str, other: &str| {
            let other = lines(other);
            let lines = lines(one).into_iter().filter(|line| !other.contains(line));
            lines.map(str::to_owned).collect()
        };
        (only(FILE, edited), only(edited, FILE))
    }

    fn edit(service: &str, port: u16, edit: Edit) -> Result<String, String> {
        edited(FILE, service, Some(port), edit)
    }

    #[test]
    fn one_comes_in_the_manner_of_the_others() {
        let (gone, come) =
            difference(&edit("http", 80, Edit::Add(server("10.0.0.23"), 5)).unwrap());
        assert_eq!(gone, Vec::<String>::new());
        assert_eq!(come, [r#"    { address = "10.0.0.23", weight = 5 },"#]);
        let (_, come) = difference(&edit("smtp", 25, Edit::Add(server("10.0.0.33"), 1)).unwrap());
        assert!(come[0].ends_with(r#":25" }, { address = "10.0.0.33", weight = 1 }]"#), "{come:?}");
        let (gone, come) =
            difference(&edit("dns", 53, Edit::Add(server("10.0.0.43:5353"), 1)).unwrap());
        assert_eq!(gone, Vec::<String>::new());
        assert_eq!(come, [r#"address = "10.0.0.43:5353""#, "weight = 1"]);
    }

    #[test]
    fn one_goes_with_its_comment() {
        for (address, line) in [("10.0.0.21", 0), ("10.0.0.22", 1)] {
            let text = edit("http", 80, Edit::Remove(server(address))).unwrap();
            let (gone, come) = difference(&text);
            let whole = [
                r#"    { address = "10.0.0.21", weight = 10 }, # the old one"#,
                r#"    { address = "10.0.0.22:80" },           # the new one"#,
            ];
            assert_eq!((gone, come), (vec![whole[line].to_owned()], vec![]), "{text}");
        }
        let text = edit("smtp", 25, Edit::Remove(server("2001:db8::31"))).unwrap();
        assert!(text.contains(r#"servers = [{ address = "10.0.0.31" }]"#), "{text}");
        let text = edit("smtp", 25, Edit::Remove(server("10.0.0.31"))).unwrap();
        assert!(text.contains(r#"{ address = "[2001:db8::31]:25" }]"#), "{text}");
        let text = edit("dns", 53, Edit::Remove(server("10.0.0.41:53"))).unwrap();
        assert!(!text.contains("10.0.0.41") && text.contains("10.0.0.42"), "{text}");
    }

    #[test]
    fn what_cannot_be_is_said() {
        let cases = [
            (edit("http", 80, Edit::Add(server("10.0.0.22"), 1)), "already"),
            (edit("http", 80, Edit::Remove(server("10.0.0.22:81"))), "has no server 10.0.0.22:81"),
            (edit("nosuch", 80, Edit::Remove(server("10.0.0.22"))), "no service nosuch"),
        ];
        for (done, word) in cases {
            assert!(done.as_ref().unwrap_err().contains(word), "{done:?}");
        }
    }

    #[test]
    fn adding_and_removing_is_nothing() {
        let added = edit("http", 80, Edit::Add(server("10.0.0.23"), 5)).unwrap();
        let back = edited(&added, "http", Some(80), Edit::Remove(server("10.0.0.23"))).unwrap();
        assert_eq!(back, FILE);
    }
}
