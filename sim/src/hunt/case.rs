//! A scenario in the form in which it is drawn, shrunk and written.

use super::write;
use scenario::{Action, ConfigFile, Cut, Extent, Heal, Mood, NodeKind, Scenario, Skew, When};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// One statement at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counted from the start.
    pub at: Duration,
    /// What is done.
    pub action: Action,
}

/// What is left out or kept together: a fault and what undoes it.
///
/// A cut without its heal, or a stop without its start, is another fault: whoever shrinks a case
/// must not turn the one into the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// In the order of their times; the first is the fault.
    pub lines: Vec<Line>,
}

/// A scenario whose times are drawn, as units that can be left out.
#[derive(Clone, Debug)]
pub struct Case {
    /// Title, length, topology and load; its own timeline and expectations do not count.
    pub(crate) frame: Scenario,
    /// What happens.
    pub units: Vec<Unit>,
    /// What waits for a condition, as text; it is kept as it is.
    pub reactions: Vec<String>,
    /// What must be true, as text.
    pub expect: Vec<String>,
}

impl Case {
    /// Of a scenario under a seed.
    #[must_use]
    pub fn of(scenario: &Scenario, seed: u64) -> Self {
        let schedule = scenario.schedule(seed);
        let lines = schedule.into_iter().map(|one| Line { at: one.at, action: one.action });
        let expect = scenario.expectations.iter().map(|one| one.text.clone()).collect();
        let reactions = scenario.timeline.iter();
        let reactions = reactions.filter(|one| matches!(one.when, When::Upon { .. }));
        let reactions = reactions.map(|one| one.text.clone()).collect();
        Self { frame: scenario.clone(), units: units(lines.collect()), reactions, expect }
    }

    /// Every statement, in time order.
    #[must_use]
    pub fn lines(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.units.iter().flat_map(|unit| &unit.lines).collect();
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// As a scenario file.
    #[must_use]
    pub fn text(&self) -> String {
        write::text(self)
    }

    /// As a scenario; `None` when its expectations need a statement that it no longer has.
    #[must_use]
    pub fn scenario(&self) -> Option<Arc<Scenario>> {
        let configs = self.configs();
        let read = |path: &str| {
            let found = configs.iter().find(|config| config.path == path);
            found.map(|config| config.text.clone()).ok_or_else(|| format!("there is no {path}"))
        };
        Scenario::parse(&self.frame.file, &self.text(), &read).ok().map(Arc::new)
    }

    /// The configuration files that it names, each once.
    fn configs(&self) -> Vec<ConfigFile> {
        let mut found: Vec<ConfigFile> = Vec::new();
        let used = self.frame.directors().map(|(_, config)| config);
        let reloads = self.units.iter().flat_map(|unit| &unit.lines);
        let reloads = reloads.filter_map(|line| match &line.action {
            Action::Reload { config, .. } => Some(config),
            _ => None,
        });
        let prepared = self.frame.nodes.iter().filter_map(|node| node.prepare.as_ref());
        for config in used.chain(prepared).chain(reloads) {
            if !found.iter().any(|one| one.path == config.path) {
                found.push(config.clone());
            }
        }
        found
    }

    /// Writes the scenario as `DIR/NAME.toml`, and what it names as `DIR/config/NAME-….toml`.
    ///
    /// # Errors
    /// A sentence with the path that could not be written.
    pub fn write(&self, folder: &Path, name: &str, notes: &[String]) -> Result<PathBuf, String> {
        let mut case = self.clone();
        let put = |path: &Path, text: &str| {
            std::fs::write(path, text)
                .map_err(|why| format!("cannot write {}: {why}", path.display()))
        };
        let configs = folder.join("config");
        std::fs::create_dir_all(&configs)
            .map_err(|why| format!("cannot make {}: {why}", configs.display()))?;
        for (number, config) in self.configs().iter().enumerate() {
            let path = format!("config/{name}-{}.toml", number + 1);
            put(&folder.join(&path), &config.text)?;
            case.rename(&config.path, &path);
        }
        let path = folder.join(format!("{name}.toml"));
        let notes: String = notes.iter().map(|note| format!("# {note}\n")).collect();
        put(&path, &(notes + &case.text()))?;
        Ok(path)
    }

    fn rename(&mut self, from: &str, to: &str) {
        let rename = |config: &mut ConfigFile| {
            if config.path == from {
                to.clone_into(&mut config.path);
            }
        };
        for node in &mut self.frame.nodes {
            if let NodeKind::Director { config, .. } | NodeKind::Voter { config } = &mut node.kind {
                rename(config);
            }
            node.prepare.iter_mut().for_each(rename);
        }
        for line in self.units.iter_mut().flat_map(|unit| &mut unit.lines) {
            if let Action::Reload { config, .. } = &mut line.action {
                rename(config);
            }
        }
    }
}

/// Puts each fault together with the next statement that undoes it.
fn units(lines: Vec<Line>) -> Vec<Unit> {
    let mut rest: Vec<Option<Line>> = lines.into_iter().map(Some).collect();
    let mut found = Vec::new();
    for place in 0..rest.len() {
        let Some(line) = rest.get_mut(place).and_then(Option::take) else { continue };
        let undo = rest
            .iter_mut()
            .skip(place + 1)
            .find(|other| other.as_ref().is_some_and(|other| undoes(&other.action, &line.action)));
        let undo = undo.and_then(Option::take);
        found.push(Unit { lines: [line].into_iter().chain(undo).collect() });
    }
    found
}

fn undoes(undo: &Action, fault: &Action) -> bool {
    use scenario::Behaviour::Ok;
    match (fault, undo) {
        (Action::PowerOff { node }, Action::PowerOn { node: other })
        | (Action::Stop { node } | Action::Kill { node }, Action::Start { node: other }) => {
            node == other
        }
        (Action::Serve { node, behaviour }, Action::Serve { node: other, behaviour: Ok }) => {
            node == other && *behaviour != Ok
        }
        (Action::Cut(cut), Action::Heal(Heal::Of(healed))) => covers(healed, cut),
        (Action::Impair(impairment), Action::Heal(Heal::Of(healed))) => {
            covers(healed, &impairment.piece)
        }
        (Action::Unplug { segment, node }, Action::Plug { segment: at, node: other }) => {
            (segment, node) == (at, other)
        }
        (Action::Freeze { node }, Action::Thaw { node: other })
        | (Action::Pause { node }, Action::Resume { node: other }) => node == other,
        (Action::Slow { node, by }, Action::Slow { node: other, by: Duration::ZERO }) => {
            node == other && *by > Duration::ZERO
        }
        (Action::Skew { node, by }, Action::Skew { node: other, by: Skew::NONE }) => {
            node == other && *by != Skew::NONE
        }
        (Action::Netlink { node, mood }, Action::Netlink { node: other, mood: Mood::Ok }) => {
            node == other && *mood != Mood::Ok
        }
        _ => false,
    }
}

fn covers(healed: &Cut, cut: &Cut) -> bool {
    healed.segment == cut.segment && (healed.extent == Extent::Whole || healed.extent == cut.extent)
}
