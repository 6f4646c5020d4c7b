//! Running health checks, by their tickets.

use crate::spare::give_back;
use director_core::probe::{Failure, Outcome, Phases, Probe, Ticket};
use director_probes::{Network, Progress, attend};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, Sleep, sleep_until};

/// So many checks at once take an amount of memory that is worth being given back.
const MANY: usize = 512;

/// A check that has ended by itself, or has had its time.
pub(crate) struct Finished {
    pub(crate) ticket: Ticket,
    pub(crate) outcome: Outcome,
    pub(crate) phases: Phases,
    pub(crate) took: Duration,
}

/// A check that is under way.
struct Running {
    task: AbortHandle,
    progress: Progress,
    started: Instant,
    /// When it has had its time.
    ends: Instant,
}

/// The checks that are under way.
pub(crate) struct Checks<N> {
    network: Arc<N>,
    running: BTreeMap<Ticket, Running>,
    tasks: JoinSet<(Ticket, Outcome)>,
    ends: BTreeSet<(Instant, Ticket)>,
    /// Goes off no later than the first of `ends`. One timer does for all checks: the runtime
    /// wakes itself, by a call of the kernel, for every one that is first in its queue.
    alarm: Option<Pin<Box<Sleep>>>,
    /// How many were under way at once, since memory was given back.
    most: usize,
}

impl<N: Network + Send + Sync + 'static> Checks<N> {
    pub(crate) fn new(network: N) -> Self {
        Self {
            network: Arc::new(network),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            ends: BTreeSet::new(),
            alarm: None,
            most: 0,
        }
    }

    pub(crate) fn start(&mut self, ticket: Ticket, what: Arc<Probe>) {
        let (network, progress) = (Arc::clone(&self.network), Progress::default());
        let started = Instant::now();
        let ends = started + what.timeout;
        let watched = progress.clone();
        let task = async move { (ticket, attend(&*network, &what, &watched).await) };
        let task = self.tasks.spawn(task);
        self.running.insert(ticket, Running { task, progress, started, ends });
        self.ends.insert((ends, ticket));
        self.most = self.most.max(self.running.len());
        match &mut self.alarm {
            None => self.alarm = Some(Box::pin(sleep_until(ends))),
            Some(alarm) if alarm.is_elapsed() || ends < alarm.deadline() => {
                alarm.as_mut().reset(ends);
            }
            Some(_) => {}
        }
    }

    /// Ends a check without an outcome.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if let Some(running) = self.take(ticket) {
            running.task.abort();
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Running> {
        let running = self.running.remove(&ticket)?;
        self.ends.remove(&(running.ends, ticket));
        // A time in which very many checks were under way, as when a whole site hangs, must not
        // keep its memory for ever.
        if self.most >= MANY && self.running.len() < self.most / 8 {
            self.most = 0;
            give_back();
        }
        Some(running)
    }

    /// Waits for the next check that ends by itself, or has had its time. Dropping the future loses
    /// nothing.
    pub(crate) async fn finished(&mut self) -> Finished {
        loop {
            let Some(alarm) = self.alarm.as_mut().filter(|_| !self.ends.is_empty()) else {
                return std::future::pending().await;
            };
            let finished = tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                () = alarm => self.late(),
            };
            if let Some(finished) = finished {
                return finished;
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, (Ticket, Outcome)), JoinError>) -> Option<Finished> {
        let (ticket, outcome) = match ended {
            Ok((_, ended)) => ended,
            // It has left the table. Nobody looks for it: servers that hang all together have
            // thousands of them at once.
            Err(error) if error.is_cancelled() => return None,
            Err(error) => {
                let mut all = self.running.iter();
                let (ticket, _) = all.find(|(_, running)| running.task.id() == error.id())?;
                (*ticket, Err(Failure::Local { what: error.to_string() }))
            }
        };
        // A check that was cancelled has left the table, though it may have ended before that.
        let running = self.take(ticket)?;
        let phases = running.progress.end();
        Some(Finished { ticket, outcome, phases, took: running.started.elapsed() })
    }

    /// The alarm has gone off: for a check that is still there, or for one that is over.
    fn late(&mut self) -> Option<Finished> {
        let (ends, ticket) = *self.ends.first()?;
        if let Some(alarm) = self.alarm.as_mut().filter(|_| ends > Instant::now()) {
            alarm.as_mut().reset(ends);
            return None;
        }
        let running = self.take(ticket)?;
        running.task.abort();
        let (outcome, phases) = running.progress.late();
        Some(Finished { ticket, outcome, phases, took: running.started.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::config::Dialogue;
    use director_core::probe::Phase;
    use std::net::SocketAddr;

    /// Where no connection comes about.
    struct Silence;

    impl Network for Silence {
        type Stream = tokio::io::DuplexStream;

        async fn connect(&self, _: SocketAddr) -> std::io::Result<Self::Stream> {
            std::future::pending().await
        }
    }

    fn probe(seconds: u64) -> Arc<Probe> {
        let (target, timeout) = ("192.0.2.21:80".parse().unwrap(), Duration::from_secs(seconds));
        Arc::new(Probe { target, way: None, dialogue: Dialogue::Tcp, timeout })
    }

    #[tokio::test(start_paused = true)]
    async fn each_check_ends_when_it_has_had_its_time_and_not_earlier() {
        let mut checks = Checks::new(Silence);
        for (number, seconds) in [(1, 5), (2, 1), (3, 2), (4, 5)] {
            checks.start(Ticket(number), probe(seconds));
        }
        checks.cancel(Ticket(3));
        let begun = Instant::now();
        let mut ended = Vec::new();
        while ended.len() < 4 {
            let Finished { ticket, outcome, phases, took } = checks.finished().await;
            assert_eq!(outcome, Err(Failure::TimedOut { phase: Phase::Connect }));
            assert_eq!(phases.iter().collect::<Vec<_>>(), [(Phase::Connect, took)]);
            ended.push((ticket.0, begun.elapsed().as_secs()));
            if ticket == Ticket(2) {
                // Behind those that wait already, and before them.
                checks.start(Ticket(5), probe(3));
            }
        }
        assert_eq!(ended, [(2, 1), (5, 4), (1, 5), (4, 5)]);
        assert!(checks.running.is_empty() && checks.ends.is_empty());
    }
}
