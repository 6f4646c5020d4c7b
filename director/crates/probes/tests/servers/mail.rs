//! Mail, news and files.

use crate::inetd::Inetd;
use crate::place::{Place, found, free_port, free_ports, need_root};
use crate::process::Server;
use crate::subject::{Missing, Stage, Subject, set};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Ftp, Login, Mailbox, Nntp, Pattern, Smtp, Tls};
use std::process::Command;
use std::sync::Arc;

pub(crate) fn stages() -> Vec<Result<Stage, Missing>> {
    let dovecot_rows = ["imap", "imap STARTTLS", "imaps", "pop3", "pop3 STLS", "pop3s"];
    vec![
        set(&["smtp", "submission", "smtps"], exim()),
        set(&dovecot_rows, dovecot()),
        set(&["ftp", "ftp AUTH TLS", "ftps"], vsftpd()),
        set(&["nntp"], leafnode()),
        Err(Missing {
            titles: vec!["nntps"],
            why: "leafnode has no TLS; tried in memory by tests/peers".into(),
        }),
    ]
}

const EXIM: &str = r"
primary_hostname = mail.example
spool_directory = DIR/spool
log_file_path = DIR/spool/%slog
local_interfaces = <; 127.0.0.1 ; ::1
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

fn smtp(tls: Option<Tls>, login: Option<Login>) -> Dialogue {
    Dialogue::Smtp(Smtp { tls, helo: None, login }.into())
}

fn exim() -> Result<Stage, String> {
    let program = found("exim4", "exim4-daemon-light")?;
    need_root("exim")?;
    let place = Place::new();
    let [plain, secure] = free_ports();
    place.folder("spool");
    let (login, bad) = (|| Some(place.login()), || Some(place.wrong_login()));
    let asked = || Some(place.asked_tls());
    let stranger = Tls { trust: Tls::default().trust, ..place.asked_tls() };
    let subjects = [
        Subject::new(
            "smtp",
            plain,
            [smtp(None, None), smtp(None, login())],
            [smtp(None, bad()), Dialogue::Pop3(Mailbox::default().into())],
        ),
        Subject::new(
            "submission",
            plain,
            [smtp(asked(), login()), smtp(asked(), None)],
            [smtp(asked(), bad()), smtp(Some(stranger), login())],
        ),
        Subject::new(
            "smtps",
            secure,
            [smtp(Some(place.tls()), login())],
            [smtp(Some(place.tls()), bad()), smtp(Some(Tls::default()), login())],
        ),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let text = EXIM.replace("SECURE", &secure.to_string());
        let text = text.replace("ports = PLAIN", &format!("ports = {plain}"));
        let file = place.write("exim.conf", &text);
        let mut command = Command::new(&program);
        command.args(["-bdf", "-C", &file]);
        Server::start(command, place)
    }))
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
    address = 127.0.0.1 ::1
    port = P1
  }
  inet_listener imaps {
    address = 127.0.0.1 ::1
    port = P2
    ssl = yes
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    address = 127.0.0.1 ::1
    port = P3
  }
  inet_listener pop3s {
    address = 127.0.0.1 ::1
    port = P4
    ssl = yes
  }
}
service anvil {
  chroot =
}
";

/// The rows of a mail store: plain, secure when asked, secure at once.
fn mailboxes(
    place: &Place,
    titles: [&'static str; 3],
    [plain, secure]: [u16; 2],
    make: fn(Arc<Mailbox>) -> Dialogue,
    other: fn(Arc<Mailbox>) -> Dialogue,
) -> [Subject; 3] {
    let mailbox = |tls, login| make(Mailbox { tls, login }.into());
    let (login, bad) = (|| Some(place.login()), || Some(place.wrong_login()));
    let (asked, tls) = (|| Some(place.asked_tls()), || Some(place.tls()));
    let stranger = Tls { trust: Tls::default().trust, ..place.asked_tls() };
    let none = Arc::<Mailbox>::default;
    [
        Subject::new(
            titles[0],
            plain,
            [mailbox(None, login()), mailbox(None, None)],
            [mailbox(None, bad()), other(none())],
        ),
        Subject::new(
            titles[1],
            plain,
            [mailbox(asked(), login())],
            [mailbox(asked(), bad()), mailbox(Some(stranger), login())],
        ),
        Subject::new(
            titles[2],
            secure,
            [mailbox(tls(), login())],
            [mailbox(tls(), bad()), mailbox(Some(Tls::default()), login())],
        ),
    ]
}

fn dovecot() -> Result<Stage, String> {
    let program = found("dovecot", "dovecot-imapd")?;
    need_root("dovecot")?;
    let place = Place::new();
    place.folder("spool");
    let ports: [u16; 4] = free_ports();
    let [imap, imaps, pop3, pop3s] = ports;
    let of_imap = ["imap", "imap STARTTLS", "imaps"];
    let of_pop3 = ["pop3", "pop3 STLS", "pop3s"];
    let mut subjects = Vec::new();
    subjects.extend(mailboxes(&place, of_imap, [imap, imaps], Dialogue::Imap, Dialogue::Pop3));
    subjects.extend(mailboxes(&place, of_pop3, [pop3, pop3s], Dialogue::Pop3, Dialogue::Imap));
    Ok(Stage::new(place, subjects, move |place| {
        let names = ["P1", "P2", "P3", "P4"];
        let text = names
            .iter()
            .zip(ports)
            .fold(DOVECOT.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()));
        let file = place.write("dovecot.conf", &text);
        let mut command = Command::new(&program);
        command.args(["-F", "-c", &file]);
        Server::start(command, place)
    }))
}

const VSFTPD: &str = r"
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
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=NO
force_anon_data_ssl=NO
ssl_ciphers=HIGH
rsa_cert_file=DIR/cert.pem
rsa_private_key_file=DIR/key.pem
";

fn vsftpd() -> Result<Stage, String> {
    let program = found("vsftpd", "vsftpd")?;
    need_root("vsftpd")?;
    let place = Place::new();
    let [port, secure] = free_ports();
    for folder in ["files", "empty"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    place.write("files/status", "all is WELL\n");
    let of = |title, port, tls: Option<Tls>| {
        let ftp = |login, file: Option<&str>, expect: Option<&str>| {
            let expect = expect.map(|text| Pattern::Text(text.into()));
            let (tls, file) = (tls.clone(), file.map(Into::into));
            Dialogue::Ftp(Ftp { tls, login, file, expect }.into())
        };
        let healthy = [
            ftp(None, Some("status"), Some("WELL")),
            ftp(None, Some("status"), None),
            ftp(None, None, None),
        ];
        let wrong = [
            ftp(None, Some("status"), Some("ILL")),
            ftp(None, Some("none"), None),
            ftp(Some(place.login()), None, None),
        ];
        Subject::new(title, port, healthy, wrong)
    };
    // It demands that the data connection resumes the session of the first one.
    let subjects = [
        of("ftp", port, None),
        of("ftp AUTH TLS", port, Some(place.asked_tls())),
        of("ftps", secure, Some(place.tls())),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        // One process of it listens to one family, and begins TLS in one way.
        let families =
            ["listen=YES\nlisten_address=127.0.0.1", "listen_ipv6=YES\nlisten_address6=::1"];
        let ways = [(port, "NO"), (secure, "YES")];
        let files = ways.iter().flat_map(|(port, implicit)| {
            let text = format!("{VSFTPD}listen_port={port}\nimplicit_ssl={implicit}\n");
            let all = families.iter().enumerate();
            all.map(move |(place, family)| (format!("{port}-{place}"), format!("{text}{family}\n")))
        });
        let files: Vec<String> = files.map(|(name, text)| place.write(&name, &text)).collect();
        let mut command = Command::new("/bin/sh");
        let all =
            "for file in \"$2\" \"$3\" \"$4\"; do \"$0\" \"$file\" & done; exec \"$0\" \"$1\"";
        command.args(["-c", all]).arg(&program).args(files);
        Server::start(command, place)
    }))
}

fn leafnode() -> Result<Stage, String> {
    let program = found("leafnode", "leafnode")?;
    need_root("leafnode")?;
    let port = free_port();
    let nntp = |group: Option<&str>| {
        Dialogue::Nntp(Nntp { tls: None, group: group.map(Into::into) }.into())
    };
    let subjects = [Subject::new("nntp", port, [nntp(None)], [nntp(Some("no.such.group"))])];
    Ok(Stage::new(Place::new(), subjects, move |place| {
        let text = "server = news.example.org\nhostname = news.check-director.net\n";
        let (file, program) = (place.write("config", text), program.clone());
        Server::Inetd(Inetd::start(port, move || {
            // It refuses to run on a host without a name of the kind that it wants.
            let mut command = Command::new("/usr/bin/unshare");
            let named = "hostname news.check-director.net; exec \"$@\"";
            command.args(["--uts", "sh", "-c", named, "sh"]).arg(&program);
            command.args(["-e", "-F", &file]);
            command
        }))
    }))
}
