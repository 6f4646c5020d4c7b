//! Names, users, calls, health as a service, and agents.

use crate::inetd::Inetd;
use crate::place::{Place, found, free_port, free_ports};
use crate::process::Server;
use crate::subject::{Missing, Stage, Subject, set};
use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Agent, Dns, Grpc, Login, Pattern, Radius, Record, Secret, Sip, Tls, Transport, Udp,
};
use std::process::Command;

pub(crate) fn stages() -> Vec<Result<Stage, Missing>> {
    vec![
        set(&["udp send, expect", "dns udp", "dns tcp", "dns TLS"], unbound()),
        set(&["radius"], freeradius()),
        set(&["sip udp", "sip tcp", "sip TLS"], kamailio()),
        set(&["grpc", "grpc TLS"], etcd()),
        Err(Missing {
            titles: vec!["oracle"],
            why: "Debian has no such listener; tried in memory by tests/peers".into(),
        }),
        set(&["agent"], agent()),
    ]
}

const UNBOUND: &str = r#"
server:
    interface: 127.0.0.1
    interface: ::1
    interface: 127.0.0.1@SECURE
    interface: ::1@SECURE
    port: OPEN
    tls-port: SECURE
    tls-service-key: "DIR/key.pem"
    tls-service-pem: "DIR/cert.pem"
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "DIR"
    pidfile: "DIR/pid"
    use-syslog: no
    module-config: "iterator"
    local-zone: "example.org." static
    local-data: "www.example.org. A 192.0.2.7"
    local-data: "www.example.org. AAAA 2001:db8::7"
    local-data: 'www.example.org. TXT "all is WELL"'
    local-data: "example.org. MX 10 mail.example.org."
remote-control:
    control-enable: no
"#;

fn of_names(title: &'static str, port: u16, transport: Transport, tls: Option<Tls>) -> Subject {
    let by = |tls: &Option<Tls>, name: &str, record, expect: Option<&str>| {
        let expect = expect.map(|text| Pattern::Text(text.into()));
        let (tls, name) = (tls.clone(), name.into());
        Dialogue::Dns(Dns { tls, transport, name, record, expect }.into())
    };
    let dns = |name: &str, record, expect| by(&tls, name, record, expect);
    let www = "www.example.org";
    let healthy = [
        dns(www, Record::A, Some("192.0.2.7")),
        dns(www, Record::Aaaa, Some("2001:db8::7")),
        dns(www, Record::Txt, Some("WELL")),
        dns("example.org.", Record::Mx, Some("mail.example.org")),
    ];
    let mut wrong = vec![
        dns(www, Record::A, Some("192.0.2.8")),
        dns("none.example.org", Record::A, None),
        dns(www, Record::Srv, None),
    ];
    wrong.extend(tls.as_ref().map(|_| by(&Some(Tls::default()), www, Record::A, None)));
    Subject::new(title, port, healthy, wrong)
}

fn unbound() -> Result<Stage, String> {
    let program = found("unbound", "unbound")?;
    let place = Place::new();
    let [port, secure] = free_ports();
    // A question as bytes: the answer has the address in it.
    let bytes = |address: [u8; 4]| {
        let send = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01";
        let expect = Some(Pattern::Bytes(address.into()));
        Dialogue::Udp(Udp { send: send.to_vec(), expect }.into())
    };
    let subjects = [
        Subject::new("udp send, expect", port, [bytes([192, 0, 2, 7])], [bytes([192, 0, 2, 8])])
            .by_datagrams(),
        of_names("dns udp", port, Transport::Udp, None).by_datagrams(),
        of_names("dns tcp", port, Transport::Tcp, None),
        of_names("dns TLS", secure, Transport::Tcp, Some(place.tls())),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let text = UNBOUND.replace("OPEN", &port.to_string());
        let text = text.replace("SECURE", &secure.to_string());
        let file = place.write("unbound.conf", &text);
        let mut command = Command::new(&program);
        command.args(["-d", "-c", &file]);
        Server::start(command, place)
    }))
}

const RADIUS: &str = r#"
prefix = /usr
libdir = /usr/lib/freeradius
logdir = DIR
run_dir = DIR
pidfile = DIR/pid
max_request_time = 5
log {
    destination = stderr
}
security {
    max_attributes = 200
    reject_delay = 0
    status_server = no
}
thread pool {
    start_servers = 1
    max_servers = 2
    min_spare_servers = 1
    max_spare_servers = 2
}
client four {
    ipaddr = 127.0.0.1
    secret = sesame
    require_message_authenticator = yes
}
client six {
    ipv6addr = ::1
    secret = sesame
    require_message_authenticator = yes
}
modules {
    pap {
    }
}
server check {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = PORT
    }
    listen {
        type = auth
        ipv6addr = ::1
        port = PORT
    }
    authorize {
        if (&User-Name == "director") {
            update control {
                &Cleartext-Password := "hidden"
            }
        }
        pap
    }
    authenticate {
        Auth-Type PAP {
            pap
        }
    }
}
"#;

fn freeradius() -> Result<Stage, String> {
    let program = found("freeradius", "freeradius")?;
    let (place, port) = (Place::new(), free_port());
    place.secret("sesame", "sesame");
    let radius = |login: Login| {
        let secret = Secret::File(place.path("sesame"));
        Dialogue::Radius(Radius { login, secret }.into())
    };
    let (healthy, wrong) = ([radius(place.login())], [radius(place.wrong_login())]);
    let subjects = [Subject::new("radius", port, healthy, wrong).by_datagrams()];
    Ok(Stage::new(place, subjects, move |place| {
        place.write("radiusd.conf", &RADIUS.replace("PORT", &port.to_string()));
        place.write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n");
        let mut command = Command::new(&program);
        command.args(["-f", "-n", "radiusd", "-d", place.root()]);
        Server::start(command, place)
    }))
}

fn kamailio() -> Result<Stage, String> {
    let program = found("kamailio", "kamailio")?;
    found("../lib/x86_64-linux-gnu/kamailio/modules/tls.so", "kamailio-tls-modules")?;
    let place = Place::new();
    let [port, secure] = free_ports();
    let sip = |tls, transport, user: &str| {
        Dialogue::Sip(Sip { tls, transport, user: user.into() }.into())
    };
    let (known, unknown) = ("director@example.org", "nobody@example.org");
    let of =
        |title, by| Subject::new(title, port, [sip(None, by, known)], [sip(None, by, unknown)]);
    let (tls, tcp) = (|| Some(place.tls()), Transport::Tcp);
    let not_secret = [sip(tls(), tcp, unknown), sip(Some(Tls::default()), tcp, known)];
    let subjects = [
        of("sip udp", Transport::Udp).by_datagrams(),
        of("sip tcp", tcp),
        Subject::new("sip TLS", secure, [sip(tls(), tcp, known)], not_secret),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let listen = ["127.0.0.1", "[::1]"].map(|address| {
            format!(
                "listen=udp:{address}:{port}\nlisten=tcp:{address}:{port}\n\
                 listen=tls:{address}:{secure}\n"
            )
        });
        let text = format!(
            "#!KAMAILIO\nchildren=1\nlog_stderror=yes\nenable_tls=yes\n{}\
             loadmodule \"tls.so\"\n\
             modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
             modparam(\"tls\", \"private_key\", \"DIR/key.pem\")\n\
             modparam(\"tls\", \"certificate\", \"DIR/cert.pem\")\n\
             loadmodule \"pv.so\"\nloadmodule \"sl.so\"\n\
             request_route {{\n if ($rU == \"director\") {{ sl_send_reply(\"200\", \"OK\"); }}\n\
             else {{ sl_send_reply(\"404\", \"Not Found\"); }}\n}}\n",
            listen.concat()
        );
        let file = place.write("kamailio.cfg", &text);
        let mut command = Command::new(&program);
        command.args(["-DD", "-E", "-f", &file, "-Y", place.root(), "-m", "8", "-M", "4"]);
        Server::start(command, place)
    }))
}

/// It has the health service of gRPC beside its own.
fn etcd() -> Result<Stage, String> {
    let program = found("etcd", "etcd-server")?;
    let place = Place::new();
    let [plain, secure, peers] = free_ports();
    let grpc = |tls, service: &str| {
        Dialogue::Grpc(Grpc { tls, host: None, service: service.into() }.into())
    };
    let tls = || Some(place.tls());
    let subjects = [
        Subject::new(
            "grpc",
            plain,
            [grpc(None, "")],
            [grpc(None, "no.such.Service"), grpc(tls(), "")],
        ),
        Subject::new(
            "grpc TLS",
            secure,
            [grpc(tls(), "")],
            [grpc(tls(), "no.such.Service"), grpc(Some(Tls::default()), ""), grpc(None, "")],
        ),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let urls = |scheme: &str, port: u16| {
            format!("{scheme}://127.0.0.1:{port},{scheme}://[::1]:{port}")
        };
        let mut command = Command::new(&program);
        let folder = place.path("etcd");
        let peers = format!("http://127.0.0.1:{peers}");
        command.args(["--data-dir", &folder, "--logger", "zap"]);
        let clients = [urls("http", plain), urls("https", secure)].join(",");
        command.args(["--listen-client-urls", &clients]);
        command.args(["--advertise-client-urls", &format!("http://127.0.0.1:{plain}")]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        command.args(["--cert-file", &place.path("cert.pem")]);
        command.args(["--key-file", &place.path("key.pem")]);
        Server::start(command, place)
    }))
}

/// Whatever program says one line will do: this one says what it was asked to.
fn agent() -> Result<Stage, String> {
    let port = free_port();
    let says = |words: &str| Dialogue::Agent(Agent { send: format!("{words}\n").into() }.into());
    let healthy = [says("up"), says("75% up"), says("ready drain # for a while")];
    let wrong = [says("down # gone"), says("nonsense")];
    let subjects = [Subject::new("agent", port, healthy, wrong)];
    Ok(Stage::new(Place::new(), subjects, move |_| {
        Server::Inetd(Inetd::start(port, || {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "read -r words && echo \"$words\""]);
            command
        }))
    }))
}
