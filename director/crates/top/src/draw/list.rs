//! The list: only the rows that are on the screen are made.

use super::cells::{fitted, left, right};
use super::{Look, Tone};
use crate::model::Model;
use crate::rows::{Row, Thing, Title, server_problem, service_problem, state};
use crate::status::{Group, Peer, Server, Service};
use crate::words::{count, rate, span, took};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// Widths of the columns; 0 for one that is left out.
struct Columns {
    name: usize,
    state: usize,
    weight: usize,
    active: usize,
    inactive: usize,
    rate: usize,
    bytes: usize,
    check: usize,
    since: usize,
    why: usize,
}

impl Columns {
    fn of(width: usize) -> Self {
        let wide = |from: usize, columns: usize| if width >= from { columns } else { 0 };
        let mut columns = Self {
            name: if width >= 120 { 34 } else { 23 },
            state: 9,
            weight: 6,
            active: 5,
            inactive: wide(100, 5),
            rate: 5,
            bytes: wide(120, 6),
            check: wide(50, 6),
            since: wide(50, 6),
            why: 0,
        };
        columns.why = width.saturating_sub(2 + columns.upto_why());
        columns
    }

    fn all(&self) -> [usize; 9] {
        let Self { name, state, weight, active, inactive, rate, bytes, check, since, .. } = *self;
        [name, state, weight, active, inactive, rate, bytes, check, since]
    }

    /// All columns before the last, each with a space behind it.
    fn upto_why(&self) -> usize {
        self.all().iter().filter(|width| **width > 0).map(|width| width + 1).sum()
    }

    /// From the column of checks to the right edge.
    fn with_check(&self) -> usize {
        let present = [self.check, self.since].into_iter().filter(|width| *width > 0);
        present.map(|width| width + 1).sum::<usize>() + self.why
    }
}

/// A line under construction.
struct Cells {
    look: Look,
    spans: Vec<Span<'static>>,
}

impl Cells {
    fn put(&mut self, text: String, tone: Tone) {
        self.spans.push(Span::styled(text, self.look.style(tone)));
    }

    fn text(&mut self, text: &str, room: usize, tone: Tone) {
        if room > 0 {
            self.put(left(text, room, self.look) + " ", tone);
        }
    }

    fn number(&mut self, text: &str, room: usize, tone: Tone) {
        if room > 0 {
            self.put(right(text, room, self.look) + " ", tone);
        }
    }

    fn rest(&mut self, text: &str, room: usize, tone: Tone) {
        self.put(left(text, room, self.look), tone);
    }
}

/// The titles and the rows below them.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let width = usize::from(area.width);
    let columns = Columns::of(width);
    let row = |y: u16| Rect { y, height: 1, ..area };
    let title = titles(&columns, look).patch_style(Modifier::REVERSED);
    frame.render_widget(title, row(area.y));
    let visible = model.rows.iter().enumerate().skip(model.top).take(model.height);
    for ((number, found), y) in visible.zip(area.y + 1..) {
        let mut cells = Cells { look, spans: Vec::new() };
        let chosen = number == model.cursor && !matches!(found, Row::Title(_));
        let mark = if is_problem(model, *found) { "!" } else { " " };
        cells.put(format!("{}{mark}", if chosen { ">" } else { " " }), Tone::Bad);
        fill(&mut cells, model, *found, &columns);
        let mut line = Line::from(cells.spans);
        if chosen {
            line = line.patch_style(Modifier::REVERSED);
        }
        frame.render_widget(line, row(y));
    }
    if model.seen.is_some() && model.rows.is_empty() {
        let text =
            if model.choice.problems { "  nothing is out of order" } else { "  nothing fits" };
        frame.render_widget(Line::raw(text), row(area.y + 1));
    }
}

fn titles(columns: &Columns, look: Look) -> Line<'static> {
    let mut cells = Cells { look, spans: vec![Span::raw("  ")] };
    cells.text("NAME", columns.name, Tone::Plain);
    cells.text("STATE", columns.state, Tone::Plain);
    cells.number("WEIGHT", columns.weight, Tone::Plain);
    cells.number("ACT", columns.active, Tone::Plain);
    cells.number("INACT", columns.inactive, Tone::Plain);
    cells.number("NEW/S", columns.rate, Tone::Plain);
    cells.number("B/S", columns.bytes, Tone::Plain);
    cells.number("CHECK", columns.check, Tone::Plain);
    cells.number("SINCE", columns.since, Tone::Plain);
    cells.rest("WHY", columns.why, Tone::Plain);
    Line::from(cells.spans)
}

fn is_problem(model: &Model, row: Row) -> bool {
    let status = &model.status;
    match row {
        Row::Title(_) | Row::Leaving(_) | Row::Foreign(_) => false,
        Row::Group(number) => status.groups.get(number).is_some_and(|group| group.owner.is_none()),
        Row::Peer(number) => status.peers.get(number).is_some_and(|peer| {
            peer.state != "alive"
                || peer.same_config == Some(false)
                || peer.links.iter().any(|link| !link.up)
        }),
        Row::Service(number) => status.services.get(number).is_some_and(service_problem),
        Row::Server(number, place) => server(model, number, place).is_some_and(server_problem),
        Row::Refused(_) => true,
    }
}

fn server(model: &Model, number: usize, place: usize) -> Option<&Server> {
    model.status.services.get(number)?.servers.get(place)
}

fn fill(cells: &mut Cells, model: &Model, row: Row, columns: &Columns) {
    let status = &model.status;
    let whole = columns.upto_why() + columns.why;
    match row {
        Row::Title(title) => cells.rest(title_of(title), whole, Tone::Strong),
        Row::Group(number) => {
            if let Some(group) = status.groups.get(number) {
                fill_group(cells, group, columns);
            }
        }
        Row::Peer(number) => {
            if let Some(peer) = status.peers.get(number) {
                fill_peer(cells, peer, columns);
            }
        }
        Row::Service(number) => {
            if let Some(service) = status.services.get(number) {
                fill_service(cells, model, service, columns);
            }
        }
        Row::Server(number, place) => {
            if let (Some(service), Some(server)) =
                (status.services.get(number), server(model, number, place))
            {
                fill_server(cells, model, &service.name, server, columns);
            }
        }
        Row::Leaving(number) => {
            if let Some(leaving) = status.draining.get(number) {
                let (connections, rest) = (leaving.connections, span(leaving.remaining_ms));
                let (address, service) = (&leaving.address, &leaving.service);
                let text = format!("  {address} of {service}: {connections} left, {rest} at most");
                cells.rest(&text, whole, Tone::Odd);
            }
        }
        Row::Refused(number) => {
            let step = status.kernel.refused.get(number).map_or("", String::as_str);
            cells.rest(&format!("  refused: {step}"), whole, Tone::Bad);
        }
        Row::Foreign(number) => {
            let what = status.kernel.foreign.get(number).map_or("", String::as_str);
            cells.rest(&format!("  not ours, left alone: {what}"), whole, Tone::Plain);
        }
    }
}

fn title_of(title: Title) -> &'static str {
    match title {
        Title::Groups => "Groups",
        Title::Peers => "Peers",
        Title::Services => "Services",
        Title::Leaving => "Leaving",
        Title::Kernel => "Kernel",
    }
}

fn fill_group(cells: &mut Cells, group: &Group, columns: &Columns) {
    cells.text(&format!("  {}", group.name), columns.name, Tone::Plain);
    let tone = match group.role.as_str() {
        "active" => Tone::Good,
        "standby" => Tone::Plain,
        _ => Tone::Odd,
    };
    fill_rest(cells, columns, (&group.role, tone), &about_group(group));
}

/// What has no columns of its own but its state: the rest of the line is for words.
fn fill_rest(cells: &mut Cells, columns: &Columns, state: (&str, Tone), about: &str) {
    cells.text(state.0, columns.state, state.1);
    let room = columns.upto_why() + columns.why - columns.name - columns.state - 2;
    cells.rest(about, room, Tone::Plain);
}

fn about_group(group: &Group) -> String {
    let owner = match &group.owner {
        Some(owner) => format!("owner {owner}"),
        None => "NO OWNER".to_owned(),
    };
    let addresses = group.addresses.iter().map(|address| {
        let held = if address.held { "held" } else { "not held" };
        format!("{} on {} {held}", address.address, address.interface)
    });
    let rests = group.resting.then(|| "rests".to_owned());
    let parts = std::iter::once(owner).chain(rests).chain(addresses);
    let since = span(group.since_ms.max(1000));
    let parts: Vec<String> = parts.chain([format!("{since}: {}", group.why)]).collect();
    parts.join(", ")
}

fn fill_peer(cells: &mut Cells, peer: &Peer, columns: &Columns) {
    cells.text(&format!("  {}", peer.name), columns.name, Tone::Plain);
    let tone = match peer.state.as_str() {
        "alive" => Tone::Good,
        "dead" => Tone::Bad,
        _ => Tone::Odd,
    };
    fill_rest(cells, columns, (&peer.state, tone), &about_peer(peer));
}

fn about_peer(peer: &Peer) -> String {
    let heard = match peer.heard_ms {
        None => "never heard".to_owned(),
        // A number that changes all the time says nothing, and costs a slow line.
        Some(0..1000) => "heard now".to_owned(),
        Some(ms) => format!("heard {} ago", span(ms)),
    };
    let links = peer
        .links
        .iter()
        .map(|link| format!("{} {}", link.interface, if link.up { "up" } else { "DOWN" }));
    let config = match peer.same_config {
        Some(false) => Some("CONFIGURATION DIFFERS".to_owned()),
        Some(true) => Some("same configuration".to_owned()),
        None => None,
    };
    let parts: Vec<String> = std::iter::once(heard).chain(links).chain(config).collect();
    parts.join(", ")
}

/// Connections of every server: of the last reading, or else of the status.
pub(crate) fn connections(model: &Model) -> impl Iterator<Item = (u32, u32)> + '_ {
    model.status.services.iter().flat_map(move |service| {
        service.servers.iter().map(move |server| held(model, &service.name, server))
    })
}

fn held(model: &Model, service: &str, server: &Server) -> (u32, u32) {
    let newer = model.rates.connections(service, &server.address);
    newer.unwrap_or((server.active, server.inactive))
}

fn fill_service(cells: &mut Cells, model: &Model, service: &Service, columns: &Columns) {
    let folded = model.choice.folded.contains(&service.name)
        && model.choice.filter.is_empty()
        && !model.choice.problems;
    let arrow = match (folded, cells.look.unicode) {
        (true, true) => "▸",
        (false, true) => "▾",
        (true, false) => "+",
        (false, false) => "-",
    };
    cells.text(&format!("{arrow} {}", service.name), columns.name, Tone::Strong);
    let up = service.servers.iter().filter(|server| server.health == "up").count();
    let all = service.servers.len();
    let tone = match up {
        _ if up == all => Tone::Good,
        0 => Tone::Bad,
        _ => Tone::Odd,
    };
    let mut state = format!("{up}/{all}");
    // Beside the head of the column the word is not needed.
    if state.len() + " up".len() <= columns.state {
        state.push_str(" up");
    }
    cells.text(&state, columns.state, tone);
    let weights = service.servers.iter().filter_map(|server| server.kernel_weight);
    let weight: u64 = weights.map(u64::from).sum();
    cells.number(&count(weight), columns.weight, Tone::Plain);
    let held = service.servers.iter().map(|server| held(model, &service.name, server));
    let (active, inactive) = held.fold((0, 0), |sum, (active, inactive)| {
        (sum.0 + u64::from(active), sum.1 + u64::from(inactive))
    });
    cells.number(&count(active), columns.active, Tone::Plain);
    cells.number(&count(inactive), columns.inactive, Tone::Plain);
    let rates = service.servers.iter();
    let rates: Vec<_> =
        rates.filter_map(|server| model.rates.of(&service.name, &server.address)).collect();
    let known = !rates.is_empty();
    let new: u64 = rates.iter().map(|rate| rate.connections).sum();
    let bytes: u64 = rates.iter().map(|rate| rate.bytes).sum();
    cells.number(&if known { rate(new) } else { "-".into() }, columns.rate, Tone::Plain);
    cells.number(&if known { count(bytes) } else { "-".into() }, columns.bytes, Tone::Plain);
    cells.rest(&about_service(service), columns.with_check(), Tone::Plain);
}

fn about_service(service: &Service) -> String {
    let mut text = format!("{} {}", service.key, service.settings);
    if service.fallback_serving {
        text = format!("FALLBACK SERVES, {text}");
    }
    if !service.quorate {
        text = format!("NO QUORUM, {text}");
    }
    if service.panicking {
        text = format!("CHECKS NOT BELIEVED, {text}");
    }
    text
}

fn fill_server(
    cells: &mut Cells,
    model: &Model,
    service: &str,
    server: &Server,
    columns: &Columns,
) {
    cells.text(&format!("    {}", server.address), columns.name, Tone::Plain);
    let state = state(server);
    let tone = match state {
        "up" => Tone::Good,
        "down" => Tone::Bad,
        _ => Tone::Odd,
    };
    cells.text(state, columns.state, tone);
    cells.number(&weight(server), columns.weight, Tone::Plain);
    let (active, inactive) = held(model, service, server);
    cells.number(&count(u64::from(active)), columns.active, Tone::Plain);
    cells.number(&count(u64::from(inactive)), columns.inactive, Tone::Plain);
    let rates = model.rates.of(service, &server.address);
    let new = rates.map_or_else(|| "-".to_owned(), |rates| rate(rates.connections));
    cells.number(&new, columns.rate, Tone::Plain);
    let bytes = rates.map_or_else(|| "-".to_owned(), |rates| count(rates.bytes));
    cells.number(&bytes, columns.bytes, Tone::Plain);
    let check = server.check_us.map_or_else(|| "-".to_owned(), took);
    cells.number(&check, columns.check, Tone::Plain);
    cells.number(&span(server.since_ms().max(1000)), columns.since, Tone::Plain);
    cells.rest(&why(server), columns.why, Tone::Plain);
}

/// The weight in the kernel, and after an arrow the one that it should have.
fn weight(server: &Server) -> String {
    let show = |weight: Option<u16>| weight.map_or_else(|| "-".to_owned(), |w| w.to_string());
    let present = show(server.kernel_weight);
    if server.kernel_weight == server.desired_weight {
        present
    } else {
        format!("{present}→{}", show(server.desired_weight))
    }
}

fn why(server: &Server) -> String {
    match &server.by {
        Some(by) if server.duty != "serve" && by.why.is_empty() => format!("ordered by {}", by.who),
        Some(by) if server.duty != "serve" => format!("ordered by {}: {}", by.who, by.why),
        _ => server.why.clone(),
    }
}

/// All that there is to say of the chosen thing in a line.
pub(crate) fn detail(model: &Model) -> String {
    let status = &model.status;
    let Some(thing) = model.thing() else { return String::new() };
    let about = match model.rows.get(model.cursor) {
        Some(Row::Group(number)) => status.groups.get(*number).map(about_group),
        Some(Row::Peer(number)) => status.peers.get(*number).map(about_peer),
        Some(Row::Service(number)) => status.services.get(*number).map(|service| {
            let fallback = service.fallback.as_deref().unwrap_or("none");
            format!("{}, fallback {fallback}", about_service(service))
        }),
        Some(Row::Server(number, place)) => server(model, *number, *place).map(|server| {
            let since = span(server.since_ms().max(1000));
            let failed = match server.failures {
                0 => String::new(),
                failures => format!(", {failures} checks failed in a row"),
            };
            format!(
                "{} for {since}: {}{failed}, weight {}",
                state(server),
                why(server),
                server.weight
            )
        }),
        _ => None,
    };
    let name = match &thing {
        Thing::Server { service, address } => format!("{service}/{address}"),
        Thing::Group(name) | Thing::Peer(name) | Thing::Service(name) | Thing::Other(name) => {
            name.clone()
        }
    };
    let separator = if about.is_some() { ": " } else { "" };
    fitted(
        &format!("{name}{separator}{}", about.unwrap_or_default()),
        400,
        Look { colour: false, unicode: true },
    )
}
