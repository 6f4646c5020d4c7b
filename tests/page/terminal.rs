//! `director top` in a real terminal: tmux's.

use crate::Trial;
use crate::soon::{SOON, order, rounds, told};
use e2e::processes::{Outcome, run, until};
use std::time::{Duration, Instant};

/// The pair's server that is looked at; its service is `web005`.
const SERVER: &str = "10.1.5.21:80";
const SHOWN: Duration = Duration::from_secs(10);
/// What stands before the name in a row.
const MARKS: [char; 5] = ['>', '!', '▾', '▸', ' '];

/// A terminal with `director top` in it; it ends with this.
struct Terminal {
    socket: String,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = run("tmux", &["-S", &self.socket, "kill-server"]);
    }
}

impl Terminal {
    fn start(trial: &Trial, width: u16, height: u16) -> Outcome<Self> {
        let socket = trial.folder.join(format!("tmux-{width}")).display().to_string();
        let (director, control) = (trial.director.display(), trial.folder.join("d1.sock"));
        let line = format!("LC_ALL=C.UTF-8 {director} top --control {}", control.display());
        let (width, height) = (width.to_string(), height.to_string());
        let words = ["-S", &socket, "-f", "/dev/null", "new-session", "-d", "-x", &width, "-y"];
        let terminal = Self { socket: socket.clone() };
        run("tmux", &[&words[..], &[&height, &line]].concat())?;
        Ok(terminal)
    }

    fn keys(&self, keys: &[&str]) -> Outcome<()> {
        run("tmux", &[&["-S", &self.socket, "send-keys"], keys].concat()).map(|_| ())
    }

    fn text(&self) -> Outcome<String> {
        run("tmux", &["-S", &self.socket, "capture-pane", "-p"])
    }

    /// The row of the table that begins with a name, as soon as it also fits. What is said of it
    /// below the table does not count.
    fn row(&self, name: &str, fits: impl Fn(&str) -> bool) -> Outcome<String> {
        until(SHOWN, || {
            let text = self.text()?;
            let row = |line: &&str| line.trim_start_matches(MARKS).starts_with(name);
            let row = text.lines().find(row).filter(|line| fits(line));
            row.map(ToOwned::to_owned).ok_or_else(|| format!("no such row of {name}:\n{text}"))
        })
    }
}

pub(crate) fn all(trial: &mut Trial) -> Outcome<()> {
    for (width, height) in [(80, 24), (200, 50)] {
        let terminal = Terminal::start(trial, width, height)?;
        one(trial, &terminal, usize::from(width))?;
    }
    Ok(())
}

fn one(trial: &mut Trial, terminal: &Terminal, width: usize) -> Outcome<()> {
    terminal.row("web000", |_| true)?;
    let whole = terminal.text()?;
    let wide = whole.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    trial.hold(&format!("top fits into {width} columns"), wide <= width, wide);
    let picture = trial.folder.join(format!("top-{width}.txt"));
    std::fs::write(&picture, whole).map_err(|error| error.to_string())?;

    let begun = Instant::now();
    terminal.keys(&["/", "10.1.5.21", "Enter"])?;
    terminal.row(SERVER, |_| true)?;
    let took = begun.elapsed();
    let said = format!("{} ms", took.as_millis());
    trial.hold(&format!("top at {width} finds one of a thousand"), took < SOON, said);

    let longest = rounds(|goes| {
        order(trial, if goes { "on" } else { "off" }, SERVER)?;
        terminal.row(SERVER, |line| line.contains("maint") == goes).map(|_| ())
    })?;
    told(trial, &format!("top at {width} shows a change within a second"), &longest);

    // By keys alone: the server is chosen, the order asks for a reason, and is given.
    terminal.keys(&["Down", "m", "by keys", "Enter"])?;
    terminal.row(SERVER, |line| line.contains("maint"))?;
    let dialog = terminal.text()?;
    std::fs::write(trial.folder.join(format!("top-{width}-order.txt")), dialog)
        .map_err(|error| error.to_string())?;
    terminal.keys(&["m", "Enter"])?;
    let ended = terminal.row(SERVER, |line| !line.contains("maint"));
    trial.hold(
        &format!("top at {width} gives orders by keys"),
        ended.is_ok(),
        ended.err().unwrap_or_default(),
    );
    terminal.keys(&["Escape", "q"])
}
