//! The comparison of stacks as a page: one table over all scenarios.

use std::fmt::Write as _;

use super::measure::{Comparison, Played};
use super::text::{COLUMNS, HEADER, row};

/// A table with a row for each scenario, client and stack, and what must be known to read it.
pub(super) fn markdown(comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = table(&mut text, comparisons);
    let _ = notes(&mut text, comparisons);
    text
}

fn table(text: &mut String, comparisons: &[Comparison]) -> std::fmt::Result {
    writeln!(text, "| scenario | {} |", HEADER.join(" | "))?;
    writeln!(text, "|{}", " --- |".repeat(COLUMNS + 1))?;
    for comparison in comparisons {
        let title = &comparison.title;
        let none = [String::new()];
        let clients = if comparison.clients.is_empty() { &none } else { &*comparison.clients };
        for client in clients {
            let several = comparison.clients.len() > 1;
            let title = if several { format!("{title}: {client}") } else { title.clone() };
            for (index, played) in comparison.stacks.iter().enumerate() {
                let title = if index == 0 { title.as_str() } else { "" };
                writeln!(text, "| {title} | {} |", row(played, client).join(" | "))?;
            }
        }
    }
    Ok(())
}

/// Where each stack was told something else, each sentence once.
fn notes(text: &mut String, comparisons: &[Comparison]) -> std::fmt::Result {
    let mut stacks: Vec<&Played> = Vec::new();
    for played in comparisons.iter().flat_map(|comparison| &comparison.stacks) {
        if !played.notes.is_empty() && stacks.iter().all(|known| known.stack != played.stack) {
            stacks.push(played);
        }
    }
    for first in stacks {
        let word = first.stack.word();
        writeln!(text, "\n{word} was told the same as far as it can be; it differs in\n")?;
        let mut told: Vec<&str> = Vec::new();
        for played in comparisons.iter().flat_map(|comparison| &comparison.stacks) {
            for note in played.notes.iter().filter(|_| played.stack == first.stack) {
                if !told.contains(&note.as_str()) {
                    told.push(note);
                    writeln!(text, "* {note}")?;
                }
            }
        }
    }
    Ok(())
}
