use super::*;

const STATUS: &str = r#"{
  "services": [
    {"name": "http", "key": {"tcp": "10.0.0.100:80"}, "scheduler": "wlc",
     "fallback": "127.0.0.1:80", "fallback_serving": false,
     "servers": [
       {"address": "10.0.0.21:80", "forward": "direct", "kernel_weight": 10},
       {"address": "10.0.0.22:80", "forward": "direct", "kernel_weight": 0},
       {"address": "10.0.0.23:80", "forward": "direct", "kernel_weight": null}]},
    {"name": "six", "key": {"udp": "[2001:db8::100]:53"}, "scheduler": "rr",
     "fallback": "[::1]:53", "fallback_serving": true,
     "servers": [{"address": "[2001:db8::21]:53", "forward": "tunnel", "kernel_weight": null}]},
    {"name": "marked", "key": {"fw-mark": 7}, "scheduler": "sh", "fallback": null,
     "fallback_serving": false,
     "servers": [{"address": "10.0.0.21:0", "forward": "nat", "kernel_weight": 1}]},
    {"name": "marked6", "key": {"fw-mark6": 7}, "scheduler": "mh", "fallback": null,
     "fallback_serving": false, "servers": []}],
  "draining": [
    {"service": {"tcp": "10.0.0.100:80"}, "address": "10.0.0.24:80", "connections": 3}],
  "kernel": {"foreign": [
    "service tcp 10.0.0.99:25 in the kernel is not ours and left alone",
    "server 10.0.0.29:80 of tcp 10.0.0.100:80 in the kernel is not ours and left alone"]}
}"#;

const TABLE: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.0.0.99:25 rr
TCP  10.0.0.100:80 wlc persistent 300
  -> 10.0.0.21:80                 Route   10     0          272       
  -> 10.0.0.22:80                 Route   0      0          273       
  -> 10.0.0.24:80                 Route   0      3          0         
  -> 10.0.0.29:80                 Route   1      0          0         
UDP  [2001:db8::100]:53 rr ops
  -> [::1]:53                     Local   1      0          0         
FWM  7 sh
  -> 10.0.0.21:0                  Masq    1      0          0         
FWM  7 IPv6 mh
";

#[test]
fn the_same_table_is_the_same_with_the_foreign_parts_that_the_director_knows() {
    let found = compare(STATUS, TABLE).unwrap();
    assert_eq!(found, Found::Same { services: 5, destinations: 6 });
    let ruling = line("d1", found, Duration::from_secs(9)).ruling;
    let measured = "services: 5, destinations: 6".to_owned();
    assert_eq!(ruling, Ruling::Held { measured });
}

/// Each line of the table in another form, and what is said of it.
#[test]
fn every_kind_of_difference_is_found() {
    let cases = [
        (
            "TCP  10.0.0.99:25 rr",
            "TCP  10.0.0.98:25 rr",
            "status does not tell of tcp 10.0.0.98:25",
        ),
        (
            "10.0.0.100:80 wlc",
            "10.0.0.100:80 wrr",
            "tcp 10.0.0.100:80: status says scheduler wlc, ipvsadm wrr",
        ),
        (
            "Route   10 ",
            "Route   11 ",
            "tcp 10.0.0.100:80: 10.0.0.21:80: status says Route with weight 10, ipvsadm Route \
             with weight 11",
        ),
        (
            "Masq ",
            "Route ",
            "fwmark 7: 10.0.0.21:0: status says Masq with weight 1, ipvsadm Route with weight 1",
        ),
        ("10.0.0.29:80", "10.0.0.28:80", "tcp 10.0.0.100:80: status does not tell of 10.0.0.28:80"),
        (
            "  -> 10.0.0.22:80                 Route   0 ",
            "  -> 10.0.0.23:80                 Route   1 ",
            "tcp 10.0.0.100:80: 10.0.0.22:80: status says Route with weight 0, ipvsadm not in the \
             table; tcp 10.0.0.100:80: 10.0.0.23:80: status says not in the table, ipvsadm Route \
             with weight 1",
        ),
        (
            "  -> [::1]:53                     Local   1      0          0         \n",
            "",
            "udp [2001:db8::100]:53: status says that [::1]:53 serves, ipvsadm has it not",
        ),
        ("FWM  7 IPv6 mh\n", "", "ipvsadm does not show fwmark6 7"),
    ];
    for (one, other, facts) in cases {
        assert!(TABLE.contains(one), "{one}");
        let Found::Different(differences) = compare(STATUS, &TABLE.replace(one, other)).unwrap()
        else {
            panic!("{other}: no difference");
        };
        assert_eq!(differences.join("; "), facts, "{other}");
    }
}

#[test]
fn a_fallback_that_serves_behind_the_directors_back_is_found() {
    let idle = STATUS.replace("\"fallback_serving\": true", "\"fallback_serving\": false");
    let Found::Different(differences) = compare(&idle, TABLE).unwrap() else { panic!("the same") };
    assert_eq!(differences, ["udp [2001:db8::100]:53: status does not tell of [::1]:53"]);
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_an_empty_table() {
    assert!(compare("{}", TABLE).is_err());
    for line in ["  -> 10.0.0.21:80 Route many 0 0", "QUIC 10.0.0.100:80 wlc", "TCP nowhere wlc"] {
        assert!(compare(STATUS, &format!("{TABLE}{line}\n")).is_err(), "{line}");
    }
    assert!(compare(STATUS, "  -> 10.0.0.21:80 Route 1 0 0\n").is_err());
}

#[test]
fn a_difference_and_silence_are_violations_and_an_absent_director_is_not_judged() {
    let ruling = |found| line("d1", found, Duration::from_secs(9)).ruling;
    let violated = Ruling::Violated { at: Duration::from_secs(9), facts: "a; b".into() };
    assert_eq!(ruling(Found::Different(vec!["a".into(), "b".into()])), violated);
    assert_eq!(ruling(Found::Silent("a; b".into())), violated);
    let open = Ruling::NotJudged { reason: "no".into() };
    assert_eq!(ruling(Found::NotAsked("no".into())), open);
}
