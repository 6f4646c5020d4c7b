//! A client that does one thing whenever it is told to.

use crate::Outcome;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(1);

/// A client in its namespace.
pub(super) struct Talker {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Talker {
    /// `way` is `datagrams` of one socket, `connections` one after the other, or one connection
    /// that is `held`.
    pub(super) fn new(way: &str, port: u16) -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("the client: {error}");
        let own = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "client"]).arg(own).args(["talk", way, &port.to_string()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(orders), Some(answers)) = (orders, answers) else {
            return Err("the client has no pipes".to_owned());
        };
        Ok(Self { child, orders, answers: BufReader::new(answers) })
    }

    /// Has it speak once: who answered, `alive` for a held connection, or `nobody`.
    pub(super) fn speak(&mut self) -> Outcome<String> {
        let failed = |error: std::io::Error| format!("the client: {error}");
        self.orders.write_all(b"\n").map_err(failed)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(failed)?;
        match line.trim() {
            "" => Err("the client is gone".to_owned()),
            word => Ok(word.to_owned()),
        }
    }

    /// What it hears first that is somebody, after a few attempts.
    pub(super) fn speak_until_heard(&mut self) -> Outcome<String> {
        for _ in 0..5 {
            let heard = self.speak()?;
            if heard != "nobody" {
                return Ok(heard);
            }
        }
        Ok("nobody".to_owned())
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Inside the client.
pub(crate) fn talk(way: &str, port: &str) -> Outcome<ExitCode> {
    let port: u16 = port.parse().map_err(|_| format!("{port} is no port"))?;
    let to = SocketAddr::from(([10, 0, 0, 100], port));
    let failed = |error: std::io::Error| format!("{to}: {error}");
    let mut speak: Box<dyn FnMut() -> std::io::Result<String>> = match way {
        "datagrams" => {
            let socket = UdpSocket::bind("0.0.0.0:0").map_err(failed)?;
            socket.connect(to).map_err(failed)?;
            socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
            Box::new(move || {
                socket.send(b"?")?;
                let mut name = [0; 2];
                let length = socket.recv(&mut name)?;
                Ok(String::from_utf8_lossy(name.get(..length).unwrap_or_default()).into_owned())
            })
        }
        "connections" => Box::new(move || {
            let mut stream = connect(to)?;
            let mut name = [0; 2];
            stream.read_exact(&mut name)?;
            Ok(String::from_utf8_lossy(&name).into_owned())
        }),
        _ => {
            let mut stream = connect(to).map_err(failed)?;
            Box::new(move || {
                stream.write_all(b"?")?;
                stream.read_exact(&mut [0])?;
                Ok("alive".to_owned())
            })
        }
    };
    for _ in std::io::stdin().lines() {
        println!("{}", speak().unwrap_or_else(|_| "nobody".to_owned()));
    }
    Ok(ExitCode::SUCCESS)
}

fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}
