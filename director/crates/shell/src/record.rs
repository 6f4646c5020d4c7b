//! The record of a director: written by a thread of its own, so that a slow disk cannot delay a
//! decision.
//!
//! The loop hands over what happened as values, which costs it a few counts of references; putting
//! them into words is the thread's work. Between the two is a queue of [`WAITING`] turns: when it
//! is full the record says so and ends, and the director goes on without it. A record that is as
//! large as it may be ends likewise: what a director has become cannot be written down in the
//! middle of its life, so the first part of a record is not to be missed.
//!
//! When a director begins, the record of the one before is kept as `FILE.1`, that one's
//! predecessor as `FILE.2`, and so on up to [`KEPT`]: whoever restarts a director that fell does
//! not lose what it fell by.

use director_core::time::{Deadline, Instant};
use director_core::{Effect, Report};
use director_engine::record::{Beginning, Cause, End, Turn, Writer};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;

/// Turns that wait to be written at most.
pub const WAITING: usize = 16_384;

/// Records of earlier directors that are kept beside.
pub const KEPT: u32 = 3;

/// Room for the last line.
const LAST_LINE: usize = 64;

/// How long an ending director waits for the last lines.
const LAST: Duration = Duration::from_secs(1);

/// A file that takes a record.
#[derive(Debug)]
pub struct RecordFile {
    file: fs::File,
    path: PathBuf,
    limit: usize,
}

impl RecordFile {
    /// Makes a new file, for nobody else to read, and keeps what is there under other names.
    ///
    /// # Errors
    /// The file cannot be made, or an earlier one cannot be kept.
    pub fn create(path: &Path, limit: usize) -> io::Result<Self> {
        for number in (0..KEPT).rev() {
            match fs::rename(earlier(path, number), earlier(path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), limit })
    }
}

/// The name of an earlier record; the present one's for 0.
fn earlier(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// What the thread is handed.
enum Handed {
    Turn(Box<Turn>),
    End(End),
}

/// The record that is being written, if one is.
#[derive(Default)]
pub(crate) struct Recording {
    to: Option<Sink>,
    turn: Option<Box<Turn>>,
}

/// The way to the thread that writes.
struct Sink {
    turns: SyncSender<Handed>,
    /// Nothing ever comes; it is closed when the thread has ended.
    done: Receiver<()>,
    /// What the thread writes last when this end is closed.
    behind: Arc<AtomicBool>,
}

impl Recording {
    /// Begins a record, if there is a file for one.
    pub(crate) fn of(file: Option<RecordFile>, beginning: impl FnOnce() -> Beginning) -> Self {
        let Some(file) = file else { return Self::default() };
        let RecordFile { file, path, limit } = file;
        let sink = Sink::open((file, path, limit), beginning()).inspect_err(|error| {
            tracing::warn!("nothing is recorded, there is no thread for it: {error}");
        });
        Self { to: sink.ok(), turn: None }
    }

    /// Something happens.
    pub(crate) fn begins(&mut self, cause: impl FnOnce() -> Cause, at: Instant) {
        if self.to.is_some() {
            let (effects, reports) = (Vec::new(), Vec::new());
            self.turn = Some(Box::new(Turn { at, cause: cause(), effects, reports, next: None }));
        }
    }

    /// The director wants something done.
    pub(crate) fn wants(&mut self, effect: &Effect) {
        if let Some(turn) = &mut self.turn {
            turn.effects.push(effect.clone());
        }
    }

    /// The director tells something.
    pub(crate) fn reports(&mut self, report: &Report) {
        if let Some(turn) = &mut self.turn {
            turn.reports.push(report.clone());
        }
    }

    /// Nothing more came of it.
    pub(crate) fn ends(&mut self, next: Option<Deadline>) {
        let (Some(mut turn), Some(sink)) = (self.turn.take(), &self.to) else { return };
        turn.next = next;
        match sink.turns.try_send(Handed::Turn(turn)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::warn!("the record ends: it is not written as fast as things happen");
                sink.behind.store(true, Ordering::Release);
                self.to = None;
            }
            // The thread has said why.
            Err(TrySendError::Disconnected(_)) => self.to = None,
        }
    }

    /// The director has ended.
    pub(crate) fn stops(&mut self) {
        if let Some(sink) = self.to.take() {
            let _it_was_said_why_not = sink.turns.try_send(Handed::End(End::Stopped));
            sink.close();
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(sink) = self.to.take() {
            sink.close();
        }
    }
}

impl Sink {
    fn open(
        (out, path, room): (impl Write + Send + 'static, PathBuf, usize),
        beginning: Beginning,
    ) -> io::Result<Self> {
        let (turns, waiting) = sync_channel(WAITING);
        let (finished, done) = sync_channel(0);
        let behind = Arc::new(AtomicBool::new(false));
        let fell = Arc::clone(&behind);
        std::thread::Builder::new().name("record".into()).spawn(move || {
            let ended = write(out, room, &beginning, &waiting, &fell);
            let path = path.display();
            match ended {
                Ok(Some(End::Full)) => tracing::warn!("the record {path} ends: {}", End::Full),
                Ok(_) => {}
                Err(error) => tracing::warn!(
                    "the record {path} ends, as it cannot be written: {error}; the director goes on"
                ),
            }
            // In this order: who sees that the thread has ended finds nobody to hand turns to.
            drop(waiting);
            drop(finished);
        })?;
        Ok(Self { turns, done, behind })
    }

    /// Waits for the last lines, but not for ever.
    fn close(self) {
        let Self { turns, done, .. } = self;
        drop(turns);
        let _nothing_comes = done.recv_timeout(LAST);
    }
}

/// Writes what is handed over until there is no more; how the record ends.
fn write(
    out: impl Write,
    room: usize,
    beginning: &Beginning,
    waiting: &Receiver<Handed>,
    behind: &AtomicBool,
) -> io::Result<Option<End>> {
    let (mut writer, text) = Writer::begin(beginning)?;
    let mut out = BufWriter::with_capacity(1 << 16, out);
    out.write_all(text.as_bytes())?;
    let mut room = room.saturating_sub(text.len() + LAST_LINE);
    let end = loop {
        let handed = match waiting.try_recv() {
            // What has happened is to be read even when the process is killed now.
            Err(TryRecvError::Empty) => out.flush().map(|()| waiting.recv())?,
            Err(TryRecvError::Disconnected) => Err(RecvError),
            Ok(handed) => Ok(handed),
        };
        let turn = match handed {
            Ok(Handed::Turn(turn)) => turn,
            Ok(Handed::End(end)) => break Some(end),
            Err(RecvError) => break behind.load(Ordering::Acquire).then_some(End::Behind),
        };
        let Some(line) = writer.turn(&turn, room)? else { break Some(End::Full) };
        room -= line.len();
        out.write_all(line.as_bytes())?;
    };
    if let Some(end) = end {
        out.write_all(writer.end(end).as_bytes())?;
    }
    out.flush().map(|()| end)
}

#[cfg(test)]
mod tests;
