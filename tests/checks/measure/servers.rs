//! The process that answers.

use crate::Outcome;
use crate::load::Load;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(super) struct Servers {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Servers {
    pub(super) fn start(load: &Load) -> Outcome<Self> {
        let said = |error: std::io::Error| format!("the servers: {error}");
        let own = std::env::current_exe().map_err(said)?;
        let mut command = Command::new(own);
        command.args(["serve", &load.interval.as_millis().to_string()]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(said)?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(orders), Some(answers)) = (orders, answers) else {
            return Err("the servers have no pipes".into());
        };
        let mut servers = Self { child, orders, answers: BufReader::new(answers) };
        match servers.answer()?.as_str() {
            "ready" => Ok(servers),
            other => Err(format!("the servers say \"{other}\"")),
        }
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.map_err(|error| format!("the servers: {error}"))?;
        match line.trim_end() {
            "" => Err("the servers have ended".into()),
            line => Ok(line.to_owned()),
        }
    }

    pub(super) fn order(&mut self, order: &str) -> Outcome<String> {
        writeln!(self.orders, "{order}").map_err(|error| format!("the servers: {error}"))?;
        self.answer()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
