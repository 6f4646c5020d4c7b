//! A question in a datagram, asked again until it is answered.

use crate::call::Call;
use crate::failure::of_io;
use crate::network::Datagrams;
use crate::stream::Progress;
use director_core::probe::{Failure, Phase};
use std::future::poll_fn;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// The longest datagram.
const LONGEST: usize = 64 << 10;
/// How often a question is sent at most: a lost datagram is not yet a sick server.
const SENDINGS: u32 = 4;
/// Datagrams of others that are passed over while one waits.
const STRANGERS: usize = 1000;

/// Questions to one server.
pub(crate) struct Exchange {
    socket: Box<dyn Datagrams>,
    progress: Progress,
    pause: Duration,
}

impl Exchange {
    pub(crate) fn new<N>(socket: Box<dyn Datagrams>, call: &Call<'_, N>) -> Self {
        Self { socket, progress: call.progress.clone(), pause: call.timeout / SENDINGS }
    }

    /// Sends `question` until a datagram comes that answers it, and gives that.
    pub(crate) async fn ask(
        &mut self,
        question: &[u8],
        answers: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Failure> {
        let pause = self.pause;
        loop {
            self.progress.asked();
            let asked = async {
                poll_fn(|context| self.socket.poll_send(context, question)).await?;
                self.answer(&answers).await
            };
            // The last of them waits for as long as the check may: its end comes from outside.
            if let Ok(answer) = timeout(pause, asked).await {
                self.progress.answered();
                return answer.map_err(|error| of_io(&error, Phase::Answer));
            }
        }
    }

    async fn answer(&mut self, answers: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; LONGEST];
        for _ in 0..STRANGERS {
            let length = poll_fn(|context| self.socket.poll_receive(context, &mut bytes)).await?;
            if answers(&bytes[..length]) {
                bytes.truncate(length);
                return Ok(bytes);
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "only datagrams that answer nothing"))
    }
}
