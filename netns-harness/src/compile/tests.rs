use super::*;

const PAIR: &str = r#"
[cluster]
key-file = "/etc/director/cluster.key"
[groups.web]
addresses = ["10.0.0.100/24 on lan"]
[services.http]
listen = "10.0.0.100:80"
servers = [{ address = "10.0.0.21" }, { address = "10.0.0.22:80" }]
"#;

const TEXT: &str = r#"
title   = "a test"
why     = "it must compile"
length  = "60s"
engines = ["timetravel"]
timeline = [
  "1s cut lan d1->s1",
  "2s cut hb",
  "3s heal lan d1->s1",
  "4s power-off d1",
  "5s serve s2 hang",
  "6s pause d2",
  "7s impair hb d1->d2 loss 10% burst 5",
  "8s unplug lan d2",
  "9s resume d2",
  "10s heal all",
  "11s tamper d2 flush",
  "12s tamper d2 remove-address 10.0.0.100",
  "13s tamper d2 set-weight http s2 3",
  "14s tamper d2 remove-server http s1",
]
expect = ["always owners(10.0.0.100) <= 1"]

[segments]
lan = { latency = "100us..200us" }
hb  = { latency = "0us" }

[nodes.gw]
kind = "router"
lan  = "10.0.0.1/24"
[nodes."d1..d2"]
kind = "director"
lan  = "10.0.0.{11..12}/24"
hb   = "10.1.0.{11..12}/24"
config = "pair.toml"
serve  = "http 80 ok sorry"
[nodes."s1..s2"]
kind  = "server"
lan   = "10.0.0.{21..22}/24"
serve = "http 80 ok"
[nodes.a-long-name-of-a-server]
kind  = "server"
lan   = "10.0.0.23/24"
serve = "http 80 ok"
vip_on_lo = false

[clients.web]
target = "10.0.0.100:80"
new    = "20/s"
"#;

fn around(seed: u64, program: Option<&Path>) -> Surroundings<'_> {
    let look = Duration::from_millis(10);
    Surroundings {
        seed,
        stack: Stack::Director,
        program,
        director: program,
        machine: true,
        capture: false,
        look,
        counting: Counting::default(),
    }
}

fn plan(seed: u64) -> Plan {
    let read = |_: &str| Ok(PAIR.to_owned());
    let scenario = Scenario::parse("a.toml", TEXT, &read).unwrap_or_else(|wrong| panic!("{wrong}"));
    let program = Some(Path::new("/mnt/host/bin/director"));
    compile(&scenario, &around(seed, program)).unwrap()
}

fn node<'a>(plan: &'a Plan, name: &str) -> &'a Node {
    plan.nodes.iter().find(|node| node.name == name).unwrap()
}

#[test]
fn the_timeline_becomes_deeds_with_the_complete_set_of_cuts() {
    let plan = plan(1);
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("{:?} {:?}", step.at, step.deeds)).collect();
    insta::assert_snapshot!(steps.join("\n"));
}

#[test]
fn every_port_has_its_own_names_and_hardware_address() {
    let plan = plan(1);
    let ports: Vec<String> = plan
        .nodes
        .iter()
        .flat_map(|node| &node.ports)
        .map(|port| format!("{} {} {}", port.switch_port, port.segment, port.hardware))
        .collect();
    insta::assert_snapshot!(ports.join("\n"));
    assert_eq!(plan.hardware.len(), ports.len());
    assert!(ports.iter().all(|port| port.find(' ').unwrap() <= INTERFACE_NAME));
}

#[test]
fn latencies_come_from_the_seed_and_stay_in_their_range() {
    let of = |seed| node(&plan(seed), "s1").ports[0].latency;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    for seed in 0..50 {
        let micros = of(seed).as_micros();
        assert!((100..=200).contains(&micros), "{micros}");
        assert!(node(&plan(seed), "d1").ports[1].latency.is_zero());
    }
}

#[test]
fn links_requests_and_firewalls_are_as_the_scenario_says() {
    let text = TEXT.replace("lan = { ", "lan = { mtu = 1400, ");
    let router = "kind = \"router\"\nicmp = \"drop\"\ngateway = \"10.0.0.254\"";
    let text = text.replace("kind = \"router\"", router);
    let text = text + "request = 4000\n";
    let scenario = Scenario::parse("a.toml", &text, &|_| Ok(PAIR.to_owned())).unwrap();
    let made = compile(&scenario, &around(1, Some(Path::new("/mnt/host/bin/director")))).unwrap();
    let carried: Vec<u16> = node(&made, "d1").ports.iter().map(|port| port.mtu).collect();
    assert_eq!(carried, [1400, 1500]);
    assert_eq!(node(&made, "gw").gateways, [IpAddr::from([10, 0, 0, 254])]);
    let router = |plan: &Plan| match &node(plan, "gw").role {
        Role::Router { drops_icmp, clients, .. } => (*drops_icmp, clients[0].request),
        _ => panic!("gw is a router"),
    };
    assert_eq!((router(&made), router(&plan(1))), ((true, Some(4000)), (false, None)));
}

#[test]
fn a_real_server_hides_the_virtual_address_and_answers_by_way_of_the_router() {
    let plan = plan(1);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let server = node(&plan, "s1");
    assert_eq!(server.gateways, [address("10.0.0.1")]);
    assert!(matches!(&server.role, Role::Server { loopback, .. }
        if *loopback == [address("10.0.0.100")]));
    assert!(matches!(&node(&plan, "a-long-name-of-a-server").role,
        Role::Server { loopback, .. } if loopback.is_empty()));
    assert!(node(&plan, "gw").gateways.is_empty());
}

#[test]
fn a_client_knows_the_right_answer_of_each_node() {
    let plan = plan(1);
    let Role::Router { clients, .. } = &node(&plan, "gw").role else { panic!("gw is a router") };
    assert_eq!(clients[0].answers["d1"], "sorry");
    assert_eq!(clients[0].answers["s2"], "OK");
    assert_eq!(clients[0].interval.as_millis(), 50);
}

#[test]
fn directors_without_a_program_are_an_error_of_the_command_line() {
    let read = |_: &str| Ok(PAIR.to_owned());
    let scenario = Scenario::parse("a.toml", TEXT, &read).unwrap();
    let failure = compile(&scenario, &around(1, None)).unwrap_err();
    assert_eq!(failure.status(), 2);
    assert!(failure.to_string().contains("--director BINARY"), "{failure}");
}
