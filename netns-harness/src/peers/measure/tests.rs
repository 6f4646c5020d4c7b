use super::super::text::text;
use super::*;

fn side(seed: u64, result: &str, outage: u64, owners: &str) -> Side {
    let seen = Seen { outage: Duration::from_millis(outage), not_served: seed, broken: 1 };
    Side {
        seed,
        result: result.to_owned(),
        clients: BTreeMap::from([("web".to_owned(), seen)]),
        owners: owners.to_owned(),
        neighbours: "d2".to_owned(),
        sent: Sent { peers: 1000 * seed, servers: 200 + seed, others: 3 },
        // The last one did not count it.
        computed: (seed < 3).then(|| Duration::from_millis(10 * seed)),
        ..Side::default()
    }
}

fn played(stack: Stack, runs: Vec<Side>) -> Played {
    let clients = BTreeMap::from([("web".to_owned(), figures("web", &runs).unwrap())]);
    let differs = (stack != Stack::Director).then(|| "deadtime 300ms: longer".to_owned());
    Played { stack, notes: differs.into_iter().collect(), clients, runs }
}

fn comparison(ours: Vec<Side>, theirs: Vec<Side>) -> Comparison {
    let stacks = vec![played(Stack::Director, ours), played(Stack::Keepalived, theirs)];
    Comparison {
        file: "a.toml".to_owned(),
        title: "a test".to_owned(),
        clients: vec!["web".to_owned()],
        stacks,
    }
}

#[test]
fn every_stack_has_its_row_and_different_ends_are_counted() {
    let mut lost = side(3, "violated", 500, "none");
    lost.remarks.push("outage(web) <= 230ms: 500ms".to_owned());
    lost.not_judged = 2;
    let theirs = vec![side(1, "held", 311, "d2"), side(2, "held", 300, "d2"), lost];
    let ours = vec![side(1, "held", 170, "d2"), side(2, "held", 180, "d2")];
    let again = comparison(vec![side(1, "held", 170, "d2")], vec![side(1, "held", 311, "d2")]);
    insta::assert_snapshot!(text(&[comparison(ours, theirs), again]));
}

#[test]
fn only_our_own_violation_is_a_failure() {
    let held = || vec![side(1, "held", 1, "d2")];
    let violated = || vec![side(1, "violated", 1, "d2")];
    assert_eq!(exit(&[comparison(held(), violated())]), 0);
    assert_eq!(exit(&[comparison(violated(), held())]), 1);
    let mut impossible = comparison(held(), held());
    impossible.stacks[1].runs[0].result = "impossible".to_owned();
    assert_eq!(exit(&[impossible]), 3);
}
