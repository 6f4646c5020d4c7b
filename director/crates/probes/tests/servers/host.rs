//! What is asked of this host: echoes, programs, files, and nothing.

use crate::place::Place;
use crate::rehearse::{asked, judged};
use crate::table::{Cell, Column, Row};
use director_core::config::Dialogue;
use director_core::config::dialogue::{File, Pattern, Program};
use director_core::probe::{Failure, Outcome};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const PLENTY: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);
const NO_PORT: &str = "no port is asked";

/// A row of which most cases do not exist.
fn row(title: &'static str, why: &'static str, cells: Vec<(Column, Cell)>) -> Row {
    let mut row = Row::new(title);
    for column in Column::ALL {
        row.set(*column, Cell::DoesNotApply(why));
    }
    for (column, cell) in cells {
        row.set(column, cell);
    }
    row
}

async fn of(dialogue: &Dialogue, by: Duration) -> Outcome {
    asked(Ipv4Addr::LOCALHOST, 0, dialogue, by).await
}

async fn healthy(dialogue: &Dialogue) -> (Column, Cell) {
    let outcome = of(dialogue, PLENTY).await;
    (Column::Healthy, judged(&outcome, outcome.is_ok()))
}

async fn fails(column: Column, dialogue: &Dialogue, right: fn(&Failure) -> bool) -> (Column, Cell) {
    let outcome = of(dialogue, PLENTY).await;
    (column, judged(&outcome, outcome.as_ref().is_err_and(right)))
}

pub(crate) async fn rows() -> Vec<Row> {
    vec![ping().await, program().await, file().await, on().await]
}

async fn ping() -> Row {
    let echo = async |to: IpAddr| match asked(to, 0, &Dialogue::Ping, PLENTY).await {
        Err(Failure::Local { what }) if what.contains("not permitted") => {
            Cell::Skipped("nobody here may send ICMP".into())
        }
        outcome => judged(&outcome, outcome.is_ok()),
    };
    let silent = "the loopback is never silent; tried in memory by tests/peers".into();
    let cells = vec![
        (Column::Healthy, echo(Ipv4Addr::LOCALHOST.into()).await),
        (Column::Ipv6, echo(Ipv6Addr::LOCALHOST.into()).await),
        (Column::Silent, Cell::Skipped(silent)),
        (Column::Garbage, Cell::Skipped("a kernel answers; tried in memory by tests/peers".into())),
    ];
    row("ping", "an echo has neither port nor words", cells)
}

fn run(command: &[&str]) -> Dialogue {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    Dialogue::Program(Program { command, user: "nobody".into() }.into())
}

async fn program() -> Row {
    if !rustix::process::geteuid().is_root() {
        let skipped = || Cell::Skipped("only root can run a program as somebody else".into());
        let all = Column::ALL.iter().map(|column| (*column, skipped())).collect();
        return row("program", "", all);
    }
    let shell = |text: &str| run(&["/bin/sh", "-c", text]);
    let ended = |failure: &Failure| matches!(failure, Failure::Ended { .. });
    // It has children that would go on.
    let hangs = of(&shell("sleep 1000 & sleep 1000"), SHORT).await;
    let late = matches!(hangs, Err(Failure::TimedOut { .. }));
    // The address comes behind the command: here it is the name of the script and its argument.
    let six = shell("test \"$0\" = ::1");
    let six = asked(Ipv6Addr::LOCALHOST, 0, &six, PLENTY).await;
    let cells = vec![
        healthy(&shell("exit 0")).await,
        (Column::Ipv6, judged(&six, six.is_ok())),
        fails(Column::Wrong, &shell("exit 1"), ended).await,
        fails(Column::Closes, &shell("kill -9 $$"), ended).await,
        (Column::Hangs, judged(&hangs, late)),
    ];
    row("program", NO_PORT, cells)
}

async fn file() -> Row {
    let place = Place::new();
    let path = place.write("state", "all is WELL\n");
    let look = |path: &str, expect: &str| {
        let expect = Some(Pattern::Text(expect.into()));
        Dialogue::File(File { path: path.into(), expect }.into())
    };
    let cells = vec![
        healthy(&look(&path, "WELL")).await,
        fails(Column::Wrong, &look(&path, "ILL"), |it| matches!(it, Failure::Body { .. })).await,
        fails(Column::Refused, &look(&place.path("none"), ""), |_| true).await,
    ];
    row("file", NO_PORT, cells)
}

async fn on() -> Row {
    let off = |failure: &Failure| *failure == Failure::Off;
    let cells = vec![healthy(&Dialogue::On).await, fails(Column::Wrong, &Dialogue::Off, off).await];
    row("on, off", "nobody is asked", cells)
}
