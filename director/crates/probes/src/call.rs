//! One check being carried out: whom it asks, over what, and how far it has come.

use crate::failure::of_io;
use crate::network::{Datagrams, Host, Network};
use crate::stream::{Progress, Stream};
use crate::tls;
use crate::wire::Wire;
use director_core::config::dialogue::{Login, Secret, Start, Tls};
use director_core::probe::{Failure, Phase, Way};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// One check being carried out.
pub(crate) struct Call<'a, N> {
    pub(crate) network: &'a N,
    pub(crate) target: SocketAddr,
    pub(crate) way: Option<Way>,
    pub(crate) progress: &'a Progress,
    /// For the whole of it.
    pub(crate) timeout: Duration,
}

/// A name and a password in their own bytes.
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Vec<u8>,
}

impl Credentials {
    /// The password for a protocol of lines, in which some bytes cannot be said.
    pub(crate) fn spoken(&self) -> Result<&str, Failure> {
        let spoken = std::str::from_utf8(&self.password).ok();
        let fits = |text: &&str| !text.chars().any(|c| matches!(c, '\r' | '\n' | '\0'));
        spoken.filter(fits).ok_or_else(|| local("the password is not one line of UTF-8 text"))
    }
}

/// The check cannot be carried out here.
pub(crate) fn local(what: impl ToString) -> Failure {
    Failure::Local { what: what.to_string() }
}

/// The answer breaks the rules of its protocol.
pub(crate) fn malformed(what: impl ToString) -> Failure {
    Failure::Malformed { what: what.to_string() }
}

/// The server said no; its words as far as they can be shown.
pub(crate) fn rejected(answer: &str) -> Failure {
    const SHOWN: usize = 200;
    let shown = answer.trim().chars().take(SHOWN);
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    Failure::Rejected { answer: shown.map(plain).collect() }
}

/// TLS of several connections to one server.
pub(crate) struct Session<'t> {
    pub(crate) tls: &'t Tls,
    config: Arc<ClientConfig>,
}

/// What is below a connection that is to be made secret. What came before the handshake would be
/// taken for the server's own afterwards.
pub(crate) fn bare<S: AsyncRead + AsyncWrite + Unpin>(wire: Wire<S>) -> Result<S, Failure> {
    wire.into_silent_stream()?.into_plain().ok_or_else(|| local("TLS inside TLS"))
}

impl<'a, N: Network> Call<'a, N> {
    pub(crate) fn host(&self) -> &'a dyn Host {
        self.network.host()
    }

    /// A connection, as the network makes it.
    pub(crate) async fn connect(&self, target: SocketAddr) -> Result<N::Stream, Failure> {
        let connected = match self.way {
            Some(way) => self.network.connect_by(target, way).await,
            None => self.network.connect(target).await,
        };
        connected.map_err(|error| of_io(&error, Phase::Connect))
    }

    /// Makes a connection over which nothing is said.
    pub(crate) async fn reach(&self) -> Result<(), Failure> {
        let reached = match self.way {
            Some(way) => self.network.connect_by(self.target, way).await.map(|stream| {
                self.network.abandon(stream);
            }),
            None => self.network.reach(self.target).await,
        };
        reached.map_err(|error| of_io(&error, Phase::Connect))
    }

    /// A connection, secret from the beginning when `tls` says so.
    pub(crate) async fn dial(&self, tls: Option<&Tls>) -> Result<Wire<N::Stream>, Failure> {
        self.dial_as(tls, None, &[]).await.map(|(stream, days)| Wire::new(stream, days))
    }

    /// The same with a name to prove and with protocols to offer (RFC 7301).
    pub(crate) async fn dial_as(
        &self,
        tls: Option<&Tls>,
        name: Option<&str>,
        protocols: &[&str],
    ) -> Result<(Stream<N::Stream>, Option<u16>), Failure> {
        let inner = self.connect(self.target).await?;
        match tls {
            Some(tls) if tls.start == Start::Connected => {
                self.secure(inner, tls, name, protocols).await
            }
            _ => Ok((Stream::plain(inner, self.progress.clone()), None)),
        }
    }

    async fn secure(
        &self,
        inner: N::Stream,
        tls: &Tls,
        name: Option<&str>,
        protocols: &[&str],
    ) -> Result<(Stream<N::Stream>, Option<u16>), Failure> {
        self.progress.securing();
        let address = self.target.ip().to_string();
        let name = tls.name.as_deref().or(name).unwrap_or(&address);
        let (inner, days) = tls::secure(inner, tls, name, protocols, self.host()).await?;
        Ok((Stream::secret(inner, self.progress.clone()), days))
    }

    /// Goes on in secret over a connection on which the server has agreed to that.
    pub(crate) async fn upgrade(
        &self,
        wire: Wire<N::Stream>,
        tls: &Tls,
    ) -> Result<Wire<N::Stream>, Failure> {
        self.upgrade_as(wire, tls, None, &[]).await.map(|(stream, days)| Wire::new(stream, days))
    }

    /// The same with a name to prove and with protocols to offer (RFC 7301).
    pub(crate) async fn upgrade_as(
        &self,
        wire: Wire<N::Stream>,
        tls: &Tls,
        name: Option<&str>,
        protocols: &[&str],
    ) -> Result<(Stream<N::Stream>, Option<u16>), Failure> {
        self.secure(bare(wire)?, tls, name, protocols).await
    }

    /// What several connections of one session need, of which the later ones resume the first.
    pub(crate) async fn session<'t>(&self, tls: &'t Tls) -> Result<Session<'t>, Failure> {
        let config = tls::configure(tls, self.host()).await?;
        Ok(Session { tls, config: Arc::new(config) })
    }

    /// Makes a connection secret that belongs to the session.
    pub(crate) async fn join(
        &self,
        inner: N::Stream,
        session: &Session<'_>,
    ) -> Result<Wire<N::Stream>, Failure> {
        self.progress.securing();
        let address = self.target.ip().to_string();
        let name = session.tls.name.as_deref().unwrap_or(&address);
        let config = Arc::clone(&session.config);
        let (inner, days) = tls::connect(inner, config, session.tls, name).await?;
        Ok(Wire::new(Stream::secret(inner, self.progress.clone()), days))
    }

    /// A socket for datagrams.
    pub(crate) fn datagrams(
        &self,
        carrier: crate::network::Carrier,
    ) -> Result<Box<dyn Datagrams>, Failure> {
        let opened = match self.way {
            Some(way) => self.network.datagrams_by(self.target, way),
            None => self.network.datagrams(carrier, self.target),
        };
        let socket = opened.map_err(|error| of_io(&error, Phase::Connect))?;
        self.progress.asked();
        Ok(socket)
    }

    pub(crate) async fn secret(&self, kept: &Secret) -> Result<Vec<u8>, Failure> {
        self.host().secret(kept).await.map_err(local)
    }

    pub(crate) async fn credentials(&self, login: &Login) -> Result<Credentials, Failure> {
        let password = self.secret(&login.password).await?;
        Ok(Credentials { user: login.user.clone(), password })
    }

    pub(crate) fn random<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.host().random(&mut bytes);
        bytes
    }
}
