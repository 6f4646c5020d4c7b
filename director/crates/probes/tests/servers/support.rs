//! Real servers: started with a configuration of their own, frozen, stopped.

use director_core::config::Dialogue;
use director_core::config::dialogue::{Login, Secret, Tls, Trust};
use director_core::probe::{Failure, Outcome, Probe};
use director_probes::{LocalHost, probe};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For a server to start in.
const STARTING: Duration = Duration::from_secs(40);
/// For a server to stop in before it is killed.
const STOPPING: Duration = Duration::from_secs(5);
/// Far more than the loopback needs; no test waits for it.
const PLENTY: Duration = Duration::from_secs(10);
/// For a check of a server that does not answer.
const SHORT: Duration = Duration::from_millis(300);

pub(crate) const USER: &str = "director";
pub(crate) const PASSWORD: &str = "hidden";

/// Where a program of a Debian package is.
pub(crate) fn found(program: &str) -> Option<PathBuf> {
    let folders =
        ["/usr/sbin", "/usr/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"];
    folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// The program, or the word that its test is skipped.
macro_rules! need {
    ($program:literal, $package:literal) => {
        match crate::support::found($program) {
            Some(path) => path,
            None => {
                println!("skipped: {} is not installed", $package);
                return;
            }
        }
    };
}
pub(crate) use need;

/// Some servers give up privileges that only root has.
macro_rules! need_root {
    ($server:literal) => {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: {} must be started by root", $server);
            return;
        }
    };
}
pub(crate) use need_root;

/// A folder with a certificate, its key, and a password.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("check-").tempdir().unwrap();
        // Servers look into it as users of their own.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let place = Self { folder };
        let named = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        place.write("cert.pem", &named.cert.pem());
        place.write("key.pem", &named.signing_key.serialize_pem());
        place.write("password", &format!("{PASSWORD}\n"));
        place.write("wrong", "something else\n");
        for secret in ["password", "wrong"] {
            fs::set_permissions(place.path(secret), Permissions::from_mode(0o600)).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Writes a file; `DIR` in it stands for the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text.replace("DIR", self.root())).unwrap();
        path
    }

    /// Makes a folder that everybody may write to.
    pub(crate) fn folder(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        path
    }

    pub(crate) fn login(&self) -> Login {
        Login { user: USER.into(), password: Secret::File(self.path("password")) }
    }

    pub(crate) fn wrong_login(&self) -> Login {
        Login { user: USER.into(), password: Secret::File(self.path("wrong")) }
    }

    /// TLS with a server that shows this place's certificate.
    pub(crate) fn tls(&self) -> Tls {
        Tls { trust: Trust::Roots(self.path("cert.pem")), ..Tls::default() }
    }
}

/// A port that nobody uses now, for both transports.
pub(crate) fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A program that must end well before a server can start.
pub(crate) fn prepare(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    log: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command, place: &Place) -> Self {
        let log = place.path("output");
        let output = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        // A group of its own, so that all of it can be frozen.
        let child = command.process_group(0).spawn().unwrap();
        Self { child, log }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    fn freeze(&self) {
        kill_process_group(self.pid(), Signal::STOP).unwrap();
    }

    fn thaw(&self) {
        kill_process_group(self.pid(), Signal::CONT).unwrap();
    }

    /// Ends it, by force if need be.
    fn stop(&mut self) {
        let _gone = kill_process(self.pid(), Signal::TERM);
        let limit = Instant::now() + STOPPING;
        while self.child.try_wait().unwrap().is_none() && Instant::now() < limit {
            // There is no event for the end of a child that std can wait for with a limit.
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = kill_process_group(self.pid(), Signal::KILL);
        self.child.kill().ok();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = kill_process_group(self.pid(), Signal::CONT);
        self.stop();
    }
}

/// Carries out one check.
pub(crate) async fn asked(port: u16, dialogue: &Dialogue, timeout: Duration) -> Outcome {
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let check = Probe { target, dialogue: dialogue.clone(), timeout };
    probe(&LocalHost::default(), &check).await
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Ok(_) => "up".to_owned(),
        Err(failure) => failure.to_string().chars().take(60).collect(),
    }
}

/// Takes a server through its cases and prints a row of the table: healthy, wrong answers, frozen,
/// stopped. All of them are asked on the port that stands beside them.
pub(crate) async fn rehearse(
    title: &str,
    mut server: Server,
    healthy: &[(u16, &str, Dialogue)],
    wrong: &[(u16, &str, Dialogue)],
) {
    let mut row = format!("{title:<12}");
    let limit = Instant::now() + STARTING;
    for (port, case, dialogue) in healthy {
        let mut outcome = asked(*port, dialogue, PLENTY).await;
        // Until it has started, and no longer.
        while outcome.is_err()
            && Instant::now() < limit
            && server.child.try_wait().unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
            outcome = asked(*port, dialogue, PLENTY).await;
        }
        let said = || fs::read_to_string(&server.log).unwrap_or_default();
        assert!(outcome.is_ok(), "{title} {case}: {outcome:?}\n{}", said());
        row += &format!(" | {case}: {}", word(&outcome));
    }
    for (port, case, dialogue) in wrong {
        let outcome = asked(*port, dialogue, PLENTY).await;
        let failure = outcome.as_ref().expect_err(case);
        let blamed = !matches!(failure, Failure::Local { .. } | Failure::Refused);
        assert!(blamed, "{title} {case}: {failure:?}");
        row += &format!(" | {case}: {}", word(&outcome));
    }
    let (port, _, dialogue) = &healthy[0];
    server.freeze();
    let outcome = asked(*port, dialogue, SHORT).await;
    assert!(matches!(outcome, Err(Failure::TimedOut { .. })), "{title} frozen: {outcome:?}");
    row += &format!(" | frozen: {}", word(&outcome));
    server.thaw();
    server.stop();
    let limit = Instant::now() + STOPPING;
    let mut outcome = asked(*port, dialogue, PLENTY).await;
    // Its socket goes with the last of its processes.
    while outcome != Err(Failure::Refused) && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(50)).await;
        outcome = asked(*port, dialogue, PLENTY).await;
    }
    assert_eq!(outcome, Err(Failure::Refused), "{title} stopped");
    println!("{row} | stopped: {}", word(&outcome));
}
