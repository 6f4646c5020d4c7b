//! `director top`: what the terminal can show, and the view.

use crate::cli::look::Top;
use crate::output::Failure;
use director_top::{Look, Options, Stopped, run};
use std::env;
use std::process::ExitCode;

/// Shows the running director until the operator has seen enough.
pub(crate) fn top(arguments: &Top) -> Result<ExitCode, Failure> {
    let look = Look { colour: !arguments.no_color && has_colours(), unicode: has_unicode() };
    let control = arguments.control.control.clone();
    let options = Options { control, interval: arguments.interval, look };
    match run(&options) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stopped::NoTerminal) => Err(Failure::input(Stopped::NoTerminal)),
        Err(why) => Err(Failure::machine(why)),
    }
}

/// Any value of NO_COLOR but an empty one forbids them (no-color.org).
fn has_colours() -> bool {
    let forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !forbidden && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Whether the locale says UTF-8, in the order of `locale(7)`.
fn has_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env::var_os);
    let value = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let value = value.to_string_lossy().to_lowercase();
    value.contains("utf-8") || value.contains("utf8")
}
