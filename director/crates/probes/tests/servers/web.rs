//! Web servers and proxies.

use crate::support::{Place, Server, free_port, need, need_root, rehearse};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Http, Login, Pattern, StatusRange, Talk, Version};
use std::process::Command;

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

fn page(path: &str, login: Option<Login>) -> Dialogue {
    let statuses = vec![StatusRange { first: 204, last: 204 }];
    Dialogue::Http(Http { login, statuses, ..Http::get(path) }.into())
}

#[tokio::test]
async fn nginx() {
    let program = need!("nginx", "nginx-light");
    let place = Place::new();
    let ports: [u16; 4] = std::array::from_fn(|_| free_port());
    let names = ["PLAIN", "SECURE", "SECOND", "SECRET"];
    let text = names
        .iter()
        .zip(ports)
        .fold(NGINX.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()));
    let file = place.write("nginx.conf", &text);
    place.write("users", "director:{PLAIN}hidden\n");
    let server =
        Server::start(Command::new(program).args(["-c", &file, "-p", place.root()]), &place);
    let [plain, secure, second, secret] = ports;
    let well = || Http::get("/health").expecting("WELL");
    let http = |http: Http| Dialogue::Http(http.into());
    let tls = || Some(place.tls());
    let regex = Some(Pattern::Regex("all (is|was) W.LL\n$".into()));
    let named = Http {
        host: Some("www.example.org".into()),
        headers: vec![("X-Check".into(), "yes".into())],
        method: "POST".into(),
        ..Http::get("/host").expecting("www.example.org yes POST")
    };
    let talk = Talk {
        tls: None,
        send: b"GET /health HTTP/1.0\r\n\r\n".to_vec(),
        expect: Some(Pattern::Regex("^HTTP/1.1 200 .*(?s:.*)WELL".into())),
    };
    let healthy = [
        (plain, "http", http(well())),
        (secure, "https", http(Http { tls: tls(), ..well() })),
        (second, "http 2", http(Http { version: Version::Http2, ..well() })),
        (secret, "https 2", http(Http { tls: tls(), version: Version::Http2, ..well() })),
        (plain, "regex", http(Http { expect: regex, ..well() })),
        (plain, "headers", http(named)),
        (plain, "login", page("/closed", Some(place.login()))),
        (plain, "redirect", http(Http { redirects: 1, ..Http::get("/moved").expecting("WELL") })),
        (plain, "head", http(Http { method: "HEAD".into(), ..Http::get("/health") })),
        (plain, "tcp", Dialogue::Tcp),
        (plain, "send and expect", Dialogue::Talk(talk.into())),
    ];
    let wrong = [
        (plain, "wrong page", http(Http::get("/health").expecting("ILL"))),
        (plain, "missing", http(Http::get("/none"))),
        (plain, "redirect off", http(Http::get("/moved"))),
        (plain, "wrong login", page("/closed", Some(place.wrong_login()))),
        (secure, "no TLS", http(well())),
        (plain, "TLS to none", http(Http { tls: tls(), ..well() })),
        (second, "other HTTP", http(well())),
    ];
    rehearse("nginx", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn tinyproxy() {
    let program = need!("tinyproxy", "tinyproxy");
    let origin = need!("nginx", "nginx-light");
    need_root!("tinyproxy");
    let (place, behind) = (Place::new(), Place::new());
    let (port, web) = (free_port(), free_port());
    let text = NGINX.replace("PLAIN", &web.to_string());
    let text: Vec<&str> =
        text.lines().filter(|line| !line.contains("listen 127.0.0.1:S")).collect();
    let file = behind.write("nginx.conf", &text.join("\n"));
    let mut command = Command::new(origin);
    let _origin = Server::start(command.args(["-c", &file, "-p", behind.root()]), &behind);
    let file = place.write(
        "tinyproxy.conf",
        &format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nAllow 127.0.0.1\n"),
    );
    let server = Server::start(Command::new(program).args(["-d", "-c", &file]), &place);
    let through = |path: &str| {
        let url = format!("http://127.0.0.1:{web}{path}");
        Dialogue::Http(Http::get(&url).expecting("WELL").into())
    };
    let healthy = [(port, "page through it", through("/health"))];
    let wrong = [(port, "missing page", through("/none"))];
    rehearse("tinyproxy", server, &healthy, &wrong).await;
}
