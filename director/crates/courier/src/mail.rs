//! An alert as a mail (RFC 5321, RFC 5322), by lettre.

use crate::text::Letter;
use crate::{later, never};
use director_core::alert::Undelivered;
use director_core::config::{Mail, Security};
use director_probes::{Host, LocalHost};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use std::error::Error as _;
use std::time::Duration;

/// A file of roots is no longer: 1 MiB.
const ROOTS_LIMIT: u64 = 1 << 20;

/// Sends the alert as one mail to all recipients.
pub(crate) async fn send(mail: Mail, timeout: Duration, letter: Letter) -> Result<(), Undelivered> {
    let message = message(&mail, &letter)?;
    let host = LocalHost::default();
    let tls = match mail.security {
        Security::Off => Tls::None,
        Security::Starttls => Tls::Required(parameters(&mail, &host).await?),
        Security::Tls => Tls::Wrapper(parameters(&mail, &host).await?),
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
        .port(mail.port.get())
        .hello_name(ClientId::Domain(mail.helo.as_deref().unwrap_or(letter.node()).to_owned()))
        .tls(tls)
        .timeout(Some(timeout));
    if let Some(login) = &mail.login {
        let password = host.secret(&login.password).await.map_err(later)?;
        let password = String::from_utf8(password)
            .map_err(|_| never("the mail server's password is not UTF-8 text"))?;
        transport = transport.credentials(Credentials::new(login.user.clone(), password));
    }
    match transport.build().send(message).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(never(explain(&mail, &error))),
        Err(error) => Err(later(explain(&mail, &error))),
    }
}

/// What was wrong, with what lies below: lettre's own words say only where.
fn explain(mail: &Mail, error: &Error) -> String {
    let mut words = vec![error.to_string()];
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_words = cause.to_string();
        if !words.iter().any(|known| known.contains(&cause_words)) {
            words.push(cause_words);
        }
        below = cause.source();
    }
    format!("mail server {}:{}: {}", mail.host, mail.port, words.join(": "))
}

fn message(mail: &Mail, letter: &Letter) -> Result<Message, Undelivered> {
    let bad = |text: &str| never(format_args!("\"{text}\" is not a mail address"));
    let mut builder = Message::builder()
        .from(mail.from.parse().map_err(|_| bad(&mail.from))?)
        .subject(letter.subject())
        .message_id(Some(identity(mail, letter)))
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        builder = builder.to(to.parse().map_err(|_| bad(to))?);
    }
    let mut message = builder.body(letter.body()).map_err(never)?;
    // Nobody's absence note is to answer it (RFC 3834 §5).
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(message)
}

/// The same for every attempt, so that one that was delivered twice is shown once.
fn identity(mail: &Mail, letter: &Letter) -> String {
    let domain = mail.from.rsplit('@').next().unwrap_or("director").trim_end_matches('>');
    let (number, since, node) = (letter.number(), letter.since_seconds(), letter.node());
    format!("<{node}.{since}.{number}.{:x}@{domain}>", std::process::id())
}

async fn parameters(mail: &Mail, host: &LocalHost) -> Result<TlsParameters, Undelivered> {
    let mut builder = TlsParameters::builder(mail.host.clone());
    if let Some(path) = &mail.roots {
        let pem = host.file(path, ROOTS_LIMIT).await.map_err(later)?;
        let roots = Certificate::from_pem(&pem)
            .map_err(|error| never(format_args!("{path} has no certificate: {error}")))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(roots);
    }
    builder.build_rustls().map_err(|error| never(format_args!("no TLS: {error}")))
}
