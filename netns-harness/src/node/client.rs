//! A load: connections at a steady rate, each watched until it is over.

use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, poll};
use scenario::Event;

use super::exchange::{Exchange, Finding, Progress, Unsent};
use crate::clock::{self, Alarm};
use crate::plan::Client;
use crate::record::Recorder;

/// Starts the load in a thread of its own: `start` is the run's, the last before its end.
pub(super) fn start(
    client: &Client,
    start: Duration,
    length: Duration,
    recorder: &Recorder,
) -> anyhow::Result<()> {
    let load = Load {
        client: client.clone(),
        recorder: recorder.clone(),
        next: start + client.first,
        end: start + length,
        open: Vec::new(),
        alarm: Alarm::new().context("a timer")?,
    };
    std::thread::Builder::new()
        .name(format!("client {}", client.name))
        .spawn(move || load.run())
        .context("starting a client")?;
    Ok(())
}

/// Between an answer and the next question on a connection that is held.
const PAUSE: Duration = Duration::from_millis(200);

struct Open {
    exchange: Exchange,
    began: Duration,
    /// When the present question was asked, or the connection was begun.
    asked: Duration,
    /// When it is given up, or asked again.
    deadline: Duration,
    /// The longest that an answer took so far.
    longest: Duration,
    /// The last answer, while it rests.
    rests: Option<Finding>,
}

struct Load {
    client: Client,
    recorder: Recorder,
    next: Duration,
    end: Duration,
    open: Vec<Open>,
    alarm: Alarm,
}

impl Load {
    fn run(mut self) {
        while self.next < self.end || !self.open.is_empty() {
            let now = clock::now();
            self.give_up(now);
            while self.next <= now && self.next < self.end {
                self.connect();
                self.next += self.client.interval;
            }
            self.wait();
        }
    }

    fn connect(&mut self) {
        let began = clock::now();
        let Client { target, speech, request, .. } = self.client;
        let hold = self.client.hold.is_some();
        match Exchange::start(target, speech, hold, request) {
            Ok(exchange) => self.open.push(Open {
                exchange,
                began,
                asked: began,
                deadline: began + self.client.timeout,
                longest: Duration::ZERO,
                rests: None,
            }),
            Err(Unsent::Refused(finding)) => self.record(began, Duration::ZERO, finding),
            Err(Unsent::NoSocket(error)) => self.recorder.now(Event::Note {
                node: None,
                text: format!("client {}: no socket: {error}", self.client.name),
            }),
        }
    }

    /// Ends what was not answered in time, and asks anew on what has rested.
    fn give_up(&mut self, now: Duration) {
        let (over, open): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut self.open).into_iter().partition(|open| open.deadline <= now);
        self.open = open;
        for mut open in over {
            match open.rests.take() {
                None => {
                    let longest = now.saturating_sub(open.asked).max(open.longest);
                    let finding = open.exchange.give_up();
                    self.record(open.began, longest, finding);
                }
                Some(finding) if now >= self.held_until(open.began) => {
                    self.record(open.began, open.longest, finding);
                }
                Some(_) => {
                    open.exchange.ask_again();
                    let deadline = now + self.client.timeout;
                    self.open.push(Open { asked: now, deadline, ..open });
                }
            }
        }
    }

    /// Until when a connection is asked again; all are over when the run is.
    fn held_until(&self, began: Duration) -> Duration {
        let last = self.end.saturating_sub(self.client.timeout);
        (began + self.client.hold.unwrap_or_default()).min(last)
    }

    /// Goes on with a connection whose socket is ready, as far as it comes.
    fn go_on(&mut self, mut open: Open) {
        let now = clock::now();
        match open.exchange.advance(&self.client.answers) {
            Progress::Open => self.open.push(open),
            Progress::Closed(finding) => {
                let longest = now.saturating_sub(open.asked).max(open.longest);
                self.record(open.began, longest, finding);
            }
            Progress::Answered(finding) => {
                open.longest = now.saturating_sub(open.asked).max(open.longest);
                open.rests = Some(finding);
                open.deadline = (now + PAUSE).min(self.held_until(open.began).max(now));
                self.open.push(open);
            }
        }
    }

    /// Waits for the next packet, the next start or the next deadline.
    fn wait(&mut self) {
        let starts = (self.next < self.end).then_some(self.next);
        let wake = self.open.iter().map(|open| open.deadline).chain(starts).min();
        let Some(wake) = wake else { return };
        let mut fds: Vec<PollFd<'_>> = self
            .open
            .iter()
            .map(|Open { exchange, .. }| {
                PollFd::from_borrowed_fd(exchange.descriptor(), exchange.interest())
            })
            .collect();
        if self.alarm.set(wake).is_err() {
            return;
        }
        fds.push(PollFd::from_borrowed_fd(self.alarm.as_fd(), PollFlags::IN));
        // A signal or an error makes no socket ready; the deadlines end whatever is open.
        let _ = poll(&mut fds, None);
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        let open = std::mem::take(&mut self.open);
        for (open, ready) in open.into_iter().zip(ready) {
            if ready {
                self.go_on(open);
            } else {
                self.open.push(open);
            }
        }
    }

    fn record(&self, began: Duration, longest: Duration, finding: Finding) {
        let length = clock::now().saturating_sub(began);
        let held = self.client.hold.map_or(Duration::ZERO, |_| length.saturating_sub(longest));
        self.recorder.now(Event::Connection {
            client: self.client.name.clone(),
            start: self.recorder.since(began),
            servers: finding.server.into_iter().collect(),
            outcome: finding.outcome,
            held,
        });
    }
}
