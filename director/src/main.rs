//! The program `director`: the daemon on each director, its checks, its command line.

mod check;
mod cli;
mod doctor;
mod files;
mod import;
mod links;
mod look;
mod operate;
mod output;
mod pages;
mod plan;
mod realserver;
mod release;
mod routers;
mod run;
mod schema;
mod server;
mod top;
mod voter;
mod witnesses;

use clap::Parser;
use cli::{Cli, Task};
use output::complain;
use std::process::ExitCode;

/// What is shipped has no planted bugs, whatever it is built together with.
const _: () = assert!(
    !director_core::planted::COMPILED_IN,
    "the director is built without planted-bugs: build director-sim by itself when it has them"
);

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Run(arguments) => run::run(arguments),
        Task::Check(arguments) => check::check(&arguments),
        Task::Import(arguments) => import::import(&arguments),
        Task::Schema => schema::schema(),
        Task::Completions(arguments) => Ok(pages::completions(&arguments)),
        Task::Man(arguments) => pages::man(&arguments),
        Task::Plan(arguments) => plan::plan(&arguments),
        Task::Status(arguments) => look::status(&arguments),
        Task::Top(arguments) => top::top(&arguments),
        Task::Explain(arguments) => look::explain(&arguments),
        Task::Events(arguments) => look::events(&arguments),
        Task::Metrics(arguments) => look::metrics(&arguments),
        Task::Handover(arguments) => operate::handover(&arguments),
        Task::Release(arguments) => release::release(&arguments),
        Task::Ready(arguments) => operate::ready(&arguments),
        Task::Standby(arguments) => operate::standby(&arguments),
        Task::Drain(arguments) => operate::drain(&arguments),
        Task::Undrain(arguments) => operate::undrain(&arguments),
        Task::Maintenance(arguments) => operate::maintenance(&arguments),
        Task::Weight(arguments) => operate::weight(&arguments),
        Task::Server(order) => server::server(&order.task),
        Task::Reload(arguments) => operate::reload(&arguments),
        Task::Doctor(arguments) => doctor::doctor(&arguments),
        Task::Witness(arguments) => voter::witness(&arguments),
        Task::RealServer(arguments) => realserver::realserver(&arguments),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(failure.code())
        }
    }
}
