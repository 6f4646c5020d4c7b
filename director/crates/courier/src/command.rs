//! An alert as a program's arguments and environment.

use crate::later;
use crate::text::Letter;
use director_core::alert::Undelivered;
use director_core::config::Hook;
use director_shell::program;
use std::time::Duration;

/// Runs the program; it has been told when it ends with status 0.
pub(crate) async fn run(
    command: Vec<String>,
    timeout: Duration,
    letter: Letter,
) -> Result<(), Undelivered> {
    let hook = Hook { command, timeout };
    program::run(&hook, letter.arguments(), letter.variables()).await.map_err(later)
}
