use super::*;
use crate::config::{Limit, Means, Retry};
use crate::director::tests::{config, ms, node};
use crate::effect::Effect;
use crate::probe::Failure;
use crate::report::{Health, RoleCause, ServerCause};
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::num::NonZeroU32;
use core::time::Duration;
use proptest::prelude::*;

/// One channel, without a director.
struct Bench {
    config: Config,
    alerts: Alerts,
    now: Instant,
    begun: Vec<(Instant, Arc<Notice>)>,
    reports: Vec<Report>,
}

fn name() -> AlertName {
    AlertName::new("pager").unwrap()
}

fn server(number: u8) -> SocketAddr {
    SocketAddr::new([10, 0, 0, number].into(), 80)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Bench {
    fn new(change: impl FnOnce(&mut Alert)) -> Self {
        let mut config = config();
        let mut alert = Alert::by(Means::Command(vec!["/bin/true".into()]));
        change(&mut alert);
        config.alerts.insert(name(), alert);
        let alerts = Alerts::new(&config, &node("d1"));
        let now = Instant::from_nanos(1_000_000_000);
        let mut bench = Self { config, alerts, now, begun: Vec::new(), reports: Vec::new() };
        bench.role(Role::Active);
        bench.begun.clear();
        bench.end(Ok(()));
        bench
    }

    fn take(&mut self, out: Out) {
        for effect in out.effects {
            let Effect::Alert { notice, .. } = effect else { panic!("{effect:?}") };
            self.begun.push((self.now, notice));
        }
        self.reports.extend(out.reports);
    }

    fn tell(&mut self, report: &Report) {
        let mut out = Out::default();
        self.alerts.note(report, &self.config, self.now, &mut out);
        self.take(out);
    }

    fn role(&mut self, to: Role) {
        let group = self.config.groups.keys().next().unwrap().clone();
        let why = RoleCause::NoOwner;
        self.tell(&Report::Role { group, from: Role::Releasing, to, why });
    }

    fn server(&mut self, number: u8, up: bool) {
        let service = self.config.services.keys().next().unwrap().clone();
        let state = if up { Health::Up } else { Health::Down };
        let why = ServerCause::Failed { checks: 3, failure: Failure::Refused };
        self.tell(&Report::Server { service, server: server(number), state, why });
    }

    /// The running delivery ends so.
    fn end(&mut self, result: Result<(), &str>) {
        let number = self.begun.last().map_or(1, |(_, notice)| notice.number);
        let again = |why: &str| Undelivered { again: why != "never", why: why.into() };
        let mut out = Out::default();
        let at = (&self.config, self.now);
        self.alerts.ended((&name(), number), result.map_err(again), at, &mut out);
        self.take(out);
    }

    /// Lets time pass; deliveries end at once when there is a `result`.
    fn run(&mut self, time: Duration, result: Option<Result<(), &str>>) {
        let end = self.now + time;
        for _ in 0..10_000 {
            let Some(next) = self.alerts.next_deadline().filter(|next| next.at <= end) else {
                break;
            };
            self.now = self.now.max(next.at);
            let (mut out, before) = (Out::default(), self.begun.len());
            self.alerts.due(&self.config, self.now, &mut out);
            self.take(out);
            let mut answered = before;
            while let (Some(result), true) = (result, answered < self.begun.len()) {
                answered = self.begun.len();
                self.end(result);
            }
        }
        self.now = end;
    }

    fn subjects(&self) -> Vec<String> {
        self.begun.iter().map(|(_, notice)| notice.subject()).collect()
    }

    fn fates(&self) -> Vec<String> {
        self.reports.iter().map(ToString::to_string).collect()
    }
}

const HTTP: &str = "service http, server 10.0.0.";

#[test]
fn a_trouble_is_told_with_what_where_since_and_why_and_so_is_its_end() {
    let mut bench = Bench::new(|_| {});
    let began = bench.now;
    bench.server(21, false);
    bench.end(Ok(()));
    bench.now = bench.now + secs(90);
    bench.server(21, true);
    let (first, second) = (&bench.begun[0].1, &bench.begun[1].1);
    assert_eq!(first.subject(), format!("d1: {HTTP}21:80: server 10.0.0.21:80 is down"));
    assert_eq!(first.why, "3 checks in a row failed, the last: connection refused");
    assert_eq!((first.kind, second.kind), (Kind::Trouble, Kind::Recovery));
    assert_eq!((first.since, second.since, second.at), (began, began, began + secs(90)));
    assert_eq!(second.subject(), format!("d1: over: {HTTP}21:80: server 10.0.0.21:80 is up"));
}

#[test]
fn alerts_keep_their_order_and_one_is_delivered_at_a_time() {
    let mut bench = Bench::new(|_| {});
    for number in 1..=3 {
        bench.server(number, false);
    }
    assert_eq!(bench.begun.len(), 1, "the others wait");
    bench.end(Err("the server is busy"));
    assert_eq!(bench.begun.len(), 1, "none overtakes the one that failed");
    bench.run(secs(4), None);
    assert_eq!(bench.begun.len(), 1);
    bench.run(secs(1), Some(Ok(())));
    let told = bench.subjects();
    let of = |number| format!("d1: {HTTP}{number}:80: server 10.0.0.{number}:80 is down");
    assert_eq!(told, [of(1), of(1), of(2), of(3)]);
}

#[test]
fn pauses_double_up_to_the_longest_and_it_is_given_up_in_the_end() {
    let mut bench = Bench::new(|alert| {
        alert.retry = Retry { first: secs(5), longest: secs(20), lasts: secs(100) };
    });
    let began = bench.now;
    bench.server(1, false);
    bench.end(Err("refused"));
    bench.server(2, false);
    bench.run(secs(300), Some(Err("refused")));
    let times: Vec<u64> = bench
        .begun
        .iter()
        .filter(|(_, notice)| notice.number == 2)
        .map(|(at, _)| at.since(began).as_secs())
        .collect();
    assert_eq!(times, [0, 5, 15, 35, 55, 75, 95]);
    let lost = bench.fates().iter().filter(|text| text.contains("given up")).count();
    assert_eq!(lost, 2, "the second was tried after the first: {:?}", bench.fates());
}

#[test]
fn what_makes_no_sense_is_not_tried_again() {
    let mut bench = Bench::new(|_| {});
    bench.server(1, false);
    bench.end(Err("never"));
    assert_eq!(bench.fates().last().unwrap(), "alert 2 by pager is given up: never");
    assert_eq!(bench.alerts.next_deadline(), None);
    let view = &bench.alerts.view()[0];
    assert_eq!((view.sent, view.lost, view.waiting, view.troubles), (1, 1, 0, 1));
}

#[test]
fn a_delivery_that_never_ends_is_given_up_and_tried_again() {
    let mut bench = Bench::new(|alert| alert.timeout = secs(8));
    bench.server(1, false);
    bench.run(secs(9), None);
    assert!(bench.fates().last().unwrap().contains("did not end in time"), "{:?}", bench.fates());
    bench.run(secs(5), None);
    assert_eq!(bench.begun.len(), 2);
    bench.end(Ok(()));
    assert_eq!(bench.fates().last().unwrap(), "alert 2 by pager was delivered");
}

#[test]
fn above_the_limit_alerts_are_counted_and_the_next_says_so() {
    let limit = Limit { count: NonZeroU32::new(3).unwrap(), within: secs(60) };
    let mut bench = Bench::new(|alert| alert.limit = limit);
    for number in 1..=10 {
        bench.server(number, false);
        bench.end(Ok(()));
    }
    // One told of the role, two of servers.
    assert_eq!(bench.begun.len(), 2);
    let said = bench.fates().iter().filter(|text| text.contains("suppressed")).count();
    assert_eq!(said, 1, "that alerts are suppressed is said once");
    bench.run(secs(60), Some(Ok(())));
    let summary = &bench.begun[2].1;
    assert_eq!((summary.kind, summary.suppressed), (Kind::Summary, 8));
    assert_eq!(summary.what, "10 troubles last");
    assert!(summary.why.contains("server 10.0.0.9:80 is down"), "{}", summary.why);
    bench.run(secs(600), Some(Ok(())));
    assert_eq!(bench.begun.len(), 3, "nothing more is to be said");
    bench.server(1, true);
    assert_eq!(bench.begun[3].1.suppressed, 0);
}

#[test]
fn a_trouble_that_lasts_is_told_again_as_long_as_it_lasts() {
    let mut bench = Bench::new(|alert| alert.repeat = Some(secs(100)));
    bench.server(1, false);
    bench.end(Ok(()));
    bench.run(secs(350), Some(Ok(())));
    bench.server(1, true);
    bench.end(Ok(()));
    bench.run(secs(1000), Some(Ok(())));
    let kinds: Vec<Kind> = bench.begun.iter().map(|(_, notice)| notice.kind).collect();
    let (lasts, over) = (Kind::Reminder, Kind::Recovery);
    assert_eq!(kinds, [Kind::Trouble, lasts, lasts, lasts, over]);
    assert_eq!(bench.alerts.next_deadline(), None);
}

#[test]
fn a_standby_is_silent_and_tells_what_is_wrong_when_it_takes_over() {
    let mut bench = Bench::new(|alert| alert.occasions = [Occasion::Server].into());
    bench.role(Role::Standby);
    bench.server(1, false);
    bench.server(2, false);
    bench.server(2, true);
    assert_eq!(bench.begun.len(), 0);
    bench.role(Role::Active);
    bench.end(Ok(()));
    bench.server(1, true);
    let told = bench.subjects();
    let first = format!("d1: {HTTP}1:80: server 10.0.0.1:80 is down");
    assert_eq!(told, [first, format!("d1: over: {HTTP}1:80: server 10.0.0.1:80 is up")]);
}

#[test]
fn with_every_sender_a_standby_tells_too() {
    let mut bench = Bench::new(|alert| alert.senders = Senders::All);
    bench.role(Role::Standby);
    bench.end(Ok(()));
    bench.server(1, false);
    assert_eq!(bench.begun.last().unwrap().1.kind, Kind::Trouble);
}

#[test]
fn a_channel_is_told_of_its_own_services_and_events_alone() {
    let mut bench = Bench::new(|alert| {
        alert.services = [ServiceName::new("other").unwrap()].into();
        alert.occasions = [Occasion::Server, Occasion::Witness].into();
    });
    bench.server(1, false);
    bench.tell(&Report::TwoOwners {
        group: GroupName::new("web").unwrap(),
        peer: node("d2"),
        winner: node("d1"),
        unheard_ms: 0,
    });
    assert_eq!(bench.begun.len(), 0);
    bench.tell(&Report::Witness { reached: false });
    assert_eq!(bench.begun.len(), 1, "what is no matter of services is told");
}

#[test]
fn a_reload_forgets_troubles_of_what_is_gone_and_keeps_what_waits() {
    let mut bench = Bench::new(|alert| alert.repeat = Some(secs(100)));
    for number in [21, 22] {
        bench.server(number, false);
    }
    bench.config.services.values_mut().for_each(|service| {
        service.servers.remove(&server(22));
    });
    let config = bench.config.clone();
    bench.alerts.reload(&config);
    assert_eq!(bench.alerts.view()[0].waiting, 2);
    bench.end(Ok(()));
    bench.end(Ok(()));
    bench.run(secs(150), Some(Ok(())));
    let last = bench.subjects().pop().unwrap();
    assert_eq!((bench.begun.len(), bench.alerts.view()[0].troubles), (3, 1));
    assert!(last.contains("still: service http, server 10.0.0.21:80"), "{last}");
}

#[test]
fn the_words_of_events_are_all_different() {
    let words: BTreeSet<&str> = Occasion::ALL.iter().map(|it| it.word()).collect();
    assert_eq!(words.len(), Occasion::ALL.len());
}

proptest! {
    /// Whatever happens and however deliveries end: in order, one at a time, each number at most
    /// until it is given up, no more than the limit, and what was suppressed is all told in the
    /// end.
    #[test]
    fn alerts_keep_the_laws(
        story in prop::collection::vec((1..6_u8, any::<bool>(), 0..3_u8, 0..20_000_u64), 1..60),
        count in 1..8_u32, within in 1..60_u64, repeat in prop::option::of(10..60_u64),
    ) {
        let limit = Limit { count: NonZeroU32::new(count).unwrap(), within: secs(within) };
        let mut bench = Bench::new(|alert| {
            alert.limit = limit;
            alert.repeat = repeat.map(secs);
            alert.retry = Retry { first: secs(1), longest: secs(8), lasts: secs(30) };
        });
        for (number, up, fate, pause) in story {
            bench.server(number, up);
            let result = [Ok(()), Err("busy"), Err("never")][usize::from(fate)];
            bench.end(result);
            bench.run(ms(pause), Some(result));
        }
        for number in 1..6 {
            bench.server(number, true);
        }
        bench.end(Ok(()));
        bench.run(secs(1000), Some(Ok(())));
        let numbers: Vec<u64> = bench.begun.iter().map(|(_, notice)| notice.number).collect();
        prop_assert!(numbers.is_sorted(), "{numbers:?}");
        let mut let_through: Vec<Instant> =
            bench.begun.iter().map(|(_, notice)| notice).fold(Vec::new(), |mut all, notice| {
                if all.len() + 2 == usize::try_from(notice.number).unwrap() {
                    all.push(notice.at);
                }
                all
            });
        let_through.sort();
        let most = usize::try_from(count).unwrap();
        for pair in let_through.windows(most + 1) {
            prop_assert!(pair[most].since(pair[0]) >= secs(within));
        }
        let view = &bench.alerts.view()[0];
        let told: u64 = {
            let mut seen = BTreeMap::new();
            for (_, notice) in &bench.begun {
                seen.insert(notice.number, u64::from(notice.suppressed));
            }
            seen.values().sum()
        };
        prop_assert_eq!((told, view.waiting, view.troubles), (view.suppressed, 0, 0));
    }
}
