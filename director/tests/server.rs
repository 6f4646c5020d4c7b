//! `director server --keep`: the file and the director change together, or neither does.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use tempfile::TempDir;

const FILE: &str = r#"# Both directors have this file.
[cluster]
key-file = "cluster.key"
links    = [{ interface = "eth0" }]

[nodes.d1]
addresses = { eth0 = "192.0.2.11" }
priority  = 200

[nodes.d2]
addresses = { eth0 = "192.0.2.12" }
priority  = 100

[groups.web]
addresses = ["192.0.2.100/24 on eth0"]

[services.http]
listen  = "192.0.2.100:80"
check   = { type = "http", path = "/", expect = "OK" }
servers = [
    { address = "192.0.2.21" }, # in the cellar
]
"#;

/// A director of two sentences: what it has read, and what comes of a reload.
fn director(read: String, reload: &'static str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        // The command asks twice at most; the thread ends with the test's process.
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut question = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut question).unwrap();
            let answer = if question.contains("altered") {
                format!(r#"{{"version":1,"altered":{{"read":"{read}","servers":[]}}}}"#)
            } else {
                reload.to_owned()
            };
            writeln!(stream, "{answer}").unwrap();
        }
    });
    fs::write(folder.path().join("director.toml"), FILE).unwrap();
    (folder, path)
}

fn digest() -> String {
    director_config::parse("director.toml", FILE).unwrap().digest().to_string()
}

/// Runs it, and returns what it said and what the file is afterwards.
fn run(read: String, reload: &'static str, arguments: &[&str]) -> (Output, String) {
    let (folder, control) = director(read, reload);
    let file = folder.path().join("director.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_director"))
        .arg("server")
        .args(arguments)
        .arg("--keep")
        .args([PathBuf::from("--config"), file.clone(), "--control".into(), control])
        .output()
        .unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a file is left over");
    (output, fs::read_to_string(file).unwrap())
}

const DONE: &str = r#"{"version":1,"done":true,"config":"1"}"#;
const REFUSED: &str = r#"{"version":1,"refused":"no","problems":["director.toml:1:1: bad"]}"#;

#[test]
fn a_server_is_kept_in_the_file_with_everything_else_as_it_was() {
    let (output, file) = run(digest(), DONE, &["add", "http", "192.0.2.22", "--weight", "5"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = "    { address = \"192.0.2.22\", weight = 5 },\n]";
    assert_eq!(file, FILE.replace("cellar\n]", &format!("cellar\n{line}")));
}

#[test]
fn a_file_that_the_director_has_not_read_is_left_alone() {
    let (output, file) = run("0".into(), DONE, &["add", "http", "192.0.2.22"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is not what the director has read"), "{said}");
    assert_eq!(file, FILE);
}

#[test]
fn a_change_that_the_director_does_not_take_is_undone() {
    let (output, file) = run(digest(), REFUSED, &["add", "http", "192.0.2.22"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("director.toml:1:1: bad") && said.contains("is as it was"), "{said}");
    assert_eq!(file, FILE);
}

#[test]
fn a_change_with_problems_is_not_made() {
    for (arguments, word) in [
        (["add", "http", "2001:db8::1"], "2001:db8::1"),
        (["add", "http", "192.0.2.21"], "already"),
        (["remove", "http", "192.0.2.29"], "no server"),
        (["remove", "http", "192.0.2.21"], "servers"),
    ] {
        let (output, file) = run(digest(), DONE, &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
        assert_eq!(file, FILE);
    }
}
