//! `[alerts.NAME]`: who is told of what goes wrong, and how.

mod means;

use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::source::Span;
use crate::suggest::{help, one_of, quote};
use crate::tree::{Entry, Value};
use crate::value::{boolean, choice, list, named, number, text};
use director_core::alert::Occasion;
use director_core::config::{Alert, Limit, Retry, Senders};
use director_core::name::{AlertName, ServiceName};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "command", "mail", "webhook", "events", "services", "senders", "repeat", "recovery",
        "limit", "retry", "timeout",
    ],
};
pub(crate) use means::{MAIL_KEYS, WEBHOOK_KEYS};
pub(crate) const LIMIT_KEYS: Keys = Keys { known: &["count", "within"] };
pub(crate) const RETRY_KEYS: Keys = Keys { known: &["first", "longest", "for"] };

/// Reminders that come more often are no reminders.
const SHORTEST_REPEAT: Duration = Duration::from_secs(10);
const SHORTEST: Duration = Duration::from_millis(100);

/// What `[alerts.NAME]` says, as far as it is valid.
pub(crate) struct Draft {
    pub(crate) name: AlertName,
    /// The services that it names, each with its place.
    pub(crate) services: Option<Vec<At<ServiceName>>>,
    alert: Option<Alert>,
}

impl Draft {
    pub(crate) fn read(entry: &Entry<'_>, found: &mut Found<'_>) -> Option<Self> {
        let name = named(entry.key, &entry.key_span, AlertName::new, found);
        let title = format!("[alerts.{}]", entry.key);
        let example = "[alerts.pager] on a line of its own, with its keys under it";
        let section = Section::open(title, &entry.value, &KEYS, example, found)?;
        let means = means::read(&section, found);
        let occasions = section.read("events", found, occasions);
        let services = section.read("services", found, services).or(Vec::new());
        let senders = [("active", Senders::Active), ("all", Senders::All)];
        let senders = section.read("senders", found, choice(&senders)).or(Senders::Active);
        let repeat = section.read("repeat", found, at_least(SHORTEST_REPEAT)).given_or_absent();
        let recovery = section.read("recovery", found, boolean).or(true);
        let timeout = section.read("timeout", found, at_least(SHORTEST));
        let (limit, retry) =
            (section.read("limit", found, limit), section.read("retry", found, retry));
        let alert = means.and_then(|means| {
            let usual = Alert::by(means);
            Some(Alert {
                occasions: occasions.or(usual.occasions)?,
                services: services.iter().flatten().map(|at| at.value.clone()).collect(),
                senders: senders?,
                repeat: repeat?,
                recovery: recovery?,
                limit: limit.or(usual.limit)?,
                retry: retry.or(usual.retry)?,
                timeout: timeout.or(usual.timeout)?,
                means: usual.means,
            })
        });
        Some(Self { name: name?, services, alert })
    }

    pub(crate) fn build(self) -> Option<(AlertName, Alert)> {
        self.services?;
        Some((self.name, self.alert?))
    }
}

fn occasions(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<BTreeSet<Occasion>> {
    let values = list(key, value, found)?;
    let known: Vec<&str> = Occasion::ALL.iter().map(|it| it.word()).collect();
    let mut all = BTreeSet::new();
    let mut good = true;
    for value in values {
        let given = text(key, value, found);
        let occasion = given.and_then(|given| Occasion::ALL.iter().find(|it| it.word() == given));
        all.extend(occasion);
        good &= occasion.is_some();
        if let (Some(given), None) = (given, occasion) {
            let message = format!("{} of {} is unknown", quote(given), quote(key));
            let help = help(given, &known, || format!("write {}", one_of(&known)));
            found.add(Code::UnknownValue, &value.span, message, help);
        }
    }
    if good && all.is_empty() {
        let help = "name some, or leave the key out for those that somebody should look at";
        found.add(Code::NoEffect, &value.span, "nothing would ever be told", help);
        return None;
    }
    good.then_some(all)
}

fn services(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<At<ServiceName>>> {
    let values = list(key, value, found)?;
    let read = |value: &Value<'_>| {
        let name = named(text(key, value, found)?, &value.span, ServiceName::new, found)?;
        Some(At::new(name, value.span.clone()))
    };
    let names: Vec<At<ServiceName>> = values.iter().filter_map(read).collect();
    (names.len() == values.len()).then_some(names)
}

fn limit(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Limit> {
    let example = r#"limit = { count = 30, within = "10m" }"#;
    let section = Section::open(quote(key), value, &LIMIT_KEYS, example, found)?;
    let help = format!("write {example}");
    let count = section.need("count", &help, found, number::<u32>(1..=1000));
    let within = section.need("within", &help, found, at_least(SHORTEST));
    Some(Limit { count: NonZeroU32::new(count?.value)?, within: within?.value })
}

fn retry(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Retry> {
    let example = r#"retry = { first = "5s", longest = "5m", for = "1h" }"#;
    let section = Section::open(quote(key), value, &RETRY_KEYS, example, found)?;
    let help = format!("write {example}");
    let first = section.need("first", &help, found, at_least(SHORTEST));
    let longest = section.need("longest", &help, found, at_least(SHORTEST));
    let lasts = section.need("for", &help, found, at_least(Duration::ZERO));
    let (first, longest) = (first?, longest?);
    if longest.value < first.value {
        let message = "the longest pause is shorter than the first";
        let help = "write a longer one, or the same for pauses that do not grow";
        found.add(Code::OutOfRange, &longest.span, message, help);
        return None;
    }
    Some(Retry { first: first.value, longest: longest.value, lasts: lasts?.value })
}

/// Reports services that there are not.
pub(crate) fn check(drafts: &[Draft], known: &BTreeSet<&str>, found: &mut Found<'_>) {
    let named = drafts.iter().flat_map(|draft| draft.services.iter().flatten());
    for At { value, span } in named {
        if !known.contains(value.as_str()) {
            unknown(value, span, known, found);
        }
    }
}

fn unknown(name: &ServiceName, span: &Span, known: &BTreeSet<&str>, found: &mut Found<'_>) {
    let known: Vec<&str> = known.iter().copied().collect();
    let message = format!("there is no service {}", quote(name.as_str()));
    let help = help(name.as_str(), &known, || "describe it, or leave it out".to_owned());
    found.add(Code::UnknownService, span, message, help);
}
