//! `when verb object…`, one line each.

mod machine;
mod order;
mod trouble;

use super::condition::condition;
use super::cursor::Cursor;
use super::draft::{Draft, Wanted};
use super::source::{Mistake, Source, list, nearest};
use super::value;
use crate::{Action, Behaviour, Cut, Extent, Heal, Spread, Statement, When, show_duration};
use toml_edit::Table;

/// One verb: how it is written, and what reads its objects.
struct Verb {
    word: &'static str,
    usage: &'static str,
    objects: fn(&mut Cursor<'_>, &mut Draft<'_>, &'static str) -> Result<Action, Mistake>,
}

const VERBS: [Verb; 26] = [
    Verb {
        word: "power-off",
        usage: "power-off NODE",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Any).map(|node| Action::PowerOff { node })
        },
    },
    Verb {
        word: "power-on",
        usage: "power-on NODE",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Any).map(|node| Action::PowerOn { node })
        },
    },
    Verb {
        word: "stop",
        usage: "stop DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Stop { node })
        },
    },
    Verb {
        word: "handover",
        usage: "handover DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Handover { node })
        },
    },
    Verb { word: "order", usage: order::ORDER, objects: order::order },
    Verb {
        word: "start",
        usage: "start DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Start { node })
        },
    },
    Verb {
        word: "kill",
        usage: "kill DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Kill { node })
        },
    },
    Verb {
        word: "serve",
        usage: "serve SERVER ok|wrong|error|refuse|hang|expired",
        objects: serve,
    },
    Verb {
        word: "cut",
        usage: "cut SEGMENT, or cut SEGMENT NODE, NODE<->NODE, NODE->NODE",
        objects: |cursor, draft, usage| piece(cursor, draft, usage).map(Action::Cut),
    },
    Verb { word: "heal", usage: "heal all, or heal and what was cut", objects: heal },
    Verb {
        word: "reload",
        usage: "reload DIRECTOR FILE, or reload DIRECTOR FILE refused",
        objects: reload,
    },
    Verb { word: "impair", usage: trouble::IMPAIR, objects: trouble::impair },
    Verb {
        word: "unplug",
        usage: "unplug SEGMENT NODE",
        objects: |cursor, draft, usage| {
            trouble::plug(cursor, draft, usage)
                .map(|(segment, node)| Action::Unplug { segment, node })
        },
    },
    Verb {
        word: "plug",
        usage: "plug SEGMENT NODE",
        objects: |cursor, draft, usage| {
            trouble::plug(cursor, draft, usage)
                .map(|(segment, node)| Action::Plug { segment, node })
        },
    },
    Verb {
        word: "freeze",
        usage: "freeze DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Freeze { node })
        },
    },
    Verb {
        word: "thaw",
        usage: "thaw DIRECTOR",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Director).map(|node| Action::Thaw { node })
        },
    },
    Verb {
        word: "pause",
        usage: "pause NODE",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Any).map(|node| Action::Pause { node })
        },
    },
    Verb {
        word: "resume",
        usage: "resume NODE",
        objects: |cursor, draft, usage| {
            node(cursor, draft, usage, Wanted::Any).map(|node| Action::Resume { node })
        },
    },
    Verb { word: "slow", usage: "slow DIRECTOR 20ms, or 0s for the end", objects: trouble::slow },
    Verb { word: "skew", usage: machine::SKEW, objects: machine::skew },
    Verb { word: "netlink", usage: trouble::NETLINK, objects: trouble::netlink },
    Verb { word: "tamper", usage: trouble::TAMPER, objects: trouble::tamper },
    Verb {
        word: "exhaust",
        usage: machine::EXHAUST,
        objects: |cursor, draft, usage| {
            machine::resource(cursor, draft, usage)
                .map(|(node, resource)| Action::Exhaust { node, resource })
        },
    },
    Verb {
        word: "replenish",
        usage: machine::REPLENISH,
        objects: |cursor, draft, usage| {
            machine::resource(cursor, draft, usage)
                .map(|(node, resource)| Action::Replenish { node, resource })
        },
    },
    Verb { word: "clock", usage: machine::CLOCK, objects: machine::clock },
    Verb { word: "forget", usage: "forget SEGMENT", objects: machine::forget },
];

pub(super) fn read(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    for text in source.strings_at(root, "timeline").unwrap_or_default() {
        let parsed = statement(&text.value, draft);
        if let Some((when, action)) = source.keep(&text, parsed) {
            let span = source.start(&text);
            let text = text.value.split_whitespace().collect::<Vec<_>>().join(" ");
            draft.scenario.timeline.push(Statement { when, action, text, span });
        }
    }
}

const FORM: &str = "write when, verb and object: 10s power-off d1";

fn statement(text: &str, draft: &mut Draft<'_>) -> Result<(When, Action), Mistake> {
    let mut cursor = Cursor::new(text);
    let form = FORM;
    let when = if cursor.peek_word().is_some_and(|word| word.text == "at") {
        cursor.word();
        after(&mut cursor, draft)?
    } else {
        When::At(spread(&mut cursor, draft)?)
    };
    let word = cursor.need_word("the verb", form)?;
    let known: Vec<&str> = VERBS.iter().map(|verb| verb.word).collect();
    let Some(verb) = VERBS.iter().find(|verb| verb.word == word.text) else {
        let help = match nearest(word.text, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", list(&known)),
        };
        return Err(Mistake::new(word.at, format!("`{}` is not a verb", word.text), help));
    };
    let action = (verb.objects)(&mut cursor, draft, verb.usage)?;
    cursor.end(&usage(verb.usage))?;
    Ok((when, action))
}

/// A time, or a range of them, before the end.
fn spread(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Spread, Mistake> {
    let time = cursor.need_word("the time", FORM)?;
    let spread = value::spread(time.text, time.at)?;
    if spread.to >= draft.scenario.length {
        let length = show_duration(draft.scenario.length);
        let help = format!("the scenario is {length} long: choose an earlier time or a longer run");
        return Err(Mistake::new(time.at, "this is not before the end", help));
    }
    Ok(spread)
}

/// `at CONDITION`, `at CONDITION + 20ms`, `at CONDITION + {0s..300ms}`.
fn after(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<When, Mistake> {
    let condition = condition(cursor, draft)?;
    let offset = match cursor.accept("+") {
        true => spread(cursor, draft)?,
        false => Spread::fixed(std::time::Duration::ZERO),
    };
    Ok(When::Upon { condition, offset })
}

fn usage(form: &str) -> String {
    format!("write {form}")
}

fn node(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    form: &str,
    wanted: Wanted,
) -> Result<String, Mistake> {
    let name = cursor.need_word("the node", &usage(form))?;
    draft.node(name.text, name.at, wanted)
}

fn serve(cursor: &mut Cursor<'_>, draft: &mut Draft<'_>, form: &str) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Server)?;
    let word = cursor.need_word("the behaviour", &usage(form))?;
    let behaviour = value::behaviour(word.text, word.at)?;
    if behaviour == Behaviour::Expired && !draft.speaks_tls(&node) {
        let wrong = format!("{node} shows no certificate that could expire");
        return Err(Mistake::new(word.at, wrong, "let it serve `https` too"));
    }
    Ok(Action::Serve { node, behaviour })
}

fn reload(cursor: &mut Cursor<'_>, draft: &mut Draft<'_>, form: &str) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    let path = cursor.need_word("the configuration file", &usage(form))?;
    if cursor.peek_word().is_some_and(|word| word.text == "refused") {
        cursor.word();
        let config = draft.refused(path.text, path.at)?;
        return Ok(Action::ReloadRefused { node, config });
    }
    let config = draft.config(path.text, path.at)?;
    Ok(Action::Reload { node, config })
}

fn heal(cursor: &mut Cursor<'_>, draft: &mut Draft<'_>, form: &str) -> Result<Action, Mistake> {
    if cursor.peek_word().is_some_and(|word| word.text == "all") {
        cursor.word();
        return Ok(Action::Heal(Heal::All));
    }
    piece(cursor, draft, form).map(|cut| Action::Heal(Heal::Of(cut)))
}

/// `SEGMENT`, `SEGMENT both`, `SEGMENT NODE`, `SEGMENT A<->B`, `SEGMENT A->B`.
fn piece(cursor: &mut Cursor<'_>, draft: &Draft<'_>, form: &str) -> Result<Cut, Mistake> {
    piece_before(cursor, draft, form, &[])
}

/// The same; a word of `ends` behind the segment is not part of it.
fn piece_before(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    form: &str,
    ends: &[&str],
) -> Result<Cut, Mistake> {
    let name = cursor.need_word("the segment", &usage(form))?;
    let segment = draft.segment(name.text, name.at)?;
    let whole = cursor.peek_word().is_none_or(|word| ends.contains(&word.text));
    let Some(word) = (if whole { None } else { cursor.word() }) else {
        return Ok(Cut { segment, extent: Extent::Whole });
    };
    let ends = |arrow: &str| {
        let (left, right) = word.text.split_once(arrow)?;
        Some((left, right, word.at + left.len() + arrow.len()))
    };
    let pair = |(left, right, at): (&str, &str, usize)| {
        let left = draft.member(&segment, left, word.at)?;
        let right = draft.member(&segment, right, at)?;
        if left == right {
            return Err(Mistake::new(at, format!("`{right}` stands on both sides"), usage(form)));
        }
        Ok((left, right))
    };
    let extent = if let Some(found) = ends("<->") {
        let (left, right) = pair(found)?;
        Extent::Between(left, right)
    } else if let Some(found) = ends("->") {
        let (from, to) = pair(found)?;
        Extent::OneWay { from, to }
    } else if word.text == "both" {
        Extent::Whole
    } else {
        Extent::Port(draft.member(&segment, word.text, word.at)?)
    };
    Ok(Cut { segment, extent })
}
