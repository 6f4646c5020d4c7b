//! The types of checks, each with the keys of its own.

use super::{mail, other, store, web};
use crate::found::Found;
use crate::section::Section;
use director_core::config::Dialogue;

/// A type of check.
pub(super) struct Form {
    /// Its word.
    pub(super) word: &'static str,
    /// Its keys beside those of every check.
    pub(super) keys: &'static [&'static str],
    /// What they mean together.
    pub(super) read: fn(&Section<'_, '_>, &mut Found<'_>) -> Option<Dialogue>,
}

const fn form(
    word: &'static str,
    keys: &'static [&'static str],
    read: fn(&Section<'_, '_>, &mut Found<'_>) -> Option<Dialogue>,
) -> Form {
    Form { word, keys, read }
}

const TALK: &[&str] = &["send", "send-hex", "expect", "expect-hex", "expect-regex"];
const TALK_TLS: &[&str] = &["tls", "send", "send-hex", "expect", "expect-hex", "expect-regex"];
const HTTP: &[&str] = &[
    "path",
    "host",
    "expect",
    "expect-regex",
    "method",
    "headers",
    "status",
    "redirects",
    "version",
    "limit-bytes",
    "user",
    "password-file",
    "password-env",
    "tls",
];
const LOGIN: &[&str] = &["user", "password-file", "password-env", "tls"];
const SMTP: &[&str] = &["helo", "user", "password-file", "password-env", "tls"];
const FTP: &[&str] =
    &["file", "expect", "expect-regex", "user", "password-file", "password-env", "tls"];
const DNS: &[&str] = &["name", "record", "transport", "expect", "expect-regex", "tls"];
const LDAP: &[&str] =
    &["base", "expect", "expect-regex", "user", "password-file", "password-env", "tls"];
const SQL: &[&str] = &["database", "query", "rows", "user", "password-file", "password-env", "tls"];
const MYSQL: &[&str] =
    &["database", "query", "rows", "user", "password-file", "password-env", "server-key", "tls"];
const REDIS: &[&str] = &["role", "user", "password-file", "password-env", "tls"];
const RADIUS: &[&str] = &["user", "password-file", "password-env", "secret-file", "secret-env"];

/// All of them.
pub(super) const FORMS: &[Form] = &[
    form("http", HTTP, web::http),
    form("tcp", TALK_TLS, other::tcp),
    form("udp", TALK, other::udp),
    form("grpc", &["host", "service", "tls"], web::grpc),
    form("dns", DNS, other::dns),
    form("smtp", SMTP, mail::smtp),
    form("imap", LOGIN, mail::imap),
    form("pop3", LOGIN, mail::pop3),
    form("ftp", FTP, mail::ftp),
    form("nntp", &["group", "tls"], mail::nntp),
    form("ldap", LDAP, store::ldap),
    form("mysql", MYSQL, store::mysql),
    form("postgresql", SQL, store::postgresql),
    form("redis", REDIS, store::redis),
    form("memcached", &["expect", "expect-regex", "tls"], store::memcached),
    form("oracle", &["service"], store::oracle),
    form("radius", RADIUS, other::radius),
    form("sip", &["user", "transport", "tls"], other::sip),
    form("ping", &[], |_, _| Some(Dialogue::Ping)),
    form("agent", &["send", "send-hex"], other::agent),
    form("program", &["command", "user"], other::program),
    form("file", &["file", "expect", "expect-regex"], other::file),
    form("on", &[], |_, _| Some(Dialogue::On)),
    form("off", &[], |_, _| Some(Dialogue::Off)),
];
