use super::*;

fn weights(list: &[(&str, u16)]) -> Vec<(String, u16)> {
    list.iter().map(|(address, weight)| ((*address).to_string(), *weight)).collect()
}

fn started(sick: &[&str]) -> Lab {
    let mut lab = Lab::new(config());
    lab.sick = sick.iter().map(|text| socket(text)).collect();
    lab.run(ms(4000));
    lab
}

#[test]
fn servers_come_into_the_table_after_their_first_success() {
    let lab = started(&["10.0.0.22:80"]);
    let expected = weights(&[("10.0.0.21:80", 10), ("10.0.0.22:80", 0)]);
    assert_eq!(lab.weights("d1"), expected);
    assert_eq!(lab.weights("d2"), expected, "the standby's table is warm");
}

#[test]
fn a_sick_server_is_quiesced_after_fall_failures_and_back_after_rise_successes() {
    let mut lab = started(&[]);
    lab.sick = vec![socket("10.0.0.21:80")];
    lab.run(ms(2100));
    assert_eq!(lab.weights("d1")[0], ("10.0.0.21:80".into(), 0));
    lab.sick.clear();
    lab.run(ms(1000));
    assert_eq!(lab.weights("d1")[0], ("10.0.0.21:80".into(), 0), "one success is not enough");
    lab.run(ms(1100));
    assert_eq!(lab.weights("d1")[0], ("10.0.0.21:80".into(), 10));
}

#[test]
fn a_sick_server_is_removed_when_the_configuration_says_so() {
    let mut wanted = config();
    wanted.services.values_mut().for_each(|service| service.on_failure = OnFailure::Remove);
    let mut lab = Lab::new(wanted);
    lab.run(ms(3000));
    lab.sick = vec![socket("10.0.0.21:80")];
    lab.run(ms(3000));
    assert_eq!(lab.weights("d1"), weights(&[("10.0.0.22:80", 10)]));
}

#[test]
fn the_fallback_serves_while_nobody_else_can() {
    let mut lab = started(&[]);
    lab.sick = vec![socket("10.0.0.21:80"), socket("10.0.0.22:80")];
    lab.run(ms(3000));
    let expected = [("10.0.0.21:80", 0), ("10.0.0.22:80", 0), ("127.0.0.1:80", 1)];
    assert_eq!(lab.weights("d1"), weights(&expected));
    lab.sick.clear();
    lab.run(ms(3000));
    assert_eq!(lab.weights("d1"), weights(&[("10.0.0.21:80", 10), ("10.0.0.22:80", 10)]));
    let told: Vec<bool> = lab.hosts[&node("d1")]
        .reports
        .iter()
        .filter_map(|(_, report)| match report {
            Report::Fallback { serving, .. } => Some(*serving),
            _ => None,
        })
        .collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn the_table_is_never_without_a_usable_server_while_it_changes() {
    let mut lab = started(&[]);
    lab.sick = vec![socket("10.0.0.21:80"), socket("10.0.0.22:80")];
    for _ in 0..60 {
        lab.run(ms(100));
        if lab.now > Instant::from_nanos(8_000_000_000) {
            lab.sick.clear();
        }
        let usable = lab.weights("d1").iter().any(|(_, weight)| *weight > 0);
        assert!(usable, "at {}: {:?}", lab.now, lab.weights("d1"));
    }
}

#[test]
fn a_probe_that_hangs_is_ended_and_counts_as_failed() {
    let mut lab = started(&[]);
    for name in ["d1", "d2"] {
        lab.host(name).probes.clear();
    }
    // From here on no probe ever ends by itself.
    for _ in 0..400 {
        lab.run(ms(10));
        for name in ["d1", "d2"] {
            for probe in lab.host(name).probes.values_mut() {
                probe.0 = Instant::from_nanos(u64::MAX);
            }
            lab.host(name).probes.retain(|_, probe| probe.0 == Instant::from_nanos(u64::MAX));
        }
    }
    let _ = lab.weights("d1");
}

#[test]
fn a_reload_keeps_states_and_drops_what_is_gone() {
    let mut lab = started(&["10.0.0.22:80"]);
    let mut wanted = config();
    let service = wanted.services.values_mut().next().unwrap();
    service.servers.remove(&socket("10.0.0.22:80"));
    service.servers.insert(socket("10.0.0.23:80"), Server::from(Weight(5)));
    lab.config = Arc::new(wanted);
    for name in [node("d1"), node("d2")] {
        let config = lab.config.clone();
        lab.input(&name, Input::Reload(config));
    }
    let usable = |lab: &Lab| lab.weights("d1").contains(&("10.0.0.21:80".into(), 10));
    for _ in 0..10 {
        lab.run(Duration::from_micros(100));
        assert!(usable(&lab), "a server that stays is never disturbed");
    }
    lab.run(ms(2000));
    assert_eq!(lab.weights("d1"), weights(&[("10.0.0.21:80", 10), ("10.0.0.23:80", 5)]));
}
