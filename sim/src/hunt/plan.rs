//! Which faults strike when: drawn before the run, so that one can be left out.

mod contested;
mod fault;

use super::Faults;
use super::case::{Line, Unit};
use super::kind::Kind;
use super::settings::Settings;
use scenario::{
    Action, Behaviour, Faults as Standing, Mood, NodeKind, Scenario, Share, Skew, Stream, Tampering,
};
use std::time::Duration;

/// Faults begin within this time; the last ends later.
const SPAN: Duration = Duration::from_secs(30);
/// Longest duration of a fault.
const LONGEST_MS: u64 = 15_000;
const MOST: u64 = 8;
/// One plan of so many has a director that is not prepared for what comes.
const UNPREPARED: u64 = 12;
/// One plan of so many has an operator who hands over.
const ORDERED: u64 = 12;
/// One plan of so many has directors whose clocks go unlike each other, by up to so much.
const SKEWED: u64 = 8;
const MOST_PPM: u64 = 300;

/// The faults of a seed. Each has what undoes it: after the last line nothing is broken.
pub(super) fn draw(scenario: &Scenario, settings: &Settings, seed: u64) -> Vec<Unit> {
    let mut plan = Stream::named(seed, "hunt/plan");
    let alone = plan.between(0, 3) == 0;
    let count = if alone { 1 } else { plan.between(2, MOST) };
    // Swarm testing (Groce and others, ISSTA 2012): what is left out altogether leaves room for
    // combinations of the rest.
    let mut kinds: Vec<Kind> = possible(scenario, settings);
    let all = kinds.clone();
    kinds.retain(|_| alone || plan.between(0, 1) == 0);
    let kinds = if kinds.is_empty() { all } else { kinds };
    let mut units: Vec<Unit> = Vec::new();
    for number in 0..count {
        let mut stream = Stream::named(seed, &format!("hunt/fault/{number}"));
        let Some(kind) = pick(&mut stream, &kinds).copied() else { continue };
        let begin = if alone {
            settings.ready + millis(stream.between(0, 10_000))
        } else {
            moment(&mut stream, settings, &units)
        };
        let lasts = millis(log_uniform(&mut stream, 10, LONGEST_MS));
        let drawn = unit(&mut stream, scenario, settings, kind, begin, lasts);
        units.extend(drawn.filter(|drawn| settings.refreshes || !hides(scenario, drawn, &units)));
    }
    if !alone {
        units.extend(unprepared(settings, seed));
    }
    units.extend(ordered(scenario, settings, seed));
    units.extend(contested::contested(scenario, settings, seed));
    units.extend(skewed(settings, seed));
    if settings.faults == Faults::Kernel {
        let crash = crash(settings, &units, seed);
        units.extend(crash);
    }
    units
}

/// A process that ends between any two operations of what something else has set going.
fn crash(settings: &Settings, units: &[Unit], seed: u64) -> Option<Unit> {
    let mut stream = Stream::named(seed, "hunt/crash");
    let lines: Vec<&Line> = units.iter().flat_map(|unit| &unit.lines).collect();
    let cause = pick(&mut stream, &lines)?;
    let node = match cause.action.node().filter(|_| stream.between(0, 3) > 0) {
        Some(node) if settings.directors.iter().any(|one| one == node) => node.to_owned(),
        _ => pick(&mut stream, &settings.directors)?.clone(),
    };
    let at = cause.at + Duration::from_micros(stream.between(0, 3_000));
    let again = at + millis(log_uniform(&mut stream, 1, LONGEST_MS));
    let kill = Line { at, action: Action::Kill { node: node.clone() } };
    Some(Unit { lines: vec![kill, Line { at: again, action: Action::Start { node } }] })
}

/// Now and then a director's table is emptied just before it is needed, and its kernel may refuse
/// to fill it again: chance alone would hardly bring that about.
fn unprepared(settings: &Settings, seed: u64) -> Vec<Unit> {
    let mut stream = Stream::named(seed, "hunt/unprepared");
    let [one, other, ..] = settings.directors.as_slice() else { return Vec::new() };
    if stream.between(1, UNPREPARED) > 1 || settings.servers.is_empty() {
        return Vec::new();
    }
    let (owner, heir) = if stream.between(0, 1) == 0 { (one, other) } else { (other, one) };
    let begin = settings.ready + millis(stream.between(0, 20_000));
    let gone = begin + millis(stream.between(0, 300));
    let lasts = millis(log_uniform(&mut stream, 100, LONGEST_MS));
    let unit = |at, action| Unit { lines: vec![Line { at, action }] };
    let lasting = |at, lasts, fault, undo| Unit {
        lines: vec![Line { at, action: fault }, Line { at: at + lasts, action: undo }],
    };
    let of = || heir.clone();
    let mut units = vec![unit(begin, Action::Tamper { node: of(), deed: Tampering::Flush })];
    if stream.between(0, 1) == 0 {
        let mood = Mood::Refuse(Share::of_million(400_000).unwrap_or(Share::ALL));
        let (fault, undo) =
            (Action::Netlink { node: of(), mood }, Action::Netlink { node: of(), mood: Mood::Ok });
        units.push(lasting(begin, lasts.min(settings.most(Kind::NetlinkRefuse)), fault, undo));
    }
    let (fault, undo) =
        (Action::PowerOff { node: owner.clone() }, Action::PowerOn { node: owner.clone() });
    units.push(lasting(gone, lasts, fault, undo));
    units
}

/// Now and then nobody serves, whoever comes first restarts, and the operator hands over to it: it
/// does not take the group by itself.
fn ordered(scenario: &Scenario, settings: &Settings, seed: u64) -> Vec<Unit> {
    let mut stream = Stream::named(seed, "hunt/ordered");
    if stream.between(1, ORDERED) > 1 || settings.faults != Faults::All {
        return Vec::new();
    }
    let others = settings.directors.iter().filter(|one| settings.preferred.as_ref() != Some(one));
    let others: Vec<&String> = others.collect();
    let Some(node) = pick(&mut stream, &others).map(|one| (*one).clone()) else {
        return Vec::new();
    };
    let down = settings.ready + millis(stream.between(0, 5_000));
    let stop = down + millis(stream.between(0, 5_000));
    let start = stop + millis(stream.between(500, 3_000));
    let at = start + millis(stream.between(500, 15_000));
    let up = at + millis(log_uniform(&mut stream, 10, LONGEST_MS));
    let servers = scenario.nodes.iter();
    let servers = servers.filter(|node| matches!(node.kind, NodeKind::Server { .. }));
    let serve = |at, node: &str, behaviour| Line {
        at,
        action: Action::Serve { node: node.to_owned(), behaviour },
    };
    let mut units: Vec<Unit> = servers
        .map(|server| {
            let down = serve(down, &server.name, Behaviour::Refuse);
            Unit { lines: vec![down, serve(up, &server.name, Behaviour::Ok)] }
        })
        .collect();
    if let Some(first) = settings.preferred.clone() {
        let stop = Line { at: stop, action: Action::Stop { node: first.clone() } };
        let start = Line { at: start, action: Action::Start { node: first } };
        units.push(Unit { lines: vec![stop, start] });
    }
    units.push(Unit { lines: vec![Line { at, action: Action::Handover { node } }] });
    units
}

/// Now and then no clock goes as fast as another: quartz is some ten parts per million off, and
/// Linux corrects no clock by more than five hundred (`MAXFREQ` in `linux/timex.h`).
fn skewed(settings: &Settings, seed: u64) -> Vec<Unit> {
    let mut stream = Stream::named(seed, "hunt/skew");
    if stream.between(1, SKEWED) > 1 || settings.faults != Faults::All {
        return Vec::new();
    }
    let mut by = || {
        let ppm = i32::try_from(log_uniform(&mut stream, 1, MOST_PPM)).unwrap_or(0);
        Skew::new(if stream.between(0, 1) == 0 { ppm } else { -ppm }).unwrap_or_default()
    };
    let directors = settings.directors.iter();
    let skew = directors.map(|node| Action::Skew { node: node.clone(), by: by() });
    skew.map(|action| Unit { lines: vec![Line { at: Duration::ZERO, action }] }).collect()
}

/// One more fault, at a moment at which this plan makes a director change its mind: what lasts less
/// than a millisecond is not struck by chance.
pub(super) fn aim(
    scenario: &Scenario,
    settings: &Settings,
    turns: &[Duration],
    units: &[Unit],
    seed: u64,
) -> Option<Unit> {
    let mut stream = Stream::named(seed, "hunt/aimed");
    let kind = *pick(&mut stream, &possible(scenario, settings))?;
    let begin = *pick(&mut stream, turns)? + Duration::from_micros(stream.between(0, 1_500));
    let lasts = millis(log_uniform(&mut stream, 10, LONGEST_MS));
    let drawn = unit(&mut stream, scenario, settings, kind, begin, lasts)?;
    (settings.refreshes || !hides(scenario, &drawn, units)).then_some(drawn)
}

/// A fault with what undoes it.
pub(super) fn unit(
    stream: &mut Stream,
    scenario: &Scenario,
    settings: &Settings,
    kind: Kind,
    begin: Duration,
    lasts: Duration,
) -> Option<Unit> {
    let (fault, undo) = fault::of(stream, scenario, settings, kind)?;
    let end = begin + lasts.min(settings.most(kind)).max(settings.least(&fault));
    let undo = undo.map(|action| Line { at: end, action });
    Some(Unit { lines: [Line { at: begin, action: fault }].into_iter().chain(undo).collect() })
}

/// Anywhere, or close to something else that happens: what is rare strikes what is short.
fn moment(stream: &mut Stream, settings: &Settings, units: &[Unit]) -> Duration {
    let others: Vec<Duration> =
        units.iter().flat_map(|unit| &unit.lines).map(|line| line.at).collect();
    let whole = u64::try_from((settings.ready + SPAN).as_millis()).unwrap_or(u64::MAX);
    let anywhere = millis(stream.between(0, whole));
    match pick(stream, &others) {
        Some(other) if stream.between(0, 9) < 5 => {
            let near = u64::try_from(settings.deadtime.as_millis()).unwrap_or(1_000);
            *other + millis(log_uniform(stream, 1, near.saturating_mul(3).max(2_000)))
        }
        _ => anywhere,
    }
}

pub(super) fn possible(scenario: &Scenario, settings: &Settings) -> Vec<Kind> {
    let servers = !settings.servers.is_empty();
    let fits = |kind: &Kind| match kind {
        Kind::PowerOffServer | Kind::Serve | Kind::PauseServer | Kind::TamperTable => servers,
        _ => !scenario.segments.is_empty(),
    };
    let drawn = |kind: &Kind| settings.faults == Faults::All || kind.is_of_kernel();
    Kind::ALL.into_iter().filter(drawn).filter(fits).collect()
}

/// Whether a plan with this fault too has a moment at which a director reaches a router or client
/// no longer and still hears another director on that segment: no heartbeat tells it of the end of
/// such a cut, and announcements that it swallows come again only with the refresh. Where servers
/// answer by a virtual address, no heartbeat need go at all.
fn hides(scenario: &Scenario, drawn: &Unit, units: &[Unit]) -> bool {
    let mut lines: Vec<&Line> = units.iter().chain([drawn]).flat_map(|unit| &unit.lines).collect();
    lines.sort_by_key(|line| line.at);
    let kind = |name: &str| scenario.node(name).map(|node| &node.kind);
    let looks = |name: &str| matches!(kind(name), Some(NodeKind::Router | NodeKind::Client));
    let directs = |name: &str| matches!(kind(name), Some(NodeKind::Director { .. }));
    let answers = |name: &str| scenario.node(name).is_some_and(|node| node.gateway.is_some());
    let mut faults = Standing::default();
    lines.iter().any(|line| {
        faults.apply(scenario, &line.action);
        let heard = |(segment, own, to): (&str, &str, &str)| {
            let others = scenario.members(segment).filter(|name| *name != own && directs(name));
            let mut others = others.into_iter();
            looks(to) && others.any(|other| faults.passes(segment, other, own))
        };
        let mut unheard = faults.blocked().filter(|(_, from, _)| directs(from));
        unheard.any(|path| heard(path) || answers(path.2))
    })
}

fn pick<'a, T>(stream: &mut Stream, from: &'a [T]) -> Option<&'a T> {
    let last = u64::try_from(from.len().checked_sub(1)?).ok()?;
    from.get(usize::try_from(stream.between(0, last)).ok()?)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Every order of magnitude as likely as the next; powers of two are near enough.
fn log_uniform(stream: &mut Stream, low: u64, high: u64) -> u64 {
    let doublings = u64::from((high / low.max(1)).max(1).ilog2());
    let base = low.max(1) << stream.between(0, doublings);
    stream.between(base, (base * 2).min(high)).min(high)
}
