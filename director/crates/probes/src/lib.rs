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

pub use certificate::common_name;
pub use host::LocalHost;
pub use network::{Carrier, Datagrams, Ended, Host, Network, Pending};
pub use stream::Progress;

use call::Call;
use director_core::config::Dialogue;
use director_core::probe::{Failure, Outcome, Passed, Phases, Probe};

/// Carries out one check. Ends by itself when the probe's time is up; dropping it ends it earlier.
pub async fn probe(network: &impl Network, probe: &Probe) -> Outcome {
    timed(network, probe).await.0
}

/// The same, and how long its parts took.
pub async fn timed(network: &impl Network, probe: &Probe) -> (Outcome, Phases) {
    let progress = Progress::default();
    match tokio::time::timeout(probe.timeout, attend(network, probe, &progress)).await {
        Ok(outcome) => (outcome, progress.end()),
        Err(_) => progress.late(),
    }
}

/// Carries out one check, however long that takes: whoever began it watches its time, ends it by
/// dropping it, and finds in `progress` how far it came.
pub async fn attend(network: &impl Network, probe: &Probe, progress: &Progress) -> Outcome {
    let (target, way, timeout) = (probe.target, probe.way, probe.timeout);
    let call = Call { network, target, way, progress, timeout };
    converse(call, &probe.dialogue).await
}

async fn converse<N: Network>(call: Call<'_, N>, dialogue: &Dialogue) -> Outcome {
    match dialogue {
        Dialogue::Tcp => connect(call).await,
        Dialogue::Talk(it) => boxed(talk::over_tcp(call, it)).await,
        Dialogue::Udp(it) => boxed(talk::over_udp(call, it)).await,
        Dialogue::Http(it) => boxed(http::ask(call, it)).await,
        Dialogue::Grpc(it) => boxed(grpc::ask(call, it)).await,
        Dialogue::Smtp(it) => boxed(smtp::ask(call, it)).await,
        Dialogue::Imap(it) => boxed(imap::ask(call, it)).await,
        Dialogue::Pop3(it) => boxed(pop3::ask(call, it)).await,
        Dialogue::Ftp(it) => boxed(ftp::ask(call, it)).await,
        Dialogue::Nntp(it) => boxed(nntp::ask(call, it)).await,
        Dialogue::Ldap(it) => boxed(ldap::ask(call, it)).await,
        Dialogue::Redis(it) => boxed(redis::ask(call, it)).await,
        Dialogue::Memcached(it) => boxed(memcached::ask(call, it)).await,
        Dialogue::Agent(it) => boxed(agent::ask(call, it)).await,
        Dialogue::Ping => boxed(ping::ask(call)).await,
        Dialogue::Program(it) => boxed(program::run(call, it)).await,
        Dialogue::File(it) => boxed(program::look(call, it)).await,
        Dialogue::On => Ok(Passed::default()),
        Dialogue::Off => Err(Failure::Off),
        Dialogue::Dns(it) => boxed(dns::ask(call, it)).await,
        Dialogue::Mysql(it) => boxed(mysql::ask(call, it)).await,
        Dialogue::Postgresql(it) => boxed(postgresql::ask(call, it)).await,
        Dialogue::Oracle(it) => boxed(oracle::ask(call, it)).await,
        Dialogue::Radius(it) => boxed(radius::ask(call, it)).await,
        Dialogue::Sip(it) => boxed(sip::ask(call, it)).await,
    }
}

/// A connection that is made is all that is wanted.
async fn connect<N: Network>(call: Call<'_, N>) -> Outcome {
    call.reach().await?;
    Ok(Passed::default())
}

/// A dialogue in a place of its own: a check takes the room of its dialogue, not of the largest.
fn boxed<'a>(dialogue: impl Future<Output = Outcome> + Send + 'a) -> Pending<'a, Outcome> {
    Box::pin(dialogue)
}
