//! `director status`, `explain`, `events` and `metrics`: looking at the director that runs here.

use crate::cli::look::{Explain, Look, Status};
use crate::output::{Failure, say};
use director_shell::control::{Command, Shape, ask, listen};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Between two looks of `--watch`.
const PAUSE: Duration = Duration::from_secs(1);
/// Cursor to the top left corner, and erase what is below it (ECMA-48 §8.3.21 and §8.3.39).
const ANEW: &str = "\x1b[H\x1b[J";

/// Asks, and shows the answer.
pub(crate) fn status(arguments: &Status) -> Result<ExitCode, Failure> {
    let control = &arguments.control.control;
    let format = if arguments.json { Shape::Json } else { Shape::Text };
    loop {
        let text = answer(control, &Command::Status { format }, "status")?;
        if !arguments.watch {
            say(&text)?;
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("{ANEW}{text}"))?;
        // The screen is for people: they see what has changed within a second.
        thread::sleep(PAUSE);
    }
}

/// Why something is as it is.
pub(crate) fn explain(arguments: &Explain) -> Result<ExitCode, Failure> {
    let format = if arguments.json { Shape::Json } else { Shape::Text };
    let command = Command::Explain { subject: arguments.subject.clone(), format };
    say(answer(&arguments.control.control, &command, "explanation")?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Every event, as it happens.
pub(crate) fn events(arguments: &Look) -> Result<ExitCode, Failure> {
    let mut shown = Ok(());
    let heard = |line: &str| {
        shown = say(line);
        shown.is_ok()
    };
    listen(&arguments.control.control, heard).map_err(Failure::machine)?;
    shown.map(|()| ExitCode::SUCCESS)
}

/// All metrics.
pub(crate) fn metrics(arguments: &Look) -> Result<ExitCode, Failure> {
    let text = answer(&arguments.control.control, &Command::Metrics, "metrics")?;
    say(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// The answer as text, or the field `name` of it as JSON.
fn answer(control: &Path, command: &Command, name: &str) -> Result<String, Failure> {
    let answer = ask(control, command).map_err(Failure::machine)?;
    if let Some(why) = answer.get("refused").and_then(Value::as_str) {
        return Err(Failure::input(why));
    }
    let text = answer.get("text").and_then(Value::as_str).map(str::to_owned);
    let text = text.or_else(|| answer.get(name).map(|value| format!("{value:#}")));
    text.ok_or_else(|| {
        let text = format!("the answer has no {name}: is the director of another release?");
        Failure::machine(text)
    })
}
