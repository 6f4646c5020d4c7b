//! A load: connections at a steady rate, each watched until it is over.

use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, poll};
use scenario::Event;

use super::exchange::{Exchange, Finding, Progress};
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

struct Open {
    exchange: Exchange,
    began: Duration,
    deadline: Duration,
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
        match Exchange::start(self.client.target, self.client.http) {
            Ok(Progress::Open(exchange)) => {
                let deadline = began + self.client.timeout;
                self.open.push(Open { exchange, began, deadline });
            }
            Ok(Progress::Closed(finding)) => self.record(began, finding),
            Err(error) => self.recorder.now(Event::Note {
                node: None,
                text: format!("client {}: no socket: {error}", self.client.name),
            }),
        }
    }

    fn give_up(&mut self, now: Duration) {
        let (over, open): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut self.open).into_iter().partition(|open| open.deadline <= now);
        self.open = open;
        for Open { exchange, began, .. } in over {
            self.record(began, exchange.give_up());
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
        for (Open { exchange, began, deadline }, ready) in open.into_iter().zip(ready) {
            if !ready {
                self.open.push(Open { exchange, began, deadline });
                continue;
            }
            match exchange.advance(&self.client.answers) {
                Progress::Open(exchange) => self.open.push(Open { exchange, began, deadline }),
                Progress::Closed(finding) => self.record(began, finding),
            }
        }
    }

    fn record(&self, began: Duration, finding: Finding) {
        self.recorder.now(Event::Connection {
            client: self.client.name.clone(),
            start: self.recorder.since(began),
            servers: finding.server.into_iter().collect(),
            outcome: finding.outcome,
        });
    }
}
