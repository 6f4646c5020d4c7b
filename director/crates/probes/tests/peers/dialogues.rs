//! One dialogue of each protocol, and how a healthy server of it begins.

use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Agent, Dns, Ftp, Grpc, Http, Ldap, Login, Mailbox, Memcached, Nntp, Oracle, Pattern, Radius,
    Record, Redis, Secret, Sip, Smtp, Sql, Talk, Tls, Transport, Udp, Version,
};

/// What carries a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    Datagrams,
    Plain,
    Secret,
}

/// A dialogue to be carried out.
pub(crate) struct Subject {
    pub(crate) title: &'static str,
    pub(crate) dialogue: Dialogue,
    pub(crate) carried: Carried,
    /// The first bytes that a healthy server says.
    pub(crate) opening: Vec<u8>,
}

fn login() -> Login {
    Login { user: "director".into(), password: Secret::Variable("PASSWORD".into()) }
}

fn well() -> Option<Pattern> {
    Some(Pattern::Text("WELL".into()))
}

fn plain(title: &'static str, dialogue: Dialogue, opening: &[u8]) -> Subject {
    Subject { title, dialogue, carried: Carried::Plain, opening: opening.to_vec() }
}

fn secure(title: &'static str, dialogue: Dialogue) -> Subject {
    // The head of a ServerHello (RFC 8446 §5.1): a record of which more is to come.
    let opening = [0x16, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, 7, 7, 7, 7, 7];
    Subject { title, dialogue, carried: Carried::Secret, opening: opening.to_vec() }
}

fn datagrams(title: &'static str, dialogue: Dialogue) -> Subject {
    Subject { title, dialogue, carried: Carried::Datagrams, opening: Vec::new() }
}

/// `WELL` over TLS.
pub(crate) fn secret_talk(tls: Tls) -> Subject {
    let talk = Talk { tls: Some(tls), send: Vec::new(), expect: well() };
    secure("tcp tls", Dialogue::Talk(talk.into()))
}

fn tls() -> Option<Tls> {
    Some(Tls::default())
}

fn sql() -> Sql {
    let query = Some("SELECT 1".into());
    Sql { tls: None, login: login(), database: None, query, rows: 1, server_key: None }
}

fn dns(transport: Transport, tls: Option<Tls>) -> Dialogue {
    let (name, record) = ("www.example.org".into(), Record::A);
    Dialogue::Dns(Dns { tls, transport, name, record, expect: None }.into())
}

fn sip(transport: Transport, tls: Option<Tls>) -> Dialogue {
    Dialogue::Sip(Sip { tls, transport, user: "director@example.org".into() }.into())
}

fn of_web() -> Vec<Subject> {
    let page = || Http::get("/").expecting("WELL");
    let http1 = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
    let second = Http { version: Version::Http2, ..page() };
    vec![
        plain("http", Dialogue::Http(page().into()), http1),
        secure("http tls", Dialogue::Http(Http { tls: tls(), ..page() }.into())),
        plain("http 2", Dialogue::Http(second.clone().into()), &settings),
        secure("http 2 tls", Dialogue::Http(Http { tls: tls(), ..second }.into())),
        plain("grpc", Dialogue::Grpc(Grpc::default().into()), &settings),
        secure("grpc tls", Dialogue::Grpc(Grpc { tls: tls(), ..Grpc::default() }.into())),
    ]
}

fn of_mail() -> Vec<Subject> {
    let mailbox = |tls| Mailbox { tls, login: Some(login()) };
    let smtp = |tls| Smtp { tls, helo: None, login: Some(login()) };
    let nntp = |tls| Nntp { tls, group: None };
    let ftp = |tls| Ftp { tls, login: None, file: Some("status".into()), expect: well() };
    vec![
        plain("smtp", Dialogue::Smtp(smtp(None).into()), b"220-mail.example\r\n220 ESMTP\r\n"),
        secure("smtp tls", Dialogue::Smtp(smtp(tls()).into())),
        plain("imap", Dialogue::Imap(mailbox(None).into()), b"* OK [CAPABILITY IMAP4rev1]\r\n"),
        secure("imap tls", Dialogue::Imap(mailbox(tls()).into())),
        plain("pop3", Dialogue::Pop3(mailbox(None).into()), b"+OK ready\r\n"),
        secure("pop3 tls", Dialogue::Pop3(mailbox(tls()).into())),
        plain("ftp", Dialogue::Ftp(ftp(None).into()), b"220 welcome\r\n"),
        secure("ftp tls", Dialogue::Ftp(ftp(tls()).into())),
        plain("nntp", Dialogue::Nntp(nntp(None).into()), b"200 posting allowed\r\n"),
        secure("nntp tls", Dialogue::Nntp(nntp(tls()).into())),
    ]
}

fn of_stores() -> Vec<Subject> {
    let ldap = |tls| Ldap { tls, login: Some(login()), base: None, expect: None };
    let redis = |tls| Redis { tls, ..Redis::default() };
    let cache = |tls| Memcached { tls, expect: None };
    let bound = [0x30, 12, 2, 1, 2, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    let mysql = b"\x4a\0\0\0\x0a8.0.36\0\x07\0\0\0abcdefgh";
    let oracle = b"\0\x40\0\0\x04\0\0\0\x04\0\0\x34(DESCRIPTION=";
    vec![
        plain("ldap", Dialogue::Ldap(ldap(None).into()), &bound),
        secure("ldap tls", Dialogue::Ldap(ldap(tls()).into())),
        plain("mysql", Dialogue::Mysql(sql().into()), mysql),
        plain("postgresql", Dialogue::Postgresql(sql().into()), b"R\0\0\0\x0c\0\0\0\x05abcd"),
        plain("redis", Dialogue::Redis(redis(None).into()), b"+PONG\r\n"),
        secure("redis tls", Dialogue::Redis(redis(tls()).into())),
        plain("memcached", Dialogue::Memcached(cache(None).into()), b"VERSION 1.6.18\r\n"),
        secure("memcached tls", Dialogue::Memcached(cache(tls()).into())),
        plain("oracle", Dialogue::Oracle(Oracle::default().into()), oracle),
    ]
}

fn of_others() -> Vec<Subject> {
    let radius = Radius { login: login(), secret: Secret::Variable("SECRET".into()) };
    let udp = Udp { send: b"?".to_vec(), expect: well() };
    let talk = Talk { tls: None, send: b"?".to_vec(), expect: well() };
    let agent = Agent { send: Vec::new() };
    vec![
        plain("tcp", Dialogue::Talk(talk.into()), b"all is WELL"),
        secret_talk(Tls::default()),
        datagrams("udp", Dialogue::Udp(udp.into())),
        datagrams("ping", Dialogue::Ping),
        datagrams("dns", dns(Transport::Udp, None)),
        plain("dns tcp", dns(Transport::Tcp, None), &[0, 40, 7, 7, 0x81, 0x80, 0, 1]),
        secure("dns tls", dns(Transport::Tcp, tls())),
        datagrams("radius", Dialogue::Radius(radius.into())),
        datagrams("sip", sip(Transport::Udp, None)),
        plain("sip tcp", sip(Transport::Tcp, None), b"SIP/2.0 200 OK\r\n"),
        secure("sip tls", sip(Transport::Tcp, tls())),
        plain("agent", Dialogue::Agent(agent.into()), b" , ,, up 75%\n"),
    ]
}

/// All of them.
pub(crate) fn subjects() -> Vec<Subject> {
    [of_web(), of_mail(), of_stores(), of_others()].into_iter().flatten().collect()
}
