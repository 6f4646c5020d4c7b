//! Databases and caches.

use crate::place::{PASSWORD, Place, USER, found, free_port, free_ports, need_root};
use crate::process::{Server, prepare};
use crate::subject::{Missing, Stage, Subject, set};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Login, Memcached, Pattern, Redis, Secret, Sql, Tls};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

pub(crate) fn stages() -> Vec<Result<Stage, Missing>> {
    vec![
        set(&["mysql (mariadb)", "mysql TLS (mariadb)"], mariadb()),
        set(&["postgresql", "postgresql TLS"], postgresql()),
        set(&["redis", "redis TLS"], redis()),
        set(&["memcached", "memcached TLS"], memcached()),
    ]
}

fn sql(tls: Option<Tls>, login: Login, query: Option<(&str, u32)>) -> Arc<Sql> {
    let rows = query.map_or(0, |(_, rows)| rows);
    let query = query.map(|(text, _)| text.to_owned());
    let (database, server_key) = (Some("shop".into()), None);
    Arc::new(Sql { tls, login, database, query, rows, server_key })
}

/// The rows of a database: in the clear, and secret.
fn of_database(
    place: &Place,
    titles: [&'static str; 2],
    port: u16,
    make: fn(Arc<Sql>) -> Dialogue,
) -> [Subject; 2] {
    let ask = |tls, login, query| make(sql(tls, login, query));
    let stranger = Tls { trust: Tls::default().trust, ..place.asked_tls() };
    let two = Some(("SELECT 1 UNION SELECT 2", 2));
    let none = |rows| Some(("SELECT 1 WHERE 1 = 0", rows));
    let cases = |tls: Option<Tls>| {
        let ask = |login, query| ask(tls.clone(), login, query);
        let healthy =
            [ask(place.login(), two), ask(place.login(), None), ask(place.login(), none(0))];
        let wrong = [
            ask(place.wrong_login(), None),
            ask(place.login(), Some(("SELECT FROM FROM", 1))),
            ask(place.login(), none(1)),
        ];
        (healthy, Vec::from(wrong))
    };
    let (plain, wrong) = cases(None);
    let (secret, mut not_secret) = cases(Some(place.asked_tls()));
    not_secret.push(ask(Some(stranger), place.login(), None));
    [Subject::new(titles[0], port, plain, wrong), Subject::new(titles[1], port, secret, not_secret)]
}

fn mariadb() -> Result<Stage, String> {
    let program = found("mariadbd", "mariadb-server")?;
    need_root("mariadb")?;
    let (place, port) = (Place::new(), free_port());
    let titles = ["mysql (mariadb)", "mysql TLS (mariadb)"];
    let subjects = of_database(&place, titles, port, Dialogue::Mysql);
    Ok(Stage::new(place, subjects, move |place| {
        let data = place.path("data");
        let mut command = Command::new(&program);
        if fs::metadata(&data).is_err() {
            place.folder("data");
            let mut install = Command::new("/usr/bin/mariadb-install-db");
            install.args(["--no-defaults", "--user=mysql", "--skip-test-db"]);
            prepare(install.arg(format!("--datadir={data}")));
            let first = place.write(
                "first.sql",
                &format!(
                    "CREATE DATABASE shop;\n\
                     CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                     GRANT SELECT ON shop.* TO '{USER}'@'%';\n"
                ),
            );
            command.args(["--no-defaults", &format!("--init-file={first}")]);
        } else {
            command.arg("--no-defaults");
        }
        command.args(["--user=mysql", "--bind-address=127.0.0.1,::1"]);
        command.args([format!("--datadir={data}"), format!("--port={port}")]);
        command.arg(format!("--socket={data}/socket"));
        command.arg(format!("--ssl-cert={}", place.path("cert.pem")));
        command.arg(format!("--ssl-key={}", place.path("key.pem")));
        command.arg(format!("--pid-file={data}/pid"));
        Server::start(command, place)
    }))
}

/// Makes the files of a PostgreSQL with a user and a database.
fn initdb(place: &Place, program: &Path, setup: &Path, (uid, gid): (u32, u32)) {
    let data = place.folder("data");
    chown(&data, Some(uid), Some(gid)).unwrap();
    place.write("given", &format!("{PASSWORD}\n"));
    chown(place.path("key.pem"), Some(uid), Some(gid)).unwrap();
    fs::set_permissions(place.path("key.pem"), Permissions::from_mode(0o600)).unwrap();
    let as_owner = |program: &Path| {
        let mut command = Command::new("/usr/sbin/runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    };
    let mut command = as_owner(setup);
    command.args(["-D", &data, "-U", USER, "-A", "scram-sha-256", "-N", "--locale=C"]);
    prepare(command.args(["--pwfile", &place.path("given")]));
    let single = place.write("first.sql", "CREATE DATABASE shop;\n");
    let mut command = as_owner(program);
    command.args(["--single", "-D", &data, "postgres"]);
    let said = command.stdin(fs::File::open(single).unwrap()).output().unwrap();
    assert!(said.status.success(), "{said:?}");
}

fn postgresql() -> Result<Stage, String> {
    let program = found("postgres", "postgresql")?;
    let setup = found("initdb", "postgresql")?;
    need_root("this test of postgresql")?;
    let (place, port) = (Place::new(), free_port());
    let titles = ["postgresql", "postgresql TLS"];
    let subjects = of_database(&place, titles, port, Dialogue::Postgresql);
    let owner = nix::unistd::User::from_name("postgres").unwrap().unwrap();
    let (uid, gid) = (owner.uid.as_raw(), owner.gid.as_raw());
    Ok(Stage::new(place, subjects, move |place| {
        let data = place.path("data");
        if fs::metadata(&data).is_err() {
            initdb(place, &program, &setup, (uid, gid));
        }
        // Not through runuser: who is stopped must be the server itself.
        let mut command = Command::new(&program);
        command.uid(uid).gid(gid).args(["-D", &data, "-k", &data, "-h", "127.0.0.1,::1"]);
        command.args(["-p", &port.to_string(), "-c", "ssl=on"]);
        command.args(["-c", &format!("ssl_cert_file={}", place.path("cert.pem"))]);
        command.args(["-c", &format!("ssl_key_file={}", place.path("key.pem"))]);
        Server::start(command, place)
    }))
}

fn redis() -> Result<Stage, String> {
    let program = found("redis-server", "redis-server")?;
    let place = Place::new();
    let [plain, secure] = free_ports();
    let password = || Some(Secret::File(place.path("password")));
    let other = || Some(Secret::File(place.path("wrong")));
    let redis = |tls, user: Option<&str>, password, role: Option<&str>| {
        let (user, role) = (user.map(Into::into), role.map(Into::into));
        Dialogue::Redis(Redis { tls, user, password, role }.into())
    };
    let tls = || Some(place.tls());
    let subjects = [
        Subject::new(
            "redis",
            plain,
            [
                redis(None, None, password(), None),
                redis(None, Some(USER), password(), Some("master")),
            ],
            [
                redis(None, None, None, None),
                redis(None, None, other(), None),
                redis(None, None, password(), Some("slave")),
            ],
        ),
        Subject::new(
            "redis TLS",
            secure,
            [redis(tls(), None, password(), None)],
            [redis(tls(), None, other(), None), redis(Some(Tls::default()), None, None, None)],
        ),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let text = format!(
            "port {plain}\nbind 127.0.0.1 ::1\ndir DIR\nsave \"\"\nrequirepass {PASSWORD}\n\
             tls-port {secure}\ntls-cert-file DIR/cert.pem\ntls-key-file DIR/key.pem\n\
             tls-ca-cert-file DIR/root.pem\ntls-auth-clients no\n\
             user {USER} on >{PASSWORD} +ping +role\n"
        );
        let file = place.write("redis.conf", &text);
        let mut command = Command::new(&program);
        command.arg(&file);
        Server::start(command, place)
    }))
}

fn memcached() -> Result<Stage, String> {
    let program = found("memcached", "memcached")?;
    let place = Place::new();
    let [plain, secure] = free_ports();
    let version = |tls: Option<Tls>, text: Option<&str>| {
        let expect = text.map(|text| Pattern::Regex(text.into()));
        Dialogue::Memcached(Memcached { tls, expect }.into())
    };
    let of = |title, port, tls: Option<Tls>| {
        let healthy = [version(tls.clone(), Some(r"^1\.")), version(tls.clone(), None)];
        let mut wrong = vec![version(tls.clone(), Some("^0"))];
        wrong.extend(tls.map(|_| version(Some(Tls::default()), None)));
        Subject::new(title, port, healthy, wrong)
    };
    let tls = Some(place.tls());
    let subjects = [of("memcached", plain, None), of("memcached TLS", secure, tls)];
    Ok(Stage::new(place, subjects, move |place| {
        let mut command = Command::new(&program);
        let hosts = ["127.0.0.1", "[::1]"];
        let open = hosts.map(|host| format!("notls:{host}:{plain}")).join(",");
        let closed = hosts.map(|host| format!("{host}:{secure}")).join(",");
        command.args(["-u", "nobody", "-l", &format!("{open},{closed}"), "-Z"]);
        command.args(["-o", &format!("ssl_chain_cert={}", place.path("cert.pem"))]);
        command.args(["-o", &format!("ssl_key={}", place.path("key.pem"))]);
        Server::start(command, place)
    }))
}
