//! Checks of types `http` and `grpc`.

use super::content::{expect, word};
use super::login::login;
use super::tls::{Starttls, tls};
use crate::code::Code;
use crate::found::Found;
use crate::section::Section;
use crate::suggest::quote;
use crate::tree::{Entry, Kind, Value};
use crate::value::{choice, number, text, wrong_type};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Grpc, Http, StatusRange, Version};
use std::sync::Arc;

/// Bytes of a page that are read at most: 16 MiB.
const LONGEST: i64 = 16 << 20;
/// Methods that change nothing on a server, and the one that people use for checks all the same.
const METHODS: [(&str, &str); 4] =
    [("GET", "GET"), ("HEAD", "HEAD"), ("OPTIONS", "OPTIONS"), ("POST", "POST")];

pub(super) fn http(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let default = Http::get("/");
    let versions = [("1.1", Version::Http1), ("2", Version::Http2)];
    let tls = tls(Starttls::HasNot, section, found);
    let path = section.read("path", found, path).or(default.path);
    let host = section.read("host", found, host_header).given_or_absent();
    let method = section.read("method", found, choice(&METHODS)).or("GET");
    let version = section.read("version", found, choice(&versions)).or(Version::Http1);
    let headers = section.read("headers", found, headers).or(Vec::new());
    let login = login(section, found);
    let statuses = section.read("status", found, statuses).or(Vec::new());
    let expect = expect(section, found);
    let limit = section.read("limit-bytes", found, number::<u32>(1..=LONGEST)).or(Http::LIMIT);
    let redirects = section.read("redirects", found, number::<u8>(0..=10)).or(0);
    let http = Http {
        tls: tls?,
        version: version?,
        method: method?.to_owned(),
        path: path?,
        host: host?,
        headers: headers?,
        login: login?,
        statuses: statuses?,
        expect: expect?,
        limit: limit?,
        redirects: redirects?,
    };
    bodiless(&http, section, found)?;
    Some(Dialogue::Http(Arc::new(http)))
}

/// An answer to `HEAD` has no body (RFC 9110 §9.3.2).
fn bodiless(http: &Http, section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<()> {
    let written = ["expect", "expect-regex"].into_iter().find_map(|key| section.entry(key));
    match written {
        Some(entry) if http.method == "HEAD" => {
            let message = format!("{} can never hold: HEAD is answered without a body", entry.key);
            let help = "leave it out, or write method = \"GET\"";
            found.add(Code::NoEffect, &entry.key_span, message, help);
            None
        }
        _ => Some(()),
    }
}

pub(super) fn grpc(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::HasNot, section, found);
    let host = section.read("host", found, host_header).given_or_absent();
    let service = section.read("service", found, word).or(String::new());
    Some(Dialogue::Grpc(Arc::new(Grpc { tls: tls?, host: host?, service: service? })))
}

fn path(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let path = text(key, value, found)?;
    // What is written goes into the request line as it is (RFC 9112 §3). A whole URL is what a
    // proxy is asked for (§3.2.2).
    let url = path.strip_prefix("http://").or_else(|| path.strip_prefix("https://"));
    let names_host = |rest: &str| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':', '@']);
    let begins = path.starts_with('/') || url.is_some_and(names_host);
    if begins && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(path.to_owned());
    }
    let message = format!("{} is not the path of a page", quote(path));
    let help = "begin with \"/\" and write other characters than visible ASCII as %XX";
    found.add(Code::BadText, &value.span, message, help);
    None
}

fn host_header(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let host = text(key, value, found)?;
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    if !host.is_empty() && host.bytes().all(fits) {
        return Some(host.to_owned());
    }
    let message = format!("{} is not the name of a web site", quote(host));
    let help = "write what clients put into the Host header, such as \"www.example.org\"";
    found.add(Code::BadText, &value.span, message, help);
    None
}

fn headers(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<(String, String)>> {
    let Kind::Table(entries) = &value.kind else {
        let help = r#"write headers = { "X-Check" = "director" }"#;
        wrong_type(key, "a table", help, value, found);
        return None;
    };
    let read: Vec<_> = entries.iter().filter_map(|entry| header(entry, found)).collect();
    (read.len() == entries.len()).then_some(read)
}

fn header(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<(String, String)> {
    // RFC 9110 §5.6.2 and §5.5. What the check writes itself has keys of its own.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let own = ["host", "authorization", "content-length", "transfer-encoding", "connection"];
    let name = entry.key;
    if name.is_empty() || !name.bytes().all(token) || own.contains(&&*name.to_lowercase()) {
        let message = format!("{} cannot be a header of a check", quote(name));
        let help = "write a name that no key of the check stands for: host, user, password-file";
        found.add(Code::BadText, &entry.key_span, message, help);
        return None;
    }
    let written = text(name, &entry.value, found)?;
    let fits = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if written.bytes().all(fits) && written.trim() == written {
        return Some((name.to_owned(), written.to_owned()));
    }
    let message = format!("{} cannot be the value of a header", quote(written));
    found.add(Code::BadText, &entry.value.span, message, "write visible ASCII characters");
    None
}

/// `"200-299, 404"`.
fn statuses(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<StatusRange>> {
    let written = text(key, value, found)?;
    let status = |text: &str| text.parse::<u16>().ok().filter(|it| (100..=599).contains(it));
    let range = |text: &str| {
        let (first, last) = text.trim().split_once('-').unwrap_or((text.trim(), text.trim()));
        let (first, last) = (status(first.trim())?, status(last.trim())?);
        (first <= last).then_some(StatusRange { first, last })
    };
    let ranges: Option<Vec<StatusRange>> = written.split(',').map(range).collect();
    if ranges.is_none() {
        let message = format!("{} is not a list of statuses", quote(written));
        let help = "write numbers from 100 to 599 and ranges of them: \"200-299, 404\"";
        found.add(Code::BadText, &value.span, message, help);
    }
    ranges
}
