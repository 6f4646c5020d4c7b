//! The program as people run it: what it says, and its exit status.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A configuration on an interface that no machine has.
const PAIR: &str = r#"
[cluster]
key-file = "cluster.key"
links    = [{ interface = "nosuch0" }]

[nodes.d1]
addresses = { nosuch0 = "192.0.2.11" }
priority  = 200

[nodes.d2]
addresses = { nosuch0 = "192.0.2.12" }
priority  = 100

[groups.web]
addresses = ["192.0.2.100/24 on nosuch0"]

[services.http]
listen    = "192.0.2.100:80"
scheduler = "wlc"
forward   = "direct"
check     = { type = "http", path = "/", expect = "OK" }
servers   = [{ address = "192.0.2.21" }]
"#;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with `director.toml` and its key file, in which the program is run.
struct Folder(TempDir);

impl Folder {
    fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("director.toml"), configuration).unwrap();
        let folder = Self(folder);
        folder.key("a secret\n");
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn key(&self, secret: &str) {
        use std::io::Write;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.path().join("cluster.key")).unwrap();
        file.write_all(secret.as_bytes()).unwrap();
    }

    fn run(&self, arguments: &str) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_director"))
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[test]
fn a_valid_configuration_is_said_to_be() {
    let said = Folder::with(PAIR).run("check director.toml");
    assert_eq!(said.code, Some(0));
    assert!(said.out.starts_with("director.toml: valid, configuration "), "{}", said.out);
}

#[test]
fn traps_are_warned_of_and_can_be_denied() {
    let folder = Folder::with(PAIR);
    let said = folder.run("check director.toml");
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("warning[one-link]") && said.err.contains("director.toml:4:"));
    assert!(!said.err.contains("error["), "{}", said.err);
    assert_eq!(folder.run("check --deny-warnings director.toml").code, Some(2));
    let said = folder.run("check --explain one-link");
    assert!(said.code == Some(0) && said.out.contains("second link"), "{}", said.out);
    let said = folder.run("check --explain one-lnk");
    assert!(said.code == Some(2) && said.err.contains("did you mean one-link?"), "{}", said.err);
}

#[test]
fn all_problems_of_all_files_are_shown() {
    let folder = Folder::with(&PAIR.replace("wlc", "wlx").replace("= 100", "= 999"));
    fs::write(folder.path().join("other.toml"), PAIR).unwrap();
    let said = folder.run("check director.toml absent.toml other.toml");
    assert_eq!(said.code, Some(2));
    for part in ["director.toml:12:", "director.toml:19:", "wlx", "999", "absent.toml"] {
        assert!(said.err.contains(part), "{part} is not in {}", said.err);
    }
    assert!(said.out.starts_with("other.toml: valid"), "{}", said.out);
}

#[test]
fn a_configuration_in_several_files_is_checked_whole() {
    let folder = Folder::with(&format!("include = [\"more.toml\"]\n{PAIR}"));
    let more = folder.path().join("more.toml");
    fs::write(&more, "[telemetry]\nmetrics = \"127.0.0.1:9470\"\n").unwrap();
    let said = folder.run("check director.toml");
    let begin = "director.toml with 1 file that it includes: valid, configuration ";
    assert!(said.code == Some(0) && said.out.starts_with(begin), "{}", said.out);
    fs::write(&more, "\n[nodes.d1]\npriority = 1\n").unwrap();
    for arguments in ["check director.toml", "plan --config director.toml --node d1"] {
        let said = folder.run(arguments);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("--> more.toml:2:8"), "{}", said.err);
        assert!(said.err.contains("line 7 of `director.toml`"), "{}", said.err);
    }
    fs::remove_file(more).unwrap();
    let said = folder.run("check director.toml");
    assert!(said.code == Some(2) && said.err.contains("--> director.toml:1:12"), "{}", said.err);
}

#[test]
fn a_node_is_checked_when_it_is_named() {
    let folder = Folder::with(PAIR);
    assert_eq!(folder.run("check --node d2 director.toml").code, Some(0));
    let said = folder.run("check --node d3 director.toml");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("no node `d3`"), "{}", said.err);
}

#[test]
fn a_key_file_that_is_missing_or_blank_is_bad_input() {
    let folder = Folder::with(PAIR);
    folder.key(" \n");
    let said = folder.run("run --config director.toml --node d1");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("cluster.key has nothing but white space"), "{}", said.err);
    fs::remove_file(folder.path().join("cluster.key")).unwrap();
    for arguments in ["check director.toml", "run --config director.toml --node d1"] {
        let said = folder.run(arguments);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("cluster.key` cannot be read"), "{}", said.err);
    }
}

#[test]
fn what_this_machine_lacks_is_said_before_anything_is_done() {
    let folder = Folder::with(PAIR);
    let said = folder.run("run --config director.toml --node d1 --control control.sock");
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("director: cannot run here\n"), "{}", said.err);
    assert!(said.err.contains("nosuch0: there is no such interface"), "{}", said.err);
    assert!(!folder.path().join("control.sock").exists());
}

#[test]
fn nobody_to_ask_is_said_with_what_to_do() {
    let said = Folder::with(PAIR).run("status --control control.sock");
    assert_eq!(said.code, Some(1));
    assert_eq!(
        said.err,
        "director: control.sock: no director runs here; start one with `director run`, or name \
         its socket with --control\n"
    );
}

#[test]
fn a_command_line_that_is_none_is_bad_input() {
    let folder = Folder::with(PAIR);
    for arguments in ["", "fly", "run", "check", "status --loud"] {
        assert_eq!(folder.run(arguments).code, Some(2), "director {arguments}");
    }
}

#[test]
fn the_doctor_tells_what_keeps_a_director_from_starting_and_what_to_do() {
    let said = Folder::with(PAIR).run("doctor --config director.toml --node d1");
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    for part in
        ["problem[cannot-start]: interface nosuch0: there is no such interface", "  so:", "  cure:"]
    {
        assert!(said.out.contains(part), "{part} is not in {}", said.out);
    }
    let json = Folder::with(PAIR).run("doctor --config director.toml --node d1 --json");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["version"], &json["host"]), (&1.into(), &"director d1".into()));
    assert!(json["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{json}");
}

#[test]
fn a_host_that_the_configuration_does_not_name_is_bad_input() {
    let folder = Folder::with(PAIR);
    let said = folder.run("doctor --config director.toml --node d3");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("no node `d3`"), "{}", said.err);
    for task in ["apply", "check"] {
        let said = folder.run(&format!("realserver {task} --config director.toml --record r.json"));
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("no service has a real server with an address"), "{}", said.err);
    }
    assert!(!folder.path().join("r.json").exists());
}

#[test]
fn what_a_real_server_lacks_is_told_and_nothing_is_changed() {
    let folder = Folder::with(PAIR);
    let arguments = "realserver check --config director.toml --address 192.0.2.21 --record r.json";
    let said = folder.run(arguments);
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    assert!(said.out.starts_with("serves http by direct\nmissing: "), "{}", said.out);
    assert!(said.out.contains("missing: add address 192.0.2.100/32 on lo"), "{}", said.out);
    assert!(!folder.path().join("r.json").exists());
}

#[test]
fn a_record_that_is_none_is_not_thrown_away() {
    let folder = Folder::with(PAIR);
    fs::write(folder.path().join("r.json"), "{}").unwrap();
    let said = folder.run("realserver remove --record r.json");
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("the record r.json is none"), "{}", said.err);
    assert!(folder.path().join("r.json").exists());
}

/// A virtual service as ldirectord has it, on an address that no machine has.
const LDIRECTORD: &str = "quiescent=yes\nvirtual=192.0.2.100:80\n\treal=192.0.2.21:80 gate 5\n\
    \treal=192.0.2.22:80 gate\n\tservice=http\n\trequest=\"/\"\n\treceive=\"OK\"\n";

#[test]
fn files_of_other_programs_are_imported() {
    let folder = Folder::with(PAIR);
    fs::write(folder.path().join("ldirectord.cf"), LDIRECTORD).unwrap();
    let options = "--interface nosuch0 --key-file cluster.key --out imported.toml";
    let said = folder.run(&format!("import ldirectord.cf {options}"));
    // This host has no address on that interface, and no file says one.
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(said.err.contains("ldirectord.cf:2:1: changed: 192.0.2.100"), "{}", said.err);
    let said = folder.run("check imported.toml");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = folder.run(&format!("import ldirectord.cf {options}"));
    assert!(said.code == Some(2) && said.err.contains("exists"), "{}", said.err);
    fs::write(folder.path().join("ldirectord.cf"), LDIRECTORD.replace("gate", "gaet")).unwrap();
    let said = folder.run("import ldirectord.cf");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("ldirectord.cf:3:7") && said.err.contains("gate, masq or ipip"));
}

#[test]
fn a_file_of_ldirectord_is_taken_as_it_is() {
    let folder = Folder::with(PAIR);
    let wrong = LDIRECTORD.replace("quiescent=yes", "quiescent=maybe");
    for (name, from) in [("ldirectord.cf", ""), ("other", "--from ldirectord")] {
        fs::write(folder.path().join(name), &wrong).unwrap();
        for command in ["plan --config", "run --config", "check"] {
            let said = folder.run(&format!("{command} {name} {from}"));
            assert_eq!(said.code, Some(2), "{}", said.err);
            assert!(said.err.contains(&format!("{name}:1:11")), "{}", said.err);
        }
    }
}

#[test]
fn a_schema_completions_and_manual_pages_are_written() {
    let folder = Folder::with(PAIR);
    let said = folder.run("schema");
    assert!(said.code == Some(0) && said.out.contains("\"keepalive\""), "{}", said.err);
    for shell in ["bash", "zsh", "fish"] {
        let said = folder.run(&format!("completions {shell}"));
        assert!(said.code == Some(0) && said.out.contains("deny-warnings"), "{shell}");
    }
    assert_eq!(folder.run("man pages").code, Some(0));
    for page in ["director.1", "director-run.1", "director-import.1"] {
        let text = fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH OPTIONS"), "{page}");
    }
}
