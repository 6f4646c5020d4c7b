use super::*;

fn translated(file: &str, node: &str) -> Translation {
    let path = format!("{}/../scenarios/config/{file}", env!("CARGO_MANIFEST_DIR"));
    translate(&std::fs::read_to_string(path).unwrap(), node).unwrap()
}

/// All files, each under its name.
fn shown(found: &Translation) -> String {
    let files = found.files.iter().map(|file| format!("==> {}\n{}", file.path, file.text));
    files.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pair_is_translated() {
    insta::assert_snapshot!(shown(&translated("pair.toml", "d1")));
}

#[test]
fn the_key_is_nobody_elses_to_read_and_all_nodes_are_told_the_same() {
    let (one, other) = (translated("pair.toml", "d1"), translated("pair.toml", "d2"));
    let secret: Vec<&str> =
        one.files.iter().filter(|file| file.secret).map(|file| file.path.as_str()).collect();
    assert_eq!(secret, ["/etc/ha.d/authkeys"]);
    // Heartbeat wants the same files everywhere; the logs alone have their place by node.
    assert_eq!(shown(&one), shown(&other).replace("/d2.", "/d1."));
}

#[test]
fn a_link_to_a_group_is_one_line_whatever_the_number_of_nodes() {
    let config = |group: &str| {
        format!(
            "[cluster]\nkeepalive = \"1s\"\nport = 700\n\
             links = [{{ interface = \"lan\", multicast = \"{group}\" }}]\n\
             [nodes.d1]\npriority = 7\naddresses = {{ lan = \"10.0.0.11\" }}\n\
             [nodes.d2]\npriority = 9\naddresses = {{ lan = \"10.0.0.12\" }}\n\
             [groups]\n[services]\n"
        )
    };
    let links = |group: &str| -> Vec<String> {
        let text = shown(&translate(&config(group), "d1").unwrap());
        let is_link = |line: &&str| line.starts_with("mcast") || line.starts_with("ucast");
        text.lines().filter(is_link).map(str::to_owned).collect()
    };
    assert_eq!(links("239.255.0.94"), ["mcast lan 239.255.0.94 700 1 0"]);
    assert_eq!(links("ff02::94"), ["mcast6 lan ff02::94 700 1 0"]);
}

#[test]
fn manual_failback_is_none_and_ipv6_is_written_out() {
    let config = r#"
        [cluster]
        deadtime = "4500ms"
        failback = "manual"
        port     = 1694
        links    = [{ interface = "lan" }]
        [nodes.d1]
        priority  = 7
        addresses = { lan = "2001:db8::11" }
        [nodes.d2]
        priority  = 9
        addresses = { lan = "2001:db8::12" }
        [groups.mail]
        addresses = ["10.0.0.100/24 on lan", "2001:db8::100/64 on lan"]
        [services.smtp]
        listen = "[2001:db8::100]:25"
        forward = "tunnel"
        check = { type = "tcp", port = 26 }
        on-failure = "remove"
        persistence = "5m"
        servers = [{ address = "[2001:db8::21]:2525" }]
        [services.lost]
        listen = "10.0.0.200:25"
        check = { type = "tcp" }
        servers = []
    "#;
    let found = translate(config, "d1").unwrap();
    insta::assert_snapshot!(shown(&found));
    assert!(translate(config, "d9").unwrap_err().contains("[nodes.d9]"));
}
