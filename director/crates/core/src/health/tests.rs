mod advice;
mod anew;
mod asleep;
mod hinted;

use super::*;
use crate::config::{
    Damping, Initial, OnFailure, Percent, Policy, Quorum, Scheduler, Server, Service,
};
use crate::director::tests::{config, ms, node};
use crate::observed::Snapshot;
use crate::plan::Ledger;
use crate::probe::Passed;
use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Checks without a network: servers that are sick or not.
struct Bench {
    config: Config,
    checks: Checks,
    now: Instant,
    sick: BTreeSet<SocketAddr>,
    running: Vec<(Ticket, SocketAddr)>,
    /// What agents say.
    advice: Advice,
    asked: Vec<(Instant, SocketAddr)>,
    reports: Vec<Report>,
}

fn server(number: u8) -> SocketAddr {
    SocketAddr::new([10, 0, 0, number].into(), 80)
}

fn with(servers: u8, change: impl Fn(&mut Service)) -> Config {
    let mut config = config();
    let service = config.services.values_mut().next().unwrap();
    service.servers =
        (1..=servers).map(|number| (server(number), Server::from(Weight(100)))).collect();
    service.check.fall = NonZeroU8::MIN;
    service.check.rise = NonZeroU8::MIN;
    change(service);
    config
}

impl Bench {
    fn new(config: Config) -> Self {
        let (now, mut out) = (Instant::from_nanos(1_000_000_000), Out::default());
        let ledger = Ledger::default();
        let checks =
            Checks::new(&config, &node("d1"), &Snapshot::default(), &ledger, now, &mut out);
        let mut bench = Self {
            config,
            checks,
            now,
            sick: BTreeSet::new(),
            running: Vec::new(),
            advice: Advice::default(),
            asked: Vec::new(),
            reports: Vec::new(),
        };
        bench.take(out);
        bench
    }

    fn take(&mut self, mut out: Out) {
        self.checks.weigh(&self.config, self.now, &mut out);
        self.assert_as_if_weighed_anew();
        self.reports.extend(out.reports);
        for effect in out.effects {
            match effect {
                Effect::StartProbe { ticket, probe } => {
                    self.asked.push((self.now, probe.target));
                    self.running.push((ticket, probe.target));
                }
                Effect::CancelProbe { ticket } => self.running.retain(|(one, _)| *one != ticket),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Lets time pass; every probe is answered at once.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let mut out = Out::default();
            for (ticket, target) in std::mem::take(&mut self.running) {
                let sick = self.sick.contains(&target);
                let passed = Passed { advice: self.advice, ..Passed::default() };
                let outcome = if sick { Err(Failure::Refused) } else { Ok(passed) };
                let came = (&outcome, &Phases::default());
                self.checks.finished(ticket, came, self.now, &mut out);
            }
            self.take(out);
            let Some(next) = self.checks.next_deadline().filter(|next| next.at <= end) else {
                break;
            };
            self.now = self.now.max(next.at);
            let mut out = Out::default();
            self.checks.due(None, self.now, &mut out);
            self.take(out);
        }
        self.now = end;
    }

    /// What was found by looking at what had changed is what looking at everything finds.
    fn assert_as_if_weighed_anew(&self) {
        let (mut anew, mut out) = (self.checks.clone(), Out::default());
        anew.forget_shares();
        anew.weigh(&self.config, self.now, &mut out);
        assert_eq!(out.reports, [], "nothing is left to be told");
        let of = |checks: &Checks| {
            let shares = checks.servers.iter().map(|entry| (entry.seat(), entry.share));
            let pools = checks.pools.iter();
            let pools = pools.map(|pool| (pool.is_served(), pool.quorate, pool.panicking));
            (shares.collect::<Vec<_>>(), pools.collect::<Vec<_>>(), checks.next_deadline())
        };
        assert_eq!(of(&self.checks), of(&anew));
    }

    fn shares(&self) -> Vec<Option<u16>> {
        self.checks.servers.iter().map(|entry| entry.share.map(|weight| weight.0)).collect()
    }

    fn fallback(&self) -> bool {
        let desired = self.checks.desired(&self.config);
        let service = self.config.services.values().next().unwrap();
        desired[&service.key].servers.contains_key(&service.fallback.unwrap())
    }

    fn reload(&mut self, config: Config) {
        let mut out = Out::default();
        self.checks.reload(&self.config, &config, self.now, &mut out);
        self.config = config;
        self.take(out);
    }
}

#[test]
fn one_check_serves_every_service_that_asks_the_same() {
    let mut config = with(3, |_| {});
    let first = config.services.values().next().unwrap().clone();
    for (name, port) in [("a", 81), ("b", 82), ("other", 83)] {
        let mut service = first.clone();
        service.key = ServiceKey::Tcp(SocketAddr::new([10, 0, 0, 100].into(), port));
        if name == "other" {
            service.check.interval = ms(500);
        }
        service.check.fall = NonZeroU8::new(if name == "a" { 3 } else { 1 }).unwrap();
        config.services.insert(ServiceName::new(name).unwrap(), service);
    }
    let mut bench = Bench::new(config);
    bench.run(ms(10_000));
    let asked = |bench: &Bench, server| bench.asked.iter().filter(|(_, to)| *to == server).count();
    // Ten or eleven of one check, twenty of the other.
    assert!((29..=32).contains(&asked(&bench, server(1))), "{}", asked(&bench, server(1)));
    bench.sick.insert(server(1));
    bench.run(ms(1000));
    let of = |bench: &Bench, name: &str| {
        bench.checks.servers_of(&ServiceName::new(name).unwrap())[0].share.unwrap().0
    };
    assert_eq!(["a", "b", "other"].map(|name| of(&bench, name)), [100, 0, 0], "each its own fall");
    bench.run(ms(2000));
    assert_eq!(of(&bench, "a"), 0);
}

#[test]
fn a_check_is_asked_as_often_as_its_state_wants() {
    let mut bench = Bench::new(with(1, |service| {
        service.check.fall = NonZeroU8::new(3).unwrap();
        service.check.pace.changing = Some(ms(100));
        service.check.pace.down = Some(ms(5000));
    }));
    bench.run(ms(3500));
    bench.sick.insert(server(1));
    bench.run(ms(20_000));
    let times: Vec<_> = bench.asked.iter().map(|(at, _)| *at).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect();
    assert_eq!(pauses, [1000, 1000, 1000, 1000, 100, 100, 5000, 5000, 5000]);
}

#[test]
fn a_server_that_comes_back_gets_its_weight_step_by_step() {
    let mut bench = Bench::new(with(2, |service| {
        service.policy.slow_start = Some(ms(10_000));
    }));
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(100), Some(100)], "a start is not a return");
    bench.sick.insert(server(1));
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(0), Some(100)]);
    bench.sick.clear();
    let mut seen = Vec::new();
    for _ in 0..140 {
        bench.run(ms(100));
        let share = bench.shares()[0].unwrap();
        if seen.last() != Some(&share) {
            seen.push(share);
        }
    }
    assert_eq!(seen, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    assert_eq!(bench.checks.steps.first(), None);
}

#[test]
fn a_server_that_a_reload_adds_starts_slowly_too() {
    let slow = |service: &mut Service| service.policy.slow_start = Some(ms(10_000));
    let mut bench = Bench::new(with(1, slow));
    bench.run(ms(2000));
    bench.reload(with(2, slow));
    bench.run(ms(100));
    assert_eq!(bench.shares(), [Some(100), Some(10)]);
}

#[test]
fn a_reload_keeps_shares_cadence_and_what_is_in_flight() {
    let mut bench = Bench::new(with(2, |service| service.policy.slow_start = Some(ms(10_000))));
    bench.run(ms(1500));
    bench.sick.insert(server(1));
    bench.run(ms(1000));
    bench.sick.clear();
    bench.run(ms(3000));
    let (before, next) = (bench.shares(), bench.checks.next_deadline());
    let mut changed = bench.config.clone();
    changed.services.values_mut().for_each(|service| service.settings.scheduler = Scheduler::Rr);
    bench.reload(changed);
    assert_eq!((bench.shares(), bench.checks.next_deadline()), (before, next));
    let asked = bench.asked.len();
    bench.run(ms(2000));
    assert!(bench.asked.len() <= asked + 4, "no check begins anew");
}

#[test]
fn below_the_quorum_the_fallback_serves_and_comes_and_goes_with_hysteresis() {
    let quorum = Quorum { weight: NonZeroU32::new(250).unwrap(), hysteresis: 50 };
    let mut bench = Bench::new(with(4, |service| service.policy.quorum = Some(quorum)));
    bench.run(ms(2000));
    assert!(!bench.fallback());
    bench.sick.extend([server(1), server(2)]);
    bench.run(ms(2000));
    assert!(!bench.fallback(), "200 is within the hysteresis");
    bench.sick.insert(server(3));
    bench.run(ms(2000));
    assert_eq!((bench.fallback(), bench.shares()), (true, vec![Some(0); 4]));
    bench.sick.remove(&server(3));
    bench.run(ms(2000));
    assert!(bench.fallback(), "200 is not enough to come back");
    bench.sick.remove(&server(2));
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(0), Some(100), Some(100), Some(100)]);
    assert!(!bench.fallback());
    let told: Vec<bool> = bench
        .reports
        .iter()
        .filter_map(|report| match report {
            Report::Quorum { reached, .. } => Some(*reached),
            _ => None,
        })
        .collect();
    assert_eq!(told, [false, true]);
}

#[test]
fn in_a_panic_those_that_ever_passed_serve_and_nobody_else() {
    let mut bench = Bench::new(with(4, |service| {
        service.policy.panic = Percent::new(50);
        service.on_failure = OnFailure::Remove;
    }));
    bench.sick.insert(server(4));
    bench.run(ms(2000));
    bench.sick.extend([server(1), server(2)]);
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(100), Some(100), Some(100), None]);
    bench.sick.remove(&server(1));
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(100), None, Some(100), None]);
    bench.sick.extend([server(1), server(3)]);
    bench.run(ms(2000));
    assert!(bench.fallback(), "with nobody left the fallback is better than the sick");
    let told = |report: &&Report| matches!(report, Report::Panic { .. });
    assert_eq!(bench.reports.iter().filter(told).count(), 4);
}

#[test]
fn without_a_fallback_a_panic_goes_on_when_nobody_passes() {
    let mut bench = Bench::new(with(2, |service| {
        service.policy.panic = Percent::new(50);
        service.fallback = None;
    }));
    bench.run(ms(2000));
    bench.sick.extend([server(1), server(2)]);
    bench.run(ms(2000));
    assert_eq!(bench.shares(), [Some(100), Some(100)]);
}

#[test]
fn starts_are_spread_and_stay_so() {
    let mut bench = Bench::new(with(100, |_| {}));
    bench.run(ms(5500));
    for number in 1..=100 {
        let times: Vec<_> =
            bench.asked.iter().filter(|(_, to)| *to == server(number)).map(|it| it.0).collect();
        assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == ms(1000)), "{times:?}");
    }
    let mut at_once = BTreeMap::new();
    bench.asked.iter().for_each(|(at, _)| *at_once.entry(*at).or_insert(0) += 1);
    assert_eq!(at_once.values().max(), Some(&1), "never two at a time");
}

#[test]
fn every_service_is_spread_over_the_whole_interval() {
    let mut config = with(90, |_| {});
    let mut small = config.services.values().next().unwrap().clone();
    small.key = ServiceKey::Tcp(SocketAddr::new([10, 0, 0, 100].into(), 81));
    small.servers = (101..=110).map(|number| (server(number), Weight(100).into())).collect();
    config.services.insert(ServiceName::new("zz-small").unwrap(), small);
    let mut bench = Bench::new(config);
    bench.run(ms(999));
    let order: Vec<SocketAddr> = bench.asked.iter().map(|(_, to)| *to).collect();
    assert_eq!(order.len(), 100);
    let place = |wanted: u8| order.iter().position(|to| *to == server(wanted)).unwrap();
    let places: Vec<usize> = (101..=110).map(place).collect();
    assert_eq!(places, [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]);
}

fn policy() -> impl Strategy<Value = Policy> {
    let quorum = (1..400_u32, 0..100_u32).prop_map(|(weight, hysteresis)| Quorum {
        weight: NonZeroU32::new(weight).unwrap(),
        hysteresis: hysteresis.min(weight - 1),
    });
    let damping = (1..4_u8, 1..20_000_u64, 1..20_000_u64).prop_map(|(changes, within, hold)| {
        Damping { changes: NonZeroU8::new(changes).unwrap(), within: ms(within), hold: ms(hold) }
    });
    use prop::option::of;
    (of(quorum), of(1..=100_u8), of(1..20_000_u64), of(damping)).prop_map(
        |(quorum, panic, slow, damping)| Policy {
            half_open: None,
            quorum,
            panic: panic.and_then(Percent::new),
            slow_start: slow.map(ms),
            damping,
        },
    )
}

proptest! {
    /// Whatever is configured and whoever is sick: no share before the first success, none above
    /// the weight, and somebody serves as long as somebody is up or there is a fallback.
    #[test]
    fn shares_keep_the_laws(
        policy in policy(), fallback in any::<bool>(), initial in any::<bool>(),
        remove in any::<bool>(),
        story in prop::collection::vec((1..=4_u8, any::<bool>(), 1..5000_u64), 1..30),
    ) {
        let mut bench = Bench::new(with(4, |service| {
            service.policy = policy;
            service.check.rise = NonZeroU8::new(2).unwrap();
            service.check.pace.initial = if initial { Initial::Down } else { Initial::Unknown };
            service.on_failure = if remove { OnFailure::Remove } else { OnFailure::Quiesce };
            if !fallback {
                service.fallback = None;
            }
        }));
        let mut ever_well = BTreeSet::new();
        bench.sick.extend((1..=4).map(server));
        for (number, sick, pause) in story {
            if sick {
                bench.sick.insert(server(number));
            } else {
                bench.sick.remove(&server(number));
            }
            ever_well.extend((1..=4).map(server).filter(|it| !bench.sick.contains(it)));
            bench.run(ms(pause));
            let mut serving = false;
            for entry in &bench.checks.servers {
                let weight = entry.share.map_or(0, |share| share.0);
                prop_assert!(weight <= 100);
                prop_assert!(weight == 0 || ever_well.contains(&entry.server));
                prop_assert!(weight == 0 || entry.record.proven);
                serving |= weight > 0;
            }
            let up = bench.checks.servers.iter().any(|it| it.record.state() == Health::Up);
            if fallback {
                prop_assert_eq!(bench.fallback(), !serving);
            } else {
                prop_assert!(serving || !up);
            }
        }
    }
}
