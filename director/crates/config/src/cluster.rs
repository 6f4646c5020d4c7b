//! `[cluster]`: heartbeat, failback, announcements, synchronisation.

pub(crate) mod links;
pub(crate) mod sync;

use crate::address::{Endpoint, endpoint};
use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::hook::hook;
use crate::section::{Field, Keys, Section};
use crate::source::Span;
use crate::suggest::quote;
use crate::tree::{Kind, Value};
use crate::value::{choice, name, number, text};
use crate::witnesses::witnesses;
use director_core::config::{Announce, CheckMarks, Cluster, Detection, Failback, Hook};
use director_core::name::ClusterName;
use std::net::IpAddr;
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "name",
        "keepalive",
        "deadtime",
        "detection",
        "initdead",
        "failback",
        "failback-delay",
        "port",
        "key-file",
        "links",
        "announce",
        "lease",
        "resync",
        "sync",
        "witnesses",
        "voter",
        "fence",
        "notify",
        "check-marks",
    ],
};
pub(crate) const ANNOUNCE_KEYS: Keys = Keys { known: &["count", "interval", "refresh"] };

/// Less than a packet's way through a network and a scheduler's turn means nothing.
const SHORTEST: Duration = Duration::from_millis(1);
/// Reading the kernel's tables more often than this would be the daemon's main work.
const SHORTEST_RESYNC: Duration = Duration::from_millis(100);
/// The kernel counts lives of addresses in whole seconds, and looks that often.
const SHORTEST_LEASE: Duration = Duration::from_secs(2);
/// Long enough for a daemon to be started again, short enough for a neighbour that asks to be
/// answered by one owner again.
const USUAL_LEASE: Duration = Duration::from_secs(10);
/// After a boot, links come up and switches begin to forward; before that, a silent peer proves
/// nothing. Peers that are heard end the wait at once.
const INITDEAD_FLOOR: Duration = Duration::from_secs(5);
/// Power switches and management boards take their time.
pub(crate) const FENCE_TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const NOTIFY_TIMEOUT: Duration = Duration::from_secs(10);
/// All of them must be marks.
const MOST_CHECK_MARKS: i64 = 0xffff_0000;

/// What `[cluster]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) span: Span,
    pub(crate) name: Option<ClusterName>,
    pub(crate) keepalive: Option<At<Duration>>,
    pub(crate) deadtime: Option<At<Duration>>,
    pub(crate) detection: Option<At<Detection>>,
    pub(crate) initdead: Option<At<Duration>>,
    pub(crate) failback: Option<Failback>,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) key_file: Option<At<String>>,
    /// `None` when some link could not be read.
    pub(crate) links: Option<Vec<links::Draft>>,
    pub(crate) announce: Option<Announce>,
    /// `None` inside for addresses that stay for ever.
    pub(crate) lease: Option<At<Option<Duration>>>,
    pub(crate) resync: Option<Duration>,
    /// `None` when wrong, `Some(None)` when there is none.
    pub(crate) sync: Option<Option<sync::Draft>>,
    pub(crate) witnesses: Option<Vec<At<IpAddr>>>,
    /// `None` when wrong, `Some(None)` when there is none.
    pub(crate) voter: Option<Option<At<Endpoint>>>,
    /// `None` when wrong, `Some(None)` when there is none.
    pub(crate) fence: Option<Option<Hook>>,
    pub(crate) notify: Option<Option<Hook>>,
    pub(crate) check_marks: Option<CheckMarks>,
}

impl Draft {
    pub(crate) fn read(value: &Value<'_>, found: &mut Found<'_>) -> Option<Self> {
        let title = "[cluster]".to_owned();
        let section = Section::open(title, value, &KEYS, "[cluster] on a line of its own", found)?;
        let keepalive = section
            .read("keepalive", found, at_least(SHORTEST))
            .or_at(Duration::from_secs(1), &section.span);
        let deadtime = section.read("deadtime", found, at_least(SHORTEST));
        let deadtime = derived(deadtime, keepalive.as_ref(), |keepalive| keepalive * 3);
        let initdead = section.read("initdead", found, at_least(SHORTEST));
        let initdead = derived(initdead, deadtime.as_ref(), |it| (it * 2).max(INITDEAD_FLOOR));
        let lease = lease(&section, deadtime.as_ref(), found);
        let key_help = "name the file with the shared secret: \
                        key-file = \"/etc/director/cluster.key\"";
        Some(Self {
            name: section
                .read("name", found, name(ClusterName::new))
                .or_else(|| ClusterName::new("director").ok()),
            detection: detection(&section, keepalive.as_ref(), found),
            failback: failback(&section, found),
            port: section
                .read("port", found, number::<u16>(1..=65535))
                .or(694)
                .and_then(NonZeroU16::new),
            key_file: section.need("key-file", key_help, found, path),
            links: section.read("links", found, links::read).or(Vec::new()),
            announce: announce(&section, found),
            lease,
            resync: section
                .read("resync", found, at_least(SHORTEST_RESYNC))
                .or(Duration::from_secs(10)),
            sync: section
                .read("sync", found, |_, value, found| sync::Draft::read(value, found))
                .given_or_absent(),
            witnesses: section.read("witnesses", found, witnesses).or(Vec::new()),
            voter: section.read("voter", found, endpoint).at_or_absent(),
            fence: section.read("fence", found, hook(FENCE_TIMEOUT)).given_or_absent(),
            notify: section.read("notify", found, hook(NOTIFY_TIMEOUT)).given_or_absent(),
            check_marks: section
                .read("check-marks", found, number::<u32>(1..=MOST_CHECK_MARKS))
                .or(CheckMarks::USUAL)
                .and_then(CheckMarks::from),
            span: section.span,
            keepalive,
            deadtime,
            initdead,
        })
    }

    pub(crate) fn build(self) -> Option<Cluster> {
        Some(Cluster {
            name: self.name?,
            keepalive: self.keepalive?.value,
            detection: self.detection?.value,
            deadtime: self.deadtime?.value,
            initdead: self.initdead?.value,
            failback: self.failback?,
            port: self.port?,
            key_file: self.key_file?.value,
            links: self.links?.into_iter().map(links::Draft::build).collect(),
            announce: self.announce?,
            lease: self.lease?.value,
            resync: self.resync?,
            sync: match self.sync? {
                None => None,
                Some(draft) => Some(draft.build()?),
            },
            voter: self.voter?.map(|at| at.value.with_port(self.port.map_or(694, NonZeroU16::get))),
            witnesses: self.witnesses?.into_iter().map(|witness| witness.value).collect(),
            fence: self.fence?,
            notify: self.notify?,
            check_marks: self.check_marks?,
        })
    }
}

/// The value, or the default that follows from another one; `None` when that is not known.
fn derived(
    field: Field<Duration>,
    from: Option<&At<Duration>>,
    default: impl FnOnce(Duration) -> Duration,
) -> Option<At<Duration>> {
    match (field, from) {
        (Field::Given(at), _) => Some(at),
        (Field::Absent, Some(from)) => Some(At::new(default(from.value), from.span.clone())),
        (Field::Wrong, _) | (Field::Absent, None) => None,
    }
}

fn detection(
    section: &Section<'_, '_>,
    keepalive: Option<&At<Duration>>,
    found: &mut Found<'_>,
) -> Option<At<Detection>> {
    let words = [("ask", true), ("deadtime", false)];
    let ask = section.read("detection", found, choice(&words)).or_at(true, &section.span)?;
    match (ask.value, keepalive) {
        (true, Some(keepalive)) => Some(At::new(Detection::ask(keepalive.value), ask.span)),
        (true, None) => None,
        (false, _) => Some(At::new(Detection::Deadtime, ask.span)),
    }
}

fn failback(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Failback> {
    let words = [("auto", true), ("manual", false)];
    let auto = section.read("failback", found, choice(&words)).or(true);
    let delay = section.read("failback-delay", found, at_least(Duration::ZERO));
    if auto? {
        return Some(Failback::Auto { delay: delay.or(Duration::ZERO)? });
    }
    if let Some(entry) = section.entry("failback-delay") {
        let message = "`failback-delay` has no effect when `failback` is \"manual\"";
        let help = "leave `failback-delay` out, or write failback = \"auto\"";
        found.add(Code::NoEffect, &entry.key_span, message, help);
    }
    Some(Failback::Manual)
}

fn path(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<String> {
    let path = text(key, value, found)?;
    if path.is_empty() || path.contains('\0') {
        let message = format!("{} is not the name of a file", quote(path));
        let help = format!("write the path of a file: {key} = \"/etc/director/cluster.key\"");
        found.add(Code::BadText, &value.span, message, help);
        return None;
    }
    Some(path.to_owned())
}

fn announce(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Announce> {
    let default = Announce {
        count: NonZeroU8::MIN.saturating_add(4),
        interval: Duration::from_millis(200),
        refresh: Some(Duration::from_secs(10)),
    };
    section
        .read("announce", found, |_, value, found| {
            let title = "`announce` of [cluster]".to_owned();
            let example = r#"announce = { count = 5, interval = "200ms", refresh = "10s" }"#;
            let section = Section::open(title, value, &ANNOUNCE_KEYS, example, found)?;
            let count = section
                .read("count", found, number::<u8>(1..=255))
                .or(default.count.get())
                .and_then(NonZeroU8::new);
            let interval = section.read("interval", found, at_least(SHORTEST)).or(default.interval);
            let refresh = section.read("refresh", found, refresh).or(default.refresh);
            Some(Announce { count: count?, interval: interval?, refresh: refresh? })
        })
        .or(default)
}

/// The lease; by default one that outlasts two deadtimes.
fn lease(
    section: &Section<'_, '_>,
    deadtime: Option<&At<Duration>>,
    found: &mut Found<'_>,
) -> Option<At<Option<Duration>>> {
    let given = section.read("lease", found, |key, value, found| {
        if let Kind::Text("off") = value.kind {
            return Some(None);
        }
        let lease = at_least(SHORTEST_LEASE)(key, value, found)?;
        if lease.subsec_nanos() == 0 {
            return Some(Some(lease));
        }
        let message = "the kernel counts lives of addresses in whole seconds";
        let help = format!("write {key} = \"{}s\"", lease.as_secs() + 1);
        found.add(Code::OutOfRange, &value.span, message, help);
        None
    });
    match (given, deadtime) {
        (Field::Given(at), _) => Some(at),
        (Field::Absent, Some(deadtime)) => {
            let twice = Duration::from_secs(
                (deadtime.value * 2).as_millis().div_ceil(1_000).try_into().ok()?,
            );
            Some(At::new(Some(twice.max(USUAL_LEASE)), deadtime.span.clone()))
        }
        (Field::Wrong, _) | (Field::Absent, None) => None,
    }
}

fn refresh(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Option<Duration>> {
    refresh_or_off(key, value, found, at_least(SHORTEST))
}

fn refresh_or_off<'a>(
    key: &str,
    value: &Value<'a>,
    found: &mut Found<'_>,
    read: impl FnOnce(&str, &Value<'a>, &mut Found<'_>) -> Option<Duration>,
) -> Option<Option<Duration>> {
    if let Kind::Text("off") = value.kind {
        return Some(None);
    }
    read(key, value, found).map(Some)
}
