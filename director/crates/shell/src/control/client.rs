//! The asking side of the control socket.

use super::command::Command;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error(
        "{}: no director runs here; start one with `director run`, \
         or name its socket with --control",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// Not for this user.
    #[error("{}: not permitted; ask as the user that runs the director, or as root", .0.display())]
    Denied(PathBuf),
    /// Nothing came in time.
    #[error(
        "{}: the director does not answer within 5 s; is it stopped, or its host overloaded?",
        .0.display()
    )]
    Silent(PathBuf),
    /// The connection failed.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// The answer is none.
    #[error("{}: the answer is not understood: {}; is the director of another release?",
        .0.display(), .1)]
    Answer(PathBuf, String),
}

/// Listens to the director behind the socket at `path`, and gives every line that it says to
/// `heard`, until that returns `false` or the director ends.
///
/// # Errors
/// When nobody can be listened to.
pub fn listen(path: &Path, mut heard: impl FnMut(&str) -> bool) -> Result<(), AskError> {
    let stream = say(path, &Command::Events)?;
    stream.set_read_timeout(None).map_err(|error| failed(path, error))?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(|error| failed(path, error))?;
        if !heard(&line) {
            break;
        }
    }
    Ok(())
}

/// Asks the director behind the socket at `path`, and waits for its answer, 5 s at most.
///
/// # Errors
/// When there is no answer, or it says that the question was refused.
pub fn ask(path: &Path, command: &Command) -> Result<Value, AskError> {
    let stream = say(path, command)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(|error| failed(path, error))?;
    let strange = |what: String| AskError::Answer(path.to_owned(), what);
    let answer: Value = serde_json::from_str(&line).map_err(|error| strange(error.to_string()))?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(strange(error.to_owned())),
        None => Ok(answer),
    }
}

/// Connects, and says what is wanted.
fn say(path: &Path, command: &Command) -> Result<UnixStream, AskError> {
    let failed = |error| failed(path, error);
    let mut stream = UnixStream::connect(path).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let strange = |error: serde_json::Error| AskError::Answer(path.to_owned(), error.to_string());
    let mut question = serde_json::to_string(command).map_err(strange)?;
    question.push('\n');
    stream.write_all(question.as_bytes()).map_err(failed)?;
    Ok(stream)
}

fn failed(path: &Path, error: io::Error) -> AskError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            AskError::NotRunning(path.to_owned())
        }
        io::ErrorKind::PermissionDenied => AskError::Denied(path.to_owned()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AskError::Silent(path.to_owned()),
        _ => AskError::Io(path.to_owned(), error),
    }
}
