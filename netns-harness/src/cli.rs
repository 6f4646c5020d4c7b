//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::beside::Beside;
use crate::engine::Choice;
use crate::failure::Failure;
use crate::peers::Compare;
use crate::playground::{self, Capture, Exec, Fault, Named, Up};
use crate::process::Interrupt;
use crate::run::Request;
use crate::{adopt, doctor, guard, guest, join, kernel, node};

#[derive(Debug, Parser)]
#[command(name = "director-lab", version, about = "Scenarios on a real kernel")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which engines this machine can run, and what is missing for the others.
    Doctor,
    /// The lab's own kernel.
    Kernel {
        #[command(subcommand)]
        command: KernelCommand,
    },
    /// Plays scenarios and judges them.
    Run(Request),
    /// Plays scenarios in the simulator and on a kernel, and compares what came out.
    Beside(Beside),
    /// Plays scenarios with our director and with its peers, and compares what came out.
    Compare(Compare),
    /// Builds the topology of a scenario and leaves it running, to play with.
    Up(Up),
    /// Shows a playground: roles, owners, tables, traffic.
    Status(Named),
    /// Runs a command on a node of a playground.
    Exec(Exec),
    /// Does to a playground what a statement says: `fault "cut hb both"`.
    Fault(Fault),
    /// Ends every cut and impairment of a playground.
    Heal(Named),
    /// Writes what passes a node's interfaces to a file.
    Capture(Capture),
    /// Ends a playground; nothing is left of it.
    Down(Named),
    /// The inside of a run; the lab starts it itself.
    #[command(hide = true)]
    Guest {
        /// Whether the guest owns its machine.
        #[arg(long)]
        machine: bool,
        /// The run directory.
        directory: PathBuf,
    },
    /// Runs the guest of a playground; the lab starts it itself.
    #[command(hide = true)]
    Keep {
        /// What runs it.
        #[arg(value_enum)]
        engine: Choice,
        /// What it was drawn from.
        seed: u64,
        /// The run directory.
        directory: PathBuf,
    },
    /// Runs a guest and ends it with the lab; the lab starts it itself.
    #[command(hide = true)]
    Guard {
        /// The guest.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Runs a program and buries what it leaves; the lab starts it itself.
    #[command(hide = true)]
    Adopt {
        /// The program.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Runs a program in a control group; the lab starts it itself.
    #[command(hide = true)]
    Join {
        /// The group's folder.
        group: PathBuf,
        /// The program.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// The first process of a node; the lab starts it itself.
    #[command(hide = true)]
    Node,
}

#[derive(Debug, Subcommand)]
enum KernelCommand {
    /// Builds it unless it is there already; prints where it is.
    Build,
}

/// Runs what the command line asks for; the number is the exit status.
pub(crate) fn run() -> Result<u8, Failure> {
    match Arguments::parse().command {
        Command::Doctor => {
            let (text, any) = doctor::report();
            print!("{text}");
            Ok(if any { 0 } else { 3 })
        }
        Command::Kernel { command: KernelCommand::Build } => {
            let kernel = kernel::build(&Interrupt::install()?)?;
            println!("{}", kernel.display());
            Ok(0)
        }
        Command::Run(request) => crate::run::run(&request),
        Command::Beside(request) => crate::beside::run(&request),
        Command::Compare(request) => crate::peers::run(&request),
        Command::Up(request) => playground::up(&request),
        Command::Status(named) => playground::status(&named),
        Command::Exec(request) => playground::exec(&request),
        Command::Fault(request) => playground::fault(&request),
        Command::Heal(named) => playground::heal(&named),
        Command::Capture(request) => playground::capture(&request),
        Command::Down(named) => playground::down(&named),
        Command::Keep { engine, seed, directory } => playground::keep(&directory, engine, seed),
        Command::Guest { machine, directory } => {
            guest::run(&directory, machine)?;
            Ok(0)
        }
        Command::Guard { command } => Ok(guard::run(&command)?),
        Command::Adopt { command } => Ok(adopt::run(&command)?),
        Command::Join { group, command } => Ok(join::run(&group, &command)?),
        Command::Node => {
            node::run()?;
            Ok(0)
        }
    }
}
