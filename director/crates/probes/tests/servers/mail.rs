//! Mail, news and files.

use crate::support::{Place, Server, free_port, need, need_root, rehearse};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Ftp, Login, Mailbox, Nntp, Pattern, Smtp, Start, Tls};
use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

fn asked(place: &Place) -> Option<Tls> {
    Some(Tls { start: Start::Asked, ..place.tls() })
}

const EXIM: &str = r"
primary_hostname = mail.example
spool_directory = DIR/spool
log_file_path = DIR/spool/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = PLAIN : SECURE
tls_on_connect_ports = SECURE
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
auth_advertise_hosts = *
acl_smtp_rcpt = acl_none
begin acl
acl_none:
  deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and {{eq{$auth2}{director}}{eq{$auth3}{hidden}}}}
  server_set_id = $auth2
";

#[tokio::test]
async fn exim() {
    let program = need!("exim4", "exim4-daemon-light");
    need_root!("exim");
    let place = Place::new();
    let (plain, secure) = (free_port(), free_port());
    place.folder("spool");
    let text = EXIM.replace("SECURE", &secure.to_string());
    let text = text.replace("ports = PLAIN", &format!("ports = {plain}"));
    let file = place.write("exim.conf", &text);
    let server = Server::start(Command::new(program).args(["-bdf", "-C", &file]), &place);
    let smtp = |tls, login| Dialogue::Smtp(Smtp { tls, helo: None, login }.into());
    let healthy = [
        (plain, "smtp", smtp(None, None)),
        (plain, "login", smtp(None, Some(place.login()))),
        (plain, "starttls", smtp(asked(&place), Some(place.login()))),
        (secure, "smtps", smtp(Some(place.tls()), Some(place.login()))),
    ];
    let wrong = [
        (plain, "wrong login", smtp(None, Some(place.wrong_login()))),
        (plain, "unknown root", smtp(Some(Tls { start: Start::Asked, ..Tls::default() }), None)),
        (secure, "no TLS", Dialogue::Pop3(Mailbox::default().into())),
    ];
    rehearse("exim", server, &healthy, &wrong).await;
}

const DOVECOT: &str = r"
protocols = imap pop3
base_dir = DIR/run
log_path = DIR/spool/log
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:DIR/spool/mail
passdb {
  driver = static
  args = password=hidden
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/spool
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = P1
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = P2
    ssl = yes
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    address = 127.0.0.1
    port = P3
  }
  inet_listener pop3s {
    address = 127.0.0.1
    port = P4
    ssl = yes
  }
}
service anvil {
  chroot =
}
";

#[tokio::test]
async fn dovecot() {
    let program = need!("dovecot", "dovecot-imapd");
    need_root!("dovecot");
    let place = Place::new();
    place.folder("spool");
    let ports: [u16; 4] = std::array::from_fn(|_| free_port());
    let names = ["P1", "P2", "P3", "P4"];
    let text = names
        .iter()
        .zip(ports)
        .fold(DOVECOT.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()));
    let file = place.write("dovecot.conf", &text);
    let server = Server::start(Command::new(program).args(["-F", "-c", &file]), &place);
    let mailbox = |tls, login: Option<Login>| Box::new(Mailbox { tls, login });
    let (login, tls) = (|| Some(place.login()), || Some(place.tls()));
    let healthy = [
        (ports[0], "imap", Dialogue::Imap(mailbox(None, None))),
        (ports[0], "login", Dialogue::Imap(mailbox(None, login()))),
        (ports[0], "starttls", Dialogue::Imap(mailbox(asked(&place), login()))),
        (ports[1], "imaps", Dialogue::Imap(mailbox(tls(), login()))),
        (ports[2], "pop3", Dialogue::Pop3(mailbox(None, None))),
        (ports[2], "login", Dialogue::Pop3(mailbox(None, login()))),
        (ports[2], "stls", Dialogue::Pop3(mailbox(asked(&place), login()))),
        (ports[3], "pop3s", Dialogue::Pop3(mailbox(tls(), login()))),
    ];
    let wrong_login = || Some(place.wrong_login());
    let wrong = [
        (ports[0], "wrong login", Dialogue::Imap(mailbox(None, wrong_login()))),
        (ports[2], "wrong login", Dialogue::Pop3(mailbox(None, wrong_login()))),
        (ports[0], "pop3 to imap", Dialogue::Pop3(mailbox(None, None))),
    ];
    rehearse("dovecot", server, &healthy, &wrong).await;
}

const VSFTPD: &str = r"
listen=YES
listen_address=127.0.0.1
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=NO
anon_root=DIR/files
ftp_username=daemon
nopriv_user=nobody
secure_chroot_dir=DIR/empty
seccomp_sandbox=NO
run_as_launching_user=NO
xferlog_enable=NO
";

#[tokio::test]
async fn vsftpd() {
    let program = need!("vsftpd", "vsftpd");
    need_root!("vsftpd");
    let place = Place::new();
    let port = free_port();
    for folder in ["files", "empty"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    place.write("files/status", "all is WELL\n");
    let file = place.write("vsftpd.conf", &format!("{VSFTPD}listen_port={port}\n"));
    let server = Server::start(Command::new(program).arg(&file), &place);
    let ftp = |login, file: Option<&str>, expect: Option<&str>| {
        let expect = expect.map(|text| Pattern::Text(text.into()));
        Dialogue::Ftp(Ftp { login, file: file.map(Into::into), expect }.into())
    };
    let healthy = [
        (port, "guest", ftp(None, None, None)),
        (port, "file", ftp(None, Some("status"), None)),
        (port, "content", ftp(None, Some("status"), Some("WELL"))),
    ];
    let wrong = [
        (port, "wrong content", ftp(None, Some("status"), Some("ILL"))),
        (port, "missing file", ftp(None, Some("none"), None)),
        (port, "wrong login", ftp(Some(place.login()), None, None)),
    ];
    rehearse("vsftpd", server, &healthy, &wrong).await;
}

/// A news server that talks on its standard input and output: a connection becomes both.
#[tokio::test]
async fn leafnode() {
    let program = need!("leafnode", "leafnode");
    need_root!("leafnode");
    let place = Place::new();
    let file =
        place.write("config", "server = news.example.org\nhostname = news.check-director.net\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        for _ in 0..2 {
            let (stream, _) = listener.accept().unwrap();
            let output = OwnedFd::from(stream.try_clone().unwrap());
            // It refuses to run on a host without a name of the kind that it wants.
            let mut command = Command::new("/usr/bin/unshare");
            let named = "hostname news.check-director.net; exec \"$@\"";
            command.args(["--uts", "sh", "-c", named, "sh"]).arg(&program);
            command.args(["-e", "-F", &file]).stderr(Stdio::null());
            command.stdin(OwnedFd::from(stream)).stdout(output);
            let mut child = command.spawn().unwrap();
            child.wait().unwrap();
        }
    });
    let nntp = |group: Option<&str>| {
        Dialogue::Nntp(Nntp { tls: None, group: group.map(Into::into) }.into())
    };
    let limit = std::time::Duration::from_secs(10);
    let good = crate::support::asked(port, &nntp(None), limit).await;
    let group = crate::support::asked(port, &nntp(Some("no.such.group")), limit).await;
    println!("leafnode     | nntp: {good:?} | unknown group: {group:?}");
    assert!(good.is_ok(), "{good:?}");
    assert!(group.is_err(), "{group:?}");
    serving.join().unwrap();
}
