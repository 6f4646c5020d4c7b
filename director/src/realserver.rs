//! `director realserver`: the real server's side of direct routing and tunnelling.

mod record;

use crate::cli::{RealServer, RealServerTask, Serving};
use crate::output::{Failure, say, shown};
use director_config::load;
use director_core::realserver::{Change, Needs, changes, needs, undo};
use director_engine::ports::KernelError;
use director_linux::RealServerHost;
use record::RecordFile;
use std::process::ExitCode;

/// Exit status when something is missing.
const CHANGES: u8 = 3;

/// Gives this host what it needs, tells what is missing, or takes it off again.
pub(crate) fn realserver(arguments: &RealServer) -> Result<ExitCode, Failure> {
    match &arguments.task {
        RealServerTask::Apply(serving) => apply(serving),
        RealServerTask::Check(serving) => check(serving),
        RealServerTask::Remove { record } => remove(&RecordFile::at(record)),
    }
}

fn unknown(error: &KernelError) -> Failure {
    Failure::machine(format_args!("the kernel cannot be asked what it holds: {error}"))
}

/// What this host needs, by configuration.
fn needed(serving: &Serving, host: &RealServerHost) -> Result<Needs, Failure> {
    let (config, _) = load(&serving.config).map_err(|problems| Failure::input(shown(&problems)))?;
    let own = if serving.address.is_empty() {
        host.own_addresses().map_err(|error| unknown(&error))?
    } else {
        serving.address.iter().copied().collect()
    };
    let needs = needs(&config, &own);
    if needs.services.is_empty() {
        let own: Vec<String> = own.iter().map(ToString::to_string).collect();
        return Err(Failure::input(format_args!(
            "{}: no service has a real server with an address of this host ({}); \
             name the one that is meant with --address",
            serving.config.display(),
            own.join(", "),
        )));
    }
    Ok(needs)
}

fn check(serving: &Serving) -> Result<ExitCode, Failure> {
    let mut host = RealServerHost::new();
    let needs = needed(serving, &host)?;
    let record = RecordFile::at(&serving.record).read()?;
    let found = host.find(&needs, &record).map_err(|error| unknown(&error))?;
    let missing = changes(&needs, &found);
    say(&told(&needs, &missing))?;
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

/// The services, then what is missing.
fn told(needs: &Needs, missing: &[Change]) -> String {
    let service = |(name, forward)| format!("serves {name} by {forward}");
    let mut lines: Vec<String> = needs.services.iter().map(service).collect();
    lines.extend(missing.iter().map(|change| format!("missing: {change}")));
    lines.push(match missing.len() {
        0 => "everything is there".to_owned(),
        1 => "1 change is missing; `director realserver apply` makes it".to_owned(),
        number => format!("{number} changes are missing; `director realserver apply` makes them"),
    });
    lines.join("\n")
}

fn apply(serving: &Serving) -> Result<ExitCode, Failure> {
    let mut host = RealServerHost::new();
    let needs = needed(serving, &host)?;
    let file = RecordFile::at(&serving.record);
    let mut record = file.read()?;
    let mut done = false;
    // A device that was just made may want a setting that it did not have before; more rounds than
    // that would be somebody else's doing.
    for _ in 0..2 {
        let found = host.find(&needs, &record).map_err(|error| unknown(&error))?;
        let todo = changes(&needs, &found);
        record.note(&todo, &found);
        // Before the changes: what breaks off in the middle can be undone as well.
        file.write(&record)?;
        done |= carry_out(&mut host, &todo)?;
    }
    if !done {
        say("everything is there")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(file: &RecordFile) -> Result<ExitCode, Failure> {
    let mut host = RealServerHost::new();
    let record = file.read()?;
    let found = host.find(&Needs::default(), &record).map_err(|error| unknown(&error))?;
    if !carry_out(&mut host, &undo(&record, &found))? {
        say("nothing was left")?;
    }
    file.remove()?;
    Ok(ExitCode::SUCCESS)
}

/// Stops at the first refusal: what comes after it is only safe after it.
fn carry_out(host: &mut RealServerHost, todo: &[Change]) -> Result<bool, Failure> {
    for change in todo {
        host.carry_out(change).map_err(|error| {
            Failure::machine(format_args!("the kernel refused: {change}: {error}"))
        })?;
        say(&change.to_string())?;
    }
    Ok(!todo.is_empty())
}
