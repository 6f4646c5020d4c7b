use director_shell::telemetry::{Format, Writer, subscriber};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// Writes down what this thread logs while `what` runs.
    pub(crate) async fn of(what: impl Future<Output = ()>) -> String {
        let paper = Self::default();
        let (writer, flush) = Writer::start(paper.clone()).unwrap();
        let sink = subscriber(Format::Json, tracing::Level::INFO, writer);
        let writing = tracing::subscriber::set_default(sink);
        what.await;
        drop(writing);
        drop(flush);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}
