//! Checks of types `smtp`, `imap`, `pop3`, `ftp` and `nntp`.

use super::content::{expect, word};
use super::login::login;
use super::tls::{Starttls, tls};
use crate::code::Code;
use crate::found::Found;
use crate::section::Section;
use director_core::config::Dialogue;
use director_core::config::dialogue::{Ftp, Mailbox, Nntp, Smtp};
use std::sync::Arc;

pub(super) fn smtp(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::Has, section, found);
    let helo = section.read("helo", found, word).given_or_absent();
    let login = login(section, found);
    Some(Dialogue::Smtp(Arc::new(Smtp { tls: tls?, helo: helo?, login: login? })))
}

fn mailbox(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Arc<Mailbox>> {
    let tls = tls(Starttls::Has, section, found);
    let login = login(section, found);
    Some(Arc::new(Mailbox { tls: tls?, login: login? }))
}

pub(super) fn imap(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    mailbox(section, found).map(Dialogue::Imap)
}

pub(super) fn pop3(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    mailbox(section, found).map(Dialogue::Pop3)
}

pub(super) fn ftp(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::Has, section, found);
    let login = login(section, found);
    let file = section.read("file", found, super::content::line).given_or_absent();
    let expect = expect(section, found);
    let (tls, login, file, expect) = (tls?, login?, file?, expect?);
    if file.is_none()
        && let Some(entry) =
            ["expect", "expect-regex"].into_iter().find_map(|key| section.entry(key))
    {
        let message = "no file is asked for that could contain it";
        let help = "name the file: file = \"status.txt\"";
        found.add(Code::NoEffect, &entry.key_span, message, help);
        return None;
    }
    Some(Dialogue::Ftp(Arc::new(Ftp { tls, login, file, expect })))
}

pub(super) fn nntp(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Dialogue> {
    let tls = tls(Starttls::Has, section, found);
    let group = section.read("group", found, word).given_or_absent();
    Some(Dialogue::Nntp(Arc::new(Nntp { tls: tls?, group: group? })))
}
