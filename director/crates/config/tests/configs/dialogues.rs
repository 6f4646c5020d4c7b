//! Dialogues that a file can mean, at random.

use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Agent, Dns, File, Ftp, Grpc, Http, Ldap, Login, Mailbox, Memcached, Nntp, Oracle, Pattern,
    Program, Radius, Record, Redis, Secret, ServerKey, Sip, Smtp, Sql, Start, StatusRange, Talk,
    Tls, Transport, Trust, Udp, Version,
};
use proptest::prelude::*;

fn word() -> BoxedStrategy<String> {
    "[a-zA-Z0-9._-]{1,20}".boxed()
}

fn line() -> BoxedStrategy<String> {
    "[ -~äß€]{1,20}".boxed()
}

fn path() -> BoxedStrategy<String> {
    "/[^\0]{1,20}".boxed()
}

fn secret() -> BoxedStrategy<Secret> {
    prop_oneof![path().prop_map(Secret::File), "[A-Z0-9_]{1,9}".prop_map(Secret::Variable)].boxed()
}

fn login() -> BoxedStrategy<Login> {
    (line(), secret()).prop_map(|(user, password)| Login { user, password }).boxed()
}

fn bytes() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..9), ".{0,9}".prop_map(String::into_bytes)]
        .boxed()
}

fn pattern() -> BoxedStrategy<Pattern> {
    prop_oneof![
        any::<String>().prop_filter("text", |it| !it.is_empty()).prop_map(Pattern::Text),
        "[a-z]{1,5}[.*+|]?[0-9]".prop_map(Pattern::Regex),
    ]
    .boxed()
}

fn any_pattern() -> BoxedStrategy<Pattern> {
    let bytes = prop::collection::vec(any::<u8>(), 1..9).prop_map(Pattern::Bytes);
    prop_oneof![pattern(), bytes].boxed()
}

fn tls(start: &'static [Start]) -> BoxedStrategy<Option<Tls>> {
    let trust = prop_oneof![
        Just(Trust::System),
        path().prop_map(Trust::Roots),
        any::<[u8; 32]>().prop_map(Trust::Pin),
        Just(Trust::Anybody),
    ];
    let start = prop::sample::select(start);
    let tls = (start, prop::option::of(word()), trust, 0..=3650_u16)
        .prop_map(|(start, name, trust, expiry_days)| Tls { start, name, trust, expiry_days });
    prop::option::of(tls).boxed()
}

const CONNECTED: &[Start] = &[Start::Connected];
const ASKED: &[Start] = &[Start::Asked];
const EITHER: &[Start] = &[Start::Connected, Start::Asked];

fn http() -> BoxedStrategy<Http> {
    let target = (
        prop_oneof!["/[!-~]{0,20}", "https?://[a-z0-9]{1,9}[!-~]{0,20}"],
        prop::option::of("[a-z0-9.:-]{1,20}"),
        prop::sample::select(&["GET", "OPTIONS", "POST"][..]),
        any::<bool>(),
    );
    let range = (100..=599_u16, 0..99_u16).prop_map(|(first, more)| {
        let last = (first + more).min(599);
        StatusRange { first, last }
    });
    let judged = (
        prop::collection::vec(range, 0..3),
        prop::option::of(pattern()),
        1..=1_u32 << 24,
        0..=10_u8,
    );
    let header = ("x-[a-z]{1,9}", "[!-~]{0,9}");
    let headers = prop::collection::btree_map(header.0, header.1, 0..3);
    (tls(CONNECTED), target, headers, prop::option::of(login()), judged)
        .prop_map(|(tls, (path, host, method, second), headers, login, judged)| Http {
            tls,
            version: if second { Version::Http2 } else { Version::Http1 },
            method: method.to_owned(),
            path,
            host,
            headers: headers.into_iter().collect(),
            login,
            statuses: judged.0,
            expect: judged.1,
            limit: judged.2,
            redirects: judged.3,
        })
        .boxed()
}

fn sql() -> BoxedStrategy<Sql> {
    let query = prop::option::of(("[a-z]{1,9}\n? ?[a-z;]{0,9}", 0..=1_000_000_u32));
    (tls(ASKED), login(), prop::option::of(line()), query)
        .prop_map(|(tls, login, database, query)| {
            let rows = query.as_ref().map_or(0, |(_, rows)| *rows);
            let query = query.map(|it| it.0);
            Sql { tls, login, database, query, rows, server_key: None }
        })
        .boxed()
}

/// A key of the server's is for connections without TLS.
fn mysql() -> BoxedStrategy<Sql> {
    let key = prop_oneof![Just(ServerKey::Asked), path().prop_map(ServerKey::File)];
    (sql(), prop::option::of(key))
        .prop_map(|(sql, key)| {
            let server_key = key.filter(|_| sql.tls.is_none());
            Sql { server_key, ..sql }
        })
        .boxed()
}

/// TLS goes over TCP.
fn carried() -> BoxedStrategy<(Transport, Option<Tls>)> {
    let transport = prop::sample::select(&[Transport::Udp, Transport::Tcp][..]);
    (transport, tls(CONNECTED))
        .prop_map(|(transport, tls)| (tls.as_ref().map_or(transport, |_| Transport::Tcp), tls))
        .boxed()
}

fn of_mail() -> BoxedStrategy<Dialogue> {
    let login = || prop::option::of(login());
    let mailbox = || (tls(EITHER), login()).prop_map(|(tls, login)| Mailbox { tls, login }.into());
    prop_oneof![
        (tls(EITHER), prop::option::of(word()), login())
            .prop_map(|(tls, helo, login)| Dialogue::Smtp(Smtp { tls, helo, login }.into())),
        mailbox().prop_map(Dialogue::Imap),
        mailbox().prop_map(Dialogue::Pop3),
        (tls(EITHER), login(), prop::option::of((line(), prop::option::of(pattern())))).prop_map(
            |(tls, login, file)| {
                let (file, expect) = file.map_or((None, None), |it| (Some(it.0), it.1));
                Dialogue::Ftp(Ftp { tls, login, file, expect }.into())
            }
        ),
        (tls(EITHER), prop::option::of(word()))
            .prop_map(|(tls, group)| Dialogue::Nntp(Nntp { tls, group }.into())),
    ]
    .boxed()
}

fn of_stores() -> BoxedStrategy<Dialogue> {
    let redis = (tls(CONNECTED), prop::option::of((prop::option::of(line()), secret())));
    let role = prop::option::of(prop::sample::select(&["master", "slave"][..]));
    prop_oneof![
        (
            tls(EITHER),
            prop::option::of(login()),
            prop::option::of((line(), prop::option::of(pattern()))),
        )
            .prop_map(|(tls, login, base)| {
                let (base, expect) = base.map_or((None, None), |it| (Some(it.0), it.1));
                Dialogue::Ldap(Ldap { tls, login, base, expect }.into())
            }),
        mysql().prop_map(|sql| Dialogue::Mysql(sql.into())),
        sql().prop_map(|sql| Dialogue::Postgresql(sql.into())),
        (redis, role).prop_map(|((tls, login), role)| {
            let (user, password) = login.map_or((None, None), |it| (it.0, Some(it.1)));
            let role = role.map(str::to_owned);
            Dialogue::Redis(Redis { tls, user, password, role }.into())
        }),
        (tls(CONNECTED), prop::option::of(pattern()))
            .prop_map(|(tls, expect)| Dialogue::Memcached(Memcached { tls, expect }.into())),
        prop::option::of(word()).prop_map(|service| Dialogue::Oracle(Oracle { service }.into())),
    ]
    .boxed()
}

fn of_others() -> BoxedStrategy<Dialogue> {
    let record = prop::sample::select(Record::ALL);
    prop_oneof![
        (bytes(), prop::option::of(any_pattern()))
            .prop_map(|(send, expect)| Dialogue::Udp(Udp { send, expect }.into())),
        (carried(), "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}", record, prop::option::of(pattern()))
            .prop_map(|((transport, tls), name, record, expect)| {
                Dialogue::Dns(Dns { tls, transport, name, record, expect }.into())
            }),
        (login(), secret())
            .prop_map(|(login, secret)| Dialogue::Radius(Radius { login, secret }.into())),
        (carried(), "[a-z]{1,9}@[a-z.]{1,9}").prop_map(|((transport, tls), user)| Dialogue::Sip(
            Sip { tls, transport, user }.into()
        )),
        bytes().prop_map(|send| Dialogue::Agent(Agent { send }.into())),
        (path(), prop::collection::vec("[^\0]{0,9}", 0..3), line()).prop_map(
            |(path, arguments, user)| {
                let command = [vec![path], arguments].concat();
                Dialogue::Program(Program { command, user }.into())
            }
        ),
        (path(), prop::option::of(pattern()))
            .prop_map(|(path, expect)| Dialogue::File(File { path, expect }.into())),
        Just(Dialogue::Ping),
        Just(Dialogue::On),
        Just(Dialogue::Off),
    ]
    .boxed()
}

/// Any dialogue that [`director_config::parse`] can give.
pub(crate) fn dialogue() -> BoxedStrategy<Dialogue> {
    let talk = (tls(CONNECTED), bytes(), prop::option::of(any_pattern()));
    prop_oneof![
        Just(Dialogue::Tcp),
        talk.prop_map(|(tls, send, expect)| {
            let talk = Talk { tls, send, expect };
            if talk == Talk::default() { Dialogue::Tcp } else { Dialogue::Talk(talk.into()) }
        }),
        http().prop_map(|http| Dialogue::Http(http.into())),
        (tls(CONNECTED), prop::option::of("[a-z0-9.:-]{1,20}"), prop::option::of(word())).prop_map(
            |(tls, host, service)| {
                let service = service.unwrap_or_default();
                Dialogue::Grpc(Grpc { tls, host, service }.into())
            }
        ),
        of_mail(),
        of_stores(),
        of_others(),
    ]
    .boxed()
}
