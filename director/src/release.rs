//! `director release`: takes off what a director that is gone has left in the kernel.

use crate::cli::Release;
use crate::files::{Loaded, configuration};
use crate::output::{Failure, say, shown};
use crate::plan::wanted;
use director_core::desired::{DesiredState, Marks, Presence};
use director_core::input::Reconciled;
use director_core::plan::Ledger;
use director_engine::ports::{Kernel, KernelError};
use director_engine::reconcile::reconcile;
use director_linux::LinuxKernel;
use director_shell::control::{AskError, Command, Shape, ask};
use director_shell::memory::{LedgerFile, Memory as _};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// Takes the configured addresses off, then the configured services, and puts settings back;
/// nothing else.
pub(crate) fn release(arguments: &Release) -> Result<ExitCode, Failure> {
    let from = &arguments.from;
    let loaded = configuration(from).map_err(|problems| Failure::input(shown(&problems)))?;
    let socket = &arguments.control.control;
    match ask(socket, &Command::Status { format: Shape::Json }) {
        Err(AskError::NotRunning(_)) => {}
        Err(error) => return Err(Failure::machine(error)),
        Ok(_) => {
            return Err(Failure::machine(format_args!(
                "{}: a director runs here and holds what it needs; stop it, and it releases \
                 everything itself",
                socket.display()
            )));
        }
    }
    let mut memory = LedgerFile::beside(socket);
    let left = memory.read().map_err(Failure::machine)?;
    let done = release_from(&mut LinuxKernel::new(), &loaded, left).map_err(|error| {
        Failure::machine(format_args!("the kernel cannot be asked what it holds: {error}"))
    })?;
    say(&text(&done))?;
    if let Err(why) = &done.found {
        return Err(Failure::machine(why));
    }
    if done.failed.is_empty() {
        memory.keep(&Ledger::default()).map_err(Failure::machine)?;
    }
    let refused = done.failed.iter().map(|failed| format!("{}: {}", failed.step, failed.why));
    match refused.collect::<Vec<_>>().join("\n") {
        none if none.is_empty() => Ok(ExitCode::SUCCESS),
        refused => Err(Failure::machine(format_args!("the kernel refused\n{refused}"))),
    }
}

/// `ledger` is what the director that is gone has left: it knows the settings that were there
/// before, and what has left the configuration meanwhile.
fn release_from(
    kernel: &mut impl Kernel,
    loaded: &Loaded,
    mut ledger: Ledger,
) -> Result<Reconciled, KernelError> {
    // What a running director would hold is what may be taken off.
    let held = wanted(kernel, loaded, None)?;
    ledger.note(&held);
    let addresses = held.addresses.into_keys().map(|address| (address, Presence::Released));
    let nothing = DesiredState {
        addresses: addresses.collect(),
        sysctls: ledger.settings().clone(),
        sync: (loaded.config.cluster.sync.is_some() || ledger.is_synchronised())
            .then(BTreeMap::new),
        marks: ledger.is_marked().then(Marks::new),
        ..DesiredState::default()
    };
    Ok(reconcile(kernel, 1, Arc::new(nothing), &mut ledger))
}

fn text(done: &Reconciled) -> String {
    if done.done.is_empty() {
        return "nothing was left".to_owned();
    }
    done.done.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use director_core::desired::{Sysctl, SysctlValue};
    use director_core::name::NodeName;
    use director_engine::memory::MemoryKernel;
    use director_engine::ports::Sysctls as _;
    use director_engine::reconcile::apply;

    const FILE: &str = include_str!("../../scenarios/config/pair.toml");

    #[test]
    fn with_the_ledger_settings_are_put_back_and_what_was_configured_once_goes() {
        let (mut kernel, mut loaded, ledger) = left_behind();
        let set = kernel.read_sysctl(&Sysctl::ExpireNodestConn).unwrap();
        assert_eq!(set, SysctlValue::One(1));
        loaded.config.services.clear();
        let done = release_from(&mut kernel, &loaded, ledger).unwrap();
        assert!(text(&done).contains("remove service tcp 10.0.0.100:80"), "{}", text(&done));
        assert_eq!(kernel.state.services.len(), 1, "the foreign service stays");
        let now = kernel.read_sysctl(&Sysctl::ExpireNodestConn).unwrap();
        assert_eq!(now, SysctlValue::One(0));
    }

    /// What an active director had in its kernel when it died, and something that is not its own.
    fn left_behind() -> (MemoryKernel, Loaded, Ledger) {
        let config = director_config::parse("pair.toml", FILE).unwrap();
        let node = NodeName::new("d1").unwrap();
        let loaded = Loaded { config, node, texts: director_config::Texts::one("pair.toml", FILE) };
        let mut kernel = MemoryKernel::default();
        let mut held = wanted(&mut kernel, &loaded, None).unwrap();
        held.addresses.values_mut().for_each(|presence| *presence = Presence::Held);
        let mut ledger = Ledger::default();
        let active = reconcile(&mut kernel, 1, Arc::new(held), &mut ledger);
        assert!(active.failed.is_empty() && kernel.state.addresses.len() == 1);
        let foreign = director_core::config::ServiceKey::Tcp("10.0.0.9:25".parse().unwrap());
        let scheduler = director_core::config::Scheduler::Rr;
        let step = director_core::plan::Step::AddService(foreign, scheduler.into());
        apply(&mut kernel, &step).unwrap();
        (kernel, loaded, ledger)
    }

    #[test]
    fn everything_of_ours_goes_and_nothing_else() {
        let (mut kernel, loaded, _) = left_behind();
        let done = release_from(&mut kernel, &loaded, Ledger::default()).unwrap();
        assert_eq!(
            text(&done),
            "remove address 10.0.0.100/24 on lan\nremove service tcp 10.0.0.100:80"
        );
        assert!(kernel.state.addresses.is_empty());
        assert_eq!(kernel.state.services.len(), 1, "the foreign service stays");
        let again = release_from(&mut kernel, &loaded, Ledger::default()).unwrap();
        assert_eq!(text(&again), "nothing was left");
    }
}
