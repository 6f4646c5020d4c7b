//! `director-lab`: scenario files against the real `director` on a real kernel.

mod cli;
mod doctor;
mod engine;
mod failure;
mod kernel;
mod process;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("director-lab: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
