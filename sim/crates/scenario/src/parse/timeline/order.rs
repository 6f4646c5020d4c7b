//! The objects of an operator's order.

use super::{node, usage};
use crate::parse::cursor::Cursor;
use crate::parse::draft::{Draft, Wanted};
use crate::parse::source::{Mistake, list, nearest};
use crate::parse::value;
use crate::{Action, OperatorOrder};

pub(super) const ORDER: &str = "order DIRECTOR drain SERVER, or drain SERVER 30s, undrain SERVER, \
                                maintenance SERVER on|off, weight SERVER 5|configured, \
                                add SERVICE SERVER 5, remove SERVICE SERVER, \
                                ready, standby";

const WORDS: [&str; 8] =
    ["drain", "undrain", "maintenance", "weight", "add", "remove", "ready", "standby"];

pub(super) fn order(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let director = node(cursor, draft, form, Wanted::Director)?;
    let word = cursor.need_word("what is ordered", &usage(form))?;
    let order = match word.text {
        "ready" => OperatorOrder::Ready,
        "standby" => OperatorOrder::Standby,
        "drain" => {
            let server = node(cursor, draft, form, Wanted::Server)?;
            let deadline = cursor.word().map(|word| value::duration(word.text, word.at));
            OperatorOrder::Drain { server, deadline: deadline.transpose()? }
        }
        "undrain" => OperatorOrder::Undrain { server: node(cursor, draft, form, Wanted::Server)? },
        "maintenance" => {
            let server = node(cursor, draft, form, Wanted::Server)?;
            OperatorOrder::Maintenance { server, on: on(cursor, form)? }
        }
        "weight" => {
            let server = node(cursor, draft, form, Wanted::Server)?;
            OperatorOrder::Weight { server, weight: wanted_weight(cursor, form)? }
        }
        "add" => {
            let (service, server) = super::trouble::entry(cursor, draft, form)?;
            OperatorOrder::Add { service, server, weight: weight(cursor, form)? }
        }
        "remove" => {
            let (service, server) = super::trouble::entry(cursor, draft, form)?;
            OperatorOrder::Remove { service, server }
        }
        other => {
            let help = match nearest(other, &WORDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of {}", list(&WORDS)),
            };
            return Err(Mistake::new(word.at, format!("`{other}` is no order"), help));
        }
    };
    Ok(Action::Order { node: director, order })
}

fn on(cursor: &mut Cursor<'_>, form: &str) -> Result<bool, Mistake> {
    let word = cursor.need_word("`on` or `off`", &usage(form))?;
    match word.text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(Mistake::new(word.at, format!("`{other}` is neither"), "write `on` or `off`")),
    }
}

fn wanted_weight(cursor: &mut Cursor<'_>, form: &str) -> Result<Option<u16>, Mistake> {
    if cursor.peek_word().is_some_and(|word| word.text == "configured") {
        cursor.word();
        return Ok(None);
    }
    weight(cursor, form).map(Some)
}

fn weight(cursor: &mut Cursor<'_>, form: &str) -> Result<u16, Mistake> {
    let word = cursor.need_word("the weight", &usage(form))?;
    word.text.parse().map_err(|_| {
        let wrong = format!("`{}` is not a weight", word.text);
        Mistake::new(word.at, wrong, "write a number from 0 to 65535")
    })
}
