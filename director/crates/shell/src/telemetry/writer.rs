//! Writes the log from a thread of its own: whoever reads it must not be able to stop the heartbeat
//! by not reading.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most; more are dropped and counted.
const WAITING: usize = 8192;

/// The writing end; one event is one `write`.
#[derive(Clone, Debug)]
pub struct Writer {
    lines: SyncSender<Option<Vec<u8>>>,
    dropped: Arc<AtomicU64>,
}

/// Waits, when dropped, until everything that was logged before is written.
#[derive(Debug)]
pub struct Flush {
    lines: SyncSender<Option<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<(Self, Flush)> {
        let (lines, waiting) = sync_channel::<Option<Vec<u8>>>(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            // Nobody is left to be told when the log cannot be written.
            while let Ok(Some(line)) = waiting.recv() {
                let _unwritten = out.write_all(&line).and_then(|()| out.flush());
            }
            let lost = lost.load(Ordering::Relaxed);
            if lost > 0 {
                eprintln!("director: {lost} lines of the log were dropped: nobody read them");
            }
        })?;
        let flush = Flush { lines: lines.clone(), thread: Some(thread) };
        Ok((Self { lines, dropped }, flush))
    }

    /// Lines that were dropped because too many waited.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let asked = self.lines.send(None).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| asked) {
            let _panicked = thread.join();
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Some(bytes.to_vec())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
