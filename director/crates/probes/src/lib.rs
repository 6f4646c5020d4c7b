//! Health check dialogues: what is said to a real server, and what its answer means.
//!
//! [`probe`] carries out one check within its time and says how it ended. The bytes are the same on
//! a real and on a simulated network: everything that a check needs of the world comes through
//! [`Network`]. Each protocol has a module of its own that names the standard it keeps to.
//!
//! One time limit holds for the whole dialogue: a server that drips a byte a second is dead on
//! time.

mod agent;
mod ber;
mod call;
mod certificate;
mod datagram;
mod dns;
mod expect;
mod failure;
mod ftp;
mod grpc;
mod host;
mod http;
mod imap;
mod ldap;
mod memcached;
mod mysql;
mod network;
mod nntp;
mod oracle;
mod ping;
mod pop3;
mod postgresql;
mod program;
mod radius;
mod redis;
mod reply;
mod sip;
mod smtp;
mod stream;
mod talk;
mod tls;
mod wire;

pub use host::LocalHost;
pub use network::{Carrier, Datagrams, Ended, Host, Network, Pending};

use call::Call;
use director_core::config::Dialogue;
use director_core::probe::{Failure, Outcome, Passed, Probe};
use stream::Progress;

/// Carries out one check. Ends by itself when the probe's time is up; dropping it ends it earlier.
pub async fn probe(network: &impl Network, probe: &Probe) -> Outcome {
    let progress = Progress::default();
    let (target, timeout) = (probe.target, probe.timeout);
    let call = Call { network, target, progress: &progress, timeout };
    match tokio::time::timeout(timeout, converse(call, &probe.dialogue)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::TimedOut { phase: progress.phase() }),
    }
}

async fn converse<N: Network>(call: Call<'_, N>, dialogue: &Dialogue) -> Outcome {
    match dialogue {
        Dialogue::Tcp => call.connect(call.target).await.map(|_| Passed::default()),
        Dialogue::Talk(it) => talk::over_tcp(call, it).await,
        Dialogue::Udp(it) => talk::over_udp(call, it).await,
        Dialogue::Http(it) => http::ask(call, it).await,
        Dialogue::Grpc(it) => grpc::ask(call, it).await,
        Dialogue::Smtp(it) => smtp::ask(call, it).await,
        Dialogue::Imap(it) => imap::ask(call, it).await,
        Dialogue::Pop3(it) => pop3::ask(call, it).await,
        Dialogue::Ftp(it) => ftp::ask(call, it).await,
        Dialogue::Nntp(it) => nntp::ask(call, it).await,
        Dialogue::Ldap(it) => ldap::ask(call, it).await,
        Dialogue::Redis(it) => redis::ask(call, it).await,
        Dialogue::Memcached(it) => memcached::ask(call, it).await,
        Dialogue::Agent(it) => agent::ask(call, it).await,
        Dialogue::Ping => ping::ask(call).await,
        Dialogue::Program(it) => program::run(call, it).await,
        Dialogue::File(it) => program::look(call, it).await,
        Dialogue::On => Ok(Passed::default()),
        Dialogue::Off => Err(Failure::Off),
        Dialogue::Dns(it) => dns::ask(call, it).await,
        Dialogue::Mysql(it) => mysql::ask(call, it).await,
        Dialogue::Postgresql(it) => postgresql::ask(call, it).await,
        Dialogue::Oracle(it) => oracle::ask(call, it).await,
        Dialogue::Radius(it) => radius::ask(call, it).await,
        Dialogue::Sip(it) => sip::ask(call, it).await,
    }
}
