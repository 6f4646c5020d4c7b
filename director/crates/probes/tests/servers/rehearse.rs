//! Takes a server through the cases.

use crate::certificates::{LEFT, Shows};
use crate::middle::{Deed, Middle, Silence};
use crate::process::Server;
use crate::subject::{Over, Stage, Subject};
use crate::table::{Cell, Column, Row};
use director_core::config::Dialogue;
use director_core::probe::{Failure, Outcome, Phase, Probe};
use director_probes::{LocalHost, probe};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// For a server to start in.
const STARTING: Duration = Duration::from_secs(60);
/// For a server's socket to go away in.
const LEAVING: Duration = Duration::from_secs(10);
/// Far more than the loopback needs; no test waits for it.
const PLENTY: Duration = Duration::from_secs(20);
/// For a check of a server that does not answer, or not wholly.
const SHORT: Duration = Duration::from_millis(600);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn asked(
    to: impl Into<IpAddr>,
    port: u16,
    it: &Dialogue,
    by: Duration,
) -> Outcome {
    let target = SocketAddr::new(to.into(), port);
    let check = Probe { target, way: None, dialogue: it.clone(), timeout: by };
    probe(&LocalHost::default(), &check).await
}

/// What the table says of an outcome.
pub(crate) fn word(outcome: &Outcome) -> String {
    let word = match outcome {
        Ok(_) => "up",
        Err(Failure::Refused) => "refused",
        Err(Failure::TimedOut { .. }) => "timed out",
        Err(Failure::Closed { .. }) => "closed",
        Err(Failure::Malformed { .. }) => "malformed",
        Err(Failure::Rejected { .. }) => "rejected",
        Err(Failure::Status { status }) => return format!("status {status}"),
        Err(Failure::Tls { .. }) => "no TLS",
        Err(Failure::Body { .. }) => "not found",
        Err(Failure::Ended { .. }) => "ended",
        Err(Failure::Local { .. }) => "local",
        Err(_) => "other",
    };
    word.to_owned()
}

/// The cell for an outcome that is as it had to be, or is not.
pub(crate) fn judged(outcome: &Outcome, good: bool) -> Cell {
    if good { Cell::Held(word(outcome)) } else { Cell::Broken(format!("{outcome:?}")) }
}

/// The server is blamed, and not this host.
fn is_blamed(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|failure| !matches!(failure, Failure::Local { .. }))
}

fn timed_out(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Failure::TimedOut { .. }))
}

/// Takes a server through its cases.
pub(crate) async fn rehearse(stage: Stage) -> Vec<Row> {
    let mut rows: Vec<Row> = stage.subjects.iter().map(|subject| Row::new(subject.title)).collect();
    let mut server = start(&stage);
    for (subject, row) in stage.subjects.iter().zip(&mut rows) {
        subject.go(row, Column::Healthy, subject.healthy(&mut server)).await;
        subject.go(row, Column::Ipv6, subject.over_ipv6()).await;
        subject.go(row, Column::Wrong, subject.wrong()).await;
        subject.go(row, Column::Drips, subject.drips()).await;
        subject.go(row, Column::Closes, subject.closes()).await;
        subject.go(row, Column::Garbage, subject.garbage()).await;
    }
    block_in_place(|| server.freeze());
    for (subject, row) in stage.subjects.iter().zip(&mut rows) {
        subject.go(row, Column::Hangs, subject.frozen()).await;
        subject.go(row, Column::Silent, subject.silent()).await;
    }
    server.thaw();
    server.stop().await;
    for (subject, row) in stage.subjects.iter().zip(&mut rows) {
        subject.go(row, Column::Refused, subject.refused()).await;
    }
    show(&stage, Shows::OtherName, Column::WrongCertificate, &mut rows).await;
    show(&stage, Shows::UnknownRoot, Column::WrongCertificate, &mut rows).await;
    show(&stage, Shows::Expired, Column::Expired, &mut rows).await;
    rows
}

fn start(stage: &Stage) -> Server {
    block_in_place(|| (stage.start)(&stage.place))
}

/// The server starts again with another certificate.
async fn show(stage: &Stage, shows: Shows, column: Column, rows: &mut [Row]) {
    let secret = |subject: &&Subject| subject.healthy[0].tls().is_some();
    let mut running = stage.subjects.iter().any(|subject| secret(&subject)).then(|| {
        stage.place.show(shows);
        start(stage)
    });
    for (subject, row) in stage.subjects.iter().zip(rows) {
        let broken = matches!(row.cells.get(&column), Some(Cell::Broken(_)));
        if !broken {
            subject.go(row, column, subject.certified(running.as_mut())).await;
        }
    }
    if let Some(server) = running {
        server.stop().await;
    }
}

impl Subject {
    /// Tries a case, if there is such a one.
    async fn go(&self, row: &mut Row, column: Column, tried: impl Future<Output = Cell>) {
        let excused = self.except.iter().find(|(excused, _)| *excused == column);
        row.set(
            column,
            match excused {
                Some((_, why)) => Cell::DoesNotApply(why),
                None => tried.await,
            },
        );
    }

    async fn ask(&self, it: &Dialogue, by: Duration) -> Outcome {
        asked(Ipv4Addr::LOCALHOST, self.port, it, by).await
    }

    async fn healthy(&self, server: &mut Server) -> Cell {
        let limit = Instant::now() + STARTING;
        for dialogue in &self.healthy {
            let mut outcome = self.ask(dialogue, PLENTY).await;
            // Until it has started, and no longer.
            while outcome.is_err() && Instant::now() < limit && !server.has_ended() {
                tokio::time::sleep(PAUSE).await;
                outcome = self.ask(dialogue, PLENTY).await;
            }
            let days = outcome.as_ref().ok().and_then(|passed| passed.certificate_days);
            let told = days == dialogue.tls().map(|_| LEFT);
            if outcome.is_err() || !told {
                let said = server.said();
                return Cell::Broken(format!("{dialogue:?}: {outcome:?}\n{said}"));
            }
        }
        Cell::Held(format!("up ({})", self.healthy.len()))
    }

    async fn over_ipv6(&self) -> Cell {
        let outcome = asked(Ipv6Addr::LOCALHOST, self.port, &self.healthy[0], PLENTY).await;
        judged(&outcome, outcome.is_ok())
    }

    async fn wrong(&self) -> Cell {
        let mut words = Vec::new();
        for dialogue in &self.wrong {
            let outcome = self.ask(dialogue, PLENTY).await;
            if !is_blamed(&outcome) || outcome == Err(Failure::Refused) || timed_out(&outcome) {
                return Cell::Broken(format!("{dialogue:?}: {outcome:?}"));
            }
            words.push(word(&outcome));
        }
        words.dedup();
        Cell::Held(format!("{} ({})", words[0], self.wrong.len()))
    }

    async fn between(&self, deed: Deed) -> Middle {
        match self.over {
            Over::Connection => Middle::of_connections(self.port, deed).await,
            Over::Datagrams => Middle::of_datagrams(self.port, deed).await,
        }
    }

    /// The server's own bytes, after something was done to them.
    async fn through(&self, deed: Deed, by: Duration) -> (Outcome, usize) {
        let middle = self.between(deed).await;
        let outcome = asked(Ipv4Addr::LOCALHOST, middle.port, &self.healthy[0], by).await;
        (outcome, middle.said())
    }

    async fn drips(&self) -> Cell {
        if self.over == Over::Datagrams {
            return Cell::DoesNotApply("a datagram comes whole or not at all");
        }
        let (outcome, _) = self.through(Deed::Drips, SHORT).await;
        judged(&outcome, timed_out(&outcome))
    }

    /// Half of what it says to a check that passes.
    async fn closes(&self) -> Cell {
        let (passed, said) = self.through(Deed::Passes, PLENTY).await;
        if passed.is_err() || said < 2 {
            return Cell::Broken(format!("through the middle, {said} bytes: {passed:?}"));
        }
        let by = if self.over == Over::Datagrams { SHORT } else { PLENTY };
        let (outcome, _) = self.through(Deed::Cuts(said / 2), by).await;
        // Half of a datagram is nothing that the right server has said.
        let late = timed_out(&outcome) && self.over == Over::Connection;
        judged(&outcome, is_blamed(&outcome) && !late && outcome != Err(Failure::Refused))
    }

    async fn garbage(&self) -> Cell {
        let (outcome, _) = self.through(Deed::Spoils, SHORT).await;
        judged(&outcome, is_blamed(&outcome) && outcome != Err(Failure::Refused))
    }

    /// The kernel accepts; the server does nothing.
    async fn frozen(&self) -> Cell {
        if self.over == Over::Datagrams {
            return Cell::DoesNotApply("nobody accepts a datagram");
        }
        let outcome = self.ask(&self.healthy[0], SHORT).await;
        let connecting = outcome == Err(Failure::TimedOut { phase: Phase::Connect });
        judged(&outcome, timed_out(&outcome) && !connecting)
    }

    /// No packet comes back. A frozen server does as much to datagrams.
    async fn silent(&self) -> Cell {
        if self.over == Over::Datagrams {
            let outcome = self.ask(&self.healthy[0], SHORT).await;
            return judged(&outcome, timed_out(&outcome));
        }
        let silence = block_in_place(Silence::start);
        let outcome = asked(Ipv4Addr::LOCALHOST, silence.port, &self.healthy[0], SHORT).await;
        judged(&outcome, outcome == Err(Failure::TimedOut { phase: Phase::Connect }))
    }

    async fn refused(&self) -> Cell {
        let limit = Instant::now() + LEAVING;
        let mut outcome = self.ask(&self.healthy[0], PLENTY).await;
        // Its socket goes with the last of its processes.
        while outcome != Err(Failure::Refused) && Instant::now() < limit {
            tokio::time::sleep(PAUSE).await;
            outcome = self.ask(&self.healthy[0], PLENTY).await;
        }
        judged(&outcome, outcome == Err(Failure::Refused))
    }

    /// The server shows what it must not. What it says itself is told when it does not come up.
    async fn certified(&self, server: Option<&mut Server>) -> Cell {
        let (Some(server), Some(_)) = (server, self.healthy[0].tls()) else {
            return Cell::DoesNotApply("nothing is shown without TLS");
        };
        let limit = Instant::now() + STARTING;
        let mut outcome = self.ask(&self.healthy[0], PLENTY).await;
        let shown = |outcome: &Outcome| matches!(outcome, Ok(_) | Err(Failure::Tls { .. }));
        while !shown(&outcome) && Instant::now() < limit && !server.has_ended() {
            tokio::time::sleep(PAUSE).await;
            outcome = self.ask(&self.healthy[0], PLENTY).await;
        }
        if !shown(&outcome) {
            let ended = if server.has_ended() { "it has ended" } else { "it still runs" };
            return Cell::Broken(format!("{outcome:?}; {ended}:\n{}", server.said()));
        }
        judged(&outcome, matches!(outcome, Err(Failure::Tls { .. })))
    }
}
