//! A topology that stays, to play with by hand: `up`, `status`, `exec`, `fault`, `heal`,
//! `capture`, `down`.
//!
//! A keeper in the background runs the guest as `run` does. Whoever asks the guest for something
//! puts a file into the run directory and waits for another one: that way reaches through every
//! engine.

mod ask;
mod keeper;
mod session;
mod show;
mod up;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::plan::Request;
pub(crate) use keeper::keep;
use session::Session;
pub(crate) use up::{Up, up};

/// Which playground is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Named {
    /// The playground's name: several can be up at the same time.
    #[arg(long, default_value = "lab")]
    name: String,
}

/// `exec NODE COMMAND…`.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    named: Named,
    /// The node.
    node: String,
    /// The command and its arguments; it gets ten seconds.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// `fault STATEMENT`.
#[derive(Debug, Args)]
pub(crate) struct Fault {
    #[command(flatten)]
    named: Named,
    /// A statement of the scenario grammar without its time: `cut hb`, `power-off d1`.
    #[arg(required = true)]
    statement: Vec<String>,
}

/// `capture NODE`.
#[derive(Debug, Args)]
pub(crate) struct Capture {
    #[command(flatten)]
    named: Named,
    /// The node; all of its interfaces.
    node: String,
    /// For so many seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    seconds: u8,
    /// Where the frames go to.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs a command on a node and prints what it says; the number is its exit status.
pub(crate) fn exec(request: &Exec) -> Result<u8, Failure> {
    let session = Session::find(&request.named.name)?;
    let told = ask::ask(
        &session,
        &Request::Exec { node: request.node.clone(), command: request.command.clone() },
    )?;
    print!("{}", told.output);
    Ok(told.status)
}

/// Carries a statement out.
pub(crate) fn fault(request: &Fault) -> Result<u8, Failure> {
    let mut session = Session::find(&request.named.name)?;
    statement(&mut session, &request.statement.join(" "))
}

/// Ends every cut and impairment.
pub(crate) fn heal(named: &Named) -> Result<u8, Failure> {
    statement(&mut Session::find(&named.name)?, "heal all")
}

fn statement(session: &mut Session, text: &str) -> Result<u8, Failure> {
    let step = session.step(text)?;
    let told = ask::ask(session, &Request::Step(step))?;
    session.remember(text)?;
    print!("{}", told.output);
    Ok(told.status)
}

/// Writes what passes a node's interfaces to a file.
pub(crate) fn capture(request: &Capture) -> Result<u8, Failure> {
    if !crate::doctor::in_path("tcpdump") {
        return Err(Failure::Unable("capture needs tcpdump; apt-get install tcpdump".into()));
    }
    let session = Session::find(&request.named.name)?;
    let name = format!("{}.pcap", request.node);
    let inside = format!("{}/{name}", crate::guest::RUN);
    let seconds = request.seconds.to_string();
    let command = ["timeout", "-s", "INT", &seconds, "tcpdump", "-U", "-Z", "root", "-i", "any"];
    let command = command.into_iter().chain(["-w", &inside]).map(str::to_owned).collect();
    ask::ask(&session, &Request::Exec { node: request.node.clone(), command })?;
    let output = request.output.clone().unwrap_or_else(|| PathBuf::from(&name));
    std::fs::copy(session.path.join(&name), &output)
        .map_err(|error| Failure::Input(format!("capture: {}: {error}", output.display())))?;
    println!("{}", output.display());
    Ok(0)
}

/// Shows every node with its role, who owns what, and the traffic.
pub(crate) fn status(named: &Named) -> Result<u8, Failure> {
    print!("{}", show::show(&Session::find(&named.name)?)?);
    Ok(0)
}

/// Ends a playground and removes what it left.
pub(crate) fn down(named: &Named) -> Result<u8, Failure> {
    Session::find(&named.name)?.end()?;
    Ok(0)
}
