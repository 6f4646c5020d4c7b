//! How connections are spread.

use super::listen::Listen;
use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::{Kind, Value};
use crate::value::{choice, flag, list, number};
use director_core::config::{
    Persistence, PersistenceEngine, Protocol, Scheduler, SchedulerFlags, ServiceKey,
    ServiceSettings,
};
use std::time::Duration;

pub(crate) const PERSISTENCE_KEYS: Keys = Keys { known: &["timeout", "prefix", "engine"] };
const EXAMPLE: &str = r#"persistence = { timeout = "5m", prefix = 24 }"#;
/// The kernel counts persistence in seconds.
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn read(
    section: &Section<'_, '_>,
    listen: &Listen,
    found: &mut Found<'_>,
) -> Option<ServiceSettings> {
    let words: Vec<_> = Scheduler::ALL.iter().map(|it| (it.name(), *it)).collect();
    let scheduler = section.read("scheduler", found, choice(&words)).or(Scheduler::Wlc);
    let flags = section
        .read("scheduler-flags", found, |key, value, found| flags(key, value, scheduler, found))
        .or(SchedulerFlags::NONE);
    let key = listen.key.as_ref().map(|at| at.value);
    let persistence =
        section.read("persistence", found, |_, value, found| persistence(value, key, found));
    let one_packet = section.read("one-packet", found, flag);
    let streams = matches!(key, Some(ServiceKey::Tcp(_) | ServiceKey::Sctp(_)));
    let one_packet = one_packet.or_at(false, &section.span);
    if let (Some(At { value: true, span }), true) = (&one_packet, streams) {
        let message = "`one-packet` has no effect on connections: the kernel schedules UDP \
                       datagrams alone one by one";
        found.add(Code::NoEffect, span, message, "leave it out, or write protocol = \"udp\"");
    }
    Some(ServiceSettings {
        scheduler: scheduler?,
        flags: flags?,
        persistence: persistence.given_or_absent()?,
        one_packet: one_packet?.value,
    })
}

fn flags(
    key: &str,
    value: &Value<'_>,
    scheduler: Option<Scheduler>,
    found: &mut Found<'_>,
) -> Option<SchedulerFlags> {
    const WORDS: [(&str, (Scheduler, SchedulerFlags)); 4] = [
        ("sh-fallback", (Scheduler::Sh, SchedulerFlags::FALLBACK)),
        ("sh-port", (Scheduler::Sh, SchedulerFlags::PORT)),
        ("mh-fallback", (Scheduler::Mh, SchedulerFlags::FALLBACK)),
        ("mh-port", (Scheduler::Mh, SchedulerFlags::PORT)),
    ];
    let values = list(key, value, found)?;
    let mut flags = Some(SchedulerFlags::NONE);
    for value in values {
        let Some((of, flag)) = choice(&WORDS)(key, value, found) else {
            flags = None;
            continue;
        };
        if scheduler.is_some_and(|scheduler| scheduler != of) {
            let message = format!("this flag has no effect on a scheduler other than \"{of}\"");
            let help = format!("leave it out, or write scheduler = \"{of}\"");
            found.add(Code::NoEffect, &value.span, message, help);
        }
        flags = flags.map(|flags| flags | flag);
    }
    flags
}

fn persistence(
    value: &Value<'_>,
    key: Option<ServiceKey>,
    found: &mut Found<'_>,
) -> Option<Persistence> {
    let whole = if key.is_some_and(|key| key.is_ipv6()) { 128 } else { 32 };
    if !matches!(value.kind, Kind::Table(_)) {
        let timeout = seconds("persistence", value, found)?;
        return Some(Persistence { timeout, prefix: whole, engine: None });
    }
    let title = "`persistence`".to_owned();
    let section = Section::open(title, value, &PERSISTENCE_KEYS, EXAMPLE, found)?;
    let timeout = section.read("timeout", found, seconds).or(Duration::from_secs(300));
    let prefix = section.read("prefix", found, number::<u8>(1..=i64::from(whole))).or(whole);
    let engines = [("sip", PersistenceEngine::Sip)];
    let engine = section.read("engine", found, choice(&engines)).at_or_absent();
    let other = key.and_then(|key| key.protocol()).is_some_and(|it| it != Protocol::Udp);
    if let (Some(Some(engine)), true) = (&engine, other) {
        let message = "the engine \"sip\" reads UDP alone";
        let help = "leave it out, or write protocol = \"udp\"";
        found.add(Code::NoEffect, &engine.span, message, help);
    }
    Some(Persistence { timeout: timeout?, prefix: prefix?, engine: engine?.map(|at| at.value) })
}

/// A duration in whole seconds.
pub(crate) fn seconds(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Duration> {
    let duration = at_least(SECOND)(key, value, found)?;
    if duration.subsec_nanos() == 0 {
        return Some(duration);
    }
    let message = format!("{} must be whole seconds: the kernel counts them", quote(key));
    let rounded = duration.as_secs();
    found.add(Code::OutOfRange, &value.span, message, format!("write \"{rounded}s\""));
    None
}
