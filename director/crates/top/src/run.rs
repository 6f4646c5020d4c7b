//! The loop: what happens goes to the model, and the model to the screen.

use crate::daemon::{Daemon, first};
use crate::draw::{Look, draw};
use crate::model::{Heard, Model, Wish};
use crate::terminal::Taken;
use director_shell::control::AskError;
use ratatui::crossterm::event::{Event, KeyEventKind, read};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, IsTerminal, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// After this time without anything the clock and the signals are looked at.
const NAP: Duration = Duration::from_millis(250);

/// How the view is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The control socket.
    pub control: PathBuf,
    /// Between two looks; events are shown at once.
    pub interval: Duration,
    /// What the terminal can show.
    pub look: Look,
}

/// Why there is no view.
#[derive(Debug)]
pub enum Stopped {
    /// Standard output is no terminal.
    NoTerminal,
    /// The director does not answer.
    Ask(AskError),
    /// The terminal failed.
    Terminal(io::Error),
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTerminal => formatter.write_str(
                "director top needs a terminal; `director status` and `director events` write \
                 anywhere",
            ),
            Self::Ask(error) => error.fmt(formatter),
            Self::Terminal(error) => write!(formatter, "the terminal: {error}"),
        }
    }
}

impl std::error::Error for Stopped {}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

/// Something that happened.
pub(crate) enum Happened {
    Heard(Heard),
    Terminal(Event),
    NoInput,
}

/// Shows the director until the operator has seen enough.
///
/// # Errors
/// When it cannot be shown. A director that goes away later is waited for.
pub fn run(options: &Options) -> Result<(), Stopped> {
    if !stdout().is_terminal() {
        return Err(Stopped::NoTerminal);
    }
    let status = first(&options.control).map_err(Stopped::Ask)?;
    let over = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&over))?;
    }
    let (told, happened) = channel();
    let daemon = Daemon::start(&options.control, options.interval, &told);
    let mut model = Model::default();
    model.heard(Heard::Status(Box::new(status)));
    let mut taken = Taken::take()?;
    listen_to_keys(told);
    show(&mut model, &mut taken, &daemon, &happened, &over, options.look)
}

fn listen_to_keys(told: Sender<Happened>) {
    thread::spawn(move || {
        loop {
            let (what, over) = match read() {
                Ok(event) => (Happened::Terminal(event), false),
                Err(_) => (Happened::NoInput, true),
            };
            if told.send(what).is_err() || over {
                return;
            }
        }
    });
}

fn show(
    model: &mut Model,
    taken: &mut Taken,
    daemon: &Daemon,
    happened: &Receiver<Happened>,
    over: &AtomicBool,
    look: Look,
) -> Result<(), Stopped> {
    let begun = Instant::now();
    while !over.load(Ordering::Relaxed) {
        model.tick(begun.elapsed());
        taken.screen.draw(|frame| draw(model, frame, look))?;
        let mut next = match happened.recv_timeout(NAP) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // What came together is drawn together.
        while let Some(this) = next {
            model.tick(begun.elapsed());
            let wish = match this {
                Happened::Heard(heard) => model.heard(heard),
                Happened::Terminal(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                    model.press(key)
                }
                Happened::Terminal(_) => None,
                Happened::NoInput => return Ok(()),
            };
            match wish {
                None => {}
                Some(Wish::Quit) => return Ok(()),
                Some(Wish::Redraw) => taken.screen.clear()?,
                Some(Wish::Sleep) => taken.sleep()?,
                Some(wish) => daemon.want(wish),
            }
            next = happened.try_recv().ok();
        }
    }
    Ok(())
}
