//! Directories, databases and caches.

use crate::support::{
    PASSWORD, Place, Server, USER, free_port, need, need_root, prepare, rehearse,
};
use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Ldap, Login, Memcached, Pattern, Redis, Secret, Sql, Start, Tls,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

const SLAPD: &str = r#"
include /etc/ldap/schema/core.schema
pidfile DIR/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile DIR/cert.pem
TLSCertificateKeyFile DIR/key.pem
database mdb
suffix "dc=example,dc=org"
rootdn "director"
rootpw hidden
directory DIR/spool
"#;
const TREE: &str = "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n\
                    dc: example\no: example\n";

#[tokio::test]
async fn slapd() {
    let program = need!("slapd", "slapd");
    need_root!("slapd");
    let place = Place::new();
    let (plain, secure) = (free_port(), free_port());
    place.folder("spool");
    let text = SLAPD.replace("\"director\"", "\"cn=director,dc=example,dc=org\"");
    let file = place.write("slapd.conf", &text);
    let tree = place.write("tree.ldif", TREE);
    prepare(Command::new("/usr/sbin/slapadd").args(["-f", &file, "-l", &tree]));
    let listen = format!("ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{secure}/");
    let server =
        Server::start(Command::new(program).args(["-d", "0", "-h", &listen, "-f", &file]), &place);
    let name = |login: Login| Login { user: "cn=director,dc=example,dc=org".into(), ..login };
    let ldap = |tls, login, base: Option<&str>, expect: Option<&str>| {
        let expect = expect.map(|text| Pattern::Text(text.into()));
        Dialogue::Ldap(Ldap { tls, login, base: base.map(Into::into), expect }.into())
    };
    let base = Some("dc=example,dc=org");
    let login = || Some(name(place.login()));
    let asked = Some(Tls { start: Start::Asked, ..place.tls() });
    let healthy = [
        (plain, "anonymous", ldap(None, None, None, None)),
        (plain, "bind", ldap(None, login(), None, None)),
        (plain, "search", ldap(None, login(), base, Some("dc=example"))),
        (plain, "starttls", ldap(asked, login(), base, None)),
        (secure, "ldaps", ldap(Some(place.tls()), login(), base, None)),
    ];
    let wrong = [
        (plain, "wrong login", ldap(None, Some(name(place.wrong_login())), None, None)),
        (plain, "no such entry", ldap(None, login(), Some("dc=none"), None)),
        (plain, "wrong entry", ldap(None, login(), base, Some("dc=other"))),
    ];
    rehearse("slapd", server, &healthy, &wrong).await;
}

fn sql(tls: Option<Tls>, login: Login, query: Option<(&str, u32)>) -> Box<Sql> {
    let rows = query.map_or(0, |(_, rows)| rows);
    let query = query.map(|(text, _)| text.to_owned());
    Box::new(Sql { tls, login, database: Some("shop".into()), query, rows })
}

/// A port, what is asked on it, and how.
type Cases = [(u16, &'static str, Dialogue); 4];

/// The dialogues of a database: those that a healthy one passes, and those that it does not.
fn of_database(place: &Place, port: u16, make: fn(Box<Sql>) -> Dialogue) -> (Cases, Cases) {
    let tls = || Some(Tls { start: Start::Asked, ..place.tls() });
    let asked = |tls, login, query| make(sql(tls, login, query));
    let login = || place.login();
    let stranger = Some(Tls { start: Start::Asked, ..Tls::default() });
    let healthy = [
        (port, "login", asked(None, login(), None)),
        (port, "query", asked(None, login(), Some(("SELECT 1", 1)))),
        (port, "tls", asked(tls(), login(), Some(("SELECT 1 UNION SELECT 2", 2)))),
        (port, "no rows needed", asked(None, login(), Some(("SELECT 1 WHERE 1 = 0", 0)))),
    ];
    let wrong = [
        (port, "wrong login", asked(None, place.wrong_login(), None)),
        (port, "wrong query", asked(None, login(), Some(("SELECT FROM FROM", 1)))),
        (port, "too few rows", asked(None, login(), Some(("SELECT 1 WHERE 1 = 0", 1)))),
        (port, "unknown root", asked(stranger, login(), None)),
    ];
    (healthy, wrong)
}

#[tokio::test]
async fn mariadb() {
    let program = need!("mariadbd", "mariadb-server");
    need_root!("mariadb");
    let place = Place::new();
    let port = free_port();
    let data = place.folder("data");
    let mut install = Command::new("/usr/bin/mariadb-install-db");
    install.args(["--no-defaults", "--user=mysql", "--skip-test-db"]);
    prepare(install.arg(format!("--datadir={data}")));
    let first = place.write(
        "first.sql",
        &format!(
            "CREATE DATABASE shop;\nCREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT SELECT ON shop.* TO '{USER}'@'%';\n"
        ),
    );
    let mut command = Command::new(program);
    command.args(["--no-defaults", "--user=mysql", "--bind-address=127.0.0.1"]);
    command.args([format!("--datadir={data}"), format!("--port={port}")]);
    command.args([format!("--socket={data}/socket"), format!("--init-file={first}")]);
    command.arg(format!("--ssl-cert={}", place.path("cert.pem")));
    command.arg(format!("--ssl-key={}", place.path("key.pem")));
    command.arg(format!("--pid-file={data}/pid"));
    let server = Server::start(&mut command, &place);
    let (healthy, wrong) = of_database(&place, port, Dialogue::Mysql);
    rehearse("mariadb", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn postgresql() {
    let program = need!("postgres", "postgresql");
    let setup = need!("initdb", "postgresql");
    need_root!("this test of postgresql");
    let place = Place::new();
    let port = free_port();
    let data = place.folder("data");
    place.write("given", &format!("{PASSWORD}\n"));
    let owner = nix::unistd::User::from_name("postgres").unwrap().unwrap();
    let (uid, gid) = (owner.uid.as_raw(), owner.gid.as_raw());
    chown(&data, Some(uid), Some(gid)).unwrap();
    chown(place.path("key.pem"), Some(uid), Some(gid)).unwrap();
    fs::set_permissions(place.path("key.pem"), Permissions::from_mode(0o600)).unwrap();
    let as_owner = |program: &std::path::Path| {
        let mut command = Command::new("/usr/sbin/runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    };
    let mut command = as_owner(&setup);
    command.args(["-D", &data, "-U", USER, "-A", "scram-sha-256", "-N", "--locale=C"]);
    prepare(command.args(["--pwfile", &place.path("given")]));
    let single = place.write("first.sql", "CREATE DATABASE shop;\n");
    let mut command = as_owner(&program);
    command.args(["--single", "-D", &data, "postgres"]);
    let said = command.stdin(fs::File::open(single).unwrap()).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    // Not through runuser: who is stopped must be the server itself.
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.uid(uid).gid(gid).args(["-D", &data, "-k", &data, "-h", "127.0.0.1"]);
    command.args(["-p", &port.to_string(), "-c", "ssl=on"]);
    command.args(["-c", &format!("ssl_cert_file={}", place.path("cert.pem"))]);
    command.args(["-c", &format!("ssl_key_file={}", place.path("key.pem"))]);
    let server = Server::start(&mut command, &place);
    let (healthy, wrong) = of_database(&place, port, Dialogue::Postgresql);
    rehearse("postgresql", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn redis() {
    let program = need!("redis-server", "redis-server");
    let place = Place::new();
    let (plain, secure) = (free_port(), free_port());
    let text = format!(
        "port {plain}\nbind 127.0.0.1\ndir DIR\nsave \"\"\nrequirepass {PASSWORD}\n\
         tls-port {secure}\ntls-cert-file DIR/cert.pem\ntls-key-file DIR/key.pem\n\
         tls-ca-cert-file DIR/cert.pem\ntls-auth-clients no\n\
         user {USER} on >{PASSWORD} +ping +role\n"
    );
    let file = place.write("redis.conf", &text);
    let server = Server::start(Command::new(program).arg(&file), &place);
    let password = || Some(Secret::File(place.path("password")));
    let redis = |tls, user: Option<&str>, password, role: Option<&str>| {
        let (user, role) = (user.map(Into::into), role.map(Into::into));
        Dialogue::Redis(Redis { tls, user, password, role }.into())
    };
    let healthy = [
        (plain, "ping", redis(None, None, password(), None)),
        (plain, "role", redis(None, Some(USER), password(), Some("master"))),
        (secure, "tls", redis(Some(place.tls()), None, password(), None)),
    ];
    let other = Some(Secret::File(place.path("wrong")));
    let wrong = [
        (plain, "no login", redis(None, None, None, None)),
        (plain, "wrong login", redis(None, None, other, None)),
        (plain, "other role", redis(None, None, password(), Some("slave"))),
    ];
    rehearse("redis", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn memcached() {
    let program = need!("memcached", "memcached");
    let place = Place::new();
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["-l", "127.0.0.1", "-p", &port.to_string(), "-u", "nobody"]);
    let server = Server::start(&mut command, &place);
    let version = |text: Option<&str>| {
        let expect = text.map(|text| Pattern::Regex(text.into()));
        Dialogue::Memcached(Memcached { expect }.into())
    };
    let healthy = [(port, "version", version(None)), (port, "expected", version(Some(r"^1\.")))];
    let wrong = [(port, "other version", version(Some("^0")))];
    rehearse("memcached", server, &healthy, &wrong).await;
}
