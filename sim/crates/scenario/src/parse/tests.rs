use crate::testkit::{parsed as with, read};
use crate::*;
use proptest::prelude::*;
use std::time::Duration;

const GOOD: &str = r#"
title   = "a test"
why     = "it must parse"
length  = "60s"
engines = ["world", "timetravel"]
expect  = ["pinned(web)"]

[segments]
hb = { latency = "1ms..2ms" }

[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes.d1]
kind = "director"
lan  = "10.0.0.11/24"
hb   = "10.1.0.11/24"
config = "pair.toml"
[nodes.d2]
kind = "director"
lan  = "10.0.0.12/24"
hb   = "10.1.0.12/24"
config = "pair.toml"
[nodes."s1..s2"]
kind  = "server"
lan   = "10.0.0.{21..22}/24"
serve = ["http 80 ok the page", "tcp 25 ok"]
vip_on_lo = false

[clients.web]
target = "10.0.0.100:80"
new    = "20/s"

"#;

fn parse(text: &str) -> Result<Scenario, Problems> {
    Scenario::parse("a.toml", text, &read)
}

fn action(text: &str) -> Action {
    let scenario = with(&[&format!("1s {text}")], &["always owners(10.0.0.100) <= 1"]);
    scenario.unwrap_or_else(|wrong| panic!("{wrong}")).timeline[0].action.clone()
}

fn claim(text: &str) -> Claim {
    let timeline = ["1s cut lan d1->d2", "2s heal all", "3s power-off d1"];
    let scenario = with(&timeline, &[text]).unwrap_or_else(|wrong| panic!("{wrong}"));
    scenario.expectations[0].claim.clone()
}

#[test]
fn the_topology_is_as_written() {
    let scenario = parse(GOOD).unwrap();
    let names: Vec<&str> = scenario.nodes.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["gw", "d1", "d2", "s1", "s2"]);
    assert_eq!(scenario.members("hb").collect::<Vec<_>>(), ["d1", "d2"]);
    assert_eq!(scenario.segments["lan"], Segment::DEFAULT);
    assert_eq!(scenario.segments["hb"].latency.to, Duration::from_millis(2));
    assert_eq!(scenario.node_at([10, 0, 0, 22].into()).unwrap().name, "s2");
    let NodeKind::Server { serve, vip_on_lo: false } = &scenario.nodes[3].kind else { panic!() };
    assert_eq!((&*serve[0].body, serve[1].port), ("the page", 25));
    let client = &scenario.clients[0];
    assert_eq!((&*client.from, client.timeout), ("gw", Duration::from_secs(1)));
    assert_eq!(scenario.directors().count(), 2);
    assert_eq!(scenario.facts().service("10.0.0.100:80"), "http");
}

#[test]
fn a_node_may_have_several_addresses_a_gateway_and_a_preparation() {
    let servers = GOOD.split_once("[nodes.\"s1..s2\"]").unwrap().0;
    let text = format!(
        "{servers}[nodes.\"s1..s2\"]\nkind = \"server\"\nprepare = \"pair.toml\"\n\
         gateway = \"10.0.0.11\"\nserve = \"udp 53 ok\"\n\
         lan = [\"10.0.0.{{21..22}}/24\", \"2001:db8::{{21..22}}/64\"]\n\
         [clients.web]\ntarget = \"10.0.0.100:53\"\nnew = \"20/s\"\n"
    );
    let scenario = parse(&text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let node = scenario.node("s2").unwrap();
    let addresses: Vec<String> = node.addresses().map(|address| address.to_string()).collect();
    assert_eq!(addresses, ["10.0.0.22", "2001:db8::22"]);
    assert_eq!(node.gateway, Some([10, 0, 0, 11].into()));
    let NodeKind::Server { serve, .. } = &node.kind else { panic!() };
    assert_eq!(serve[0].protocol, Protocol::Udp);
    assert_eq!(node.prepare.as_ref().unwrap().path, "pair.toml");
    assert_eq!(scenario.node_at("2001:db8::21".parse().unwrap()).unwrap().name, "s1");

    let both = text.replace("gateway =", "vip_on_lo = true\ngateway =");
    assert!(parse(&both).unwrap_err().to_string().contains("`prepare` puts"));
    let twice = text.replace("2001:db8::{21..22}/64", "10.0.0.{21..22}/24");
    assert!(parse(&twice).unwrap_err().to_string().contains("already has the address"));
    let none = text.replace("[\"10.0.0.{21..22}/24\", \"2001:db8::{21..22}/64\"]", "[]");
    assert!(parse(&none).unwrap_err().to_string().contains("`lan` has no address"));
}

#[test]
fn what_links_carry_and_how_long_requests_are_is_as_written() {
    let text = GOOD.replace("..2ms\" }", "..2ms\", mtu = 9000 }");
    let text = text.replace("new    =", "request = 16000\nnew    =");
    let text = text.replace("kind = \"router\"", "kind = \"router\"\nicmp = \"drop\"");
    let scenario = parse(&text).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!((scenario.segments["hb"].mtu, scenario.segments["lan"].mtu), (9000, 1500));
    assert_eq!(scenario.clients[0].request, Some(16_000));
    let drops: Vec<bool> = scenario.nodes.iter().map(|node| node.drops_icmp).collect();
    assert_eq!(drops, [true, false, false, false, false]);
    assert!(!parse(&text.replace("\"drop\"", "\"pass\"")).unwrap().nodes[0].drops_icmp);
    let good = parse(GOOD).unwrap();
    assert!(good.clients[0].request.is_none() && !good.nodes[0].drops_icmp);

    for (old, new, expected) in [
        ("9000", "1279", "a.toml:9:36: `mtu` must be a number of bytes from 1280 to 9000"),
        ("9000", "\"9000\"", "a.toml:9:36: `mtu` must be a number of bytes"),
        ("16000", "16001", "`request` must be a number of bytes from 256 to 16000"),
        ("\"drop\"", "\"eat\"", "a.toml:13:9: `eat` is not what a router does with ICMP"),
        ("10.0.0.100:80", "10.0.0.100:25", "only requests of HTTP have a length"),
        ("vip_on_lo = false", "icmp = \"drop\"", "a server has no `icmp`"),
    ] {
        let told = parse(&text.replace(old, new)).unwrap_err().to_string();
        assert!(told.contains(expected), "{new}: {told}");
    }
}

#[test]
fn every_verb_reads_back_what_it_prints() {
    for text in [
        "power-off d1",
        "power-on s1",
        "stop d1",
        "handover d1",
        "order d1 drain s1",
        "order d1 drain s1 30s",
        "order d2 undrain s1",
        "order d1 maintenance s1 on",
        "order d1 maintenance s1 off",
        "order d1 weight s1 5",
        "order d1 weight s1 configured",
        "order d1 add http s2 5",
        "order d1 remove http s2",
        "order d1 standby",
        "order d1 ready",
        "start d1",
        "kill d2",
        "serve s1 wrong",
        "serve s2 hang",
        "cut hb",
        "cut lan gw",
        "cut lan d1<->d2",
        "cut lan d1->d2",
        "impair lan loss 10%",
        "impair hb d1->d2 loss 12.5% burst 8 delay 20ms jitter 500us",
        "impair lan d1<->d2 duplicate 1% reorder 2% corrupt 0.1%",
        "unplug lan d1",
        "plug lan d1",
        "freeze d1",
        "thaw d1",
        "pause gw",
        "resume s1",
        "slow d1 20ms",
        "slow d1 0s",
        "netlink d1 ok",
        "netlink d1 refuse 100%",
        "netlink d1 delay 200ms",
        "netlink d1 lose 30%",
        "netlink d1 mute",
        "tamper d1 flush",
        "tamper d1 remove-address 10.0.0.100",
        "tamper d1 add-address 10.0.0.100",
        "tamper d1 remove-server http s1",
        "tamper d1 set-weight http s1 0",
        "heal all",
        "heal hb",
        "heal lan d1",
        "heal lan d1->s1",
        "reload d1 other.toml",
    ] {
        assert_eq!(action(text).to_string(), text);
    }
    assert_eq!(action("cut hb both"), action("cut hb"));
}

#[test]
fn times_are_drawn_by_line_and_removing_one_leaves_the_others() {
    let lines = ["{10s..20s} stop d1", "{10s..20s} stop d2", "5s kill d1", "{10s..20s} stop d1"];
    let all = with(&lines, &["pinned(web)"]).unwrap();
    let times = |scenario: &Scenario, seed| -> Vec<(String, Duration)> {
        let schedule = scenario.schedule(seed);
        schedule.into_iter().map(|entry| (entry.action.to_string(), entry.at)).collect()
    };
    let drawn = times(&all, 1);
    assert_eq!(drawn, times(&all, 1));
    assert_ne!(drawn, times(&all, 2));
    assert!(drawn.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    assert_eq!(drawn[0], ("kill d1".to_owned(), Duration::from_secs(5)));
    let fewer = with(&lines[1..], &["pinned(web)"]).unwrap();
    let stop =
        |times: &[(String, Duration)]| times.iter().find(|(text, _)| text == "stop d2").cloned();
    assert_eq!(stop(&times(&fewer, 1)), stop(&drawn));
    let twice: Vec<_> = drawn.iter().filter(|(text, _)| text == "stop d1").collect();
    assert_ne!(twice[0].1, twice[1].1);
}

#[test]
fn claims_are_read_as_meant() {
    let Claim::Always { condition, except } =
        claim("always owners(10.0.0.100) <= 1 except while cut(d1,d2) + 2s")
    else {
        panic!()
    };
    assert!(matches!(condition, Condition::Owners { compare: Compare::AtMost, count: 1, .. }));
    let grace = Duration::from_secs(2);
    assert_eq!(except, Some(Except::Pair { a: "d1".into(), b: "d2".into(), grace }));
    let Claim::Within { limit, trigger, condition } =
        claim("within 2s of cut lan d1->d2 owner (10.0.0.100) = d1 and arp(gw, 10.0.0.100) = d1")
    else {
        panic!()
    };
    assert_eq!(limit, grace);
    assert_eq!(trigger, Trigger::Statements { text: "cut lan d1->d2".into(), indices: vec![0] });
    assert!(matches!(condition, Condition::And(..)));
    let measured = Claim::Measure {
        quantity: Quantity::Served { client: "web".into(), server: Some("s1".into()) },
        compare: Compare::More,
        bound: Bound::Count(0),
        window: Some(Window { from: Duration::from_secs(1), to: grace }),
    };
    assert_eq!(claim("served(web, s1) > 0 between 1s and 2s"), measured);
    let start = claim("within 1s of start not fallback(d1, http)");
    assert!(matches!(start, Claim::Within { trigger: Trigger::Start, .. }));
    let by_address = claim("eventually weight(d1, 10.0.0.100:80, 10.0.0.21) = 0");
    assert_eq!(by_address, claim("eventually weight(d1, http, s1) = 0"));
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    let of = |text: &str| match claim(&format!("eventually {text}")) {
        Claim::Eventually { condition } => condition,
        other => panic!("{other:?}"),
    };
    let (a, b, c) = ("fallback(d1, http)", "fallback(d2, http)", "role(d1, web) = active");
    assert_eq!(of(&format!("{a} or {b} and {c}")), of(&format!("{a} or ({b} and {c})")));
    assert_ne!(of(&format!("{a} or {b} and {c}")), of(&format!("({a} or {b}) and {c}")));
    assert_eq!(of(&format!("not {a} and {b}")), of(&format!("(not {a}) and {b}")));
    assert_eq!(of("owner(10.0.0.100) != none"), of("not owner(10.0.0.100) = none"));
}

#[test]
fn every_role_that_a_director_prints_can_be_expected() {
    use director_core::report::Role;
    let roles =
        [Role::Waiting, Role::Standby, Role::Taking, Role::Active, Role::Releasing, Role::Stopped];
    for role in roles {
        let wanted = role.to_string();
        let found = claim(&format!("eventually role(d1, web) = {role}"));
        let Claim::Eventually { condition: Condition::Role { role, .. } } = found else { panic!() };
        assert_eq!(role, wanted);
    }
}

/// Each line with a mistake, and the column (within the line) at which it must be reported.
#[test]
fn a_bad_line_is_reported_at_its_column() {
    let timeline = [
        ("10s power-of d1", 5),
        ("10s", 4),
        ("10x stop d1", 1),
        ("30s stop d1", 1),
        ("10s stop s1", 10),
        ("10s stop d3", 10),
        ("10s stop d1 now", 13),
        ("10s serve d1 ok", 11),
        ("10s serve s1 fine", 14),
        ("10s cut wan", 9),
        ("10s cut hb gw", 12),
        ("10s cut lan d1<->d1", 18),
        ("10s cut lan d1->x9", 17),
        ("10s heal", 9),
        ("10s reload d1 none.toml", 15),
        ("{10s..5s} stop d1", 1),
    ];
    let expect = [
        ("alway owners(10.0.0.100) <= 1", 1),
        ("always owners(10.0.0.101) <= 1", 15),
        ("always owners(10.0.0.100) 1", 27),
        ("always owner(10.0.0.100) <= d1", 26),
        ("always owner(10.0.0.100) = d9", 28),
        ("always owner(10.0.0.100) = d1 and", 34),
        ("always (owner(10.0.0.100) = d1", 31),
        ("always arp(gw) = d1", 14),
        ("always weight(s1, http, s1) = 0", 15),
        ("always weight(d1, htp, s1) = 0", 19),
        ("always role(d1, wbe) = active", 17),
        ("always role(d1, web) = actve", 24),
        ("always owners(10.0.0.100) <= 1 except while cut(d1;d2)", 51),
        ("within 2s of reboot owner(10.0.0.100) = d1", 14),
        ("within 2s of owner(10.0.0.100) = d1", 14),
        ("within 2 of start owner(10.0.0.100) = d1", 8),
        ("at 31s owner(10.0.0.100) = d1", 4),
        ("outage(wbe) <= 1s", 8),
        ("outage(web) <= 1", 16),
        ("broken(web) <= 1s", 16),
        ("served(web, s1) > 0 between 5s and 2s", 29),
        ("pinned(web) = 1", 13),
        ("", 1),
    ];
    for (line, column) in timeline {
        let problems = with(&[line], &["pinned(web)"]).unwrap_err().0;
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        let found = (problems[0].line, problems[0].column - "timeline = [\"".len());
        assert_eq!(found, (6, column), "{line}: {}", problems[0]);
        assert!(!problems[0].help.is_empty());
    }
    for (line, column) in expect {
        let problems = with(&["1s stop d1"], &[line]).unwrap_err().0;
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        let found = (problems[0].line, problems[0].column - "expect = [\"".len());
        assert_eq!(found, (7, column), "{line}: {}", problems[0]);
    }
}

#[test]
fn all_problems_of_a_file_come_at_once() {
    let text = r#"
titel   = "two slips in one word"
why     = ""
length  = 60
engines = ["wrld", "world", "world"]
timeline = ["10s stp d1", 7]
[segments]
idle = { latency = "fast" }
[nodes.gw]
kind = "ruter"
lan  = "10.0.0.1"
[nodes.d1]
kind = "director"
lan  = "10.0.0.11/33"
[nodes.d2]
kind = "director"
config = "missing.toml"
vip_on_lo = true
[nodes."s1..s2"]
kind  = "server"
lan   = "10.0.0.{21..23}/24"
serve = ["http 99999 ok", "smtp 25 ok"]
vip_on_lo = "no"
[nodes.s3]
kind = "server"
[nodes.c1]
kind = "client"
lan = "10.0.0.31/24"
[nodes.c2]
kind = "client"
lan = "10.0.0.31/24"
confg = "pair.toml"
[clients.web]
target = "10.0.0.100"
new = "often"
form = "gw"
[clients.other]
from = "c9"
"#;
    insta::assert_snapshot!(parse(text).unwrap_err());
}

#[test]
fn broken_toml_is_one_problem_with_its_place() {
    let problems = parse("title = \"x\"\nwhy = = 1\n").unwrap_err().0;
    assert_eq!((problems.len(), problems[0].line, problems[0].column), (1, 2, 7));
}

#[test]
fn a_string_with_escapes_is_reported_at_its_start() {
    let text = "engines = [\"\\u0077orld\", \"\\u0077rld\"]";
    let problems = parse(text).unwrap_err().0;
    let engine = problems.iter().find(|problem| problem.text.contains("wrld")).unwrap();
    assert_eq!(engine.column, text.rfind('"').unwrap() - "\\u0077rld".len() + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_statement_and_no_expectation_panics(
        statement in "[a-z0-9{}.<>() =,-]{0,40}",
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "always", "within", "of", "start", "not", "(", ")", "owner", "10.0.0.100", "=",
                "d1", "and", "or", "except", "while", "cut", "2s", "outage", "web", "<=", ",", "é",
            ]),
            0..14,
        ),
    ) {
        let _ = with(&[&statement, &format!("1s {statement}")], &[&words.join(" ")]);
        let _ = with(&[], &[&words.concat()]);
    }
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    let line = format!("always {}owners(10.0.0.100) = 1", "(".repeat(5_000));
    assert!(with(&[], &[&line]).unwrap_err().0[0].text.contains("nested"));
    let line = format!("always {}owners(10.0.0.100) = 1", "not ".repeat(5_000));
    assert!(with(&[], &[&line]).unwrap_err().0[0].text.contains("nested"));
}

#[test]
fn a_bad_line_about_other_trouble_is_reported_at_its_column() {
    let timeline = [
        ("10s impair lan", 15),
        ("10s impair lan d1 lost 5%", 19),
        ("10s impair lan loss 101%", 21),
        ("10s impair lan delay 5ms burst 3", 33),
        ("10s impair lan loss 5% burst 1", 30),
        ("10s unplug hb gw", 15),
        ("10s freeze s1", 12),
        ("10s slow d1 fast", 13),
        ("10s order s1 ready", 11),
        ("10s order d1 stop", 14),
        ("10s order d1 ready web", 20),
        ("10s order d1 drain d2", 20),
        ("10s order d1 drain s1 soon", 23),
        ("10s order d1 maintenance s1", 28),
        ("10s order d1 maintenance s1 of", 29),
        ("10s order d1 weight s1 heavy", 24),
        ("10s order d1 add htp s1 5", 18),
        ("10s order d1 add http s1", 25),
        ("10s netlink d1 deny", 16),
        ("10s tamper d1 drop", 15),
        ("10s tamper d1 remove-address 10.0.0.9", 30),
        ("10s tamper d1 set-weight http s1 heavy", 34),
        ("at owner(10.0.0.100) kill d1", 22),
        ("at owner(10.0.0.100) = d2 + 90s kill d1", 29),
    ];
    for (line, column) in timeline {
        let wrong = with(&[line], &["pinned(web)"]).unwrap_err();
        let found: Vec<(usize, usize)> =
            wrong.0.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(found, [(6, column + "timeline = [\"".len())], "{line}: {wrong}");
    }
}

#[test]
fn a_statement_may_wait_for_a_condition() {
    let timeline = ["at role(d2, web) = taking + {0s..300ms}  power-off d2", "1s kill d1"];
    let scenario = with(&timeline, &["sometimes owners(10.0.0.100) = 2"]).unwrap();
    assert_eq!(scenario.schedule(1).len(), 1);
    let reactions = scenario.reactions(1);
    let [(condition, scheduled)] = reactions.as_slice() else { panic!("{reactions:?}") };
    let (group, role) = ("web".to_owned(), "taking".to_owned());
    assert_eq!(**condition, Condition::Role { node: "d2".to_owned(), group, role });
    assert!(scheduled.at <= Duration::from_millis(300) && scheduled.index == 0);
    assert!(matches!(scenario.expectations[0].claim, Claim::Sometimes { .. }));
}
