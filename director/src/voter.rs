//! `director witness`: a voter on a third machine.
//!
//! It reads the directors' own configuration, answers their questions and decides nothing itself:
//! `director_core::voter` does.

use crate::cli::Witness;
use crate::files::{Trusted, trusted};
use crate::output::{Failure, shown};
use crate::run::{entropy, log};
use director_core::beat::Incarnation;
use director_core::name::{GroupName, NodeName};
use director_core::vote::Question;
use director_core::voter::Voter;
use director_core::wire::voter::{open_question, seal_answer};
use director_shell::clock::{Clock, RuntimeClock};
use director_shell::manager::{Manager, News, Systemd};
use director_shell::{Order, signals};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// The longest UDP payload over IPv4.
const LONGEST: usize = 65_507;
/// How often packets that are not believed are told of at the most.
const PAUSE: Duration = Duration::from_secs(60);

/// Answers the directors until it is told to stop.
pub(crate) fn witness(arguments: &Witness) -> Result<ExitCode, Failure> {
    let trust = trusted(&arguments.config).map_err(|problems| Failure::input(shown(&problems)))?;
    let Some(at) = arguments.listen.or(trust.voter) else {
        return Err(Failure::input(format_args!(
            "{}: [cluster] names no voter; add voter = \"ADDRESS\", this machine's, for all \
             directors",
            arguments.config.display()
        )));
    };
    let _flush = log(arguments.log_format, arguments.log_level)?;
    let life = Incarnation(entropy()?.max(1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::machine(format_args!("no runtime: {error}")))?;
    runtime.block_on(answer(arguments, trust, at, life)).map(|()| ExitCode::SUCCESS)
}

async fn answer(
    arguments: &Witness,
    mut trust: Trusted,
    at: SocketAddr,
    life: Incarnation,
) -> Result<(), Failure> {
    let (sender, mut orders) = mpsc::channel(8);
    signals::forward(sender)
        .map_err(|error| Failure::machine(format_args!("no signals: {error}")))?;
    let socket = UdpSocket::bind(at).await.map_err(|error| {
        Failure::machine(format_args!(
            "cannot listen on {at}: {error}; `voter` must be an address of this machine, or name \
             another with --listen"
        ))
    })?;
    let mut booth = Booth::new(life);
    tracing::info!("the voter listens on {at} for cluster {}", trust.cluster);
    Systemd.tell(News::Ready(format!("listens on {at}")));
    let mut buffer = vec![0; LONGEST];
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order::Reload) => match trusted(&arguments.config) {
                    Ok(fresh) => {
                        tracing::info!("configuration and key are read anew");
                        trust = fresh;
                    }
                    Err(problems) => tracing::error!("not read anew: {}", shown(&problems)),
                },
                _ => {
                    Systemd.tell(News::Stopping);
                    return Ok(());
                }
            },
            received = socket.recv_from(&mut buffer) => match received {
                Ok((length, from)) => {
                    let packet = buffer.get(..length).unwrap_or_default();
                    if let Some(said) = booth.hear(packet, from, &trust)
                        && let Err(error) = socket.try_send_to(&said, from)
                    {
                        tracing::debug!("cannot answer {from}: {error}");
                    }
                }
                Err(error) => {
                    tracing::debug!("cannot listen: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}

/// The voter, and what was told of it.
struct Booth {
    voter: Voter,
    clock: RuntimeClock,
    told: BTreeMap<GroupName, NodeName>,
    /// Packets since the last word of them that were not believed, and when that was.
    strange: (u64, Option<director_core::time::Instant>),
}

impl Booth {
    fn new(life: Incarnation) -> Self {
        let clock = RuntimeClock::start();
        let voter = Voter::new(life, clock.now());
        Self { voter, clock, told: BTreeMap::new(), strange: (0, None) }
    }

    fn hear(&mut self, packet: &[u8], from: SocketAddr, trust: &Trusted) -> Option<Vec<u8>> {
        let now = self.clock.now();
        let question = match open_question(packet, &trust.cluster, &trust.key) {
            Ok(question) => question,
            Err(why) => {
                self.strange.0 += 1;
                if self.strange.1.is_none_or(|at| now >= at + PAUSE) {
                    let count = self.strange.0;
                    tracing::warn!("a packet of {from} is not believed: {why} ({count} in all)");
                    self.strange.1 = Some(now);
                }
                return None;
            }
        };
        let answer = self.voter.answer(&question, now)?;
        self.tell(&question, now);
        Some(seal_answer(&answer, &trust.cluster, &trust.key))
    }

    /// Tells whose a group is when that has changed.
    fn tell(&mut self, question: &Question, now: director_core::time::Instant) {
        for group in question.holds.iter().chain(&question.wants) {
            let Some(holder) = self.voter.holder(group, now) else { continue };
            if self.told.get(group) != Some(holder) {
                tracing::info!("{group} is granted to {holder}");
                self.told.insert(group.clone(), holder.clone());
            }
        }
    }
}
