//! One fault of a kind, and what undoes it.

use super::super::Faults;
use super::super::kind::Kind;
use super::super::settings::Settings;
use super::{log_uniform, millis, pick};
use scenario::{
    Action, Behaviour, ConfigFile, Cut, Effect, Extent, Heal, Impairment, Mood, Node, NodeKind,
    Scenario, Share, Stream, Tampering,
};
use std::time::Duration;

/// A fault and what undoes it; nothing undoes what happens at one moment.
type Drawn = (Action, Option<Action>);

pub(super) fn of(
    stream: &mut Stream,
    scenario: &Scenario,
    settings: &Settings,
    kind: Kind,
) -> Option<Drawn> {
    let of = |wanted: fn(&NodeKind) -> bool| -> Vec<&Node> {
        scenario.nodes.iter().filter(|node| wanted(&node.kind)).collect()
    };
    let directors = of(|kind| matches!(kind, NodeKind::Director { .. }));
    let servers = of(|kind| matches!(kind, NodeKind::Server { .. }));
    let struck = match kind {
        Kind::PowerOffServer | Kind::PauseServer | Kind::Serve => &servers,
        _ => &directors,
    };
    if let Some(extent) = extent_of(kind, stream) {
        let piece = cut(stream, scenario, &directors, extent)?;
        let undo = Action::Heal(Heal::Of(piece.clone()));
        let fault = match effect(stream, kind) {
            None => Action::Cut(piece),
            Some(effect) => Action::Impair(Impairment { piece, effect }),
        };
        return Some((fault, Some(undo)));
    }
    let node = pick(stream, struck).map(|node| node.name.clone())?;
    of_node(stream, scenario, settings, kind, node)
}

/// What part of a segment is struck; `None` when the kind strikes a node.
fn extent_of(kind: Kind, stream: &mut Stream) -> Option<Kind> {
    let any = [Kind::CutSegment, Kind::CutPort, Kind::CutPair, Kind::CutOneWay];
    match kind {
        kind if any.contains(&kind) => Some(kind),
        Kind::Lose
        | Kind::LoseBursts
        | Kind::Delay
        | Kind::Duplicate
        | Kind::Reorder
        | Kind::Corrupt => pick(stream, &any).copied(),
        _ => None,
    }
}

fn share(stream: &mut Stream, low: u64, high: u64) -> Share {
    let percent = log_uniform(stream, low, high);
    u32::try_from(percent * 10_000).ok().and_then(Share::of_million).unwrap_or(Share::ALL)
}

/// How frames fare; `None` when they are cut.
fn effect(stream: &mut Stream, kind: Kind) -> Option<Effect> {
    let none = Effect::default();
    Some(match kind {
        Kind::Lose => Effect { loss: share(stream, 1, 60), ..none },
        Kind::LoseBursts => {
            let burst = u32::try_from(log_uniform(stream, 2, 40)).unwrap_or(2);
            Effect { loss: share(stream, 1, 60), burst, ..none }
        }
        Kind::Delay => Effect {
            delay: millis(log_uniform(stream, 1, 300)),
            jitter: millis(log_uniform(stream, 1, 200)),
            ..none
        },
        Kind::Duplicate => Effect { duplicate: share(stream, 1, 100), ..none },
        Kind::Reorder => Effect { reorder: share(stream, 1, 100), ..none },
        Kind::Corrupt => Effect { corrupt: share(stream, 1, 60), ..none },
        _ => return None,
    })
}

fn of_node(
    stream: &mut Stream,
    scenario: &Scenario,
    settings: &Settings,
    kind: Kind,
    node: String,
) -> Option<Drawn> {
    let of = node.clone();
    let (fault, undo) = match kind {
        Kind::PowerOffDirector | Kind::PowerOffServer => {
            (Action::PowerOff { node: of }, Action::PowerOn { node })
        }
        Kind::Kill => (Action::Kill { node: of }, Action::Start { node }),
        Kind::Stop => (Action::Stop { node: of }, Action::Start { node }),
        Kind::Serve => {
            let ways = [Behaviour::Wrong, Behaviour::Error, Behaviour::Refuse, Behaviour::Hang];
            let behaviour = *pick(stream, &ways)?;
            let undo = Action::Serve { node, behaviour: Behaviour::Ok };
            (Action::Serve { node: of, behaviour }, undo)
        }
        Kind::Freeze => (Action::Freeze { node: of }, Action::Thaw { node }),
        Kind::PauseDirector | Kind::PauseServer => {
            (Action::Pause { node: of }, Action::Resume { node })
        }
        Kind::Slow => {
            let most = u64::try_from(settings.slowest().as_millis()).unwrap_or(1).max(1);
            let by = millis(log_uniform(stream, 1, most));
            (Action::Slow { node: of, by }, Action::Slow { node, by: Duration::ZERO })
        }
        Kind::Unplug => {
            let ports = &scenario.node(&node)?.ports;
            let segment = pick(stream, ports)?.segment.clone();
            let fault = Action::Unplug { segment: segment.clone(), node: of };
            (fault, Action::Plug { segment, node })
        }
        Kind::NetlinkRefuse | Kind::NetlinkDelay | Kind::NetlinkLose | Kind::NetlinkMute => {
            let mood = mood(stream, kind);
            (Action::Netlink { node: of, mood }, Action::Netlink { node, mood: Mood::Ok })
        }
        Kind::TamperAddress | Kind::TamperTable => {
            let deed = tampering(stream, settings, kind)?;
            return Some((Action::Tamper { node, deed }, None));
        }
        Kind::ReloadLess => {
            let mut configs = scenario.directors().filter(|(one, _)| one.name == node);
            let config = configs.next()?.1.clone();
            let other = match settings.faults {
                Faults::All => with_less(&config)?,
                Faults::Kernel => another(stream, &config)?,
            };
            let undo = Action::Reload { node, config };
            return Some((Action::Reload { node: of, config: other }, Some(undo)));
        }
        Kind::Reload => {
            let mut configs = scenario.directors().filter(|(one, _)| one.name == node);
            let config = configs.next()?.1.clone();
            return Some((Action::Reload { node, config }, None));
        }
        _ => return None,
    };
    Some((fault, Some(undo)))
}

/// The configuration without the last server of its last service; `None` when it has no other.
fn with_less(config: &ConfigFile) -> Option<ConfigFile> {
    let (head, _) = config.text.trim_end().strip_suffix("]")?.rsplit_once(", {")?;
    beside(config, "less", format!("{head}]\n"))
}

/// A configuration that differs: in its last server, in a server that nobody is, in weights, or in
/// the scheduler.
fn another(stream: &mut Stream, config: &ConfigFile) -> Option<ConfigFile> {
    match stream.between(0, 3) {
        0 => with_less(config),
        1 => {
            let head = config.text.trim_end().strip_suffix("]")?;
            let (_, last) = head.rsplit_once("address = \"")?;
            let six = last.split_once('"')?.0.contains(':');
            let address = if six { "2001:db8::99" } else { "10.0.0.99" };
            beside(config, "more", format!("{head}, {{ address = \"{address}\", weight = 3 }}]\n"))
        }
        2 => beside(config, "heavier", config.text.replace("weight = ", "weight = 1")),
        _ => {
            let (head, rest) = config.text.split_once("scheduler = \"")?;
            let (_, rest) = rest.split_once('"')?;
            beside(config, "sed", format!("{head}scheduler = \"sed\"{rest}"))
        }
    }
}

/// The text as a file beside the configuration, if it is one.
fn beside(config: &ConfigFile, what: &str, text: String) -> Option<ConfigFile> {
    let path = format!("{}-{what}.toml", config.path.strip_suffix(".toml")?);
    director_config::parse(&path, &text).ok()?;
    Some(ConfigFile::new(path, text))
}

fn mood(stream: &mut Stream, kind: Kind) -> Mood {
    match kind {
        Kind::NetlinkRefuse => Mood::Refuse(share(stream, 5, 100)),
        Kind::NetlinkDelay => Mood::Delay(millis(log_uniform(stream, 1, 500))),
        Kind::NetlinkLose => Mood::Lose(share(stream, 5, 100)),
        _ => Mood::Mute,
    }
}

fn tampering(stream: &mut Stream, settings: &Settings, kind: Kind) -> Option<Tampering> {
    if kind == Kind::TamperAddress {
        let all: Vec<_> = settings.groups.iter().flat_map(|(_, addresses)| addresses).collect();
        let address = **pick(stream, &all)?;
        return Some(match stream.between(0, 1) {
            0 => Tampering::RemoveAddress(address),
            _ => Tampering::AddAddress(address),
        });
    }
    let wanted = pick(stream, &settings.servers)?;
    let (service, server) = (wanted.service.clone(), wanted.node.clone());
    Some(match stream.between(0, 3) {
        0 => Tampering::Flush,
        3 => Tampering::AddForeign,
        1 => Tampering::RemoveServer { service, server },
        _ => {
            let weight = u16::try_from(stream.between(0, 20)).unwrap_or(0);
            Tampering::SetWeight { service, server, weight }
        }
    })
}

/// Half of the pieces are the directors' own: with many servers they would be rare otherwise.
fn cut(stream: &mut Stream, scenario: &Scenario, directors: &[&Node], kind: Kind) -> Option<Cut> {
    let segments: Vec<&String> = scenario.segments.keys().collect();
    let segment = (*pick(stream, &segments)?).clone();
    let members: Vec<&str> = scenario.members(&segment).collect();
    let is_director = |name: &&str| directors.iter().any(|node| node.name == **name);
    let own: Vec<&str> = members.iter().copied().filter(is_director).collect();
    let mut member = |not: &str| {
        let from = if stream.between(0, 1) == 0 { &own } else { &members };
        let from: Vec<&str> = from.iter().copied().filter(|name| *name != not).collect();
        pick(stream, &from).map(|name| (*name).to_owned())
    };
    let extent = match kind {
        Kind::CutPort => Extent::Port(member("")?),
        Kind::CutPair => {
            let one = member("")?;
            let other = member(&one)?;
            Extent::Between(one, other)
        }
        Kind::CutOneWay => {
            let from = member("")?;
            let to = member(&from)?;
            Extent::OneWay { from, to }
        }
        _ => Extent::Whole,
    };
    Some(Cut { segment, extent })
}
