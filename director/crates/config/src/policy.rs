//! What a service does with the states of its servers.

use crate::code::Code;
use crate::duration::at_least;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::tree::Value;
use crate::value::number;
use director_core::config::{Damping, Percent, Policy, Quorum};
use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

pub(crate) const QUORUM_KEYS: Keys = Keys { known: &["weight", "hysteresis"] };
pub(crate) const DAMPING_KEYS: Keys = Keys { known: &["changes", "within", "hold"] };
const QUORUM_EXAMPLE: &str = "quorum = { weight = 20, hysteresis = 5 }";
const DAMPING_EXAMPLE: &str = r#"flap-damping = { changes = 3, within = "5m", hold = "2m" }"#;
/// Weights have steps; a shorter slow start would be over before the kernel had them.
const SHORTEST_SLOW_START: Duration = Duration::from_millis(100);
const SHORTEST: Duration = Duration::from_millis(1);
/// Above every sum of weights that a table can have.
const QUORUM_MAX: i64 = 1_000_000_000;
/// More connections than a server has ports for.
const HALF_OPEN_MAX: i64 = 1_000_000;

/// A policy, and where its quorum stands.
pub(crate) struct Draft {
    pub(crate) policy: Policy,
    quorum: Option<At<Quorum>>,
}

impl Draft {
    pub(crate) fn read(section: &Section<'_, '_>, found: &mut Found<'_>) -> Option<Self> {
        let title = &section.title;
        let read = |_: &str, value: &Value<'_>, found: &mut Found<'_>| quorum(title, value, found);
        let quorum = section.read("quorum", found, read).at_or_absent();
        let panic = section.read("panic-threshold", found, number::<u8>(1..=100)).at_or_absent();
        if let (Some(Some(_)), Some(Some(panic))) = (&quorum, &panic) {
            let message = "a quorum takes servers out when too few are left, a panic threshold \
                           puts all of them back: the two contradict each other";
            found.add(Code::NoEffect, &panic.span, message, "keep one of them");
        }
        let slow = section.read("slow-start", found, at_least(SHORTEST_SLOW_START));
        let read = |_: &str, value: &Value<'_>, found: &mut Found<'_>| damping(title, value, found);
        let damping = section.read("flap-damping", found, read).given_or_absent();
        let half_open = number::<u32>(1..=HALF_OPEN_MAX);
        let half_open = section.read("half-open-limit", found, half_open).given_or_absent();
        let (quorum, slow_start) = (quorum?, slow.given_or_absent()?);
        let policy = Policy {
            quorum: quorum.as_ref().map(|at| at.value),
            panic: panic?.and_then(|at| Percent::new(at.value)),
            slow_start,
            damping: damping?,
            half_open: half_open?.and_then(NonZeroU32::new),
        };
        Some(Self { policy, quorum })
    }

    /// Reports a quorum that servers of this weight together can never reach.
    pub(crate) fn report_unreachable(&self, together: u64, found: &mut Found<'_>) {
        let Some(At { value: quorum, span }) = &self.quorum else { return };
        let needed = u64::from(quorum.weight.get()) + u64::from(quorum.hysteresis);
        if needed > together {
            let message = format!(
                "the quorum is reached with a weight of {needed}, but all servers together have \
                 {together}"
            );
            let help = format!("write weight and hysteresis that add up to at most {together}");
            found.add(Code::QuorumTooLarge, span, message, help);
        }
    }
}

fn quorum(service: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Quorum> {
    let title = format!("`quorum` of {service}");
    let section = Section::open(title, value, &QUORUM_KEYS, QUORUM_EXAMPLE, found)?;
    let help = format!("write {QUORUM_EXAMPLE}");
    let weight = section.need("weight", &help, found, number::<u32>(1..=QUORUM_MAX));
    let hysteresis = section.read("hysteresis", found, number::<u32>(0..=QUORUM_MAX));
    let hysteresis = hysteresis.or_at(0, &section.span);
    let (weight, hysteresis) = (weight?, hysteresis?);
    if hysteresis.value >= weight.value {
        let message = format!(
            "with a hysteresis of {} a quorum of {} would never be lost",
            hysteresis.value, weight.value
        );
        let help = format!("write a hysteresis of at most {}", weight.value - 1);
        found.add(Code::OutOfRange, &hysteresis.span, message, help);
        return None;
    }
    Some(Quorum { weight: NonZeroU32::new(weight.value)?, hysteresis: hysteresis.value })
}

fn damping(service: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Damping> {
    let title = format!("`flap-damping` of {service}");
    let section = Section::open(title, value, &DAMPING_KEYS, DAMPING_EXAMPLE, found)?;
    let help = format!("write {DAMPING_EXAMPLE}");
    let changes = section.need("changes", &help, found, number::<u8>(1..=255));
    let within = section.need("within", &help, found, at_least(SHORTEST));
    let hold = section.need("hold", &help, found, at_least(SHORTEST));
    Some(Damping {
        changes: NonZeroU8::new(changes?.value)?,
        within: within?.value,
        hold: hold?.value,
    })
}
