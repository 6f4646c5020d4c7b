//! The same on the real ldirectord, with a program in the place of `ipvsadm` that keeps the table
//! in a file (that of `director-import`'s tests).

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/sbin/ldirectord";
/// A start of Perl and some dozen calls of the program that stands in.
const LONGEST: Duration = Duration::from_secs(50);

/// An ldirectord that runs, with its folder.
struct Theirs {
    daemon: Child,
    folder: tempfile::TempDir,
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _status = self.daemon.wait();
    }
}

impl Theirs {
    /// Starts it with a real server of the loopback in the table for each of these services, which
    /// it takes for healthy then; nothing where it is not installed.
    fn start(text: &str, services: &[&str], port: u16) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("skipped: {PROGRAM} is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ldirectord.cf");
        std::fs::write(&file, text).unwrap();
        // In the foreground it logs to where it writes.
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let table = services.iter().map(|service| {
            format!(
                "S\t-t {service}\twrr\t\t\t\t\nR\t-t {service}\t127.0.0.1:{port}\t-m\t5\t0\t0\n"
            )
        });
        std::fs::write(folder.path().join("table"), table.collect::<String>()).unwrap();
        let stand_in = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../director/crates/import/tests/real/ipvsadm");
        std::os::unix::fs::symlink(stand_in, folder.path().join("ipvsadm")).unwrap();
        let daemon = Command::new(PROGRAM)
            .arg("-d")
            .arg(&file)
            .arg("start")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Some(Self { daemon, folder })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the log has all of these lines, and gives the whole of it.
    fn wait_for(&self, words: &[&str]) -> String {
        let end = Instant::now() + LONGEST;
        loop {
            let log = self.log();
            if words.iter().all(|words| log.contains(words)) {
                return log;
            }
            assert!(Instant::now() < end, "{words:?} not in the log:\n{log}");
            // Another program works meanwhile; what it has done is looked at again.
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What it did, without what it says twice because it is being debugged.
fn lines<'a>(log: &'a str, words: &[&str]) -> Vec<&'a str> {
    let has = |line: &&str| words.iter().any(|words| line.contains(words));
    log.lines().filter(|line| !line.starts_with("DEBUG")).filter(has).collect()
}

#[test]
fn the_real_ldirectord_counts_a_failure_for_every_service() {
    let port = nobody();
    let real = format!("\treal=127.0.0.1:{port} masq 5\n\tchecktype=connect\n\tprotocol=tcp\n");
    let places = ["10.0.0.100:8001", "10.0.0.100:8002", "10.0.0.100:8003"];
    let services: String = places.map(|place| format!("virtual={place}\n{real}\n")).concat();
    // One round of checks, and the next an hour later.
    let globals = "failurecount=3\ncheckinterval=3600\nchecktimeout=2\nquiescent=yes\n";
    let text = format!("{globals}{services}");
    let Some(theirs) = Theirs::start(&text, &places, port) else { return };
    let log = theirs.wait_for(&["Quiescent real server"]);
    let said = lines(&log, &["Soft failure", "Quiescent real server"]);
    let ends = ["failure 1/3", "failure 2/3", "(Weight set to 0)"];
    // What comes after is its second look at the same server for the other services.
    assert!(said.len() >= ends.len(), "{said:#?}");
    assert!(said.iter().zip(ends).all(|(line, end)| line.ends_with(end)), "{said:#?}");
}

#[test]
fn the_real_ldirectord_counts_a_failed_ldap_connection_twice() {
    let port = nobody();
    let text = format!(
        "failurecount=4\ncheckinterval=3600\nchecktimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:389\n\treal=127.0.0.1:{port} masq 5\n\tservice=ldap\n\
         \tchecktype=negotiate\n\tprotocol=tcp\n"
    );
    let Some(theirs) = Theirs::start(&text, &["10.0.0.100:389"], port) else { return };
    theirs.wait_for(&["failure 1/4", "failure 2/4"]);
}

#[test]
fn the_real_ldirectord_takes_a_killed_program_and_silent_servers_for_healthy() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("killed");
    std::fs::write(&script, "#!/bin/sh\nkill -KILL $$\n").unwrap();
    std::fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let (one, two, three) = (nobody(), nobody(), nobody());
    let text = format!(
        "checkinterval=3600\nchecktimeout=2\nnegotiatetimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:8001\n\treal=127.0.0.1:{one} masq 5\n\tchecktype=external\n\
         \tcheckcommand=\"{}\"\n\tprotocol=tcp\n\n\
         virtual=10.0.0.100:110\n\treal=127.0.0.1:{two} masq 6\n\tservice=pop\n\
         \tchecktype=negotiate\n\tprotocol=tcp\n\n\
         virtual=10.0.0.100:8003\n\treal=127.0.0.1:{three} masq 7\n\tchecktype=negotiate\n\
         \tprotocol=tcp\n",
        script.display()
    );
    let Some(theirs) = Theirs::start(&text, &[], 0) else { return };
    // They begin with weight 0; nothing listens on any of the three ports.
    theirs.wait_for(&["(Weight set to 5)", "(Weight set to 6)", "(Weight set to 7)"]);
}

#[test]
fn the_real_ldirectord_gives_a_dead_server_weight_at_every_reload() {
    let port = nobody();
    let text = format!(
        "failurecount=1\ncheckinterval=1\nchecktimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:8001\n\treal=127.0.0.1:{port} masq 5\n\tchecktype=connect\n\
         \tprotocol=tcp\n"
    );
    let Some(theirs) = Theirs::start(&text, &[], 0) else { return };
    theirs.wait_for(&["(Weight set to 0)"]);
    let exposed = |log: &str| log.matches("(Weight set to 5)").count();
    let before = exposed(&theirs.log());
    let id = theirs.daemon.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    let end = Instant::now() + LONGEST;
    while exposed(&theirs.log()) <= before {
        assert!(Instant::now() < end, "{}", theirs.log());
        // Another program works meanwhile; what it has done is looked at again.
        std::thread::sleep(Duration::from_millis(50));
    }
}
