//! The objects of what is neither a cut nor a loss of power.

use super::{node, piece_before, usage};
use crate::parse::cursor::Cursor;
use crate::parse::draft::{Draft, Wanted};
use crate::parse::source::{Mistake, list, nearest};
use crate::parse::value;
use crate::{Action, Effect, Impairment, Mood, Share, Tampering};

pub(super) const IMPAIR: &str = "impair SEGMENT … loss 10% burst 5 delay 20ms jitter 5ms \
                                 duplicate 1% reorder 1% corrupt 1%, at least one of them";
pub(super) const NETLINK: &str = "netlink DIRECTOR ok, or refuse 30%, delay 100ms, lose 30%, mute";
pub(super) const TAMPER: &str = "tamper DIRECTOR flush, or add-foreign, \
                                 remove-address ADDRESS, add-address ADDRESS, \
                                 remove-server SERVICE SERVER, \
                                 set-weight SERVICE SERVER WEIGHT";

const EFFECTS: [&str; 7] = ["loss", "burst", "delay", "jitter", "duplicate", "reorder", "corrupt"];
const DEEDS: [&str; 6] =
    ["flush", "add-foreign", "remove-address", "add-address", "remove-server", "set-weight"];

/// More frames in a row are a cut.
const LONGEST_BURST: u32 = 1_000;

fn share(cursor: &mut Cursor<'_>, form: &str) -> Result<Share, Mistake> {
    let word = cursor.need_word("the share", &usage(form))?;
    Share::parse(word.text).map_err(|wrong| Mistake::new(word.at, wrong, "write 10%, or 0.5%"))
}

fn time(cursor: &mut Cursor<'_>, form: &str) -> Result<std::time::Duration, Mistake> {
    let word = cursor.need_word("the length of time", &usage(form))?;
    value::duration(word.text, word.at)
}

fn unknown(word: &str, at: usize, known: &[&str], what: &str) -> Mistake {
    let help = match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", list(known)),
    };
    Mistake::new(at, format!("`{word}` is {what}"), help)
}

pub(super) fn impair(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let piece = piece_before(cursor, draft, form, &EFFECTS)?;
    let mut effect = Effect::default();
    while let Some(word) = cursor.word() {
        match word.text {
            "loss" => effect.loss = share(cursor, form)?,
            "burst" => effect.burst = burst(cursor, form)?,
            "delay" => effect.delay = time(cursor, form)?,
            "jitter" => effect.jitter = time(cursor, form)?,
            "duplicate" => effect.duplicate = share(cursor, form)?,
            "reorder" => effect.reorder = share(cursor, form)?,
            "corrupt" => effect.corrupt = share(cursor, form)?,
            other => return Err(unknown(other, word.at, &EFFECTS, "nothing that befalls frames")),
        }
    }
    if effect.is_none() {
        return Err(Mistake::new(cursor.here(), "nothing befalls the frames", usage(form)));
    }
    if effect.burst > 1 && effect.loss == Share::NONE {
        let help = "add loss 10%, or leave the burst out";
        return Err(Mistake::new(cursor.here(), "a burst of nothing that is lost", help));
    }
    Ok(Action::Impair(Impairment { piece, effect }))
}

fn burst(cursor: &mut Cursor<'_>, form: &str) -> Result<u32, Mistake> {
    let word = cursor.need_word("the number of frames", &usage(form))?;
    let count = word.text.parse::<u32>().ok().filter(|count| (2..=LONGEST_BURST).contains(count));
    count.ok_or_else(|| {
        let help = format!("write a number of frames from 2 to {LONGEST_BURST}");
        Mistake::new(word.at, format!("`{}` is not a number of frames", word.text), help)
    })
}

pub(super) fn plug(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    form: &str,
) -> Result<(String, String), Mistake> {
    let name = cursor.need_word("the segment", &usage(form))?;
    let segment = draft.segment(name.text, name.at)?;
    let name = cursor.need_word("the node", &usage(form))?;
    let node = draft.member(&segment, name.text, name.at)?;
    Ok((segment, node))
}

pub(super) fn slow(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    Ok(Action::Slow { node, by: time(cursor, form)? })
}

pub(super) fn netlink(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    let word = cursor.need_word("what the kernel does", &usage(form))?;
    let mood = match word.text {
        "ok" => Mood::Ok,
        "refuse" => Mood::Refuse(share(cursor, form)?),
        "delay" => Mood::Delay(time(cursor, form)?),
        "lose" => Mood::Lose(share(cursor, form)?),
        "mute" => Mood::Mute,
        other => {
            let known = ["ok", "refuse", "delay", "lose", "mute"];
            return Err(unknown(other, word.at, &known, "nothing that a kernel does here"));
        }
    };
    Ok(Action::Netlink { node, mood })
}

pub(super) fn tamper(
    cursor: &mut Cursor<'_>,
    draft: &mut Draft<'_>,
    form: &str,
) -> Result<Action, Mistake> {
    let node = node(cursor, draft, form, Wanted::Director)?;
    let word = cursor.need_word("what is done", &usage(form))?;
    let deed = match word.text {
        "flush" => Tampering::Flush,
        "add-foreign" => Tampering::AddForeign,
        "remove-address" | "add-address" => {
            let text = cursor.need_word("the address", &usage(form))?;
            let address = draft.virtual_address(text.text, text.at)?;
            match word.text {
                "add-address" => Tampering::AddAddress(address),
                _ => Tampering::RemoveAddress(address),
            }
        }
        "remove-server" => {
            let (service, server) = entry(cursor, draft, form)?;
            Tampering::RemoveServer { service, server }
        }
        "set-weight" => {
            let (service, server) = entry(cursor, draft, form)?;
            let text = cursor.need_word("the weight", &usage(form))?;
            let weight = text.text.parse().map_err(|_| {
                let wrong = format!("`{}` is not a weight", text.text);
                Mistake::new(text.at, wrong, "write a number from 0 to 65535")
            })?;
            Tampering::SetWeight { service, server, weight }
        }
        other => return Err(unknown(other, word.at, &DEEDS, "nothing that is done to a kernel")),
    };
    Ok(Action::Tamper { node, deed })
}

pub(super) fn entry(
    cursor: &mut Cursor<'_>,
    draft: &Draft<'_>,
    form: &str,
) -> Result<(String, String), Mistake> {
    let service = cursor.need_word("the service", &usage(form))?;
    let service = draft.service(service.text, service.at)?;
    let server = node(cursor, draft, form, Wanted::Server)?;
    Ok((service, server))
}
