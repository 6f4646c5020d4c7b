//! Conditions: `owner(10.0.0.100) = d1 and not fallback(d1, http)`.

use super::cursor::{Cursor, Piece};
use super::draft::{Draft, Wanted};
use super::source::{Mistake, list, nearest};
use crate::{Compare, Condition, Holder};

/// Parentheses and `not` nest no deeper, so that no text can exhaust the stack.
const DEPTH: usize = 32;

/// The roles as directors print them, and what a director without power is.
const ROLES: [&str; 7] = ["waiting", "standby", "taking", "active", "releasing", "stopped", "off"];

/// One question: how it is written, and what reads it from behind its name.
struct Atom {
    word: &'static str,
    usage: &'static str,
    rest: fn(&mut Cursor<'_>, &Draft<'_>, &str) -> Result<Condition, Mistake>,
}

const ATOMS: [Atom; 7] = [
    Atom { word: "owner", usage: "owner(ADDRESS) = NODE, or = none", rest: owner },
    Atom { word: "owners", usage: "owners(ADDRESS) <= 1", rest: owners },
    Atom { word: "arp", usage: "arp(OBSERVER, ADDRESS) = NODE, or = none", rest: arp },
    Atom { word: "weight", usage: "weight(DIRECTOR, SERVICE, SERVER) = 0", rest: weight },
    Atom { word: "absent", usage: "absent(DIRECTOR, SERVICE, SERVER)", rest: absent },
    Atom { word: "fallback", usage: "fallback(DIRECTOR, SERVICE)", rest: fallback },
    Atom { word: "role", usage: "role(DIRECTOR, GROUP) = active", rest: role },
];

pub(super) fn condition(cursor: &mut Cursor<'_>, draft: &Draft<'_>) -> Result<Condition, Mistake> {
    either(cursor, draft, 0)
}

fn either(cursor: &mut Cursor<'_>, draft: &Draft<'_>, depth: usize) -> Result<Condition, Mistake> {
    let mut left = both(cursor, draft, depth)?;
    while cursor.accept("or") {
        left = Condition::Or(Box::new(left), Box::new(both(cursor, draft, depth)?));
    }
    Ok(left)
}

fn both(cursor: &mut Cursor<'_>, draft: &Draft<'_>, depth: usize) -> Result<Condition, Mistake> {
    let mut left = single(cursor, draft, depth)?;
    while cursor.accept("and") {
        left = Condition::And(Box::new(left), Box::new(single(cursor, draft, depth)?));
    }
    Ok(left)
}

fn single(cursor: &mut Cursor<'_>, draft: &Draft<'_>, depth: usize) -> Result<Condition, Mistake> {
    if depth > DEPTH {
        let help = "say it with fewer parentheses";
        return Err(Mistake::new(cursor.here(), "the condition is nested too deeply", help));
    }
    if cursor.accept("not") {
        return Ok(Condition::Not(Box::new(single(cursor, draft, depth + 1)?)));
    }
    if cursor.accept("(") {
        let inner = either(cursor, draft, depth + 1)?;
        cursor.need(")", "close the parenthesis")?;
        return Ok(inner);
    }
    let known: Vec<&str> = ATOMS.iter().map(|atom| atom.word).collect();
    let name = cursor.name("a condition", &format!("one of {}", list(&known)))?;
    let Some(atom) = ATOMS.iter().find(|atom| atom.word == name.text) else {
        let help = match nearest(name.text, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", list(&known)),
        };
        return Err(Mistake::new(name.at, format!("`{}` is not a condition", name.text), help));
    };
    let usage = format!("write {}", atom.usage);
    cursor.need("(", &usage)?;
    (atom.rest)(cursor, draft, &usage)
}

/// `count` arguments and the closing parenthesis.
fn arguments<'a, const COUNT: usize>(
    cursor: &mut Cursor<'a>,
    usage: &str,
) -> Result<[Piece<'a>; COUNT], Mistake> {
    let mut found = [Piece { text: "", at: 0 }; COUNT];
    for (index, slot) in found.iter_mut().enumerate() {
        if index > 0 {
            cursor.need(",", usage)?;
        }
        *slot = cursor.name("a name", usage)?;
    }
    cursor.need(")", usage)?;
    Ok(found)
}

pub(super) fn compare(cursor: &mut Cursor<'_>, usage: &str) -> Result<Compare, Mistake> {
    let at = cursor.here();
    let compare = match cursor.token().map(|piece| piece.text) {
        Some("=") => Compare::Equal,
        Some("!=") => Compare::NotEqual,
        Some("<") => Compare::Less,
        Some("<=") => Compare::AtMost,
        Some(">") => Compare::More,
        Some(">=") => Compare::AtLeast,
        Some(other) => {
            return Err(Mistake::new(at, format!("expected a comparison, found `{other}`"), usage));
        }
        None => return Err(Mistake::new(at, "the comparison is missing", usage)),
    };
    Ok(compare)
}

pub(super) fn number(cursor: &mut Cursor<'_>, usage: &str) -> Result<u64, Mistake> {
    let piece = cursor.name("a number", usage)?;
    piece.text.parse().map_err(|_| {
        Mistake::new(piece.at, format!("`{}` is not a whole number", piece.text), usage)
    })
}

/// `= NODE`, `!= NODE`, `= none`; the flag says whether it is to be negated.
fn holder(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    usage: &str,
) -> Result<(Holder, bool), Mistake> {
    let at = cursor.here();
    let negated = match compare(cursor, usage)? {
        Compare::Equal => false,
        Compare::NotEqual => true,
        _ => return Err(Mistake::new(at, "nodes can only be equal or not equal", usage)),
    };
    let name = cursor.name("a node", usage)?;
    let holder = match name.text {
        "none" => Holder::Nobody,
        node => Holder::Node(draft.node(node, name.at, Wanted::Any)?),
    };
    Ok((holder, negated))
}

fn negate(condition: Condition, negated: bool) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

fn owner(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let [address] = arguments(cursor, usage)?;
    let address = draft.virtual_address(address.text, address.at)?;
    let (holder, negated) = holder(cursor, draft, usage)?;
    Ok(negate(Condition::Owner { address, holder }, negated))
}

fn owners(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let [address] = arguments(cursor, usage)?;
    let address = draft.virtual_address(address.text, address.at)?;
    let compare = compare(cursor, usage)?;
    Ok(Condition::Owners { address, compare, count: number(cursor, usage)? })
}

fn arp(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let [observer, address] = arguments(cursor, usage)?;
    let observer = draft.node(observer.text, observer.at, Wanted::Any)?;
    let address = draft.virtual_address(address.text, address.at)?;
    let (holder, negated) = holder(cursor, draft, usage)?;
    Ok(negate(Condition::Arp { observer, address, holder }, negated))
}

/// Director, service and server of a table entry.
fn entry(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    usage: &str,
) -> Result<(String, String, String), Mistake> {
    let [node, service, server] = arguments(cursor, usage)?;
    let node = draft.node(node.text, node.at, Wanted::Director)?;
    let service = draft.service(service.text, service.at)?;
    let server = match server.text.parse() {
        Ok(address) => draft.scenario.node_at(address).map(|node| node.name.clone()),
        Err(_) => Some(draft.node(server.text, server.at, Wanted::Server)?),
    }
    .unwrap_or_else(|| server.text.to_owned());
    Ok((node, service, server))
}

fn weight(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let (node, service, server) = entry(cursor, draft, usage)?;
    let compare = compare(cursor, usage)?;
    let weight = number(cursor, usage)?;
    Ok(Condition::Weight { node, service, server, compare, weight })
}

fn absent(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let (node, service, server) = entry(cursor, draft, usage)?;
    Ok(Condition::Absent { node, service, server })
}

fn fallback(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let [node, service] = arguments(cursor, usage)?;
    let node = draft.node(node.text, node.at, Wanted::Director)?;
    let service = draft.service(service.text, service.at)?;
    Ok(Condition::Fallback { node, service })
}

fn role(cursor: &mut Cursor<'_>, draft: &Draft<'_>, usage: &str) -> Result<Condition, Mistake> {
    let [node, group] = arguments(cursor, usage)?;
    let node = draft.node(node.text, node.at, Wanted::Director)?;
    let group = draft.group(group.text, group.at)?;
    let at = cursor.here();
    let negated = match compare(cursor, usage)? {
        Compare::Equal => false,
        Compare::NotEqual => true,
        _ => return Err(Mistake::new(at, "roles can only be equal or not equal", usage)),
    };
    let name = cursor.name("a role", usage)?;
    if !ROLES.contains(&name.text) {
        let help = format!("one of {}", list(&ROLES));
        return Err(Mistake::new(name.at, format!("`{}` is not a role", name.text), help));
    }
    let role = name.text.to_owned();
    Ok(negate(Condition::Role { node, group, role }, negated))
}
