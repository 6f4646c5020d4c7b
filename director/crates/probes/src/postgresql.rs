//! PostgreSQL (its frontend/backend protocol, version 3), with the codec of postgres-protocol.

use crate::call::{Call, Credentials, local, malformed, rejected};
use crate::network::Network;
use crate::wire::Wire;
use bytes::BytesMut;
use director_core::config::dialogue::Sql;
use director_core::probe::{Failure, Outcome};
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of one message: a row may be long, but a check's rows are not.
const MESSAGE_LIMIT: usize = 1 << 20;
/// Messages before the one that is waited for, rows not counted.
const MESSAGES: usize = 1000;

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, sql: &Sql) -> Outcome {
    let credentials = call.credentials(&sql.login).await?;
    let mut wire = call.dial(None).await?;
    if let Some(tls) = &sql.tls {
        say(&mut wire, |buffer| {
            frontend::ssl_request(buffer);
            Ok(())
        })
        .await?;
        match wire.exact(1).await?[..] {
            [b'S'] => wire = call.upgrade(wire, tls).await?,
            [b'N'] => return Err(rejected("the server has no TLS")),
            _ => return Err(malformed("the answer to the request for TLS is none")),
        }
    }
    log_in(&mut wire, &credentials, sql.database.as_deref()).await?;
    if let Some(query) = &sql.query {
        rows(&mut wire, query, sql.rows).await?;
    }
    let mut parting = BytesMut::new();
    frontend::terminate(&mut parting);
    wire.part(&parting).await;
    Ok(wire.passed())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut buffer = BytesMut::new();
    write(&mut buffer).map_err(local)?;
    wire.send(&buffer).await
}

/// The next message that is not a notice; an error is the server's refusal.
async fn hear<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<Message, Failure> {
    for _ in 0..MESSAGES {
        let head = wire.exact(5).await?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let length = length.filter(|length| *length <= MESSAGE_LIMIT);
        let length = length.ok_or_else(|| malformed("this is no message of PostgreSQL"))?;
        let bytes = [head, wire.exact(length).await?].concat();
        match parse(&bytes)? {
            Message::ErrorResponse(body) => return Err(refusal(&body)),
            Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
            Message::BackendKeyData(_) | Message::NotificationResponse(_) => {}
            message => return Ok(message),
        }
    }
    Err(malformed("notices without end"))
}

fn parse(bytes: &[u8]) -> Result<Message, Failure> {
    let message = Message::parse(&mut BytesMut::from(bytes)).map_err(malformed)?;
    message.ok_or_else(|| malformed("the message is cut"))
}

/// Severity, code and message (53.8 of the manual: Error and Notice Message Fields).
fn refusal(body: &ErrorResponseBody) -> Failure {
    let fields = body.fields();
    let wanted = fields.filter(|field| Ok(matches!(field.type_(), b'S' | b'C' | b'M')));
    let texts = wanted.map(|field| Ok(String::from_utf8_lossy(field.value_bytes()).into_owned()));
    let texts: Vec<String> = texts.collect().unwrap_or_default();
    rejected(&texts.join(" "))
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    Credentials { user, password }: &Credentials,
    database: Option<&str>,
) -> Result<(), Failure> {
    let own = [("user", &**user), ("application_name", "director-check")];
    let parameters = own.into_iter().chain(database.map(|name| ("database", name)));
    say(wire, |buffer| frontend::startup_message(parameters, buffer)).await?;
    for _ in 0..MESSAGES {
        match hear(wire).await? {
            Message::AuthenticationOk => {}
            Message::ReadyForQuery(_) => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                say(wire, |buffer| frontend::password_message(password, buffer)).await?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(user.as_bytes(), password, body.salt());
                say(wire, |buffer| frontend::password_message(hash.as_bytes(), buffer)).await?;
            }
            Message::AuthenticationSasl(body) => scram(wire, &body, password).await?,
            _ => return Err(malformed("the server wants a login that checks do not have")),
        }
    }
    Err(malformed("a login without end"))
}

async fn scram<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    offer: &AuthenticationSaslBody,
    password: &[u8],
) -> Result<(), Failure> {
    let known = offer.mechanisms().any(|name| Ok(name == SCRAM_SHA_256));
    if !known.map_err(malformed)? {
        return Err(malformed("the server does not offer SCRAM-SHA-256"));
    }
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    let first = |buffer: &mut BytesMut| {
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), buffer)
    };
    say(wire, first).await?;
    let Message::AuthenticationSaslContinue(body) = hear(wire).await? else {
        return Err(malformed("the login is not gone on with"));
    };
    scram.update(body.data()).map_err(malformed)?;
    say(wire, |buffer| frontend::sasl_response(scram.message(), buffer)).await?;
    let Message::AuthenticationSaslFinal(body) = hear(wire).await? else {
        return Err(malformed("the login is not ended"));
    };
    // The server proves that it knows the password too.
    scram.finish(body.data()).map_err(malformed)
}

/// Asks, and counts rows until there are enough.
async fn rows<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    query: &str,
    wanted: u32,
) -> Result<(), Failure> {
    say(wire, |buffer| frontend::query(query, buffer)).await?;
    let mut rows = 0;
    loop {
        match hear(wire).await? {
            Message::DataRow(_) => rows += 1,
            Message::RowDescription(_)
            | Message::CommandComplete(_)
            | Message::EmptyQueryResponse => {}
            Message::ReadyForQuery(_) if rows < wanted => {
                return Err(rejected(&format!("{rows} rows, not {wanted}")));
            }
            Message::ReadyForQuery(_) => return Ok(()),
            _ => return Err(malformed("the answer to the query is none")),
        }
        if rows >= wanted && wanted > 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_refusal_has_its_code_and_its_words() {
        let fields = b"SFATAL\0C28P01\0Mpassword authentication failed\0Fauth.c\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let bytes = [&b"E"[..], &length, fields].concat();
        let Message::ErrorResponse(body) = parse(&bytes).unwrap() else { panic!("another kind") };
        let Failure::Rejected { answer } = refusal(&body) else { panic!("another kind") };
        assert_eq!(answer, "FATAL 28P01 password authentication failed");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(
            tag in prop::sample::select(&b"RSKZTDCEN123AtWdc"[..]),
            body in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
            if let Ok(Message::ErrorResponse(body)) =
                parse(&[&[tag][..], &length, &body].concat())
            {
                refusal(&body);
            }
            let _answered = parse(&body);
        }
    }
}
