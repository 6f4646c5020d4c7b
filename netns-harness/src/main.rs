//! `director-lab`: scenario files against the real `director` on a real kernel.

mod adopt;
mod beside;
mod campaign;
mod cli;
mod clock;
mod compile;
mod config;
mod database;
mod doctor;
mod engine;
mod failure;
mod gather;
mod guard;
mod guest;
mod join;
mod kernel;
mod lacking;
mod launch;
mod log;
mod node;
mod peers;
mod plan;
mod play;
mod playground;
mod pool;
mod process;
mod record;
mod run;
mod rundir;
mod said;
mod shell;
mod stack;
mod translate;

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
