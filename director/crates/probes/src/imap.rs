//! Mail stores that speak IMAP (RFC 9051; RFC 3501 before it).

use crate::call::{Call, malformed, rejected};
use crate::network::Network;
use crate::wire::Wire;
use director_core::config::dialogue::{Mailbox, Start};
use director_core::probe::{Failure, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};

/// Lines before the one that answers a command.
const LINES: usize = 500;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, mailbox: &Mailbox) -> Outcome {
    let mut wire = call.dial(mailbox.tls.as_ref()).await?;
    let greeting = wire.line().await?;
    let words = greeting.strip_prefix("* ").ok_or_else(|| malformed("this is no greeting"))?;
    let welcome = condition(words).is_some_and(|it| it == "OK" || it == "PREAUTH");
    if !welcome {
        return Err(rejected(words));
    }
    if let Some(tls) = mailbox.tls.as_ref().filter(|tls| tls.start == Start::Asked) {
        command(&mut wire, "a1", "STARTTLS").await?;
        wire = call.upgrade(wire, tls).await?;
    }
    if let Some(login) = &mailbox.login {
        let credentials = call.credentials(login).await?;
        let (user, password) = (quoted(&credentials.user), quoted(credentials.spoken()?));
        command(&mut wire, "a2", &format!("LOGIN {user} {password}")).await?;
    }
    wire.part(b"a3 LOGOUT\r\n").await;
    Ok(wire.passed())
}

async fn command<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    tag: &str,
    words: &str,
) -> Result<(), Failure> {
    wire.send(format!("{tag} {words}\r\n").as_bytes()).await?;
    for _ in 0..LINES {
        let line = wire.line().await?;
        let Some(answer) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) else {
            continue;
        };
        return match condition(answer).as_deref() {
            Some("OK") => Ok(()),
            Some("NO" | "BAD") => Err(rejected(answer)),
            _ => Err(malformed("the answer is neither OK nor NO nor BAD")),
        };
    }
    Err(malformed(format_args!("{LINES} lines and no answer among them")))
}

/// The first word, in capitals.
fn condition(words: &str) -> Option<String> {
    words.split(' ').next().map(str::to_ascii_uppercase)
}

/// A quoted string (RFC 9051 §4.3).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_quoted_string_early() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(quoted(""), "\"\"");
    }
}
