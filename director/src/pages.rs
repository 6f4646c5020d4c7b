//! `director completions` and `director man`: what a package installs beside the program.

use crate::cli::{Cli, Completions, Man};
use crate::output::Failure;
use clap::CommandFactory;
use std::io;
use std::process::ExitCode;

/// Writes the completions of a shell to standard output.
pub(crate) fn completions(arguments: &Completions) -> ExitCode {
    let mut command = Cli::command();
    clap_complete::generate(arguments.shell, &mut command, "director", &mut io::stdout());
    ExitCode::SUCCESS
}

/// Writes the manual pages, one for each command, into a folder.
pub(crate) fn man(arguments: &Man) -> Result<ExitCode, Failure> {
    let failed =
        |error: io::Error| Failure::input(format_args!("{}: {error}", arguments.folder.display()));
    std::fs::create_dir_all(&arguments.folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &arguments.folder).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
