//! Web servers and proxies, and what is asked over TCP as it is.

use crate::place::{Place, found, free_port, free_ports, need_root};
use crate::process::Server;
use crate::subject::{Missing, Stage, Subject, set};
use crate::table::Column;
use director_core::config::Dialogue;
use director_core::config::dialogue::{Http, Login, Pattern, StatusRange, Talk, Tls, Version};
use std::process::Command;

pub(crate) fn stages() -> Vec<Result<Stage, Missing>> {
    let nginx_rows = [
        "http 1.1",
        "http 2",
        "https 1.1",
        "https 2",
        "tcp connect",
        "tcp send, expect",
        "tcp send, expect, TLS",
    ];
    vec![
        set(&nginx_rows, nginx()),
        set(&["http by tinyproxy", "https by tinyproxy"], tinyproxy()),
        set(&["http by squid", "https by squid"], squid()),
    ]
}

const NGINX: &str = r#"
daemon off;
master_process off;
pid DIR/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    ssl_certificate DIR/cert.pem;
    ssl_certificate_key DIR/key.pem;
    server {
        listen 127.0.0.1:PLAIN;
        listen 127.0.0.1:SECURE ssl;
        listen 127.0.0.1:SECOND http2;
        listen 127.0.0.1:SECRET ssl http2;
        listen [::1]:PLAIN;
        listen [::1]:SECURE ssl;
        listen [::1]:SECOND http2;
        listen [::1]:SECRET ssl http2;
        location /health { return 200 "all is WELL\n"; }
        location /moved { return 302 /health; }
        location /closed {
            auth_basic "closed";
            auth_basic_user_file DIR/users;
            try_files /none =204;
        }
        location /host { return 200 "$host $http_x_check $request_method"; }
    }
}
"#;

/// Plain, secure, HTTP/2, HTTP/2 and secure.
type Ports = [u16; 4];

/// Writes its configuration.
fn configure(place: &Place, ports: Ports) -> String {
    let names = ["PLAIN", "SECURE", "SECOND", "SECRET"];
    let text = names
        .iter()
        .zip(ports)
        .fold(NGINX.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()));
    place.write("users", "director:{PLAIN}hidden\n");
    place.write("nginx.conf", &text)
}

fn http(http: Http) -> Dialogue {
    Dialogue::Http(http.into())
}

fn well() -> Http {
    Http::get("/health").expecting("WELL")
}

fn page(path: &str, login: Option<Login>) -> Dialogue {
    let statuses = vec![StatusRange { first: 204, last: 204 }];
    http(Http { login, statuses, ..Http::get(path) })
}

/// HTTP/1.1 has the most to be tried.
fn http1(place: &Place, port: u16) -> Subject {
    let regex = |limit| {
        let expect = Some(Pattern::Regex("all (is|was) W.LL\n$".into()));
        http(Http { expect, limit, ..well() })
    };
    let named = Http {
        host: Some("www.example.org".into()),
        headers: vec![("X-Check".into(), "yes".into())],
        method: "POST".into(),
        ..Http::get("/host").expecting("www.example.org yes POST")
    };
    let moved = |redirects| http(Http { redirects, ..Http::get("/moved").expecting("WELL") });
    let healthy = [
        http(well()),
        regex(Http::LIMIT),
        regex(12),
        http(named),
        page("/closed", Some(place.login())),
        moved(1),
        http(Http { method: "HEAD".into(), ..Http::get("/health") }),
    ];
    let wrong = [
        http(Http::get("/health").expecting("ILL")),
        regex(11),
        http(Http::get("/none")),
        moved(0),
        page("/closed", Some(place.wrong_login())),
        http(Http { tls: Some(place.tls()), ..well() }),
    ];
    Subject::new("http 1.1", port, healthy, wrong)
}

fn secure(title: &'static str, place: &Place, port: u16, version: Version) -> Subject {
    let asked = |tls: Tls| http(Http { tls: Some(tls), version, ..well() });
    let named = |name: &str| Tls { name: Some(name.into()), ..place.tls() };
    let mut other = place.pinned();
    if let director_core::config::dialogue::Trust::Pin(pin) = &mut other.trust {
        pin[0] ^= 1;
    }
    let healthy = [asked(place.tls()), asked(named("server.example")), asked(place.pinned())];
    let wrong = [
        http(Http { tls: Some(place.tls()), version, ..Http::get("/health").expecting("ILL") }),
        asked(named("other.example")),
        asked(other),
        asked(Tls::default()),
        http(Http { version, ..well() }),
    ];
    Subject::new(title, port, healthy, wrong)
}

fn talk(tls: Option<Tls>, expect: &str) -> Dialogue {
    let send = b"GET /health HTTP/1.0\r\n\r\n".to_vec();
    let expect = Some(Pattern::Regex(expect.into()));
    Dialogue::Talk(Talk { tls, send, expect }.into())
}

fn nginx() -> Result<Stage, String> {
    let program = found("nginx", "nginx-light")?;
    let place = Place::new();
    let ports: Ports = free_ports();
    let [plain, tls, second, secret] = ports;
    let (good, bad) = ("^HTTP/1.1 200 .*(?s:.*)WELL", "^HTTP/1.1 200 .*(?s:.*)ILL");
    let version = Version::Http2;
    let all = [Column::Wrong, Column::Hangs, Column::Drips, Column::Closes, Column::Garbage];
    let subjects = [
        http1(&place, plain),
        Subject::new(
            "http 2",
            second,
            [http(Http { version, ..well() })],
            [http(Http { version, ..Http::get("/none") }), http(well())],
        ),
        secure("https 1.1", &place, tls, Version::Http1),
        secure("https 2", &place, secret, version),
        Subject::new("tcp connect", plain, [Dialogue::Tcp], [])
            .without(&all, "a connection is all that is asked for"),
        Subject::new("tcp send, expect", plain, [talk(None, good)], [talk(None, bad)]),
        Subject::new(
            "tcp send, expect, TLS",
            tls,
            [talk(Some(place.tls()), good)],
            [talk(Some(place.tls()), bad), talk(Some(Tls::default()), good)],
        ),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let mut command = Command::new(&program);
        command.args(["-c", &configure(place, ports), "-p", place.root()]);
        Server::start(command, place)
    }))
}

/// A proxy with a web server behind it.
fn proxy(
    titles: [&'static str; 2],
    place: Place,
    command: impl Fn(&Place, u16) -> Command + Send + Sync + 'static,
) -> Result<Stage, String> {
    let origin = found("nginx", "nginx-light")?;
    let (port, ports): (_, Ports) = (free_port(), free_ports());
    let [plain, secure, _, secret] = ports;
    let url = |path: &str| Http::get(&format!("http://127.0.0.1:{plain}{path}"));
    let healthy = [
        http(url("/health").expecting("WELL")),
        http(Http { redirects: 1, ..url("/moved").expecting("WELL") }),
    ];
    let wrong = [http(url("/health").expecting("ILL")), http(url("/none")), http(url("/moved"))];
    let tls = Some(place.tls());
    let over = |port: u16, version, tls: &Option<Tls>, expect: &str| {
        let get = Http::get(&format!("https://127.0.0.1:{port}/health")).expecting(expect);
        http(Http { tls: tls.clone(), version, ..get })
    };
    let (one, two) = (Version::Http1, Version::Http2);
    let connected = [over(secure, one, &tls, "WELL"), over(secret, two, &tls, "WELL")];
    let not = [
        over(secure, one, &tls, "ILL"),
        over(secure, one, &None, "WELL"),
        over(free_port(), one, &tls, "WELL"),
    ];
    let subjects = [
        Subject::new(titles[0], port, healthy, wrong),
        Subject::new(titles[1], port, connected, not),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let own = command(place, port);
        // Both in one group.
        let mut both = Command::new("/bin/sh");
        both.args(["-c", "\"$0\" -c \"$1\" -p \"$2\" & shift 2; exec \"$@\""]).arg(&origin);
        both.args([&configure(place, ports), place.root()]);
        both.arg(own.get_program()).args(own.get_args());
        Server::start(both, place)
    }))
}

fn tinyproxy() -> Result<Stage, String> {
    let program = found("tinyproxy", "tinyproxy")?;
    need_root("tinyproxy")?;
    proxy(["http by tinyproxy", "https by tinyproxy"], Place::new(), move |place, port| {
        let text =
            format!("Port {port}\nListen 127.0.0.1\nListen ::1\nTimeout 60\nMaxClients 10\n");
        let file = place.write("tinyproxy.conf", &text);
        let mut command = Command::new(&program);
        command.args(["-d", "-c", &file]);
        command
    })
}

fn squid() -> Result<Stage, String> {
    let program = found("squid", "squid")?;
    need_root("squid")?;
    let place = Place::new();
    place.folder("spool");
    proxy(["http by squid", "https by squid"], place, move |place, port| {
        let text = format!(
            "http_port 127.0.0.1:{port}\nhttp_port [::1]:{port}\nhttp_access allow localhost\n\
             cache deny all\npid_filename none\naccess_log none\ncache_log DIR/spool/log\n\
             coredump_dir DIR/spool\npinger_enable off\nshutdown_lifetime 0 seconds\n"
        );
        let file = place.write("squid.conf", &text);
        let mut command = Command::new(&program);
        command.args(["-N", "-f", &file, "-n", &format!("check{port}")]);
        command
    })
}
