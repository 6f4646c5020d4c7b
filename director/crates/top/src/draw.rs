//! The model as cells.

mod cells;
mod list;
mod pages;

use crate::model::{Model, Note, Page};
use crate::words::{count, rate, span};
use cells::{fitted, spread};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours; without them words and bold letters say the same.
    pub colour: bool,
    /// Letters beyond ASCII.
    pub unicode: bool,
}

/// How a word is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Odd,
    Faint,
    Strong,
}

impl Look {
    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |colour| if self.colour { style.fg(colour) } else { style };
        match tone {
            Tone::Plain => style,
            Tone::Good => coloured(Color::Green),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Odd => coloured(Color::Yellow).add_modifier(Modifier::BOLD),
            Tone::Faint => coloured(Color::DarkGray),
            Tone::Strong => style.add_modifier(Modifier::BOLD),
        }
    }

    fn dot(self) -> &'static str {
        if self.unicode { " · " } else { " | " }
    }

    pub(crate) fn cut(self) -> char {
        if self.unicode { '…' } else { '~' }
    }
}

/// Events below the list: one line on a small screen, up to ten on a large one.
fn events_shown(height: u16) -> u16 {
    match height {
        0..16 => 0,
        16..24 => 1,
        24..32 => 2,
        _ => (height / 5).min(10),
    }
}

/// Draws the whole screen, whatever its size.
pub fn draw(model: &mut Model, frame: &mut Frame<'_>, look: Look) {
    let area = frame.area();
    if area.height < 6 || area.width < 30 {
        let text = fitted("too small: 30 x 6 at least", usize::from(area.width), look);
        frame.render_widget(Line::raw(text), area);
        return;
    }
    let row = |y: u16| Rect { y, height: 1, ..area };
    frame.render_widget(header(model, area.width, look), row(0));
    frame.render_widget(summary(model, area.width, look), row(1));
    frame.render_widget(foot(model, area.width, look), row(area.height - 1));
    let body = Rect { y: 2, height: area.height - 3, ..area };
    match &model.page {
        Page::List => body_of_list(model, frame, body, look),
        Page::Why { .. } | Page::Events { .. } | Page::Help => {
            pages::draw(model, frame, body, look);
        }
    }
    if let Some(dialog) = &model.dialog {
        pages::draw_dialog(dialog, frame, area, look);
    }
}

fn body_of_list(model: &mut Model, frame: &mut Frame<'_>, body: Rect, look: Look) {
    let notes = events_shown(body.height + 3);
    let details = u16::from(body.height >= 8);
    let height = body.height - 1 - notes - details;
    model.fit(usize::from(height));
    let list = Rect { height: height + 1, ..body };
    list::draw(model, frame, list, look);
    let width = usize::from(body.width);
    if details > 0 {
        let row = Rect { y: list.bottom(), height: 1, ..body };
        let text = fitted(&list::detail(model), width, look);
        frame.render_widget(Line::styled(text, look.style(Tone::Strong)), row);
    }
    // Each change of the kernel is an event too: these are on a page of their own, or a moment in
    // which many servers change would push the reasons off the screen.
    let told = || model.notes.iter().filter(|note| note.level != "debug" && note.level != "trace");
    let skip = told().count().saturating_sub(usize::from(notes));
    for (note, y) in told().skip(skip).zip(list.bottom() + details..) {
        frame.render_widget(event(note, model, width, look), Rect { y, height: 1, ..body });
    }
}

/// An event: how long ago, how much it matters, the sentence.
pub(crate) fn event(note: &Note, model: &Model, width: usize, look: Look) -> Line<'static> {
    let ago = u64::try_from((model.now.saturating_sub(note.at)).as_millis()).unwrap_or(u64::MAX);
    // What is younger than a second would make the line change all the time.
    let ago = if ago < 1000 { "now".to_owned() } else { span(ago / 1000 * 1000) };
    let tone = match note.level.as_str() {
        "error" => Tone::Bad,
        "warn" => Tone::Odd,
        _ => Tone::Plain,
    };
    let head = format!("{ago:>6} {:<5} ", note.level);
    let text = fitted(&note.text, width.saturating_sub(head.len()), look);
    Line::from(vec![Span::styled(head, look.style(tone)), Span::raw(text)])
}

fn header(model: &Model, width: u16, look: Look) -> Line<'static> {
    let status = &model.status;
    if model.seen.is_none() {
        return Line::styled("director top", look.style(Tone::Strong));
    }
    let of = |role: &str| {
        let groups = status.groups.iter().filter(|group| group.role == role);
        let names: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("{role} for {}", names.join(", ")))
    };
    let roles = ["active", "taking", "releasing", "standby", "waiting", "stopped"];
    let roles: Vec<String> = roles.iter().filter_map(|role| of(role)).collect();
    let roles = if roles.is_empty() { "no groups".to_owned() } else { roles.join("; ") };
    let left = format!("{} of {}{}{roles}", status.node, status.cluster, look.dot());
    let right = format!("up {}", span(status.started_ms.max(1000)));
    Line::styled(spread(&left, &right, usize::from(width), look), look.style(Tone::Strong))
}

fn summary(model: &Model, width: u16, look: Look) -> Line<'static> {
    let width = usize::from(width);
    if let Some((since, why)) = &model.lost {
        let gone = span(((model.now - *since).as_secs() * 1000).max(1000));
        let text = format!("NOT CONNECTED for {gone}, trying again: {why}");
        return Line::styled(fitted(&text, width, look), look.style(Tone::Bad));
    }
    if model.seen.is_none() {
        return Line::raw("asking the director");
    }
    let status = &model.status;
    let mut parts = vec![(state_of_kernel(model), Tone::Plain)];
    if parts[0].0 != "kernel in order" {
        parts[0].1 = Tone::Odd;
    }
    let servers = || status.services.iter().flat_map(|service| &service.servers);
    let up = servers().filter(|server| server.health == "up").count();
    let all = servers().count();
    let tone = if up == all { Tone::Plain } else { Tone::Odd };
    parts.push((format!("{up}/{all} servers up"), tone));
    let alive = status.peers.iter().filter(|peer| peer.state == "alive").count();
    let tone = if alive == status.peers.len() { Tone::Plain } else { Tone::Bad };
    parts.push((format!("{alive}/{} peers", status.peers.len()), tone));
    if status.witness == Some(false) {
        parts.push(("no witness".to_owned(), Tone::Bad));
    }
    let active: u64 = list::connections(model).map(|(active, _)| u64::from(active)).sum();
    parts.push((format!("{} active", count(active)), Tone::Plain));
    if let Some(sum) = model.rates.sum() {
        parts.push((format!("{}/s new", rate(sum.connections)), Tone::Plain));
        parts.push((format!("{}B/s", count(sum.bytes)), Tone::Plain));
    }
    let mut spans = Vec::new();
    let mut used = 0;
    for (text, tone) in parts {
        let dot = if spans.is_empty() { 0 } else { look.dot().chars().count() };
        used += dot + text.chars().count();
        // Half a figure is another figure.
        if used > width {
            break;
        }
        if !spans.is_empty() {
            spans.push(Span::styled(look.dot(), look.style(Tone::Faint)));
        }
        spans.push(Span::styled(text, look.style(tone)));
    }
    Line::from(spans)
}

fn state_of_kernel(model: &Model) -> String {
    let kernel = &model.status.kernel;
    match (kernel.converged, kernel.refused.len(), kernel.observed_ms) {
        (_, _, None) => "kernel not asked yet".to_owned(),
        (true, _, _) => "kernel in order".to_owned(),
        (false, 0, _) => "kernel is being changed".to_owned(),
        (false, refused, _) => format!("kernel refused {refused}"),
    }
}

fn foot(model: &Model, width: u16, look: Look) -> Line<'static> {
    let width = usize::from(width);
    if let Some(line) = &model.writing {
        let text = format!("filter: {}_   (Enter keeps it, Esc ends it)", line.0);
        return Line::raw(fitted(&text, width, look));
    }
    if let Some((_, message)) = &model.message {
        return Line::styled(fitted(message, width, look), look.style(Tone::Odd));
    }
    let keys = match &model.page {
        Page::List if width < 100 => {
            "Enter why  / filter  p problems  d drain  m maint  h hand over  ? help  q quit"
        }
        Page::List => {
            "Enter why  / filter  p problems  e events  d drain  u undrain  m maintenance  \
             w weight  h hand over  r ready  R reload  ? help  q quit"
        }
        Page::Why { .. } => "Esc back  up down scroll  d drain  m maintenance  h hand over  q quit",
        Page::Events { .. } => "Esc back  up down scroll  q quit",
        Page::Help => "Esc back  q quit",
    };
    let mut chosen = Vec::new();
    if model.choice.problems {
        chosen.push("problems only".to_owned());
    }
    if !model.choice.filter.is_empty() {
        chosen.push(format!("filter: {}", model.choice.filter));
    }
    if chosen.is_empty() || model.page != Page::List {
        return Line::styled(fitted(keys, width, look), look.style(Tone::Faint));
    }
    let text = format!("{} (Esc shows all)", chosen.join(", "));
    Line::styled(fitted(&text, width, look), look.style(Tone::Odd))
}
