use super::*;

fn text(file: &str, node: &str) -> String {
    let path = format!("{}/../scenarios/config/{file}", env!("CARGO_MANIFEST_DIR"));
    translate(&std::fs::read_to_string(path).unwrap(), node).unwrap().files[0].text.clone()
}

#[test]
fn the_pair_is_translated() {
    insta::assert_snapshot!(text("pair.toml", "d1"));
}

#[test]
fn manual_failback_is_no_preemption() {
    insta::assert_snapshot!(text("pair-manual.toml", "d2"));
}

#[test]
fn what_is_not_written_is_what_the_director_takes() {
    let config = r#"
        [cluster]
        deadtime = "4500ms"
        [nodes.d1]
        priority = 7
        [groups.web]
        addresses = ["10.0.0.100/24 on lan", "2001:db8::100/64 on lan"]
        [services.smtp]
        listen = "10.0.0.100:25"
        check = { type = "tcp", port = 26 }
        on-failure = "remove"
        persistence = "5m"
        servers = [{ address = "10.0.0.21:2525" }]
    "#;
    let found = translate(config, "d1").unwrap();
    insta::assert_snapshot!(found.files[0].text);
    assert!(found.notes.iter().any(|note| note.ends_with("[services.smtp] persistence")));
    assert!(translate(config, "d9").unwrap_err().contains("[nodes.d9]"));
    assert!(translate("[cluster\n", "d1").is_err());
}
