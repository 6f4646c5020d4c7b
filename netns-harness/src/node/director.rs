//! The director as a process of its node, its log, and the fallback server beside it.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use scenario::Event;

use super::server::Server;
use super::shortage::Shortage;
use super::{heartbeat, processes, table};
use crate::clock;
use crate::config;
use crate::guest::RUN;
use crate::join;
use crate::plan::{Behaviour, DirectorRole, Resource};
use crate::record::Recorder;
use crate::rundir::INPUTS;
use crate::stack::Stack;
use crate::translate::ConfigText;

/// A program that was told to end and has not after this goes on.
const ENDING: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// A director's node: the program may run or not.
pub(super) struct Director {
    name: String,
    stack: Stack,
    program: String,
    /// How long after the beginning it is started.
    launch: Duration,
    /// The control group that its processes are counted in.
    group: Option<String>,
    /// The configuration's first file.
    config: String,
    child: Option<Child>,
    /// It was told to end.
    ending: bool,
    /// It votes, and directs nothing.
    votes: bool,
    recorder: Recorder,
    log: Recorder,
    fallback: Server,
    shortage: Shortage,
}

impl Director {
    /// Writes the configuration and the key, and starts the fallback server.
    pub(super) fn prepare(
        name: &str,
        role: &DirectorRole,
        group: Option<&str>,
        recorder: &Recorder,
    ) -> anyhow::Result<Self> {
        if role.stack == Stack::Ldirectord {
            heartbeat::prepare()?;
        }
        // A reload may have put newer ones there before the power was lost.
        for file in role.files.iter().filter(|file| !Path::new(&file.path).exists()) {
            put(file)?;
        }
        provide_key(role.key_file.as_deref())?;
        Ok(Self {
            name: name.to_owned(),
            stack: role.stack,
            program: role.program.clone(),
            launch: role.launch,
            group: group.map(str::to_owned),
            config: role.files.first().map(|file| file.path.clone()).unwrap_or_default(),
            child: None,
            ending: false,
            votes: false,
            recorder: recorder.clone(),
            log: Recorder::open(&Path::new(RUN).join(format!("logs/{name}.jsonl")))?,
            fallback: Server::start(name, &role.serves, Vec::new())?,
            shortage: Shortage::default(),
        })
    }

    /// Starts the program for the first time, as long after the beginning as a machine takes.
    pub(super) fn launch(&mut self) -> anyhow::Result<()> {
        // A time that the seed has drawn: nothing is waited for.
        std::thread::sleep(self.launch);
        self.start()
    }

    /// The same, as a voter.
    pub(super) fn voting(self) -> Self {
        Self { votes: true, ..self }
    }

    fn arguments(&self) -> Vec<String> {
        if !self.votes {
            let mut arguments = self.stack.arguments(&self.name, &self.config);
            let records = Path::new(RUN).join(INPUTS);
            if self.stack == Stack::Director && records.is_dir() {
                let record = records.join(&self.name).display().to_string();
                arguments.extend(["--record".to_owned(), record]);
            }
            return arguments;
        }
        ["witness", "--config", &self.config, "--log-format", "json"].map(str::to_owned).into()
    }

    /// Starts the program unless it runs. One that is ending is waited for, as a service manager
    /// does.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        self.log.begin_like(&self.recorder);
        if let Some(child) = &mut self.child
            && child.try_wait().context("the director")?.is_none()
            && !(self.ending && has_ended(child)?)
        {
            return Ok(());
        }
        self.ending = false;
        let (output, printed) = io::pipe().context("a pipe for the log")?;
        let errors: Stdio = match self.stack {
            Stack::Director => {
                let errors = Path::new(RUN).join("stderr").join(format!("{}.director", self.name));
                File::options().create(true).append(true).open(errors)?.into()
            }
            // Their logs go to the standard error, if anywhere.
            Stack::Keepalived | Stack::Ldirectord => {
                printed.try_clone().context("a pipe for the log")?.into()
            }
        };
        let mut command = self.command();
        let child = command
            .args(self.arguments())
            .stdin(Stdio::null())
            .stdout(printed)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program))?;
        let (log, recorder, node) = (self.log.clone(), self.recorder.clone(), self.name.clone());
        std::thread::Builder::new().name("director log".to_owned()).spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // What a line tells of the table stands in the table already.
                let _ = table::once(&node, &recorder);
                log.printed(&line);
            }
            let text = "the director's output ended".to_owned();
            recorder.now(Event::Note { node: Some(node), text });
        })?;
        self.child = Some(child);
        Ok(())
    }

    /// The program, without its arguments.
    fn command(&self) -> Command {
        let plain = match self.stack {
            Stack::Director | Stack::Keepalived => Command::new(&self.program),
            Stack::Ldirectord => heartbeat::command(&self.program),
        };
        match &self.group {
            Some(group) => join::first(group, &plain),
            None => plain,
        }
    }

    /// Asks the program to end and does not wait for it.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.ending = true;
        match self.stack {
            Stack::Director | Stack::Keepalived => self.signal(Signal::TERM),
            Stack::Ldirectord => heartbeat::stop(&self.program),
        }
    }

    /// Orders the program to give what it owns to its peer, and does not wait for it.
    pub(super) fn hand_over(&mut self) -> anyhow::Result<()> {
        match self.stack {
            Stack::Director => {
                let mut command = Command::new(&self.program);
                let command = command.arg("handover").stdin(Stdio::null()).stdout(Stdio::null());
                let mut child = command.spawn().context("director handover")?;
                std::thread::Builder::new().name("handover".to_owned()).spawn(move || {
                    // What it says of it stands in the director's log.
                    let _ = child.wait();
                })?;
                Ok(())
            }
            // keepalived has no such order, and Heartbeat's ends in the same as a stop.
            Stack::Keepalived | Stack::Ldirectord => self.stop(),
        }
    }

    /// Orders the running program something by its command line, and does not wait for it; what it
    /// says stands in the history.
    pub(super) fn operate(&mut self, words: Vec<String>) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        let command = command.args(&words).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.context("an order for the director")?;
        let (recorder, node) = (self.recorder.clone(), self.name.clone());
        std::thread::Builder::new().name("order".to_owned()).spawn(move || {
            let text = match child.wait_with_output() {
                Ok(output) => {
                    let said = [output.stdout, output.stderr].concat();
                    let said = String::from_utf8_lossy(&said).into_owned();
                    let said: Vec<&str> = said.lines().collect();
                    let ended = if output.status.success() { "" } else { " (refused)" };
                    format!("director {}{ended}: {}", words.join(" "), said.join("; "))
                }
                Err(error) => format!("director {}: {error}", words.join(" ")),
            };
            recorder.now(Event::Note { node: Some(node), text });
        })?;
        Ok(())
    }

    /// Ends the program at once, all of its processes.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.ending = true;
        processes::signal(Signal::KILL, self.fallback.group())
    }

    /// Stops or goes on with all processes of the program; what serves beside it goes on.
    pub(super) fn freeze(&mut self, signal: Signal) -> anyhow::Result<()> {
        processes::signal(signal, self.fallback.group())
    }

    /// Lets the program have no more of a resource.
    pub(super) fn exhaust(&mut self, resource: Resource) -> anyhow::Result<()> {
        self.shortage.begin(resource, self.fallback.group())
    }

    /// Lets it have as much as before.
    pub(super) fn replenish(&mut self, resource: Resource) -> anyhow::Result<()> {
        self.shortage.end(resource)
    }

    /// Puts another configuration in place and has the program read it.
    pub(super) fn reload(&mut self, files: &[ConfigText]) -> anyhow::Result<()> {
        let is_new = |file: &&ConfigText| {
            fs::read_to_string(&file.path).ok().as_deref() != Some(file.text.as_str())
        };
        let changed: Vec<&ConfigText> = files.iter().filter(is_new).collect();
        for file in &changed {
            put(file)?;
        }
        match self.stack {
            Stack::Director | Stack::Keepalived => {
                // A file that is no TOML is the director's to complain of.
                let known = files.first().and_then(|file| config::read(&file.text).ok());
                provide_key(known.and_then(|known| known.key_file).as_deref())?;
                self.signal(Signal::HUP)
            }
            Stack::Ldirectord => heartbeat::reload(&self.program, &changed),
        }
    }

    /// Changes how the fallback server answers.
    pub(super) fn behave(&mut self, behaviour: Behaviour) -> anyhow::Result<()> {
        self.fallback.behave(behaviour)
    }

    /// The program that can be asked for its table, or why none can.
    pub(super) fn asked(&mut self) -> anyhow::Result<Result<&str, String>> {
        let word = self.stack.word();
        if self.stack != Stack::Director {
            return Ok(Err(format!("{word} has no such status")));
        }
        let ended = self.child.as_mut().map(Child::try_wait).transpose().context("the director")?;
        Ok(match ended {
            Some(None) => Ok(&self.program),
            Some(Some(_)) | None => Err(format!("its {word} does not run at the end")),
        })
    }

    fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        match self.process()? {
            Some(process) => kill_process(process, signal).context("signalling the director"),
            None => Ok(()),
        }
    }

    /// The program's process, if it runs.
    fn process(&mut self) -> anyhow::Result<Option<Pid>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        if child.try_wait().context("the director")?.is_some() {
            return Ok(None);
        }
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        pid.context("process id of the director").map(Some)
    }
}

/// Puts a file of the configuration in place, so that nobody sees half of it.
pub(super) fn put(file: &ConfigText) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let fresh = format!("{}.new", file.path);
    fs::write(&fresh, &file.text).with_context(|| format!("writing {}", file.path))?;
    let mode = if file.secret { 0o600 } else { 0o644 };
    fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))?;
    fs::rename(&fresh, &file.path).with_context(|| format!("replacing {}", file.path))
}

/// Writes the key of a configuration unless it is there.
fn provide_key(path: Option<&str>) -> anyhow::Result<()> {
    match path.map(Path::new).filter(|path| !path.exists()) {
        Some(path) => {
            write_key(path).with_context(|| format!("writing the key {}", path.display()))
        }
        None => Ok(()),
    }
}

/// The key is the same on every node that names the same file, and no secret here.
fn write_key(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, format!("{}{}\n", "6c".repeat(32), path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// Waits for the end of a program that was told to end.
fn has_ended(child: &mut Child) -> anyhow::Result<bool> {
    let deadline = clock::now() + ENDING;
    while clock::now() < deadline {
        if child.try_wait().context("the director")?.is_some() {
            return Ok(true);
        }
        clock::sleep_until(clock::now() + PAUSE);
    }
    Ok(false)
}
