//! The director as a process of its node, its log, and the fallback server beside it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use scenario::Event;

use super::server::Server;
use super::table;
use crate::guest::RUN;
use crate::plan::{Behaviour, DirectorRole};
use crate::record::Recorder;

const CONFIG: &str = "/etc/director/director.toml";

/// A director's node: the program may run or not.
pub(super) struct Director {
    name: String,
    program: String,
    child: Option<Child>,
    recorder: Recorder,
    log: Recorder,
    fallback: Server,
}

impl Director {
    /// Writes the configuration and the key, and starts the fallback server.
    pub(super) fn prepare(
        name: &str,
        role: &DirectorRole,
        recorder: &Recorder,
    ) -> anyhow::Result<Self> {
        // A reload may have put a newer one there before the power was lost.
        if !Path::new(CONFIG).exists() {
            fs::write(CONFIG, &role.config).context("writing the configuration")?;
        }
        if let Some(path) = role.key_file.as_deref().filter(|path| !Path::new(path).exists()) {
            write_key(Path::new(path)).with_context(|| format!("writing the key {path}"))?;
        }
        Ok(Self {
            name: name.to_owned(),
            program: role.program.clone(),
            child: None,
            recorder: recorder.clone(),
            log: Recorder::open(&Path::new(RUN).join(format!("logs/{name}.jsonl")))?,
            fallback: Server::start(name, &role.serves)?,
        })
    }

    /// Starts the program unless it runs.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        self.log.begin_like(&self.recorder);
        if let Some(child) = &mut self.child
            && child.try_wait().context("the director")?.is_none()
        {
            return Ok(());
        }
        let errors = Path::new(RUN).join("stderr").join(format!("{}.director", self.name));
        let mut child = Command::new(&self.program)
            .args(["run", "--config", CONFIG, "--node", &self.name, "--log-format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(errors)?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program))?;
        if let Some(output) = child.stdout.take() {
            let (log, recorder, node) =
                (self.log.clone(), self.recorder.clone(), self.name.clone());
            std::thread::Builder::new().name("director log".to_owned()).spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // What a line tells of the table stands in the table already.
                    let _ = table::once(&node, &recorder);
                    log.printed(&line);
                }
                let text = "the director's output ended".to_owned();
                recorder.now(Event::Note { node: Some(node), text });
            })?;
        }
        self.child = Some(child);
        Ok(())
    }

    /// Asks the program to end and does not wait for it.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the program at once.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Puts another configuration in place and has the program read it.
    pub(super) fn reload(&mut self, config: &str) -> anyhow::Result<()> {
        let fresh = format!("{CONFIG}.new");
        fs::write(&fresh, config).context("writing the configuration")?;
        fs::rename(&fresh, CONFIG).context("replacing the configuration")?;
        self.signal(Signal::HUP)
    }

    /// Changes how the fallback server answers.
    pub(super) fn behave(&mut self, behaviour: Behaviour) -> anyhow::Result<()> {
        self.fallback.behave(behaviour)
    }

    /// The program, if it runs.
    pub(super) fn running(&mut self) -> anyhow::Result<Option<&str>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let ended = child.try_wait().context("the director")?;
        Ok(ended.is_none().then_some(&self.program))
    }

    fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        if child.try_wait().context("the director")?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("process id of the director")?, signal)
            .context("signalling the director")
    }
}

/// The key is the same on every node and no secret here.
fn write_key(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, format!("{}\n", "6c".repeat(32)))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
