//! What agents say becomes weight.

use super::*;
use crate::config::Dialogue;
use crate::config::dialogue::Agent;
use crate::probe::Admission;

fn bench(change: impl Fn(&mut Service)) -> Bench {
    let mut bench = Bench::new(with(2, |service| {
        service.check.dialogue = Dialogue::Agent(Agent::default().into());
        change(service);
    }));
    bench.run(ms(1500));
    bench
}

impl Bench {
    /// The agents say this; then the shares of both servers.
    fn say(&mut self, percent: Option<u16>, admission: Option<Admission>) -> [Option<u16>; 2] {
        self.advice = Advice { weight_percent: percent, admission };
        self.run(ms(1500));
        [0, 1].map(|place: usize| self.checks.servers[place].share.map(|share| share.0))
    }
}

#[test]
fn a_percentage_is_of_the_configured_weight_and_stays_until_the_next() {
    let mut bench = bench(|_| {});
    assert_eq!(bench.say(None, None), [Some(100); 2]);
    assert_eq!(bench.say(Some(50), None), [Some(50); 2]);
    assert_eq!(bench.say(None, None), [Some(50); 2], "`up` alone says nothing of the weight");
    assert_eq!(bench.say(Some(1), None), [Some(1); 2]);
    assert_eq!(bench.say(Some(0), None), [Some(0); 2]);
    assert_eq!(bench.say(Some(200), None), [Some(200); 2]);
    assert_eq!(bench.say(Some(65_535), None), [Some(65_535); 2], "no more than the kernel takes");
    let told = |report: &&Report| matches!(report, Report::Advised { .. });
    assert_eq!(bench.reports.iter().filter(told).count(), 2 * 5, "changes only");
}

#[test]
fn drain_and_maintenance_stay_until_ready_and_the_fallback_serves_meanwhile() {
    let mut bench = bench(|_| {});
    for admission in [Admission::Drain, Admission::Maintenance] {
        assert_eq!(bench.say(None, Some(admission)), [Some(0); 2]);
        assert_eq!(bench.say(Some(80), None), [Some(0); 2], "they keep their connections");
        assert!(bench.fallback());
        assert_eq!(bench.say(None, Some(Admission::Ready)), [Some(80); 2]);
        assert!(!bench.fallback());
    }
}

#[test]
fn the_operators_weight_goes_before_the_agents() {
    let mut bench = bench(|_| {});
    bench.checks.servers[0].ordered.weight = Some(Weight(7));
    bench.checks.forget_shares();
    assert_eq!(bench.say(Some(50), None), [Some(7), Some(50)]);
}

#[test]
fn plain_connections_between_whole_checks_change_nothing_of_it() {
    let mut bench = bench(|service| {
        service.check.pace.connects = core::num::NonZeroU16::new(1);
    });
    // The bench says the same of every probe, and only a whole one is an agent's word.
    assert_eq!(bench.say(Some(50), None), [Some(50); 2]);
    let shared = &mut bench.checks.shared[0];
    shared.answered(true);
    let _probe = shared.start(Ticket(999), Instant::ZERO);
    let said = |shared: &Shared| {
        shared.advice(&Ok(Passed { advice: Advice::default(), ..Passed::default() })).is_some()
    };
    let (one, two) = (said(shared), {
        shared.answered(true);
        said(shared)
    });
    assert!(one != two, "every other probe is a plain connection");
}
