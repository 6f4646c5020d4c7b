//! A host on the segment that sends to the virtual address: what it believes of it, all the time.

use crate::cells::Cell;
use e2e::processes::{Outcome, run, until};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

/// A question that got lost is asked again after a second.
const PATIENCE: Duration = Duration::from_secs(3);
/// A port on which nobody listens.
const DISCARD: u16 = 9;
const FILE: &str = "/run/watch-r";

/// Tells of every change in the table of neighbours of the node `r`.
pub(crate) struct Router(Child);

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a host is there: it refuses what nobody listens for.
pub(crate) fn knock(address: &str) -> Outcome<()> {
    let address: IpAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let to = SocketAddr::new(address, DISCARD);
    match TcpStream::connect_timeout(&to, Duration::from_secs(1)) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(format!("{to} does not answer: {error}")),
        Ok(_) => Err(format!("somebody listens on {to}")),
    }
}

impl Router {
    pub(crate) fn open() -> Outcome<Self> {
        run("ip", &["-n", "r", "neigh", "flush", "all"])?;
        let output = File::create(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let mut command = Command::new("ip");
        command.args(["-n", "r", "monitor", "neigh"]).stdout(output);
        command.spawn().map(Self).map_err(|error| format!("ip monitor: {error}"))
    }

    /// Whoever owns the address answers, and is known by the virtual hardware address, as
    /// everybody was before.
    pub(crate) fn reaches(cell: &Cell) -> Outcome<()> {
        let address = cell.address().split('/').next().unwrap_or_default();
        let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
        let own = own.to_string_lossy();
        let words = ["netns", "exec", "r", &own, "knock", address];
        until(PATIENCE, || run("ip", &words).map(|_| ()))?;
        let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let about = text.lines().filter(|line| line.starts_with(&format!("{address} ")));
        let told: Vec<&str> = about.filter(|line| line.contains(" lladdr ")).collect();
        let other = told.iter().find(|line| !line.contains(cell.hardware()));
        match (told.is_empty(), other) {
            (true, _) => Err(format!("nobody knows {address}: {text}")),
            (_, Some(other)) => Err(format!("the neighbour has changed: {other}")),
            _ => Ok(()),
        }
    }
}
