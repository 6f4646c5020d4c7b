use super::*;

fn text(file: &str, node: &str) -> String {
    let path = format!("{}/../scenarios/config/{file}", env!("CARGO_MANIFEST_DIR"));
    keepalived(&std::fs::read_to_string(path).unwrap(), node).unwrap().text
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
    let found = keepalived(config, "d1").unwrap();
    insta::assert_snapshot!(found.text);
    assert!(found.notes.iter().any(|note| note.ends_with("[services.smtp] persistence")));
    assert!(keepalived(config, "d9").unwrap_err().contains("[nodes.d9]"));
    assert!(keepalived("[cluster\n", "d1").is_err());
}

#[test]
fn a_text_is_matched_as_it_stands_and_nothing_is_quoted() {
    assert_eq!(literal("OK"), "OK");
    assert_eq!(literal("1.0 (a)"), "1[.]0 [(]a[)]");
    assert_eq!(literal("a\"b\\c^"), "a.b.c.");
}
