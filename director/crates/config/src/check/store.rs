//! Checks of directories, databases and caches.

use super::content::{expect, line, word};
use super::login::{login, password, path, required_login};
use super::tls::{Starttls, tls};
use crate::code::Code;
use crate::found::Found;
use crate::section::Section;
use crate::tree::Value;
use crate::value::{choice, number, text};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Ldap, Memcached, Oracle, Redis, ServerKey, Sql};
use std::sync::Arc;

pub(super) fn ldap(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::Has, section, found);
    let login = login(section, found);
    let base = section.read("base", found, line).given_or_absent();
    let expect = expect(section, found);
    let (tls, login, base, expect) = (tls?, login?, base?, expect?);
    if base.is_none()
        && let Some(entry) =
            ["expect", "expect-regex"].into_iter().find_map(|key| section.entry(key))
    {
        let message = "no entry is asked for whose name could contain it";
        let help = "name the entry: base = \"dc=example,dc=org\"";
        found.add(Code::NoEffect, &entry.key_span, message, help);
        return None;
    }
    Some(Dialogue::Ldap(Arc::new(Ldap { tls, login, base, expect })))
}

fn sql(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Sql> {
    let tls = tls(Starttls::Only, section, found);
    let login = required_login(section, found);
    let database = section.read("database", found, line).given_or_absent();
    let query = section.read("query", found, query).given_or_absent();
    let rows = section.read("rows", found, number::<u32>(0..=1_000_000)).at_or_absent();
    let (query, rows) = (query?, rows?);
    if let (None, Some(rows)) = (&query, &rows) {
        let message = "without a query there are no rows to count";
        found.add(Code::NoEffect, &rows.span, message, "write a query: query = \"SELECT 1\"");
        return None;
    }
    let rows = rows.map_or(u32::from(query.is_some()), |at| at.value);
    let (tls, login, database, server_key) = (tls?, login?, database?, None);
    Some(Sql { tls, login, database, query, rows, server_key })
}

/// A query may have several lines; it ends with its text.
fn query(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let query = text(key, value, found)?;
    if !query.trim().is_empty() && !query.contains('\0') {
        return Some(query.to_owned());
    }
    let help = "write a query that returns rows, such as \"SELECT 1\"";
    found.add(Code::BadText, &value.span, "this is no query", help);
    None
}

pub(super) fn mysql(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let server_key = section.read("server-key", found, server_key).at_or_absent();
    let (mut sql, server_key) = (sql(section, found)?, server_key?);
    if let (Some(key), Some(_)) = (&server_key, &sql.tls) {
        let message = "over TLS the password is not encrypted once more";
        found.add(Code::NoEffect, &key.span, message, "keep server-key or tls");
        return None;
    }
    sql.server_key = server_key.map(|at| at.value);
    Some(Dialogue::Mysql(sql.into()))
}

/// `ask`, or a file.
fn server_key(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<ServerKey> {
    match text(key, value, found)? {
        "ask" => Some(ServerKey::Asked),
        _ => path(key, value, found).map(ServerKey::File),
    }
}

pub(super) fn postgresql(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    sql(section, found).map(|sql| Dialogue::Postgresql(sql.into()))
}

pub(super) fn redis(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::HasNot, section, found);
    let user = section.read("user", found, line).given_or_absent();
    let password = password(section, found);
    let roles = [("master", "master"), ("slave", "slave")];
    let role = section.read("role", found, choice(&roles)).given_or_absent();
    let (user, password) = (user?, password?);
    if let (Some(_), None, Some(entry)) = (&user, &password, section.entry("user")) {
        let help = r#"say where the password is kept: password-file = "/etc/director/redis""#;
        found.add(Code::MissingKey, &entry.key_span, "the user has no password", help);
        return None;
    }
    let role = role?.map(str::to_owned);
    Some(Dialogue::Redis(Arc::new(Redis { tls: tls?, user, password, role })))
}

pub(super) fn memcached(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::HasNot, section, found);
    let expect = expect(section, found);
    Some(Dialogue::Memcached(Arc::new(Memcached { tls: tls?, expect: expect? })))
}

pub(super) fn oracle(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let service = section.read("service", found, name).given_or_absent();
    Some(Dialogue::Oracle(Arc::new(Oracle { service: service? })))
}

/// A name inside the brackets of a connect descriptor.
fn name(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let name = word(key, value, found)?;
    if !name.contains(['(', ')', '=', '\'', '"']) {
        return Some(name);
    }
    let help = "write the name of a service, such as \"orcl.example.org\"";
    found.add(Code::BadText, &value.span, "brackets do not belong into a service's name", help);
    None
}
