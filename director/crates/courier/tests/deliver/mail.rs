use super::served::{Lines, certificate, nobody, once};
use super::{deliver, secret};
use director_core::config::dialogue::Login;
use director_core::config::{Mail, Means, Security};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

fn mail(port: u16, security: Security, roots: Option<String>, login: Option<Login>) -> Means {
    Means::Mail(Box::new(Mail {
        to: vec!["ops@example.org".into(), "night@example.org".into()],
        from: "director@example.org".into(),
        host: "127.0.0.1".into(),
        port: NonZeroU16::new(port).unwrap(),
        security,
        roots,
        login,
        helo: None,
    }))
}

fn plain(port: u16) -> Means {
    mail(port, Security::Off, None, None)
}

/// Takes one mail; `recipient` is the answer to each `RCPT`. Everything that was said.
async fn take<S>(lines: &mut Lines<S>, features: &[&str], recipient: &str) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut said, mut data) = (Vec::new(), false);
    loop {
        let line = lines.hear().await;
        said.push(line.clone());
        if data {
            data = line != ".";
            if !data {
                lines.say("250 taken").await;
            }
            continue;
        }
        match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "" => return said,
            "EHLO" => {
                for feature in features {
                    lines.say(&format!("250-{feature}")).await;
                }
                lines.say("250 8BITMIME").await;
            }
            "STARTTLS" => {
                lines.say("220 go on").await;
                return said;
            }
            "AUTH" => lines.say("235 welcome").await,
            "RCPT" => lines.say(recipient).await,
            "DATA" => {
                lines.say("354 go on").await;
                data = true;
            }
            "QUIT" => {
                lines.say("221 bye").await;
                return said;
            }
            _ => lines.say("250 fine").await,
        }
    }
}

async fn greet(stream: TcpStream, recipient: &'static str) -> Vec<String> {
    let mut lines = Lines::over(stream);
    lines.say("220 mail.example").await;
    take(&mut lines, &[], recipient).await
}

#[tokio::test]
async fn a_mail_says_what_where_since_and_why_to_everybody() {
    let (port, served) = once(|stream| greet(stream, "250 fine")).await;
    deliver(plain(port)).await.unwrap();
    let said = served.await.unwrap();
    let has = |line: &str| assert!(said.iter().any(|it| it == line), "{line}: {said:#?}");
    has("EHLO d1");
    has("RCPT TO:<ops@example.org>");
    has("RCPT TO:<night@example.org>");
    has("Auto-Submitted: auto-generated");
    has("What:   server 10.0.0.21:80 is down");
    has("Where:  service web, server 10.0.0.21:80, seen by director d1");
    has("Why:    3 checks in a row failed, the last: connection refused");
    has("4 alerts were suppressed before this one.");
    let of = |name: &str| said.iter().any(|line| line.starts_with(name));
    assert!(of("Date: ") && of("Message-ID: <d1.1000000000.7."), "{said:#?}");
    assert!(of("Subject: d1: service web") && of("Since:  2001-09-09 01:46:40 UTC, "));
}

#[tokio::test]
async fn a_director_gives_itself_the_name_that_it_is_told() {
    let (port, served) = once(|stream| greet(stream, "250 fine")).await;
    let mut means = plain(port);
    if let Means::Mail(mail) = &mut means {
        mail.helo = Some("lb.example.org".into());
    }
    deliver(means).await.unwrap();
    let said = served.await.unwrap();
    assert!(said.iter().any(|line| line == "EHLO lb.example.org"), "{said:#?}");
}

#[tokio::test]
async fn who_is_busy_is_asked_again_and_who_refuses_for_good_is_not() {
    for (recipient, again) in [("450 try later", true), ("550 nobody of that name", false)] {
        let (port, served) = once(move |stream| greet(stream, recipient)).await;
        let error = deliver(plain(port)).await.unwrap_err();
        assert_eq!(error.again, again, "{}", error.why);
        assert!(error.why.contains(&recipient[4..]), "{}", error.why);
        served.await.unwrap();
    }
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let refused = deliver(plain(nobody().await)).await.unwrap_err();
    assert!(refused.again && refused.why.contains("refused"), "{}", refused.why);
}

async fn begin_tls(stream: TcpStream, acceptor: TlsAcceptor) -> (Vec<String>, Option<Vec<String>>) {
    let mut lines = Lines::over(stream);
    lines.say("220 mail.example").await;
    let before = take(&mut lines, &["STARTTLS"], "250 fine").await;
    let Ok(secret) = acceptor.accept(lines.into_inner()).await else { return (before, None) };
    let mut lines = Lines::over(secret);
    let after = take(&mut lines, &["AUTH PLAIN"], "250 fine").await;
    (before, Some(after))
}

#[tokio::test]
async fn a_password_goes_over_tls_alone_and_to_the_trusted_server() {
    let folder = tempfile::tempdir().unwrap();
    let (acceptor, roots) = certificate(folder.path());
    let login = || Some(Login { user: "d".into(), password: secret(folder.path(), "pw", 0o600) });
    let tls = acceptor.clone();
    let (port, served) = once(|stream| begin_tls(stream, tls)).await;
    deliver(mail(port, Security::Starttls, Some(roots), login())).await.unwrap();
    let (before, after) = served.await.unwrap();
    assert!(!before.iter().any(|line| line.starts_with("AUTH")), "{before:?}");
    // "\0d\0pw" in Base64.
    assert!(after.unwrap().iter().any(|line| line == "AUTH PLAIN AGQAcHc="));
    let other = tempfile::tempdir().unwrap();
    let (_, strange) = certificate(other.path());
    let (port, served) = once(|stream| begin_tls(stream, acceptor)).await;
    let refused = deliver(mail(port, Security::Starttls, Some(strange), login())).await;
    let refused = refused.unwrap_err();
    assert!(!refused.why.contains("pw"), "{}", refused.why);
    assert_eq!(served.await.unwrap().1, None);
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let (port, served) = once(|stream| greet(stream, "250 fine")).await;
    let refused = deliver(mail(port, Security::Starttls, None, None)).await.unwrap_err();
    let said = served.await.unwrap();
    assert!(!said.iter().any(|line| line.starts_with("MAIL")), "{said:?} {}", refused.why);
}

const EXIM: &str = "
primary_hostname = mail.example
spool_directory = DIR/spool
log_file_path = DIR/spool/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
acl_smtp_rcpt = taken
acl_smtp_data = taken
queue_only = true
begin acl
taken:
  accept
begin routers
all:
  driver = accept
  transport = none
begin transports
none:
  driver = appendfile
  file = /dev/null
";

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The body of the one message in a spool (`ID-D`, Exim's specification, chapter 58).
fn body(spool: &Path) -> String {
    let files = std::fs::read_dir(spool.join("input")).unwrap();
    let bodies = files.map(|file| file.unwrap().path());
    let bodies: Vec<_> =
        bodies.filter(|path| path.to_str().is_some_and(|it| it.ends_with("-D"))).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    std::fs::read_to_string(&bodies[0]).unwrap()
}

#[tokio::test]
async fn exim_takes_it_over_starttls() {
    use std::os::unix::fs::PermissionsExt;
    let program = Path::new("/usr/sbin/exim4");
    if !program.is_file() || !rustix::process::geteuid().is_root() {
        println!("skipped: exim4-daemon-light is not installed, or this is not root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), everybody).unwrap();
    let spool = folder.path().join("spool");
    std::fs::create_dir(&spool).unwrap();
    std::fs::set_permissions(&spool, std::fs::Permissions::from_mode(0o777)).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let roots = folder.path().join("cert.pem");
    std::fs::write(&roots, made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let port = nobody().await;
    let text = EXIM.replace("DIR", folder.path().to_str().unwrap());
    let file = folder.path().join("exim.conf");
    std::fs::write(&file, text.replace("PORT", &port.to_string())).unwrap();
    let server = Command::new(program)
        .args(["-bdf", "-C", file.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Killed(server);
    let roots = roots.to_str().unwrap().to_owned();
    let mut result = Ok(());
    for _ in 0..300 {
        result = deliver(mail(port, Security::Starttls, Some(roots.clone()), None)).await;
        match &result {
            Err(error) if error.why.contains("refused") => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            _ => break,
        }
    }
    result.unwrap();
    let inbox = body(&spool);
    assert!(inbox.contains("What:   server 10.0.0.21:80 is down"), "{inbox}");
}
