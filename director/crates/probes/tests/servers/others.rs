//! Names, users, calls, and the host itself.

use crate::support::{Place, Server, asked, free_port, need, rehearse};
use director_core::config::Dialogue;
use director_core::config::dialogue::{
    Dns, Login, Pattern, Radius, Record, Secret, Sip, Transport, Udp,
};
use std::process::Command;
use std::time::Duration;

const UNBOUND: &str = r#"
server:
    interface: 127.0.0.1
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

#[tokio::test]
async fn unbound() {
    let program = need!("unbound", "unbound");
    let place = Place::new();
    let port = free_port();
    let text = UNBOUND.replace("127.0.0.1\n", &format!("127.0.0.1\n    port: {port}\n"));
    let file = place.write("unbound.conf", &text);
    let server = Server::start(Command::new(program).args(["-d", "-c", &file]), &place);
    let dns = |transport, name: &str, record, expect: Option<&str>| {
        let expect = expect.map(|text| Pattern::Text(text.into()));
        Dialogue::Dns(Dns { transport, name: name.into(), record, expect }.into())
    };
    let (udp, tcp, www) = (Transport::Udp, Transport::Tcp, "www.example.org");
    // A question for the root's servers, as bytes: any answer has its number in front.
    let bytes = Udp {
        send: b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01".to_vec(),
        expect: Some(Pattern::Bytes(vec![192, 0, 2, 7])),
    };
    let healthy = [
        (port, "A", dns(udp, www, Record::A, Some("192.0.2.7"))),
        (port, "A by tcp", dns(tcp, www, Record::A, Some("192.0.2.7"))),
        (port, "AAAA", dns(udp, www, Record::Aaaa, Some("2001:db8::7"))),
        (port, "TXT", dns(udp, www, Record::Txt, Some("WELL"))),
        (port, "MX", dns(udp, "example.org.", Record::Mx, Some("mail.example.org"))),
        (port, "udp", Dialogue::Udp(bytes.into())),
    ];
    let wrong = [
        (port, "other address", dns(udp, www, Record::A, Some("192.0.2.8"))),
        (port, "no such name", dns(udp, "none.example.org", Record::A, None)),
        (port, "no such record", dns(tcp, www, Record::Srv, None)),
    ];
    rehearse("unbound", server, &healthy, &wrong).await;
}

const RADIUS: &str = r#"
prefix = /usr
libdir = /usr/lib/freeradius
logdir = DIR
run_dir = DIR
pidfile = DIR/pid
max_request_time = 5
log { destination = stderr }
security { max_attributes = 200 reject_delay = 0 status_server = no }
thread pool { start_servers = 1 max_servers = 2 min_spare_servers = 1 max_spare_servers = 2 }
client loopback { ipaddr = 127.0.0.1 secret = sesame require_message_authenticator = yes }
modules { pap { } }
server check {
    listen { type = auth ipaddr = 127.0.0.1 port = PORT }
    authorize {
        if (&User-Name == "director") {
            update control { &Cleartext-Password := "hidden" }
        }
        pap
    }
    authenticate { Auth-Type PAP { pap } }
}
"#;

#[tokio::test]
async fn freeradius() {
    let program = need!("freeradius", "freeradius");
    let place = Place::new();
    let port = free_port();
    // One statement on each line is what its parser reads.
    let text = RADIUS.replace("PORT", &port.to_string()).replace("{ ", "{\n").replace(" }", "\n}");
    let keys = ["ipaddr", "port", "secret", "require_", "reject_", "status_", "max_", "min_"];
    let text =
        keys.iter().fold(text, |text, key| text.replace(&format!(" {key}"), &format!("\n{key}")));
    place.write("radiusd.conf", &text);
    place.write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n");
    place.write("sesame", "sesame\n");
    use std::os::unix::fs::PermissionsExt;
    let closed = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path("sesame"), closed).unwrap();
    let mut command = Command::new(program);
    let server = Server::start(command.args(["-f", "-n", "radiusd", "-d", place.root()]), &place);
    let radius = |login: Login, secret: &str| {
        let secret = Secret::File(place.path(secret));
        Dialogue::Radius(Radius { login, secret }.into())
    };
    let healthy = [(port, "accepted", radius(place.login(), "sesame"))];
    let wrong = [(port, "wrong login", radius(place.wrong_login(), "sesame"))];
    rehearse("freeradius", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn kamailio() {
    let program = need!("kamailio", "kamailio");
    let place = Place::new();
    let port = free_port();
    let text = format!(
        "#!KAMAILIO\nchildren=1\nlog_stderror=yes\nlisten=udp:127.0.0.1:{port}\n\
         listen=tcp:127.0.0.1:{port}\nloadmodule \"pv.so\"\nloadmodule \"sl.so\"\n\
         request_route {{\n if ($rU == \"director\") {{ sl_send_reply(\"200\", \"OK\"); }}\n\
         else {{ sl_send_reply(\"404\", \"Not Found\"); }}\n}}\n"
    );
    let file = place.write("kamailio.cfg", &text);
    let mut command = Command::new(program);
    command.args(["-DD", "-E", "-f", &file, "-Y", place.root(), "-m", "8", "-M", "4"]);
    let server = Server::start(&mut command, &place);
    let sip = |transport, user: &str| Dialogue::Sip(Sip { transport, user: user.into() }.into());
    let healthy = [
        (port, "udp", sip(Transport::Udp, "director@example.org")),
        (port, "tcp", sip(Transport::Tcp, "director@example.org")),
    ];
    let wrong = [
        (port, "other user", sip(Transport::Udp, "nobody@example.org")),
        (port, "other user", sip(Transport::Tcp, "nobody@example.org")),
    ];
    rehearse("kamailio", server, &healthy, &wrong).await;
}

#[tokio::test]
async fn the_host_itself_answers_an_echo() {
    let outcome = asked(0, &Dialogue::Ping, Duration::from_secs(10)).await;
    match outcome {
        Err(director_core::probe::Failure::Local { what }) if what.contains("not permitted") => {
            println!("skipped: nobody here may send ICMP");
        }
        outcome => assert!(outcome.is_ok(), "{outcome:?}"),
    }
}
