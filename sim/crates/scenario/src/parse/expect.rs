//! Expectations: `always …`, `within 2s of heal …`, `outage(web) <= 2.5s`.

use super::condition::{compare, condition, number};
use super::cursor::{Cursor, Piece};
use super::draft::{Draft, Wanted};
use super::source::{Mistake, Source, list, nearest};
use super::value;
use crate::{
    Bound, Claim, Condition, Except, Expectation, Quantity, Trigger, Window, show_duration,
};
use std::time::Duration;
use toml_edit::Table;

type Rest = fn(&mut Cursor<'_>, &Draft<'_>) -> Result<Claim, Mistake>;

/// What an expectation can begin with, and what reads it from there.
const CLAIMS: [(&str, Rest); 13] = [
    ("always", always),
    ("never", never),
    ("eventually", eventually),
    ("sometimes", sometimes),
    ("at", at),
    ("within", within),
    ("outage", |cursor, draft| measure(cursor, draft, "outage(CLIENT) <= 2.5s")),
    ("broken", |cursor, draft| measure(cursor, draft, "broken(CLIENT) <= 0")),
    ("failed", |cursor, draft| measure(cursor, draft, "failed(CLIENT) <= 5")),
    ("wrong", |cursor, draft| measure(cursor, draft, "wrong(CLIENT) <= 5")),
    ("served", |cursor, draft| {
        measure(cursor, draft, "served(CLIENT, SERVER) > 0 between 5s and 9s")
    }),
    ("pinned", pinned),
    ("returned", returned),
];

pub(super) fn read(source: &mut Source<'_>, root: &Table, draft: &mut Draft<'_>) {
    let texts = source.strings_at(root, "expect");
    if texts.as_ref().map_or(!root.contains_key("expect"), Vec::is_empty) {
        let help =
            "add expect = [\"outage(web) <= 2s\"]: a run that expects nothing proves nothing";
        source.report(0, "the scenario expects nothing", help);
    }
    for text in texts.unwrap_or_default() {
        let parsed = claim(&text.value, draft);
        if let Some(claim) = source.keep(&text, parsed) {
            let span = source.start(&text);
            let text = text.value.split_whitespace().collect::<Vec<_>>().join(" ");
            draft.scenario.expectations.push(Expectation { text, span, claim });
        }
    }
}

fn claim(text: &str, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let mut cursor = Cursor::new(text);
    let known = CLAIMS.map(|(word, _)| word);
    let help = format!("begin with one of {}", list(&known));
    // Left in place: the quantities read their own name.
    let Some(word) = cursor.peek() else {
        return Err(Mistake::new(0, "the expectation is empty", help));
    };
    let Some((_, rest)) = CLAIMS.iter().find(|(known, _)| *known == word.text) else {
        let help = match nearest(word.text, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => help,
        };
        return Err(Mistake::new(word.at, format!("`{}` begins no expectation", word.text), help));
    };
    let claim = rest(&mut cursor, draft)?;
    cursor.end("end the line before it, or join conditions with `and`, `or`")?;
    Ok(claim)
}

fn always(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let (condition, except) = steady(cursor, draft)?;
    Ok(Claim::Always { condition, except })
}

fn never(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let (condition, except) = steady(cursor, draft)?;
    Ok(Claim::Never { condition, except })
}

fn eventually(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    cursor.word();
    Ok(Claim::Eventually { condition: condition(cursor, draft)? })
}

fn sometimes(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    cursor.word();
    Ok(Claim::Sometimes { condition: condition(cursor, draft)? })
}

fn steady(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
) -> Result<(Condition, Option<Except>), Mistake> {
    cursor.word();
    let condition = condition(cursor, draft)?;
    let except = if cursor.accept("except") { Some(except(cursor, draft)?) } else { None };
    Ok((condition, except))
}

/// `while cut(SEGMENT) + 2s`, `while cut(a, b) + 2s`; the addition may be left out.
fn except(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Except, Mistake> {
    let usage = "write except while cut(SEGMENT) + 2s, or cut(NODE, NODE) + 2s";
    for wanted in ["while", "cut", "("] {
        cursor.need(wanted, usage)?;
    }
    let first = cursor.name("a segment or a node", usage)?;
    let second = if cursor.accept(",") { Some(cursor.name("a node", usage)?) } else { None };
    cursor.need(")", usage)?;
    let names = match second {
        None => (draft.segment(first.text, first.at)?, None),
        Some(second) => {
            let a = draft.node(first.text, first.at, Wanted::Any)?;
            (a, Some(draft.node(second.text, second.at, Wanted::Any)?))
        }
    };
    let grace = if cursor.accept("+") { time(cursor, usage)? } else { Duration::ZERO };
    Ok(match names {
        (segment, None) => Except::Segment { segment, grace },
        (a, Some(b)) => Except::Pair { a, b, grace },
    })
}

fn time(cursor: &mut Cursor<'_>, usage: &str) -> Result<Duration, Mistake> {
    let piece = cursor.name("a length of time", usage)?;
    value::duration(piece.text, piece.at)
}

/// A moment of the run.
fn moment(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Duration, Mistake> {
    let at = cursor.here();
    let moment = time(cursor, usage)?;
    if moment > draft.scenario.length {
        let length = show_duration(draft.scenario.length);
        let help = format!("the scenario is {length} long: choose an earlier time or a longer run");
        return Err(Mistake::new(at, "this is after the end", help));
    }
    Ok(moment)
}

fn at(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    cursor.word();
    let time = moment(cursor, draft, "write at TIME CONDITION")?;
    Ok(Claim::At { time, condition: condition(cursor, draft)? })
}

fn within(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let usage = "write within 2s of STATEMENT CONDITION, STATEMENT as in the timeline or `start`";
    cursor.word();
    let limit = time(cursor, usage)?;
    cursor.need("of", usage)?;
    let trigger = trigger(cursor, draft, usage)?;
    Ok(Claim::Within { limit, trigger, condition: condition(cursor, draft)? })
}

/// The words up to the condition, which begins with `not`, a parenthesis, or a name before one.
fn trigger(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Trigger, Mistake> {
    let at = cursor.here();
    let mut words: Vec<Piece<'_>> = Vec::new();
    while let Some(word) = cursor.peek_word() {
        if word.text == "not" || word.text.contains('(') || cursor.followed_by_parenthesis() {
            break;
        }
        words.extend(cursor.word());
    }
    let texts: Vec<&str> = words.iter().map(|word| word.text).collect();
    match texts[..] {
        [] => return Err(Mistake::new(at, "the statement is missing", usage)),
        ["start"] => return Ok(Trigger::Start),
        _ => {}
    }
    let begins = |text: &str| text.split(' ').take(texts.len()).eq(texts.iter().copied());
    let statements = draft.scenario.timeline.iter().enumerate();
    let indices: Vec<usize> = statements
        .filter(|(_, statement)| begins(&statement.action.to_string()))
        .map(|(index, _)| index)
        .collect();
    let text = texts.join(" ");
    if indices.is_empty() {
        let known: Vec<String> =
            draft.scenario.timeline.iter().map(|statement| statement.action.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let help = format!("the timeline has {}; `start` is the start of the run", list(&known));
        return Err(Mistake::new(at, format!("no statement of the timeline is `{text}`"), help));
    }
    Ok(Trigger::Statements { text, indices })
}

fn measure(cursor: &mut Cursor<'_>, draft: &Draft<'_>, form: &str) -> Result<Claim, Mistake> {
    let usage = format!("write {form}");
    let name = cursor.name("a quantity", &usage)?.text;
    cursor.need("(", &usage)?;
    let client = cursor.name("a client", &usage)?;
    let client = draft.client(client.text, client.at)?;
    let server = if name == "served" && cursor.accept(",") {
        let server = cursor.name("a server", &usage)?;
        Some(draft.node(server.text, server.at, Wanted::Any)?)
    } else {
        None
    };
    cursor.need(")", &usage)?;
    let compare = compare(cursor, &usage)?;
    let (quantity, bound) = match name {
        "outage" => (Quantity::Outage { client }, Bound::Time(time(cursor, &usage)?)),
        "broken" => (Quantity::Broken { client }, Bound::Count(number(cursor, &usage)?)),
        "failed" => (Quantity::Failed { client }, Bound::Count(number(cursor, &usage)?)),
        "wrong" => (Quantity::Wrong { client }, Bound::Count(number(cursor, &usage)?)),
        _ => (Quantity::Served { client, server }, Bound::Count(number(cursor, &usage)?)),
    };
    let window = if cursor.accept("between") { Some(window(cursor, draft)?) } else { None };
    Ok(Claim::Measure { quantity, compare, bound, window })
}

fn window(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Window, Mistake> {
    let usage = "write between 5s and 9s";
    let at = cursor.here();
    let from = moment(cursor, draft, usage)?;
    cursor.need("and", usage)?;
    let to = moment(cursor, draft, usage)?;
    if from >= to {
        return Err(Mistake::new(at, "the window is empty", "write the earlier time first"));
    }
    Ok(Window { from, to })
}

fn pinned(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let usage = "write pinned(CLIENT)";
    cursor.name("a quantity", usage)?;
    cursor.need("(", usage)?;
    let client = cursor.name("a client", usage)?;
    let client = draft.client(client.text, client.at)?;
    cursor.need(")", usage)?;
    Ok(Claim::Pinned { client })
}

fn returned(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Claim, Mistake> {
    let usage = "write returned(DIRECTOR) = 0";
    cursor.name("a quantity", usage)?;
    cursor.need("(", usage)?;
    let node = cursor.name("a director", usage)?;
    let node = draft.node(node.text, node.at, Wanted::Director)?;
    cursor.need(")", usage)?;
    let compare = compare(cursor, usage)?;
    Ok(Claim::Returned { node, compare, packets: number(cursor, usage)? })
}
