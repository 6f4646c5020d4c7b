//! The pages beside the list, and what is asked before a change.

use super::cells::fitted;
use super::{Look, Tone, event};
use crate::dialog::{Deed, Dialog};
use crate::keys::HELP;
use crate::model::{Model, Page};
use crate::rows::Thing;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

/// The page that is open: a title, and as much of its lines as fits.
pub(crate) fn draw(model: &mut Model, frame: &mut Frame<'_>, body: Rect, look: Look) {
    let height = usize::from(body.height - 1);
    model.fit(height);
    let width = usize::from(body.width);
    let (title, lines) = match &model.page {
        Page::List => return,
        Page::Why { thing, text, .. } => (name(thing), wrapped(text.as_deref(), width, look)),
        Page::Events { .. } => {
            ("Events since this view began".to_owned(), events(model, width, look))
        }
        Page::Help => ("Keys".to_owned(), help(width, look)),
    };
    let most = lines.len().saturating_sub(height);
    let from = match &mut model.page {
        Page::Why { from, .. } | Page::Events { from } => {
            *from = (*from).min(most);
            *from
        }
        _ => 0,
    };
    let part = if most > 0 { format!("  ({} of {})", from + 1, most + 1) } else { String::new() };
    let title = super::cells::left(&format!("  {title}{part}"), width, look);
    let row = |y: u16| Rect { y, height: 1, ..body };
    frame.render_widget(Line::raw(title).patch_style(Modifier::REVERSED), row(body.y));
    for (line, y) in lines.into_iter().skip(from).take(height).zip(body.y + 1..) {
        frame.render_widget(line, row(y));
    }
}

fn name(thing: &Thing) -> String {
    match thing {
        Thing::Group(name) => format!("Group {name}"),
        Thing::Peer(name) => format!("Director {name}"),
        Thing::Service(name) => format!("Service {name}"),
        Thing::Server { service, address } => format!("Server {address} of {service}"),
        Thing::Other(name) => name.clone(),
    }
}

/// The text in lines of at most `width` columns; what goes on is indented.
fn wrapped(text: Option<&str>, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for line in text.unwrap_or("asking the director").lines() {
        let indent = if line.starts_with(' ') { "      " } else { "  " };
        let mut rest: Vec<char> = line.chars().collect();
        let mut first = true;
        while first || !rest.is_empty() {
            let room = width.saturating_sub(if first { 0 } else { indent.len() }).max(1);
            let at = place_to_break(&rest, room);
            let part: String = rest.drain(..at).collect();
            let part = if first { part } else { format!("{indent}{}", part.trim_start()) };
            lines.push(Line::raw(fitted(&part, width, look)));
            first = false;
        }
    }
    lines
}

/// After the last word that fits; in the middle of a word that is longer than a line.
fn place_to_break(letters: &[char], room: usize) -> usize {
    if letters.len() <= room {
        return letters.len();
    }
    let words_end = letters[..room].iter().rposition(|letter| *letter == ' ');
    words_end.filter(|at| *at > room / 3).unwrap_or(room)
}

fn events(model: &Model, width: usize, look: Look) -> Vec<Line<'static>> {
    if model.notes.is_empty() {
        return vec![Line::raw("  none yet")];
    }
    model.notes.iter().map(|note| event(note, model, width, look)).collect()
}

fn help(width: usize, look: Look) -> Vec<Line<'static>> {
    let line = |(key, what): &(&str, &str)| {
        let key = Span::styled(format!("  {key:<18}"), look.style(Tone::Strong));
        Line::from(vec![key, Span::raw(fitted(what, width.saturating_sub(20), look))])
    };
    HELP.iter().map(line).collect()
}

/// A box in the middle that says what would be done.
pub(crate) fn draw_dialog(dialog: &Dialog, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let width = area.width.min(70);
    let inner = usize::from(width.saturating_sub(4));
    let mut lines =
        vec![Line::styled(fitted(&dialog.question(), inner, look), look.style(Tone::Strong))];
    let caret = |here: bool| if here { "_" } else { "" };
    if matches!(dialog.deed, Deed::Weight(_)) {
        let mark = caret(dialog.at_weight);
        let text = format!("Weight, nothing for the configured one: {}{mark}", dialog.weight.0);
        lines.push(Line::raw(fitted(&text, inner, look)));
    }
    lines.push(Line::raw(tail(&dialog.reason.0, caret(!dialog.at_weight), inner)));
    if dialog.can_force() {
        let mark = if dialog.force { "x" } else { " " };
        let text = format!("[{mark}] also when no usable server would be left (Tab)");
        lines.push(Line::raw(fitted(&text, inner, look)));
    }
    if let Some(why) = &dialog.refused {
        for line in wrapped(Some(&format!("Refused: {why}")), inner, look).into_iter().take(4) {
            lines.push(line.style(look.style(Tone::Bad)));
        }
    }
    lines.push(Line::raw(""));
    lines.push(Line::raw("Enter does it, Esc leaves everything as it is"));
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let block = Block::bordered().border_set(border(look));
    let inside = block.inner(place);
    frame.render_widget(block, place);
    for (line, y) in lines.into_iter().zip(inside.y..inside.bottom()) {
        let row = Rect { x: inside.x + 1, y, width: inside.width.saturating_sub(1), height: 1 };
        frame.render_widget(line, row);
    }
}

/// The end of what is being written must be seen.
fn tail(reason: &str, mark: &str, room: usize) -> String {
    let room = room.saturating_sub("Reason: _".len());
    let skip = reason.chars().count().saturating_sub(room);
    let shown: String = reason.chars().skip(skip).collect();
    format!("Reason: {shown}{mark}")
}

fn border(look: Look) -> ratatui::symbols::border::Set<'static> {
    if look.unicode {
        return ratatui::symbols::border::PLAIN;
    }
    ratatui::symbols::border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    }
}
