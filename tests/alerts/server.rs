//! A mail server (RFC 5321) as the test wants it to be.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Far more than the loopback needs; nobody waits for it.
const PLENTY: Duration = Duration::from_secs(20);

/// What came over one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The mail with its header; empty when it was refused before that.
    pub(crate) text: String,
}

impl Attempt {
    /// A line of the header, without what folds it (RFC 5322 §2.2.3).
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let header = self.text.split("\n\n").next()?.replace("\n ", " ");
        let line = header.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(line.to_owned())
    }
}

pub(crate) struct MailServer {
    pub(crate) port: u16,
    attempts: Arc<(Mutex<Vec<Attempt>>, Condvar)>,
}

impl MailServer {
    /// One that answers the first recipients so, one a connection, and takes every one after them.
    pub(crate) fn start(answers: &'static [&'static str]) -> Self {
        let (listener, server) = Self::listen();
        let attempts = Arc::clone(&server.attempts);
        std::thread::spawn(move || {
            let all = answers.iter().copied().chain(std::iter::repeat("250 fine"));
            for (stream, answer) in listener.incoming().zip(all) {
                // Who has gone in the middle has tried.
                let text = take(&stream.unwrap(), answer).unwrap_or_default();
                attempts.0.lock().unwrap().push(Attempt { text });
                attempts.1.notify_all();
            }
        });
        server
    }

    /// One that takes connections and says nothing.
    pub(crate) fn silent() -> Self {
        let (listener, server) = Self::listen();
        std::thread::spawn(move || listener.incoming().map(Result::unwrap).collect::<Vec<_>>());
        server
    }

    fn listen() -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, Self { port, attempts: Arc::default() })
    }

    /// All of them, once there are so many: who has delivered may go on before the end of the
    /// connection is seen here.
    pub(crate) fn attempts(&self, count: usize) -> Vec<Attempt> {
        let (all, more) = &*self.attempts;
        let few = |all: &mut Vec<Attempt>| all.len() < count;
        more.wait_timeout_while(all.lock().unwrap(), PLENTY, few).unwrap().0.clone()
    }
}

fn take(mut stream: &TcpStream, recipient: &str) -> std::io::Result<String> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 mail.example\r\n")?;
    let mut text = String::new();
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "RCPT" => recipient,
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                break;
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                    text += &line;
                    text.push('\n');
                }
                "250 taken"
            }
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(text)
}
