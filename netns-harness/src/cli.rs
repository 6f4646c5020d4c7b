//! The command line.

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::process::Interrupt;
use crate::{doctor, kernel};

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
    }
}
