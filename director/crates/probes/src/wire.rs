//! Reading what a server says: lines, numbers of bytes, whatever comes.

use crate::ber::{self, Head};
use crate::call::malformed;
use crate::expect::Search;
use crate::failure::of_io;
use crate::stream::Stream;
use director_core::config::dialogue::Pattern;
use director_core::probe::{Failure, Passed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of one line, its end included. The longest that a protocol here allows is 8,192 (IMAP).
pub(crate) const LINE_LIMIT: usize = 16 << 10;

/// Bytes of one element of BER: 1 MiB.
const ELEMENT_LIMIT: usize = 1 << 20;

/// Bytes that one read takes at most.
const CHUNK: usize = 4096;

/// A connection with what has been read of it and not been used yet.
pub(crate) struct Wire<S> {
    stream: Stream<S>,
    unread: Vec<u8>,
    certificate_days: Option<u16>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: Stream<S>, certificate_days: Option<u16>) -> Self {
        Self { stream, unread: Vec::new(), certificate_days }
    }

    /// What the check says when all is well.
    pub(crate) fn passed(&self) -> Passed {
        Passed { certificate_days: self.certificate_days, ..Passed::default() }
    }

    /// The connection, when nothing has come that was not asked for.
    pub(crate) fn into_silent_stream(self) -> Result<Stream<S>, Failure> {
        if self.unread.is_empty() {
            return Ok(self.stream);
        }
        Err(malformed("the server says more than it was asked before TLS"))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        of_io(error, self.stream.progress().phase())
    }

    fn ended(&self) -> Failure {
        Failure::Closed { phase: self.stream.progress().phase() }
    }

    /// Says something; what comes next is the answer to it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error| self.failed(&error))?;
        self.stream.progress().asked();
        Ok(())
    }

    /// Says a parting word. The check is decided already: a server that has gone is no failure.
    pub(crate) async fn part(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await;
        let _gone = self.stream.flush().await;
    }

    /// Ends the connection, also towards a server that waits for that.
    pub(crate) async fn close(mut self) {
        let _gone = self.stream.shutdown().await;
    }

    /// Reads whatever comes; false at the end of the connection.
    async fn read(&mut self) -> Result<bool, Failure> {
        let before = self.unread.len();
        self.unread.resize(before + CHUNK, 0);
        let read = self.stream.read(&mut self.unread[before..]).await;
        let length = *read.as_ref().unwrap_or(&0);
        self.unread.truncate(before + length);
        read.map(|length| length > 0).map_err(|error| self.failed(&error))
    }

    /// The next line without its end, which is LF or CRLF.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.unread[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            searched = self.unread.len();
            if searched > LINE_LIMIT {
                return Err(malformed(format_args!("a line is longer than {LINE_LIMIT} bytes")));
            }
            if !self.read().await? {
                return Err(self.ended());
            }
        }
    }

    /// The next line; what came without a line end when the connection ends.
    pub(crate) async fn last_line(&mut self) -> Result<String, Failure> {
        match self.line().await {
            Err(Failure::Closed { .. }) if !self.unread.is_empty() => {
                Ok(String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned())
            }
            other => other,
        }
    }

    /// The next `count` bytes.
    pub(crate) async fn exact(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        while self.unread.len() < count {
            if !self.read().await? {
                return Err(self.ended());
            }
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// The next element of BER, whole.
    pub(crate) async fn element(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            match ber::head(&self.unread) {
                Head::Known { head, content } if content <= ELEMENT_LIMIT => {
                    return self.exact(head + content).await;
                }
                Head::Known { .. } | Head::Wrong => return Err(malformed("this is no BER")),
                Head::Short if self.read().await? => {}
                Head::Short => return Err(self.ended()),
            }
        }
    }

    /// Reads until the pattern has come, the connection ends, or `limit` bytes have come.
    pub(crate) async fn search(&mut self, pattern: &Pattern, limit: usize) -> Result<(), Failure> {
        let mut search = Search::new(pattern, limit)?;
        loop {
            search.take(&self.unread);
            self.unread.clear();
            if search.is_found_now() || search.is_full() || !self.read().await? {
                return search.end();
            }
        }
    }

    /// Everything up to the end of the connection, searched for the pattern.
    pub(crate) async fn search_all(
        &mut self,
        pattern: Option<&Pattern>,
        limit: usize,
    ) -> Result<(), Failure> {
        let mut search = pattern.map(|pattern| Search::new(pattern, limit)).transpose()?;
        loop {
            if let Some(search) = &mut search {
                search.take(&self.unread);
                if search.is_over() {
                    break;
                }
            }
            self.unread.clear();
            if !self.read().await? {
                break;
            }
        }
        search.map_or(Ok(()), Search::end)
    }
}
