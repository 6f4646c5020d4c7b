//! Hints bring checks forward, and take nobody out.

use super::*;
use crate::desired::DesiredServer;
use crate::observed::{ObservedServer, ObservedService};

impl Bench {
    /// The kernel shows these numbers of active and inactive connections of each server.
    fn look(&mut self, active: u32, inactive: u32) {
        let service = self.config.services.values().next().unwrap();
        let mut table = ObservedService::new(&service.settings);
        for address in service.servers.keys() {
            let idle = ObservedServer::idle(&DesiredServer::of(service, address, Weight(100)));
            table.servers.insert(*address, ObservedServer { active, inactive, ..idle });
        }
        let found = Snapshot { services: [(service.key, table)].into(), ..Snapshot::default() };
        let mut out = Out::default();
        self.checks.observed(&self.config, &found, self.now, &mut out);
        self.take(out);
    }

    fn suspected(&self) -> usize {
        let is = |report: &&Report| matches!(report, Report::Suspected { .. });
        self.reports.iter().filter(is).count()
    }
}

fn hinted(limit: u32) -> Bench {
    let mut bench = Bench::new(with(2, |service| {
        service.policy.half_open = NonZeroU32::new(limit);
        service.check.interval = ms(60_000);
    }));
    bench.run(ms(61_000));
    bench
}

#[test]
fn half_open_connections_bring_the_check_forward_and_it_alone_decides() {
    let mut bench = hinted(20);
    bench.look(5, 10);
    bench.look(5, 29);
    assert_eq!(bench.suspected(), 0);
    let asked = bench.asked.len();
    bench.look(5, 49);
    assert_eq!((bench.suspected(), bench.shares()), (2, vec![Some(100); 2]));
    bench.run(ms(10));
    assert_eq!(bench.asked.len(), asked + 2, "asked at once, half a minute early");
    assert_eq!(bench.shares(), [Some(100); 2], "healthy servers stay");
    bench.sick.insert(server(1));
    bench.look(5, 99);
    bench.run(ms(10));
    assert_eq!(bench.shares(), [Some(0), Some(100)], "the check took it out");
    let asked = bench.asked.len();
    bench.look(5, 200);
    bench.run(ms(10));
    assert_eq!(bench.asked.len(), asked + 1, "one that is down needs no hint");
}

#[test]
fn without_a_limit_nothing_is_a_hint() {
    let mut bench = hinted(0);
    bench.look(5, 10);
    bench.look(5, 10_000);
    assert_eq!(bench.suspected(), 0);
}
