//! The real ldirectord in a folder of its own, with a program in the place of `ipvsadm` that keeps
//! the table in a file (that of `director-import`'s tests).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/sbin/ldirectord";
/// A start of Perl and some dozen calls of the program that stands in.
const LONGEST: Duration = Duration::from_secs(50);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// An ldirectord that runs, with its folder.
pub(crate) struct Theirs {
    daemon: Child,
    folder: tempfile::TempDir,
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // With all that it has started: with `fork=yes` it has children that check.
        let group = format!("-{}", self.daemon.id());
        let _gone = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _status = self.daemon.wait();
    }
}

fn program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

impl Theirs {
    /// Starts it with a real server of the loopback in the table for each of these services, which
    /// it takes for healthy then; nothing where it is not installed. `FOLDER` in the text is its
    /// folder, where the program `check` notes that it was asked, and passes until told otherwise;
    /// `killed` is ended by a signal, and `perl` is one for `external-perl` that fails.
    pub(crate) fn start(text: &str, services: &[&str], port: u16) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("skipped: {PROGRAM} is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let here = folder.path().display().to_string();
        std::fs::write(place("ldirectord.cf"), text.replace("FOLDER", &here)).unwrap();
        let check =
            format!("#!/bin/sh\necho asked >>{here}/asked\nexit \"$(cat {here}/status)\"\n");
        program(&place("check"), &check);
        std::fs::write(place("status"), "0").unwrap();
        program(&place("killed"), "#!/bin/sh\nkill -KILL $$\n");
        // A program that runs within ldirectord.
        std::fs::write(place("perl"), "exit 1;\n").unwrap();
        // In the foreground it logs to where it writes.
        let log = std::fs::File::create(place("log")).unwrap();
        let table = services.iter().map(|service| {
            format!(
                "S\t-t {service}\twrr\t\t\t\t\nR\t-t {service}\t127.0.0.1:{port}\t-m\t5\t0\t0\n"
            )
        });
        std::fs::write(place("table"), table.collect::<String>()).unwrap();
        let stand_in = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../director/crates/import/tests/real/ipvsadm");
        std::os::unix::fs::symlink(stand_in, place("ipvsadm")).unwrap();
        let daemon = Command::new(PROGRAM)
            .arg("-d")
            .arg(place("ldirectord.cf"))
            .arg("start")
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Some(Self { daemon, folder })
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let text = text.replace("FOLDER", &self.folder.path().display().to_string());
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        self.read("log")
    }

    /// What its checks find from now on.
    pub(crate) fn checks_pass(&self, pass: bool) {
        self.write("status", if pass { "0" } else { "1" });
    }

    /// Somebody changes the table by hand.
    pub(crate) fn by_hand(&self, words: &[&str]) {
        let folder = self.folder.path();
        let ended = Command::new("./ipvsadm").args(words).current_dir(folder).status();
        assert!(ended.unwrap().success(), "{words:?}");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.daemon.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + LONGEST;
        while !holds() {
            assert!(
                Instant::now() < end,
                "not seen: {what}\n{}\n{}",
                self.read("table"),
                self.log()
            );
            // Another program works meanwhile; what it has done is looked at again.
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until the log has all of these lines, and gives the whole of it.
    pub(crate) fn wait_for(&self, words: &[&str]) -> String {
        self.wait_until(&format!("{words:?} in the log"), || {
            let log = self.log();
            words.iter().all(|words| log.contains(words))
        });
        self.log()
    }

    /// Waits until the log has it once more than now.
    pub(crate) fn wait_for_another(&self, words: &str, meanwhile: impl FnOnce()) {
        let count = || self.log().matches(words).count();
        let before = count();
        meanwhile();
        self.wait_until(words, || count() > before);
    }

    /// Waits for so many further lines in a file. That a check begins shows that what came of
    /// those before it is done.
    pub(crate) fn wait_for_lines(&self, name: &str, number: usize) {
        let count = || self.read(name).lines().count();
        let before = count();
        self.wait_until(&format!("{number} lines in {name}"), || count() >= before + number);
    }

    pub(crate) fn wait_for_rounds(&self, number: usize) {
        self.wait_for_lines("asked", number);
    }

    /// Checks that were made.
    pub(crate) fn rounds(&self) -> usize {
        self.read("asked").lines().count()
    }

    /// What the table has of the server in the service.
    pub(crate) fn weight(&self, service: &str, server: &str) -> Option<String> {
        let head = format!("R\t{service}\t{server}\t");
        let table = self.read("table");
        let rest = table.lines().find_map(|line| line.strip_prefix(&head))?;
        rest.split('\t').nth(1).map(str::to_owned)
    }
}

/// Whether a module of Perl is there, and the word that it is not.
pub(crate) fn has_module(name: &str, package: &str) -> bool {
    let there = Command::new("perl").arg(format!("-M{name}")).args(["-e", "1"]).output();
    let there = there.is_ok_and(|it| it.status.success());
    if !there {
        println!("skipped: Perl has no {name}: apt-get install {package}");
    }
    there
}
