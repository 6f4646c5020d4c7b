//! `director plan`: what would change in this kernel.

use crate::cli::{Plan, Role};
use crate::files::{Loaded, configuration};
use crate::output::{Failure, say, shown};
use director_core::desired::{DesiredState, Presence};
use director_core::plan::{Ledger, Step, diff};
use director_core::time::Instant;
use director_core::{Director, Effect};
use director_engine::ports::{Kernel, KernelError};
use director_engine::reconcile::observe;
use director_linux::LinuxKernel;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Exit status when something would change.
const CHANGES: u8 = 3;

/// Version of the JSON form.
const VERSION: u32 = 1;

/// What would change.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    steps: Vec<String>,
    foreign: Vec<String>,
}

/// Observes the kernel, compares, changes nothing.
pub(crate) fn plan(arguments: &Plan) -> Result<ExitCode, Failure> {
    let from = &arguments.from;
    let loaded = configuration(from).map_err(|problems| Failure::input(shown(&problems)))?;
    let changes = changes(&mut LinuxKernel::new(), &loaded, arguments.role).map_err(|error| {
        Failure::machine(format_args!("the kernel cannot be asked what it holds: {error}"))
    })?;
    let text = if arguments.json { changes.json().to_string() } else { changes.text() };
    say(&text)?;
    Ok(if changes.steps.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

fn changes(
    kernel: &mut impl Kernel,
    loaded: &Loaded,
    role: Option<Role>,
) -> Result<Changes, KernelError> {
    let desired = wanted(kernel, loaded, role)?;
    let found = observe(kernel, &desired)?;
    let mut ledger = Ledger::default();
    ledger.note(&desired);
    // Renewing is what a running director does all the time, no change.
    let steps = diff(&desired, &found, &ledger)
        .iter()
        .filter(|step| !matches!(step, Step::RenewAddress(..)))
        .map(ToString::to_string)
        .collect();
    let foreign = ledger
        .foreign(&found)
        .map(|(service, server)| match server {
            None => format!("service {service}"),
            Some(server) => format!("server {server} of {service}"),
        })
        .collect();
    Ok(Changes { steps, foreign })
}

/// What a director that starts now would want first, with the addresses of a role.
pub(crate) fn wanted(
    kernel: &mut impl Kernel,
    loaded: &Loaded,
    role: Option<Role>,
) -> Result<DesiredState, KernelError> {
    let found = director_shell::found(kernel, &loaded.config)?;
    let config = loaded.config.clone().into();
    let mut director = Director::new(config, loaded.node.clone(), 0, &found, Instant::ZERO);
    let mut desired = DesiredState::default();
    while let Some(effect) = director.next_effect() {
        if let Effect::Reconcile { desired: first, .. } = effect {
            desired = (*first).clone();
        }
    }
    let presence = match role {
        None => Presence::AsFound,
        Some(Role::Active) => Presence::Held,
        Some(Role::Standby) => Presence::Released,
    };
    desired.addresses.values_mut().for_each(|present| *present = presence);
    Ok(desired)
}

impl Changes {
    fn text(&self) -> String {
        let mut lines = self.steps.clone();
        lines.extend(self.foreign.iter().map(|what| format!("not ours, left alone: {what}")));
        lines.push(match self.steps.len() {
            0 => "nothing would change".to_owned(),
            1 => "1 change".to_owned(),
            number => format!("{number} changes"),
        });
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({ "version": VERSION, "steps": self.steps, "foreign": self.foreign })
    }
}
