//! The terminal as it was before, whatever happens.

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use std::io::{self, BufWriter, Stdout, stdout};
use std::panic;
use std::sync::Once;

/// One write for each screen: a slow line gets few large packets.
pub(crate) type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal is ours while this lives.
pub(crate) struct Taken {
    pub(crate) screen: Screen,
}

impl Taken {
    /// Takes the terminal. It is given back on drop and when the program panics.
    pub(crate) fn take() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |why| {
                give_back();
                before(why);
            }));
        });
        enter()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()));
        let screen = Terminal::new(backend).inspect_err(|_| give_back())?;
        Ok(Self { screen })
    }

    /// Stops this process as Ctrl-Z does, until it is continued.
    pub(crate) fn sleep(&mut self) -> io::Result<()> {
        give_back();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        enter()?;
        self.screen.clear()
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen).inspect_err(|_| give_back())
}

fn give_back() {
    // Nothing can be done about a terminal that is gone.
    let _gone = disable_raw_mode();
    let _gone = execute!(stdout(), LeaveAlternateScreen, Show);
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}
