//! Commands of the operator's: fencing, and notifying of changes of role.
//!
//! For one group, commands run one after the other in the order of what happened; those of
//! different groups run side by side. A command that takes too long is killed with everything that
//! it has started, and the next one runs.

use director_core::Input;
use director_core::config::Hook;
use director_core::name::{GroupName, NodeName};
use director_core::report::Report;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::{BTreeMap, VecDeque};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Changes of a group that wait at most: older ones are not worth telling any more.
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

/// Who waits for the end of a command.
#[derive(Debug)]
enum Waits {
    Fence(NodeName),
    Notify(GroupName),
}

/// The commands that run and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    running: JoinSet<(Waits, Result<(), String>)>,
    /// Per group with a running command: what comes after it.
    queues: BTreeMap<GroupName, VecDeque<Job>>,
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
        self.running.spawn(async move { (Waits::Fence(peer), run(job).await) });
    }

    /// Tells the operator's command of a change of role.
    pub(crate) fn notify(&mut self, hook: &Hook, us: &NodeName, report: &Report) {
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
        let Some(queue) = self.queues.get_mut(group) else {
            self.queues.insert(group.clone(), VecDeque::new());
            self.begin(group.clone(), job);
            return;
        };
        queue.push_back(job);
        if queue.len() > WAITING {
            queue.pop_front();
            tracing::warn!(
                "the notify command of group {group} is too slow: a change of role is not told"
            );
        }
    }

    fn begin(&mut self, group: GroupName, job: Job) {
        self.running.spawn(async move { (Waits::Notify(group), run(job).await) });
    }

    /// Waits for the next end of a command that the director waits for. Dropping this loses
    /// nothing.
    pub(crate) async fn finished(&mut self) -> Input {
        loop {
            match self.running.join_next().await {
                None => std::future::pending().await,
                Some(Ok((Waits::Fence(peer), result))) => return Input::Fenced { peer, result },
                Some(Ok((Waits::Notify(group), result))) => self.notified(group, &result),
                Some(Err(error)) => tracing::error!("a command was not waited for: {error}"),
            }
        }
    }

    fn notified(&mut self, group: GroupName, result: &Result<(), String>) {
        if let Err(why) = result {
            tracing::warn!("notify command of group {group}: {why}");
        }
        match self.queues.get_mut(&group).and_then(VecDeque::pop_front) {
            Some(job) => self.begin(group, job),
            None => {
                self.queues.remove(&group);
            }
        }
    }

    /// Waits for the commands that still run or wait, but not for ever.
    pub(crate) async fn drain(mut self) {
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                if let Ok((Waits::Notify(group), result)) = ended {
                    self.notified(group, &result);
                }
            }
        };
        if timeout(LAST, all).await.is_err() {
            tracing::warn!("commands still ran after {} s and were ended", LAST.as_secs());
        }
    }
}

/// Runs a command to its end, or kills it with its descendants.
async fn run(job: Job) -> Result<(), String> {
    let Some((program, first)) = job.hook.command.split_first() else {
        return Err("the command is empty".to_owned());
    };
    let child = Command::new(program)
        .args(first)
        .args(&job.arguments)
        .envs(job.environment)
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let mut group = Group { child };
    match timeout(job.hook.timeout, group.child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program}: {status}")),
        Ok(Err(error)) => Err(format!("{program} was not waited for: {error}")),
        Err(_) => {
            let limit = job.hook.timeout.as_millis();
            Err(format!("{program} ran for more than {limit} ms and was killed"))
        }
    }
}

/// A command with everything that it starts.
struct Group {
    child: Child,
}

impl Drop for Group {
    /// Whatever it has left behind holds up nothing any more.
    fn drop(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // Gone already, or not ours any more.
            let _gone = kill_process_group(id, Signal::KILL);
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
        let pipe = rustix::fs::open(folder.path().join("pipe"), flags, 0o0.into());
        assert_eq!(pipe.unwrap_err(), rustix::io::Errno::NXIO);
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
        assert!(hooks.queues.contains_key(&GroupName::new("web").unwrap()));
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
