//! MySQL and MariaDB (the client/server protocol, version 10): handshake, login, query.

mod packet;
mod rsa;
mod scramble;

use crate::call::{Call, Credentials, local, malformed, rejected};
use crate::network::Network;
use crate::wire::Wire;
use director_core::config::dialogue::{ServerKey, Sql};
use director_core::probe::{Failure, Outcome};
use packet::{Answer, Greeting, capabilities, greeting};
use rsa::PublicKey;
use scramble::Plugin;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of one packet: a check's rows are short.
const PACKET_LIMIT: usize = 1 << 20;
/// Bytes of a file with a public key.
const KEY_LIMIT: u64 = 16 << 10;
/// Steps of a login.
const STEPS: usize = 8;
const QUERY: u8 = 3;
const QUIT: u8 = 1;

/// A connection with the number of the next packet on it.
struct Session<S> {
    wire: Wire<S>,
    sequence: u8,
    /// Whether nobody can listen: only then a password may go over it as it is.
    secret: bool,
    /// For a password that goes over a connection to which others may listen.
    key: Option<Key>,
    /// What makes each encryption another one.
    seed: [u8; rsa::HASH],
}

/// Whose eyes a password is for.
enum Key {
    /// Whoever the server says.
    Asked,
    Known(PublicKey),
}

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, sql: &Sql) -> Outcome {
    let credentials = call.credentials(&sql.login).await?;
    let wire = call.dial(None).await?;
    let key = match &sql.server_key {
        None => None,
        Some(ServerKey::Asked) => Some(Key::Asked),
        Some(ServerKey::File(path)) => {
            let pem = call.host().file(path, KEY_LIMIT).await.map_err(local)?;
            // What is wrong with it is not the server's fault.
            let known = PublicKey::of_pem(&pem)
                .map_err(|_| local(format_args!("{path} is no public key of RSA in PEM")))?;
            Some(Key::Known(known))
        }
    };
    let mut session = Session { wire, sequence: 0, secret: false, key, seed: call.random() };
    let greeting = greeting(&session.hear().await?)?;
    let wanted = capabilities(sql.tls.is_some(), sql.database.is_some());
    if let Some(tls) = &sql.tls {
        if !greeting.has_tls() {
            return Err(rejected("the server has no TLS"));
        }
        session.say(&packet::opening(wanted)).await?;
        let wire = call.upgrade(session.wire, tls).await?;
        session = Session { wire, secret: true, ..session };
    }
    session.log_in(&greeting, wanted, &credentials, sql.database.as_deref()).await?;
    if let Some(query) = &sql.query {
        session.rows(query, sql.rows).await?;
    }
    session.wire.part(&packet::framed(0, &[QUIT])).await;
    Ok(session.wire.passed())
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    async fn hear(&mut self) -> Result<Vec<u8>, Failure> {
        let head = self.wire.exact(4).await?;
        let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
        if head[3] != self.sequence || length > PACKET_LIMIT {
            return Err(malformed("this is no packet of MySQL"));
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.wire.exact(length).await
    }

    async fn say(&mut self, payload: &[u8]) -> Result<(), Failure> {
        self.wire.send(&packet::framed(self.sequence, payload)).await?;
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    async fn log_in(
        &mut self,
        greeting: &Greeting,
        wanted: u32,
        Credentials { user, password }: &Credentials,
        database: Option<&str>,
    ) -> Result<(), Failure> {
        let mut plugin = Plugin::named(&greeting.plugin).unwrap_or(Plugin::Native);
        let mut nonce = greeting.nonce.clone();
        let proof = plugin.proof(password, &nonce, self.secret)?;
        let (user, database) = (user.as_bytes(), database.map(str::as_bytes));
        self.say(&packet::login(wanted, user, &proof, database, plugin.name())).await?;
        for _ in 0..STEPS {
            match packet::answer(&self.hear().await?)? {
                Answer::Fine => return Ok(()),
                Answer::Refused(words) => return Err(rejected(&words)),
                Answer::Switch { name, nonce: fresh } => {
                    plugin = Plugin::named(&name).ok_or_else(|| {
                        malformed(format_args!("checks do not know the login \"{name}\""))
                    })?;
                    nonce = fresh;
                    let proof = plugin.proof(password, &nonce, self.secret)?;
                    self.say(&proof).await?;
                }
                Answer::More(scramble::KNOWN) => {}
                Answer::More(scramble::UNKNOWN) if self.secret => {
                    self.say(&[password, &b"\0"[..]].concat()).await?;
                }
                Answer::More(scramble::UNKNOWN) => {
                    let hidden = self.encrypted(password, &nonce).await?;
                    self.say(&hidden).await?;
                }
                Answer::More(_) => return Err(malformed("the login has a step that none has")),
            }
        }
        Err(malformed("a login without end"))
    }

    /// The password for the eyes of the server alone ("Caching_sha2_password information" in the
    /// manual of MySQL's source): mixed with the nonce, so that it cannot be sent again.
    async fn encrypted(&mut self, password: &[u8], nonce: &[u8]) -> Result<Vec<u8>, Failure> {
        let asked;
        let key = match &self.key {
            None => {
                let what = "the server wants the password itself: set tls = true or server-key";
                return Err(malformed(what));
            }
            Some(Key::Known(key)) => key,
            Some(Key::Asked) => {
                self.say(&[scramble::ASK_KEY]).await?;
                asked = PublicKey::of_pem(packet::more(&self.hear().await?)?)?;
                &asked
            }
        };
        let ended = [password, &b"\0"[..]].concat();
        let mixed: Vec<u8> =
            ended.iter().zip(nonce.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        if nonce.is_empty() {
            return Err(malformed("the server has nothing to mix a password with"));
        }
        key.encrypt(&mixed, self.seed)
    }

    /// Asks, and counts rows until there are enough.
    async fn rows(&mut self, query: &str, wanted: u32) -> Result<(), Failure> {
        self.sequence = 0;
        self.say(&[&[QUERY][..], query.as_bytes()].concat()).await?;
        let mut rows = 0;
        let first = self.hear().await?;
        match packet::columns(&first)? {
            Ok(columns) => {
                for _ in 0..columns {
                    self.hear().await?;
                }
                if !packet::is_end(&self.hear().await?) {
                    return Err(malformed("the columns have no end"));
                }
                while rows < wanted {
                    let row = self.hear().await?;
                    if packet::is_end(&row) {
                        break;
                    }
                    packet::refusal(&row).map_or(Ok(()), |words| Err(rejected(&words)))?;
                    rows += 1;
                }
            }
            Err(None) => {}
            Err(Some(words)) => return Err(rejected(&words)),
        }
        if rows < wanted { Err(rejected(&format!("{rows} rows, not {wanted}"))) } else { Ok(()) }
    }
}
