use crate::testkit::{ms, scenario};
use crate::*;
use std::time::Duration;

const VIP: &str = "10.0.0.100";

/// The usual run: d1 owns from 1 s, loses power at 10 s, d2 owns and the router knows from 10.4 s.
fn takeover() -> Run {
    Run::new(&["10s power-off d1"])
        .address(1_000, "d1", true)
        .arp(1_001, Some("d1"))
        .statement(10_000, 0)
        .address(10_390, "d2", true)
        .arp(10_400, Some("d2"))
}

struct Run {
    timeline: Vec<String>,
    history: History,
}

impl Run {
    fn new(timeline: &[&str]) -> Self {
        let timeline = timeline.iter().map(|line| (*line).to_owned()).collect();
        Self { timeline, history: History::new("test", 1, Duration::from_secs(30)) }
    }

    fn event(mut self, at: u64, event: Event) -> Self {
        self.history.push(ms(at), event);
        self
    }

    fn address(self, at: u64, node: &str, held: bool) -> Self {
        let address = VIP.parse().unwrap();
        self.event(at, Event::Address { node: node.into(), address, held })
    }

    fn arp(self, at: u64, owner: Option<&str>) -> Self {
        let (observer, address) = ("gw".to_owned(), VIP.parse().unwrap());
        self.event(at, Event::Neighbour { observer, address, owner: owner.map(Into::into) })
    }

    fn statement(self, at: u64, index: usize) -> Self {
        let text = self.timeline[index].split_once(' ').unwrap().1.to_owned();
        self.event(at, Event::Statement { index, text })
    }

    fn table(self, at: u64, service: &str, server: &str, weight: Option<u32>) -> Self {
        let fallback = server.starts_with("127.");
        let (service, server) = (service.to_owned(), server.to_owned());
        self.event(at, Event::Table { node: "d1".into(), service, server, weight, fallback })
    }

    fn role(self, at: u64, role: &str) -> Self {
        let (group, why) = ("web".to_owned(), String::new());
        self.event(at, Event::Role { node: "d1".into(), group, role: role.into(), why })
    }

    fn connection(self, start: u64, took: u64, servers: &[&str], outcome: Outcome) -> Self {
        let servers = servers.iter().map(|server| (*server).to_owned()).collect();
        let client = "web".to_owned();
        let (start, end, held) = (ms(start), start + took, Duration::ZERO);
        self.event(end, Event::Connection { client, start, servers, outcome, held })
    }

    /// Good connections every 50 ms in this stretch.
    fn good(mut self, from: u64, to: u64) -> Self {
        for start in (from..to).step_by(50) {
            self = self.connection(start, 1, &["s1"], Outcome::Served);
        }
        self
    }

    fn verdict(&self, expect: &[&str]) -> Verdict {
        let lines: Vec<&str> = self.timeline.iter().map(String::as_str).collect();
        judge(&scenario(&lines, expect), &self.history)
    }

    fn ruling(&self, expect: &str) -> Ruling {
        self.verdict(&[expect]).expectations[0].ruling.clone()
    }

    #[track_caller]
    fn holds(&self, expect: &str, measured: &str) {
        assert_eq!(self.ruling(expect), Ruling::Held { measured: measured.into() }, "{expect}");
    }

    #[track_caller]
    fn violates(&self, expect: &str, at: u64, facts: &str) {
        let wanted = Ruling::Violated { at: ms(at), facts: facts.into() };
        assert_eq!(self.ruling(expect), wanted, "{expect}");
    }

    #[track_caller]
    fn skips(&self, expect: &str, reason: &str) {
        assert_eq!(self.ruling(expect), Ruling::NotJudged { reason: reason.into() }, "{expect}");
    }
}

#[test]
fn always_and_never() {
    let run = takeover();
    run.holds("always owners(10.0.0.100) <= 1", "for all of 30s");
    run.violates("always owner(10.0.0.100) != none", 0, "10.0.0.100 is held by nobody");
    run.violates("never owner(10.0.0.100) = d2", 10_390, "10.0.0.100 is held by d2");
    run.holds("never owners(10.0.0.100) = 2", "for all of 30s");
    let twice = run.address(20_000, "d1", true);
    let facts = "10.0.0.100 is held by d1 and d2";
    twice.violates("always owners(10.0.0.100) <= 1", 20_000, facts);
}

#[test]
fn a_change_at_the_very_end_counts() {
    let run = takeover().address(30_000, "d1", true);
    let facts = "10.0.0.100 is held by d1 and d2";
    run.violates("always owners(10.0.0.100) <= 1", 30_000, facts);
}

#[test]
fn exceptions_last_as_long_as_the_cut_and_the_grace() {
    let split = |healed: u64| {
        Run::new(&["5s cut hb", "6s cut lan d1<->d2", "10s heal all"])
            .address(1_000, "d1", true)
            .statement(5_000, 0)
            .statement(6_000, 1)
            .address(7_000, "d2", true)
            .statement(10_000, 2)
            .address(healed, "d2", false)
    };
    let pair = "always owners(10.0.0.100) <= 1 except while cut(d1, d2) + 2s";
    split(12_000).holds(pair, "but for 5s that are excepted");
    split(12_001).violates(pair, 12_000, "10.0.0.100 is held by d1 and d2");
    let segment = "always owners(10.0.0.100) <= 1 except while cut(hb)";
    split(10_000).holds(segment, "but for 3s that are excepted");
    split(10_001).violates(segment, 10_000, "10.0.0.100 is held by d1 and d2");
    // The heartbeat segment alone does not separate the two.
    let early = Run::new(&["5s cut hb"]).statement(5_000, 0);
    let early = early.address(5_100, "d1", true).address(5_200, "d2", true);
    early.violates(pair, 5_200, "10.0.0.100 is held by d1 and d2");
}

#[test]
fn one_direction_cut_on_every_path_separates() {
    let run = Run::new(&["5s cut lan d1->d2", "5s cut hb d2->d1"]).statement(5_000, 0);
    let run = run.address(6_000, "d1", true).address(6_000, "d2", true);
    let claim = "always owners(10.0.0.100) <= 1 except while cut(d1, d2)";
    run.violates(claim, 6_000, "10.0.0.100 is held by d1 and d2");
    let run = Run::new(&["5s cut lan d1->d2", "5s cut hb d1->d2"]).statement(5_000, 0);
    let run = run.statement(5_000, 1).address(6_000, "d1", true).address(6_000, "d2", true);
    run.holds(claim, "but for 24s that are excepted");
}

#[test]
fn eventually_and_at() {
    let run = takeover();
    run.holds("eventually owner(10.0.0.100) = d2", "first at 10.39s");
    run.violates("eventually owners(10.0.0.100) = 2", 30_000, "10.0.0.100 is held by d2");
    run.holds("at 10s owner(10.0.0.100) = none", "since 10s");
    run.holds("at 29s arp(gw, 10.0.0.100) = d2", "since 10.4s");
    let facts = "gw sends frames for 10.0.0.100 to d1";
    run.violates("at 10.399s arp(gw, 10.0.0.100) = d2", 10_399, facts);
    let mut short = takeover();
    short.history.end = ms(20_000);
    short.skips("at 29s owner(10.0.0.100) = d2", "the run ended at 20s");
}

#[test]
fn within_asks_at_its_limit() {
    let both = "owner(10.0.0.100) = d2 and arp(gw, 10.0.0.100) = d2";
    takeover().holds(&format!("within 400ms of power-off d1 {both}"), "after 400ms");
    let facts = "10.0.0.100 is held by d2; gw sends frames for 10.0.0.100 to d1";
    takeover().violates(&format!("within 399ms of power-off {both}"), 10_399, facts);
    // True in between is not enough.
    let lost = takeover().arp(10_500, None);
    let facts = "10.0.0.100 is held by d2; gw has no neighbour entry for 10.0.0.100";
    lost.violates(&format!("within 1s of power-off {both}"), 11_000, facts);
    takeover().holds("within 5s of start owner(10.0.0.100) = d1", "after 1s");
    takeover().holds("within 2s of power-off owners(10.0.0.100) < 9", "after 0s");
    let mut short = takeover();
    short.history.end = ms(10_200);
    let reason = "the run ended at 10.2s, too early";
    short.skips("within 1s of power-off owner(10.0.0.100) = d2", reason);
    let never = Run::new(&["10s power-off d1"]);
    let reason = "`power-off` did not happen in this run";
    never.skips("within 1s of power-off owner(10.0.0.100) = d2", reason);
}

#[test]
fn within_holds_for_each_of_its_statements() {
    let run = Run::new(&["1s serve s1 wrong", "5s serve s1 wrong"])
        .table(0, "http", "s1", Some(1))
        .statement(1_000, 0)
        .table(1_500, "10.0.0.100:80", "10.0.0.21", Some(0))
        .table(4_000, "http", "10.0.0.21:80", Some(1))
        .statement(5_000, 1)
        .table(5_700, "http", "s1", Some(0));
    run.holds("within 1s of serve s1 wrong weight(d1, http, s1) = 0", "after 700ms");
    let facts = "d1 has s1 in http, weight 1";
    run.violates("within 600ms of serve weight(d1, http, s1) = 0", 5_600, facts);
}

#[test]
fn tables_and_roles() {
    let run = Run::new(&["10s power-off d1", "20s power-on d1"])
        .table(0, "http", "10.0.0.21:80", Some(5))
        .table(2_000, "http", "127.0.0.1:80", Some(1))
        .table(3_000, "http", "s1", None)
        .role(1_000, "active")
        .statement(10_000, 0)
        .statement(20_000, 1);
    run.holds("at 1s weight(d1, http, s1) = 5 and weight(d1, http, s1) > 4", "since 0s");
    run.violates("at 3s weight(d1, http, s1) >= 0", 3_000, "d1 does not have s1 in http");
    run.holds("at 3s absent(d1, http, s1)", "since 3s");
    run.violates("at 1s absent(d1, http, s1)", 1_000, "d1 has s1 in http, weight 5");
    run.holds("at 3s fallback(d1, http)", "since 2s");
    run.violates("at 1s fallback(d1, http)", 1_000, "d1 does not have the fallback in http");
    run.violates("at 1s fallback(d2, http)", 1_000, "d2 does not have the fallback in http");
    run.holds("at 1s role(d1, web) = active", "since 1s");
    run.violates("at 11s role(d1, web) = active", 11_000, "d1 is off for web");
    run.violates("at 21s role(d1, web) = off", 21_000, "d1 is of no role for web");
    // Power loss empties the table without a record.
    run.violates("at 11s fallback(d1, http)", 11_000, "d1 does not have the fallback in http");
    run.holds("at 1s absent(d1, http, s1) or role(d1, web) = active", "since 1s");
}

#[test]
fn outage_is_from_the_first_bad_start_to_the_next_good_one() {
    let run = Run::new(&[]).good(5_000, 10_000);
    run.holds("outage(web) = 0s", "0s");
    run.violates("outage(web) >= 1ms", 0, "no outage at all");
    let run = run
        .connection(10_000, 1_000, &[], Outcome::NoAnswer)
        .connection(10_050, 999, &["s1"], Outcome::Served)
        .connection(10_100, 0, &[], Outcome::Refused)
        .good(10_150, 12_000)
        .connection(12_000, 10, &["s1"], Outcome::Reset)
        .good(12_050, 30_000);
    run.holds("outage(web) <= 150ms", "150ms");
    let facts = "an outage of 150ms from 10s; connections not served in time: 3";
    run.violates("outage(web) < 150ms", 10_000, facts);
    run.holds("outage(web) <= 50ms between 11s and 20s", "50ms");
    let clients = run.verdict(&["pinned(web)"]).clients;
    assert_eq!((clients[0].outage, clients[0].served["s1"]), (ms(150), 497));
}

#[test]
fn an_outage_that_does_not_end_lasts_to_the_end() {
    let run = Run::new(&[]).good(5_000, 10_000).connection(10_000, 5, &[], Outcome::Unreachable);
    let facts = "an outage of 20s from 10s; connections not served in time: 1";
    run.violates("outage(web) <= 1s", 10_000, facts);
    let facts = "an outage of 2s from 10s; connections not served in time: 1";
    run.violates("outage(web) <= 1s between 9s and 12s", 10_000, facts);
}

#[test]
fn counts_of_connections() {
    let run = Run::new(&[])
        .connection(1_000, 1, &["s1"], Outcome::Served)
        .connection(2_000, 1, &["s2"], Outcome::Served)
        .connection(3_000, 1, &["s2"], Outcome::Wrong)
        .connection(4_000, 1, &["s2"], Outcome::Reset)
        .connection(5_000, 1_000, &[], Outcome::Stalled)
        .connection(6_000, 1, &[], Outcome::Refused);
    run.holds("broken(web) <= 2", "2 of 6 connections");
    let facts = "2 of 6 connections: 1 reset by s2, 1 stalled; the first at 4s";
    run.violates("broken(web) <= 1", 4_000, facts);
    run.holds("wrong(web) = 1", "1 of 6 connections");
    run.violates("wrong(web) = 0", 3_000, "1 of 6 connections: 1 wrong by s2; the first at 3s");
    run.holds("failed(web) = 4", "4 of 6 connections");
    let facts = "1 of 2 connections: 1 wrong by s2; the first at 3s";
    run.violates("failed(web) = 0 between 2s and 4s", 3_000, facts);
    run.holds("served(web) = 2", "2 of 6 connections");
    run.holds("served(web, s1) > 0", "1 of 6 connections");
    run.violates("served(web, s1) > 0 between 2s and 9s", 9_000, "0 of 5 connections");
    let facts = "1 of 6 connections: 1 served by s1; the first at 1s";
    run.violates("served(web, s1) = 0", 1_000, facts);
}

#[test]
fn no_connection_proves_nothing() {
    let run = Run::new(&[]).good(5_000, 6_000);
    let facts = "no connection of web started in that time: nothing shows it";
    run.violates("failed(web) = 0 between 7s and 8s", 8_000, facts);
    let nobody = Run::new(&[]);
    nobody.violates("outage(web) <= 1s", 30_000, facts);
    nobody.violates("pinned(web)", 30_000, "no connection of web started: nothing shows it");
}

#[test]
fn a_connection_answered_by_two_is_not_pinned() {
    let run = Run::new(&[]).good(5_000, 6_000);
    run.holds("pinned(web)", "20 connections");
    let torn = run.connection(7_000, 9, &["s1", "s2"], Outcome::Reset);
    torn.violates("pinned(web)", 7_009, "the connection from 7s was answered by s1 and s2");
}

fn invariant(run: &Run, index: usize) -> Ruling {
    run.verdict(&["pinned(web)"]).invariants[index].ruling.clone()
}

#[test]
fn two_owners_without_a_cut_are_found_unasked() {
    let twice = takeover().address(20_000, "d1", true);
    let facts = "10.0.0.100 is held by d1 and d2".to_owned();
    assert_eq!(invariant(&twice, 0), Ruling::Violated { at: ms(20_000), facts });
    assert!(matches!(invariant(&takeover(), 0), Ruling::Held { .. }));
    let killed = Run::new(&["5s kill d1"]).address(1_000, "d1", true).statement(5_000, 0);
    let killed = killed.address(6_000, "d2", true);
    assert!(matches!(invariant(&killed, 0), Ruling::Held { .. }));
}

#[test]
fn a_client_that_pauses_or_stops_is_found_unasked() {
    let steady = Run::new(&[]).good(5_000, 29_000);
    assert_eq!(invariant(&steady, 1), Ruling::Held { measured: "widest gap 50ms".into() });
    let paused = Run::new(&[]).good(5_000, 10_000).good(12_000, 29_000);
    let facts = "no connection for 2.05s from 9.95s".to_owned();
    assert_eq!(invariant(&paused, 1), Ruling::Violated { at: ms(9_950), facts });
    let stopped = Run::new(&[]).good(5_000, 27_000);
    assert!(matches!(invariant(&stopped, 1), Ruling::Violated { .. }));
    let powerless = Run::new(&["5s power-off gw"]).good(5_000, 6_000);
    assert!(matches!(invariant(&powerless, 1), Ruling::NotJudged { .. }));
    assert!(!stopped.verdict(&["pinned(web)"]).is_held());
    assert!(powerless.verdict(&["pinned(web)"]).is_held());
}
