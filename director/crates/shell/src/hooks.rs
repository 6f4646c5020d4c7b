//! Commands of the operator's: fencing, notifying of changes of role, fallbacks that come and go.
//!
//! For one group, and for one service, commands run one after the other in the order of what
//! happened; those of different ones run side by side. A command that takes too long is killed with
//! everything that it has started, and the next one runs.

use crate::program;
use director_core::Input;
use director_core::config::{Config, Hook};
use director_core::name::{GroupName, NodeName, ServiceName};
use director_core::report::Report;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Changes of one group or service that wait at most: older ones are not worth telling any more.
const WAITING: usize = 32;
/// How long the last commands are waited for when the director stops.
const LAST: Duration = Duration::from_secs(5);

/// A command that is to be run, with what it is told.
#[derive(Debug)]
struct Job {
    hook: Hook,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Job {
    async fn run(self) -> Result<(), String> {
        program::run(&self.hook, self.arguments, self.environment).await
    }
}

/// Who waits for the end of a command.
#[derive(Debug)]
enum Waits {
    Fence(NodeName),
    Next(About),
}

/// What a row of commands is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Group(GroupName),
    Service(ServiceName),
}

impl fmt::Display for About {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(formatter, "notify command of group {name}"),
            Self::Service(name) => write!(formatter, "fallback command of service {name}"),
        }
    }
}

/// The commands that run and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    running: JoinSet<(Waits, Result<(), String>)>,
    /// Per group or service with a running command: what comes after it.
    queues: BTreeMap<About, VecDeque<Job>>,
    /// Services whose fallback command was told to start, and what tells it to stop.
    started: BTreeMap<ServiceName, Job>,
}

impl Hooks {
    /// Makes sure that a peer is off.
    pub(crate) fn fence(&mut self, hook: Option<&Hook>, us: &NodeName, peer: NodeName) {
        let Some(hook) = hook.cloned() else {
            let why = Err("no fencing command is configured any more".to_owned());
            self.running.spawn(async move { (Waits::Fence(peer), why) });
            return;
        };
        let environment =
            vec![("DIRECTOR_NODE", us.to_string()), ("DIRECTOR_PEER", peer.to_string())];
        let job = Job { hook, arguments: vec![peer.to_string()], environment };
        self.running.spawn(async move { (Waits::Fence(peer), job.run().await) });
    }

    /// Tells the operator's commands of what has happened.
    pub(crate) fn tell(&mut self, config: &Config, us: &NodeName, report: &Report) {
        if let Some(hook) = &config.cluster.notify {
            self.notify(hook, us, report);
        }
        match report {
            Report::Fallback { service, serving: begins }
            | Report::Unserved { service, unserved: begins } => {
                self.fall_back(config, us, service, *begins);
            }
            Report::Reloaded => self.stop_fallbacks(|name| {
                let service = config.services.get(name);
                service.is_some_and(|service| service.fallback_command.is_some())
            }),
            Report::Stopping => self.stop_fallbacks(|_| false),
            _ => {}
        }
    }

    /// The fallback of a service comes into force, or goes.
    fn fall_back(&mut self, config: &Config, us: &NodeName, name: &ServiceName, begins: bool) {
        if !begins {
            if let Some(job) = self.started.remove(name) {
                self.queue(About::Service(name.clone()), job);
            }
            return;
        }
        let Some(service) = config.services.get(name) else { return };
        let Some(hook) = service.fallback_command.clone() else { return };
        let (target, protocol) = match (service.key.address(), service.key.mark()) {
            (Some(address), _) => (address.to_string(), service.key.protocol()),
            (None, mark) => (mark.unwrap_or_default().to_string(), None),
        };
        let protocol = protocol.map_or_else(|| "fwm".to_owned(), |it| it.to_string());
        let job = |word: &str| Job {
            hook: hook.clone(),
            arguments: vec![word.to_owned(), target.clone(), protocol.clone()],
            environment: vec![
                ("DIRECTOR_NODE", us.to_string()),
                ("DIRECTOR_SERVICE", name.to_string()),
            ],
        };
        // What was started is stopped before it is started again.
        if self.started.insert(name.clone(), job("stop")).is_none() {
            self.queue(About::Service(name.clone()), job("start"));
        }
    }

    /// What was started stops, but for services that `keep` says.
    fn stop_fallbacks(&mut self, keep: impl Fn(&ServiceName) -> bool) {
        let gone: Vec<ServiceName> =
            self.started.keys().filter(|name| !keep(name)).cloned().collect();
        for name in gone {
            if let Some(job) = self.started.remove(&name) {
                self.queue(About::Service(name), job);
            }
        }
    }

    /// Tells the operator's command of a change of role.
    fn notify(&mut self, hook: &Hook, us: &NodeName, report: &Report) {
        let Report::Role { group, from, to, why } = report else { return };
        let environment = vec![
            ("DIRECTOR_NODE", us.to_string()),
            ("DIRECTOR_GROUP", group.to_string()),
            ("DIRECTOR_ROLE", to.to_string()),
            ("DIRECTOR_FROM", from.to_string()),
            ("DIRECTOR_WHY", why.to_string()),
        ];
        let arguments = vec![group.to_string(), to.to_string()];
        let job = Job { hook: hook.clone(), arguments, environment };
        self.queue(About::Group(group.clone()), job);
    }

    /// Runs a command when those before it have ended.
    fn queue(&mut self, about: About, job: Job) {
        let Some(queue) = self.queues.get_mut(&about) else {
            self.queues.insert(about.clone(), VecDeque::new());
            self.begin(about, job);
            return;
        };
        queue.push_back(job);
        if queue.len() > WAITING {
            queue.pop_front();
            tracing::warn!("the {about} is too slow: a change is not told");
        }
    }

    fn begin(&mut self, about: About, job: Job) {
        self.running.spawn(async move { (Waits::Next(about), job.run().await) });
    }

    /// Waits for the next end of a command that the director waits for. Dropping this loses
    /// nothing.
    pub(crate) async fn finished(&mut self) -> Input {
        loop {
            match self.running.join_next().await {
                None => std::future::pending().await,
                Some(Ok((Waits::Fence(peer), result))) => return Input::Fenced { peer, result },
                Some(Ok((Waits::Next(about), result))) => self.ended(about, &result),
                Some(Err(error)) => tracing::error!("a command was not waited for: {error}"),
            }
        }
    }

    fn ended(&mut self, about: About, result: &Result<(), String>) {
        if let Err(why) = result {
            tracing::warn!("{about}: {why}");
        }
        match self.queues.get_mut(&about).and_then(VecDeque::pop_front) {
            Some(job) => self.begin(about, job),
            None => {
                self.queues.remove(&about);
            }
        }
    }

    /// Waits for the commands that still run or wait, but not for ever.
    pub(crate) async fn drain(mut self) {
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                if let Ok((Waits::Next(about), result)) = ended {
                    self.ended(about, &result);
                }
            }
        };
        if timeout(LAST, all).await.is_err() {
            tracing::warn!("commands still ran after {} s and were ended", LAST.as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::report::{Role, RoleCause};
    use std::path::Path;

    fn shell(script: &str, timeout: Duration) -> Hook {
        let words = ["/bin/sh", "-c", script, "hook"];
        Hook { command: words.map(str::to_owned).to_vec(), timeout }
    }

    fn us() -> NodeName {
        NodeName::new("d1").unwrap()
    }

    fn role(group: &str, to: Role) -> Report {
        let group = GroupName::new(group).unwrap();
        Report::Role { group, from: Role::Standby, to, why: RoleCause::NoOwner }
    }

    fn lines(file: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn changes_of_one_group_are_told_in_order_and_never_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        // Two at once would write into each other's lines.
        let script =
            format!("echo begin $2 >> {0}; echo end $2 $DIRECTOR_FROM >> {0}", file.display());
        let hook = shell(&script, Duration::from_secs(10));
        let mut hooks = Hooks::default();
        for to in [Role::Taking, Role::Active, Role::Releasing, Role::Standby] {
            hooks.notify(&hook, &us(), &role("web", to));
        }
        hooks.drain().await;
        let expected: Vec<String> = ["taking", "active", "releasing", "standby"]
            .iter()
            .flat_map(|to| [format!("begin {to}"), format!("end {to} standby")])
            .collect();
        assert_eq!(lines(&file), expected);
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_killed_with_what_it_started_and_the_next_one_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        let script = format!(
            "echo $2 >> {0}; if [ $2 = taking ]; then (read _ < {1}; echo late >> {0}) & wait; fi",
            file.display(),
            folder.path().join("pipe").display()
        );
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("pipe"), 0o600.into()).unwrap();
        let hook = shell(&script, Duration::from_millis(300));
        let mut hooks = Hooks::default();
        hooks.notify(&hook, &us(), &role("web", Role::Taking));
        hooks.notify(&hook, &us(), &role("web", Role::Active));
        hooks.drain().await;
        // Nobody is left who reads: opening for writing alone would wait for ever otherwise.
        let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
        let open = || rustix::fs::open(folder.path().join("pipe"), flags, 0o0.into());
        for _ in 0..1000 {
            if open().is_err() {
                break;
            }
            // What is killed may take a moment to be gone.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(open().unwrap_err(), rustix::io::Errno::NXIO);
        assert_eq!(lines(&file), ["taking", "active"]);
    }

    #[tokio::test]
    async fn groups_do_not_wait_for_each_other() {
        let hook = shell("[ $1 = mail ] || exec sleep 60", Duration::from_secs(60));
        let mut hooks = Hooks::default();
        hooks.notify(&hook, &us(), &role("web", Role::Active));
        hooks.notify(&hook, &us(), &role("mail", Role::Active));
        hooks.fence(Some(&shell("true", Duration::from_secs(10))), &us(), us());
        let ended = hooks.finished().await;
        assert_eq!(ended, Input::Fenced { peer: us(), result: Ok(()) });
        let web = About::Group(GroupName::new("web").unwrap());
        assert!(hooks.queues.contains_key(&web));
    }

    #[tokio::test]
    async fn the_end_of_fencing_is_told_with_its_reason() {
        let peer = || NodeName::new("d2").unwrap();
        let mut told = Vec::new();
        for (script, millis) in [("[ $1 = d2 ]", 10_000), ("exit 3", 10_000), ("sleep 60", 50)] {
            let mut hooks = Hooks::default();
            let hook = shell(script, Duration::from_millis(millis));
            hooks.fence(Some(&hook), &us(), peer());
            let Input::Fenced { result, .. } = hooks.finished().await else { panic!("no end") };
            told.push(result.err().unwrap_or_default());
        }
        assert_eq!(told[0], "");
        assert_eq!(told[1], "/bin/sh: exit status: 3");
        assert_eq!(told[2], "/bin/sh ran for more than 50 ms and was killed");
        let mut hooks = Hooks::default();
        hooks.fence(None, &us(), peer());
        assert!(matches!(hooks.finished().await, Input::Fenced { result: Err(_), .. }));
    }

    #[tokio::test]
    async fn a_command_that_cannot_be_run_is_told_of() {
        let hook = Hook { command: vec!["/no/such".into()], timeout: Duration::from_secs(1) };
        let mut hooks = Hooks::default();
        hooks.fence(Some(&hook), &us(), us());
        let Input::Fenced { result: Err(why), .. } = hooks.finished().await else {
            panic!("it ran")
        };
        assert!(why.contains("/no/such cannot be run"), "{why}");
    }
}
