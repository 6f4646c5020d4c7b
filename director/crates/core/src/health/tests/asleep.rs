//! Checks that waited while this process was not run.

use super::*;

impl Bench {
    /// Goes on to the next deadline and starts or ends what is due.
    fn step(&mut self) {
        self.now = self.now.max(self.checks.next_deadline().unwrap().at);
        let mut out = Out::default();
        self.checks.due(None, self.now, &mut out);
        self.take(out);
    }

    /// This process is not run for a while.
    fn sleep(&mut self, time: Duration) {
        self.now = self.now + time;
        self.checks.stalled(time);
    }

    /// The outcome of the check that runs.
    fn tell(&mut self, outcome: &Outcome) {
        let (ticket, _) = self.running.pop().unwrap();
        let mut out = Out::default();
        self.checks.finished(ticket, (outcome, &Phases::default()), self.now, &mut out);
        self.take(out);
    }
}

fn late() -> Outcome {
    Err(Failure::TimedOut { phase: Phase::Answer })
}

/// A server that is up, and its next check runs.
fn checked() -> Bench {
    let mut bench = Bench::new(with(1, |service| {
        service.check.interval = ms(1000);
        service.check.timeout = ms(500);
    }));
    bench.run(ms(3000));
    assert_eq!(bench.shares(), [Some(100)]);
    bench.step();
    assert_eq!(bench.running.len(), 1);
    bench
}

#[test]
fn a_failure_that_this_process_slept_through_does_not_count_and_is_asked_again_at_once() {
    for told in [true, false] {
        let mut bench = checked();
        bench.sleep(ms(700));
        let asked = bench.asked.len();
        if told {
            bench.tell(&late());
        }
        bench.step();
        assert_eq!((bench.asked.len(), bench.shares()), (asked + 1, vec![Some(100)]), "{told}");
        bench.tell(&Ok(Passed::default()));
        assert_eq!(bench.shares(), [Some(100)]);
        let bad = |report: &&Report| matches!(report, Report::CheckFailed { .. });
        assert_eq!(bench.reports.iter().filter(bad).count(), 0);
    }
}

#[test]
fn the_repetition_counts_even_when_this_process_sleeps_again() {
    let mut bench = checked();
    bench.sleep(ms(700));
    bench.tell(&late());
    bench.step();
    bench.sleep(ms(700));
    bench.tell(&late());
    assert_eq!(bench.shares(), [Some(0)]);
}

#[test]
fn a_short_sleep_and_a_success_change_nothing() {
    let mut bench = checked();
    bench.sleep(ms(50));
    bench.tell(&late());
    assert_eq!(bench.shares(), [Some(0)]);

    let mut bench = checked();
    bench.sleep(ms(700));
    bench.tell(&Ok(Passed::default()));
    bench.step();
    bench.tell(&late());
    assert_eq!(bench.shares(), [Some(0)], "that one was not disturbed");
}

#[test]
fn a_reload_does_not_forget_that_this_process_slept() {
    let mut bench = checked();
    bench.sleep(ms(700));
    bench.reload(bench.config.clone());
    bench.tell(&late());
    assert_eq!(bench.shares(), [Some(100)]);
    bench.reload(bench.config.clone());
    bench.step();
    bench.sleep(ms(700));
    bench.tell(&late());
    assert_eq!(bench.shares(), [Some(0)], "the repetition counts");
}
