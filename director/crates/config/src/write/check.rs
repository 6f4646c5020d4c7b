//! A check as the text of an inline table.

use super::{Pairs, quoted};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use director_core::config::dialogue::{
    Http, Login, Pattern, Secret, ServerKey, Sql, Start, StatusRange, Tls, Transport, Trust,
    Version,
};
use director_core::config::{Check, Dialogue, Initial, Via};
use std::fmt::Write;

pub(super) fn check(check: &Check) -> String {
    let mut pairs = Pairs::new();
    pairs.text("type", check.dialogue.word());
    dialogue(&check.dialogue, &mut pairs);
    if let Some(port) = check.port {
        pairs.raw("port", port);
    }
    pairs.duration("interval", check.interval);
    pairs.duration("timeout", check.timeout);
    pairs.raw("fall", check.fall);
    pairs.raw("rise", check.rise);
    if let Some(interval) = check.pace.changing {
        pairs.duration("fast-interval", interval);
    }
    if let Some(interval) = check.pace.down {
        pairs.duration("down-interval", interval);
    }
    if let Some(connects) = check.pace.connects {
        pairs.raw("connects", connects);
    }
    if check.pace.initial == Initial::Down {
        pairs.text("initial", "down");
    }
    if check.via == Via::Service {
        pairs.text("via", "service");
    }
    pairs.inline()
}

fn dialogue(dialogue: &Dialogue, pairs: &mut Pairs) {
    if let Some(tls) = dialogue.tls() {
        pairs.raw("tls", secure(tls, dialogue));
    }
    match dialogue {
        Dialogue::Tcp | Dialogue::Ping | Dialogue::On | Dialogue::Off => {}
        Dialogue::Talk(it) => talk(&it.send, it.expect.as_ref(), pairs),
        Dialogue::Udp(it) => talk(&it.send, it.expect.as_ref(), pairs),
        Dialogue::Agent(it) => talk(&it.send, None, pairs),
        Dialogue::Http(it) => http(it, pairs),
        Dialogue::Grpc(it) => {
            pairs.given("host", it.host.as_ref());
            pairs.given("service", Some(&it.service).filter(|service| !service.is_empty()));
        }
        Dialogue::Dns(it) => {
            pairs.text("name", &it.name);
            pairs.text("record", it.record.name());
            transport(it.transport, pairs);
            expect(it.expect.as_ref(), pairs);
        }
        Dialogue::Smtp(it) => {
            pairs.given("helo", it.helo.as_ref());
            login(it.login.as_ref(), pairs);
        }
        Dialogue::Imap(it) | Dialogue::Pop3(it) => login(it.login.as_ref(), pairs),
        Dialogue::Ftp(it) => {
            pairs.given("file", it.file.as_ref());
            expect(it.expect.as_ref(), pairs);
            login(it.login.as_ref(), pairs);
        }
        Dialogue::Nntp(it) => pairs.given("group", it.group.as_ref()),
        Dialogue::Ldap(it) => {
            pairs.given("base", it.base.as_ref());
            expect(it.expect.as_ref(), pairs);
            login(it.login.as_ref(), pairs);
        }
        Dialogue::Mysql(it) | Dialogue::Postgresql(it) => sql(it, pairs),
        Dialogue::Redis(it) => {
            pairs.given("role", it.role.as_ref());
            pairs.given("user", it.user.as_ref());
            if let Some(password) = &it.password {
                secret("password", password, pairs);
            }
        }
        Dialogue::Memcached(it) => expect(it.expect.as_ref(), pairs),
        Dialogue::Oracle(it) => pairs.given("service", it.service.as_ref()),
        Dialogue::Radius(it) => {
            login(Some(&it.login), pairs);
            secret("secret", &it.secret, pairs);
        }
        Dialogue::Sip(it) => {
            pairs.text("user", &it.user);
            transport(it.transport, pairs);
        }
        Dialogue::Program(it) => {
            let words: Vec<String> = it.command.iter().map(|word| quoted(word)).collect();
            pairs.raw("command", format!("[{}]", words.join(", ")));
            pairs.text("user", &it.user);
        }
        Dialogue::File(it) => {
            pairs.text("file", &it.path);
            expect(it.expect.as_ref(), pairs);
        }
    }
}

fn http(http: &Http, pairs: &mut Pairs) {
    pairs.text("path", &http.path);
    pairs.given("host", http.host.as_ref());
    if http.method != "GET" {
        pairs.text("method", &http.method);
    }
    if http.version == Version::Http2 {
        pairs.text("version", "2");
    }
    if !http.headers.is_empty() {
        let mut headers = Pairs::new();
        http.headers.iter().for_each(|(name, value)| headers.text(name, value));
        pairs.raw("headers", headers.inline());
    }
    login(http.login.as_ref(), pairs);
    if !http.statuses.is_empty() {
        let range = |StatusRange { first, last }: &StatusRange| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let ranges: Vec<String> = http.statuses.iter().map(range).collect();
        pairs.text("status", ranges.join(", "));
    }
    expect(http.expect.as_ref(), pairs);
    if http.limit != Http::LIMIT {
        pairs.raw("limit-bytes", http.limit);
    }
    if http.redirects > 0 {
        pairs.raw("redirects", http.redirects);
    }
}

fn sql(sql: &Sql, pairs: &mut Pairs) {
    login(Some(&sql.login), pairs);
    pairs.given("database", sql.database.as_ref());
    if let Some(query) = &sql.query {
        pairs.text("query", query);
        pairs.raw("rows", sql.rows);
    }
    match &sql.server_key {
        None => {}
        Some(ServerKey::Asked) => pairs.text("server-key", "ask"),
        Some(ServerKey::File(path)) => pairs.text("server-key", path),
    }
}

fn talk(send: &[u8], pattern: Option<&Pattern>, pairs: &mut Pairs) {
    match std::str::from_utf8(send) {
        Ok("") => {}
        Ok(text) => pairs.text("send", text),
        Err(_) => pairs.text("send-hex", hex(send)),
    }
    expect(pattern, pairs);
}

fn expect(pattern: Option<&Pattern>, pairs: &mut Pairs) {
    match pattern {
        None => {}
        Some(Pattern::Text(text)) => pairs.text("expect", text),
        Some(Pattern::Regex(expression)) => pairs.text("expect-regex", expression),
        Some(Pattern::Bytes(bytes)) => pairs.text("expect-hex", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn transport(transport: Transport, pairs: &mut Pairs) {
    let word = match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
    };
    pairs.text("transport", word);
}

fn login(login: Option<&Login>, pairs: &mut Pairs) {
    if let Some(login) = login {
        pairs.text("user", &login.user);
        secret("password", &login.password, pairs);
    }
}

fn secret(what: &str, secret: &Secret, pairs: &mut Pairs) {
    match secret {
        Secret::File(path) => pairs.text(&format!("{what}-file"), path),
        Secret::Variable(name) => pairs.text(&format!("{what}-env"), name),
    }
}

fn secure(tls: &Tls, dialogue: &Dialogue) -> String {
    let mut pairs = Pairs::new();
    let always = matches!(dialogue, Dialogue::Mysql(_) | Dialogue::Postgresql(_));
    if tls.start == Start::Asked && !always {
        pairs.raw("starttls", true);
    }
    pairs.given("name", tls.name.as_ref());
    match &tls.trust {
        Trust::System => {}
        Trust::Roots(path) => pairs.text("roots", path),
        Trust::Pin(pin) => pairs.text("pin", format!("sha256//{}", BASE64_STANDARD.encode(pin))),
        Trust::Anybody => pairs.raw("verify", false),
    }
    pairs.raw("expiry-days", tls.expiry_days);
    pairs.inline()
}
