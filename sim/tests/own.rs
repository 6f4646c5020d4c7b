//! `director-sim hunt --config`: a configuration of the user's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot write its files has failed")]

use director_config::Texts;
use director_sim::hunt::kind::Kind;
use director_sim::hunt::own::{Own, Toll, derive, text};
use scenario::NodeKind;
use std::process::{Command, Output};

const PAIR: &str = r#"
[cluster]
keepalive = "100ms"
failback  = "auto"
key-file  = "/etc/director/cluster.key"
links     = [{ interface = "eth0" }, { interface = "eth1" }]
witnesses = ["10.0.0.254"]
[nodes.d1]
addresses = { eth0 = "10.0.0.11", eth1 = "10.1.0.11" }
priority  = 200
[nodes.d2]
addresses = { eth0 = "10.0.0.12", eth1 = "10.1.0.12" }
priority  = 100
[groups.web]
addresses = ["10.0.0.100/24 on eth0"]
[services.http]
listen    = "10.0.0.100:80"
forward   = "direct"
check     = { type = "http", path = "/health", expect = "fine", interval = "1s", timeout = "500ms" }
fallback  = "127.0.0.1:80"
servers   = [{ address = "10.0.0.21" }, { address = "10.0.0.22" }, { address = "172.16.0.9" }]
[services.names]
listen    = "10.0.0.100:53"
protocol  = "udp"
forward   = "direct"
check     = { type = "tcp" }
servers   = [{ address = "10.0.0.31" }, { address = "10.0.0.32" }]
"#;

fn own(text: &str) -> Texts {
    Texts::one("own.toml", text)
}

fn toll(config: &str, each: u64) -> Toll {
    let derived = derive(&own(config)).unwrap();
    let only = vec![Kind::PowerOffDirector, Kind::PowerOffServer, Kind::Kill];
    Own { derived, only, each, seed: 1, jobs: 2 }.run(&own(config)).unwrap()
}

#[test]
fn the_topology_is_what_the_configuration_names() {
    let derived = derive(&own(PAIR)).unwrap();
    let nodes: Vec<(&str, String)> = derived
        .scenario
        .nodes
        .iter()
        .map(|node| {
            let ports = node.ports.iter().map(|port| format!("{} {}", port.segment, port.cidr));
            (&*node.name, ports.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let wanted = [
        ("router", "eth0 10.0.0.254/24"),
        ("d1", "eth0 10.0.0.11/24, eth1 10.1.0.11/24"),
        ("d2", "eth0 10.0.0.12/24, eth1 10.1.0.12/24"),
        ("s1", "eth0 10.0.0.21/24"),
        ("s2", "eth0 10.0.0.22/24"),
    ];
    let found: Vec<(&str, &str)> = nodes.iter().map(|(name, ports)| (*name, &**ports)).collect();
    assert_eq!(found[..5], wanted);
    let clients: Vec<&str> = derived.scenario.clients.iter().map(|one| &*one.name).collect();
    assert_eq!(clients, ["http"]);
    let NodeKind::Server { serve, .. } = &derived.scenario.nodes[3].kind else {
        panic!("{nodes:?}")
    };
    assert_eq!((serve[0].port, &*serve[0].body), (80, "fine"));
    let said = derived.left_out.join("\n");
    assert!(said.contains("server 172.16.0.9:80 of service http: it is on no network"), "{said}");
    assert!(said.contains("service names: the world engine has no"), "{said}");
    assert!(derived.assumed.join("\n").contains("by a router at 10.0.0.254, a witness"));
}

#[test]
fn both_families_are_played_and_nothing_of_them_is_left_out() {
    let six = |text: &str| {
        text.replace("10.0.0.100:", "[2001:db8::100]:")
            .replace("127.0.0.1:", "[::1]:")
            .replace("10.0.0.", "2001:db8::")
            .replace("10.1.0.", "fd00:1::")
            .replace("/24", "/64")
    };
    let (pair, _) = PAIR.split_once("[services.names]").unwrap();
    let pair = pair.replace(", { address = \"172.16.0.9\" }", "");
    let (_, service) = pair.split_once("[services.http]").unwrap();
    let address = "\"10.0.0.100/24 on eth0\"";
    let both = pair.replace(address, &format!("{address}, {}", six(address)));
    let both = format!("{both}[services.http6]{}", six(service));
    let shown = |config: &str| {
        let derived = derive(&own(config)).unwrap();
        assert_eq!(derived.left_out, Vec::<String>::new());
        let ports = derived.scenario.nodes.iter().flat_map(|node| {
            let cidrs = node.ports.iter().flat_map(scenario::Port::cidrs);
            cidrs.map(|cidr| format!("{} {cidr}", node.name))
        });
        ports.collect::<Vec<_>>().join(", ")
    };
    let alone = "router 2001:db8::254/64, d1 2001:db8::11/64, d1 fd00:1::11/64, \
                 d2 2001:db8::12/64, d2 fd00:1::12/64, s1 2001:db8::21/64, s2 2001:db8::22/64";
    assert_eq!(shown(&six(&pair)), alone);
    let beside = "router 10.0.0.254/24, router 2001:db8::1/64, d1 10.0.0.11/24, d1 2001:db8::2/64, \
                  d1 10.1.0.11/24, d2 10.0.0.12/24, d2 2001:db8::3/64, d2 10.1.0.12/24, \
                  s1 10.0.0.21/24, s2 10.0.0.22/24, s3 2001:db8::21/64, s4 2001:db8::22/64";
    assert_eq!(shown(&both), beside);
    for config in [six(&pair), both] {
        let report = text(&toll(&config, 3), None);
        assert!(report.contains("all served again after every one of them"), "{report}");
        assert!(!report.contains("240.0.0."), "{report}");
    }
}

#[test]
fn the_death_of_the_owner_costs_an_outage_and_that_of_the_standby_none() {
    let toll = toll(PAIR, 6);
    let report = text(&toll, None);
    assert_eq!(report, text(&self::toll(PAIR, 6), None));
    let row = |name: &str| report.lines().find(|line| line.starts_with(name));
    let owner = row("power-off director, owner").unwrap_or_else(|| panic!("{report}"));
    assert!(!owner.contains(" 0 ms     200 ms"), "{owner}");
    assert!(row("power-off director, standby").is_none(), "{report}");
    assert!(row("power-off server").is_some() && row("  kill, standby").is_some(), "{report}");
    assert!(report.contains("all served again after every one of them"), "{report}");
    assert!(!toll.worst.is_empty() && toll.worst.iter().all(|run| run.word() == "held"));
}

#[test]
fn what_can_never_fail_over_is_said_without_a_run() {
    let (before, rest) = PAIR.split_once("[nodes.d2]").unwrap();
    let (_, after) = rest.split_once("[groups.web]").unwrap();
    let alone = format!("{before}[groups.web]{after}").replace("fallback  =", "# fallback  =");
    let findings = toll(&alone, 1).findings;
    let found = |never: bool| -> String {
        let found = findings.iter().filter(|one| one.never == never);
        found.map(|one| format!("{}\n", one.what)).collect()
    };
    assert!(found(true).contains("cannot-fail-over (own.toml:"), "{findings:?}");
    assert!(found(false).contains("service http has no fallback"), "{findings:?}");
}

#[test]
fn what_cannot_be_hunted_is_refused_with_the_reason() {
    let wrong = derive(&own("[cluster]\nkeepalive = 1\n")).unwrap_err();
    assert!(wrong.0.contains("own.toml:2:"), "{wrong}");
    let apart = PAIR.replace("eth1 = \"10.1.0.12\"", "eth1 = \"10.2.0.12\"");
    let wrong = derive(&own(&apart)).unwrap_err();
    assert!(wrong.0.contains("eth1 of d2 is 10.2.0.12, which is not in the network"), "{wrong}");
    let far = PAIR.replace("10.0.0.2", "172.16.0.2").replace("172.16.0.254", "10.0.0.254");
    let wrong = derive(&own(&far)).unwrap_err();
    assert!(wrong.0.contains("no service is left that can be played"), "{wrong}");
}

fn sim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_director-sim")).args(arguments).output().unwrap()
}

#[test]
fn the_command_writes_text_json_and_a_page() {
    let folder = std::env::temp_dir().join(format!("director-sim-own-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("own.toml"), PAIR).unwrap();
    let (config, page) = (path("own.toml"), path("a.html"));
    let hunt = |more: &[&str]| {
        let only = ["--only", "power-off director", "--only", "kill"];
        let base = ["hunt", "--config", &config, "--each", "2", "--seeds", "5"];
        let base = [&base[..], &only].concat();
        sim(&[&base[..], more].concat())
    };
    let output = hunt(&["--report", &page]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("many faults at once") && text.contains("seeds 1..6: 5 runs"), "{text}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("What clients would see of one fault alone"));
    let output = hunt(&["--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!((2..=4).contains(&json["faults"].as_array().unwrap().len()), "{json}");
    assert_eq!(hunt(&["--only", "earthquake"]).status.code(), Some(2));
    assert_eq!(sim(&["hunt", "--config", &path("missing.toml")]).status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The example of the documentation, as it is printed today.
#[test]
fn the_documentation_shows_what_is_printed() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let (readme, guide) = (read("README.md"), read("docs/hunting.md"));
    let (_, pair) = readme.split_once("## A pair").unwrap();
    let config = pair.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap();
    let (_, own) = guide.split_once("## On a configuration of one's own").unwrap();
    let shown = own.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let derived = derive(&Texts::one("director.toml", config)).unwrap();
    let only = vec![
        Kind::PowerOffDirector,
        Kind::PowerOffServer,
        Kind::Kill,
        Kind::CutSegment,
        Kind::PauseDirector,
    ];
    let own = Own { derived, only, each: 20, seed: 1, jobs: 2 };
    let toll = own.run(&Texts::one("director.toml", config)).unwrap();
    assert_eq!(text(&toll, None), shown);
}
