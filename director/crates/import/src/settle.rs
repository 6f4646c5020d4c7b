//! Until the grammar takes it: what it does not take is left out, with its own reason.

use crate::log::Log;
use crate::place::Place;
use crate::sheet::{Item, Line, Loss, Owner, render};
use director_config::{Code, Problem, Problems, parse};

/// Every round leaves something out; what is left after so many is not a file that can be mended.
const ROUNDS: usize = 64;

/// The text that the grammar takes, or `None` when there is none, which is noted as wrong.
pub(crate) fn settle(head: &str, mut items: Vec<Item>, log: &mut Log) -> Option<String> {
    for _ in 0..ROUNDS {
        let (text, owners) = render(head, &items, log);
        let Err(problems) = parse("director.toml", &text) else { return Some(text) };
        if !leave_out(&problems, &owners, &mut items, log) {
            refuse(&problems, log);
            return None;
        }
    }
    let message = "what these files want cannot be written as a director.toml";
    log.wrong(Code::BadText, Place::default(), message, "import them one by one");
    None
}

fn refuse(problems: &Problems, log: &mut Log) {
    for problem in &problems.problems {
        let message = format!("these files give no whole director.toml: {}", problem.message);
        log.wrong(problem.code, Place::default(), message, problem.help.clone());
    }
}

/// Takes out what the problems are about; `false` when that is nothing.
fn leave_out(
    problems: &Problems,
    owners: &[Option<Owner>],
    items: &mut [Item],
    log: &mut Log,
) -> bool {
    let mut any = false;
    let mut done: Vec<Owner> = Vec::new();
    for problem in &problems.problems {
        let owner = owners.get(problem.line.saturating_sub(1)).copied().flatten();
        let Some(owner) = owner.filter(|owner| !done.contains(owner)) else { continue };
        done.push(owner);
        any |= one(problem, owner, items, log);
    }
    for item in items.iter_mut() {
        item.lines.retain(|line| !line.text.is_empty());
    }
    any
}

/// Takes out one thing. Lines stay where they are, empty, until all problems have been seen.
fn one(problem: &Problem, (at, number): Owner, items: &mut [Item], log: &mut Log) -> bool {
    let Some(item) = items.get_mut(at) else { return false };
    let Some(line) = item.lines.get(number) else { return false };
    if line.text.is_empty() {
        return true;
    }
    let place = line.place.or(item.place).unwrap_or_default();
    let what = if line.what == item.what || line.loss == Loss::Item {
        item.what.clone()
    } else {
        format!("{} of {}", line.what, item.what)
    };
    let (text, loss) = (problem.message.clone(), line.loss.clone());
    match loss {
        Loss::Nothing => return false,
        Loss::Line | Loss::Setting => empty(item, number),
        Loss::Item => item.lines.iter_mut().for_each(|line| line.text = String::new()),
        Loss::Dialogue(instead) => {
            let is_dialogue = |line: &Line| matches!(line.loss, Loss::Dialogue(_) | Loss::Setting);
            for line in item.lines.iter_mut().filter(|line| is_dialogue(line)) {
                line.text = String::new();
            }
            if instead.is_empty() {
                item.lines.iter_mut().for_each(|line| line.text = String::new());
            } else if let Some(line) = item.lines.get_mut(number) {
                line.text = format!("check.type = {}", crate::sheet::quoted(&instead));
                line.loss = Loss::Dialogue(String::new());
                let text = format!("{text}; a check of type \"{instead}\" stands in its place");
                log.left_out(place, &what, text);
                return true;
            }
        }
    }
    log.left_out(place, &what, text);
    true
}

fn empty(item: &mut Item, number: usize) {
    if let Some(line) = item.lines.get_mut(number) {
        line.text = String::new();
    }
}
