//! One channel: what waits, what is being delivered, what is wrong for how long.

use super::event::{Event, Trouble, Turn};
use super::{Fate, Kind, Notice, Occasion, Undelivered};
use crate::cluster::Out;
use crate::config::{Alert, Limit, Retry};
use crate::effect::Effect;
use crate::name::{AlertName, NodeName};
use crate::report::Report;
use crate::time::Instant;
use crate::view::AlertView;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

/// Alerts that wait at most; the limit lets no more than a few through in a short time, so that
/// only a channel that is broken for long has so many.
const WAITING: usize = 256;
/// Troubles that a summary names.
const NAMED: usize = 10;

/// Something to be told, without its number and its day.
#[derive(Clone, Debug)]
struct Draft {
    kind: Kind,
    occasion: Option<Occasion>,
    what: String,
    place: String,
    why: String,
    since: Instant,
    at: Instant,
    suppressed: u32,
}

/// A trouble that lasts.
#[derive(Clone, Debug)]
struct Open {
    since: Instant,
    occasion: Occasion,
    what: String,
    place: String,
    why: String,
    /// When it is told again.
    repeat_at: Option<Instant>,
    /// Whether anybody here was told of it, or would have been but for the limit.
    told: bool,
}

/// The alert at the head of the queue, once it has been tried.
#[derive(Clone, Debug)]
struct Flight {
    notice: Arc<Notice>,
    began: Instant,
    /// The pause before the next attempt.
    pause: Duration,
    /// When it is tried again, or the running attempt is given up.
    next: Instant,
    running: bool,
}

/// A channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel {
    queue: VecDeque<Draft>,
    flight: Option<Flight>,
    last_number: u64,
    /// When alerts were let through, oldest first; no more than the limit.
    passed: VecDeque<Instant>,
    /// Suppressed since one was let through.
    suppressed: u32,
    /// When the limit lets one through again that says what was suppressed.
    summary_at: Option<Instant>,
    open: BTreeMap<Trouble, Open>,
    repeats: BTreeSet<(Instant, Trouble)>,
    /// Whether it has been told that alerts are suppressed.
    told: bool,
    counts: Counts,
    /// What was wrong with the last delivery that failed.
    failure: Option<String>,
}

/// What became of a channel's alerts.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u64,
    failed: u64,
    lost: u64,
    suppressed: u64,
}

impl Channel {
    pub(super) fn view(&self, name: &AlertName) -> AlertView {
        let Counts { sent, failed, lost, suppressed } = self.counts;
        let waiting = self.queue.len() + usize::from(self.flight.is_some());
        let (channel, failure) = (name.clone(), self.failure.clone());
        let troubles = self.open.len();
        AlertView { channel, waiting, troubles, sent, failed, lost, suppressed, failure }
    }

    /// Forgets troubles of what is no longer configured.
    pub(super) fn retain(&mut self, keep: impl Fn(&Trouble) -> bool) {
        self.open.retain(|trouble, _| keep(trouble));
        self.repeats.retain(|(_, trouble)| keep(trouble));
    }

    /// Takes in what has happened; `speaks` says whether this director is the one that tells.
    pub(super) fn note(&mut self, alert: &Alert, event: &Event, speaks: bool, now: Instant) {
        let draft = |kind, since| Draft {
            kind,
            occasion: Some(event.occasion()),
            what: event.what.clone(),
            place: event.place.clone(),
            why: event.why.clone(),
            since,
            at: now,
            suppressed: 0,
        };
        match &event.turn {
            Turn::News(..) if speaks => self.offer(draft(Kind::News, now), alert.limit, now),
            Turn::News(..) => {}
            Turn::Begins(trouble) => {
                if self.begin(alert, trouble, event, speaks, now) && speaks {
                    self.offer(draft(Kind::Trouble, now), alert.limit, now);
                }
            }
            Turn::Ends(trouble) => {
                let Some(open) = self.end(trouble) else { return };
                if alert.recovery && speaks && open.told {
                    self.offer(draft(Kind::Recovery, open.since), alert.limit, now);
                }
            }
        }
    }

    /// Returns whether the trouble is new.
    fn begin(
        &mut self,
        alert: &Alert,
        trouble: &Trouble,
        event: &Event,
        told: bool,
        now: Instant,
    ) -> bool {
        let (what, place, why) = (event.what.clone(), event.place.clone(), event.why.clone());
        if let Some(open) = self.open.get_mut(trouble) {
            (open.what, open.place, open.why) = (what, place, why);
            return false;
        }
        let repeat_at = alert.repeat.map(|pause| now + pause);
        self.repeats.extend(repeat_at.map(|at| (at, trouble.clone())));
        let occasion = event.occasion();
        let open = Open { since: now, occasion, what, place, why, repeat_at, told };
        self.open.insert(trouble.clone(), open);
        true
    }

    fn end(&mut self, trouble: &Trouble) -> Option<Open> {
        let open = self.open.remove(trouble)?;
        if let Some(at) = open.repeat_at {
            self.repeats.remove(&(at, trouble.clone()));
        }
        Some(open)
    }

    /// This director owns more addresses from now on: what went wrong while nobody told of it is
    /// told.
    pub(super) fn take_over(
        &mut self,
        alert: &Alert,
        now: Instant,
        speaks: impl Fn(&Trouble) -> bool,
    ) {
        let untold = self.open.iter_mut().filter(|(trouble, open)| !open.told && speaks(trouble));
        let drafts: Vec<Draft> = untold
            .map(|(_, open)| {
                open.told = true;
                open.draft(Kind::Trouble, now)
            })
            .collect();
        for draft in drafts {
            self.offer(draft, alert.limit, now);
        }
    }

    /// Lets an alert through, or counts it as suppressed.
    fn offer(&mut self, mut draft: Draft, limit: Limit, now: Instant) {
        self.passed.retain(|at| now.since(*at) < limit.within);
        let most = usize::try_from(limit.count.get()).unwrap_or(usize::MAX);
        if self.passed.len() >= most || self.queue.len() >= WAITING {
            self.suppressed = self.suppressed.saturating_add(1);
            self.counts.suppressed += 1;
            let free = self.passed.front().map_or(now, |at| *at);
            self.summary_at = Some(free + limit.within);
            return;
        }
        draft.suppressed = core::mem::take(&mut self.suppressed);
        self.summary_at = None;
        self.told = false;
        self.passed.push_back(now);
        self.queue.push_back(draft);
    }

    /// Does what is due; `speaks` says whether this director is the one that tells of a trouble.
    pub(super) fn due(
        &mut self,
        (name, alert): (&AlertName, &Alert),
        now: Instant,
        out: &mut Out,
        speaks: impl Fn(&Trouble) -> bool,
    ) {
        while let Some((at, trouble)) = self.repeats.first().filter(|it| it.0 <= now).cloned() {
            self.repeats.remove(&(at, trouble.clone()));
            self.remind(alert, &trouble, now, &speaks);
        }
        if self.summary_at.is_some_and(|at| at <= now) {
            let draft = self.summary(now, &speaks);
            self.offer(draft, alert.limit, now);
        }
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.next <= now) else { return };
        if flight.running {
            let why = String::from("the delivery did not end in time");
            let number = flight.notice.number;
            self.ended((name, alert), number, Err(Undelivered { again: true, why }), now, out);
        } else {
            flight.start((name, alert), now, out);
        }
    }

    fn remind(
        &mut self,
        alert: &Alert,
        trouble: &Trouble,
        now: Instant,
        speaks: impl Fn(&Trouble) -> bool,
    ) {
        let Some(open) = self.open.get_mut(trouble) else { return };
        open.repeat_at = alert.repeat.map(|pause| now + pause);
        self.repeats.extend(open.repeat_at.map(|at| (at, trouble.clone())));
        if alert.repeat.is_none() || !speaks(trouble) {
            return;
        }
        open.told = true;
        let draft = open.draft(Kind::Reminder, now);
        self.offer(draft, alert.limit, now);
    }

    /// What is wrong now, after alerts were suppressed.
    fn summary(&self, now: Instant, speaks: impl Fn(&Trouble) -> bool) -> Draft {
        let open = self.open.iter().filter(|(trouble, _)| speaks(trouble));
        let open: Vec<&Open> = open.map(|(_, open)| open).collect();
        let names: Vec<String> =
            open.iter().take(NAMED).map(|it| format!("{}: {}", it.place, it.what)).collect();
        let more = open.len() - names.len();
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        let what = match open.len() {
            0 => String::from("nothing is wrong any more"),
            count => format!("{count} troubles last"),
        };
        let since = open.iter().map(|it| it.since).min().unwrap_or(now);
        Draft {
            kind: Kind::Summary,
            occasion: None,
            what,
            place: String::from("this director"),
            why: format!("{}{rest}", names.join("; ")),
            since,
            at: now,
            suppressed: 0,
        }
    }

    /// Delivers the next when nothing is under way.
    pub(super) fn go_on(
        &mut self,
        (name, alert): (&AlertName, &Alert),
        node: &NodeName,
        now: Instant,
        out: &mut Out,
    ) {
        if self.suppressed > 0 && !core::mem::replace(&mut self.told, true) {
            let (channel, number) = (name.clone(), self.last_number);
            let fate = Fate::Suppressed;
            out.reports.push_back(Report::Alert { channel, number, fate });
        }
        if self.flight.is_some() {
            return;
        }
        let Some(draft) = self.queue.pop_front() else { return };
        self.last_number += 1;
        let Draft { kind, occasion, what, place, why, since, at, suppressed } = draft;
        let (number, node) = (self.last_number, node.clone());
        let notice =
            Notice { number, node, kind, occasion, what, place, why, since, at, suppressed };
        let (notice, pause) = (Arc::new(notice), alert.retry.first);
        let mut flight = Flight { notice, began: now, pause, next: now, running: false };
        flight.start((name, alert), now, out);
        self.flight = Some(flight);
    }

    /// A delivery ended.
    pub(super) fn ended(
        &mut self,
        (name, alert): (&AlertName, &Alert),
        number: u64,
        result: Result<(), Undelivered>,
        now: Instant,
        out: &mut Out,
    ) {
        let running = |flight: &&mut Flight| flight.running && flight.notice.number == number;
        let Some(flight) = self.flight.as_mut().filter(running) else { return };
        let fate = match result {
            Ok(()) => Fate::Sent,
            Err(Undelivered { again, why }) => match flight.again(alert.retry, now) {
                Some(pause) if again => {
                    let again_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    Fate::Failed { why, again_ms }
                }
                _ => Fate::Lost { why },
            },
        };
        match &fate {
            Fate::Failed { why, .. } => {
                self.counts.failed += 1;
                self.failure = Some(why.clone());
            }
            Fate::Lost { why } => {
                self.counts.lost += 1;
                self.failure = Some(why.clone());
                self.flight = None;
            }
            Fate::Sent | Fate::Suppressed => {
                self.counts.sent += 1;
                self.flight = None;
            }
        }
        out.reports.push_back(Report::Alert { channel: name.clone(), number, fate });
    }

    /// When something is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let flight = self.flight.as_ref().map(|flight| flight.next);
        let repeat = self.repeats.first().map(|(at, _)| *at);
        [flight, repeat, self.summary_at].into_iter().flatten().min()
    }
}

impl Open {
    fn draft(&self, kind: Kind, now: Instant) -> Draft {
        Draft {
            kind,
            occasion: Some(self.occasion),
            what: self.what.clone(),
            place: self.place.clone(),
            why: self.why.clone(),
            since: self.since,
            at: now,
            suppressed: 0,
        }
    }
}

impl Flight {
    fn start(&mut self, (name, alert): (&AlertName, &Alert), now: Instant, out: &mut Out) {
        self.running = true;
        // Whoever delivers has its own deadline; ours comes a little later, for one that hangs.
        self.next = now + alert.timeout + alert.timeout / 8;
        let (channel, notice) = (name.clone(), Arc::clone(&self.notice));
        out.effects.push_back(Effect::Alert { channel, notice });
    }

    /// Sets the time of the next attempt, if there is to be one. Returns the pause.
    fn again(&mut self, retry: Retry, now: Instant) -> Option<Duration> {
        let pause = self.pause.min(retry.longest);
        if (now + pause).since(self.began) > retry.lasts {
            return None;
        }
        self.pause = (pause * 2).min(retry.longest);
        self.next = now + pause;
        self.running = false;
        Some(pause)
    }
}
