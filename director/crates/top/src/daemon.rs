//! The threads that ask the director, so that keys never wait for it.

use crate::model::{Heard, Wish, outcome};
use crate::run::Happened;
use crate::status::{Counters, Status};
use director_shell::control::{AskError, Command, Shape, VERSION, ask, listen};
use serde_json::Value;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A director that is not there is looked for this often.
const PAUSE: Duration = Duration::from_secs(1);
/// However much happens, it is asked this often at most.
const BREATH: Duration = Duration::from_millis(250);

/// Where questions go.
pub(crate) struct Daemon {
    wishes: Sender<Wish>,
}

/// Asks once, so that whoever names a wrong socket hears it at once.
///
/// # Errors
/// When nobody answers.
pub(crate) fn first(control: &Path) -> Result<Status, AskError> {
    look(control)
}

impl Daemon {
    /// Begins to ask every `interval`, and whenever something happens.
    pub(crate) fn start(control: &Path, interval: Duration, told: &Sender<Happened>) -> Self {
        let (nudge, nudges) = channel();
        let (wishes, wanted) = channel();
        let path = control.to_owned();
        let (out, poll) = (told.clone(), nudge.clone());
        thread::spawn(move || poll_for_ever(&path, interval, &nudges, &out));
        let path = control.to_owned();
        let (out, woken) = (told.clone(), nudge);
        thread::spawn(move || listen_for_ever(&path, &woken, &out));
        let path = control.to_owned();
        let out = told.clone();
        thread::spawn(move || obey_for_ever(&path, &wanted, &poll, &out));
        Self { wishes }
    }

    /// Asks for what is wanted; the answer comes later.
    pub(crate) fn want(&self, wish: Wish) {
        // The thread lives as long as this program.
        let _gone = self.wishes.send(wish);
    }
}

fn look(control: &Path) -> Result<Status, AskError> {
    let answer = ask(control, &Command::Status { format: Shape::Json })?;
    let strange = |what: String| AskError::Answer(control.to_owned(), what);
    if answer.get("version").and_then(Value::as_u64) != Some(u64::from(VERSION)) {
        return Err(strange("it speaks another version of the protocol".to_owned()));
    }
    let status = answer.get("status").cloned().unwrap_or_default();
    serde_json::from_value(status).map_err(|error| strange(error.to_string()))
}

fn poll_for_ever(
    control: &Path,
    interval: Duration,
    nudges: &Receiver<()>,
    told: &Sender<Happened>,
) {
    loop {
        let begun = Instant::now();
        let heard = match look(control) {
            Ok(status) => Heard::Status(Box::new(status)),
            Err(error) => Heard::Lost(error.to_string()),
        };
        let answered = matches!(heard, Heard::Status(_));
        if told.send(Happened::Heard(heard)).is_err() {
            return;
        }
        // A director of an earlier release has none, and is shown without rates.
        if answered
            && let Ok(answer) = ask(control, &Command::Counters)
            && let Some(Ok(counters)) =
                answer.get("counters").cloned().map(serde_json::from_value::<Counters>)
            && told.send(Happened::Heard(Heard::Counters(counters))).is_err()
        {
            return;
        }
        let breath = BREATH.max(begun.elapsed() * 3);
        // Not more than a quarter of the time, on whichever side it is spent.
        thread::sleep(breath.min(interval));
        match nudges.recv_timeout(interval.saturating_sub(begun.elapsed())) {
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
        }
        while nudges.try_recv().is_ok() {}
    }
}

fn listen_for_ever(control: &Path, nudge: &Sender<()>, told: &Sender<Happened>) {
    let mut open = true;
    while open {
        // Why nobody is there is told by the one who asks for the status.
        let _over = listen(control, |line| {
            let heard = told.send(Happened::Heard(Heard::Event(line.to_owned())));
            open = heard.is_ok() && nudge.send(()).is_ok();
            open
        });
        // A director that is away is not asked without a pause.
        thread::sleep(PAUSE);
    }
}

fn obey_for_ever(
    control: &Path,
    wanted: &Receiver<Wish>,
    nudge: &Sender<()>,
    told: &Sender<Happened>,
) {
    while let Ok(wish) = wanted.recv() {
        let heard = match wish {
            Wish::Explain(command) => Heard::Explained(match ask(control, &command) {
                Ok(answer) => {
                    let text = answer.get("text").or_else(|| answer.get("refused"));
                    text.and_then(Value::as_str).unwrap_or("nothing is known of it").to_owned()
                }
                Err(error) => error.to_string(),
            }),
            Wish::Order(command) => Heard::Ordered(match ask(control, &command) {
                Ok(answer) => outcome(&answer),
                Err(error) => Err(error.to_string()),
            }),
            Wish::Redraw | Wish::Sleep | Wish::Quit => continue,
        };
        // An answer to `explain` follows a look at the status and must not cause the next one.
        let changed = matches!(heard, Heard::Ordered(_));
        if told.send(Happened::Heard(heard)).is_err() || (changed && nudge.send(()).is_err()) {
            return;
        }
    }
}
