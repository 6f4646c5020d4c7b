//! What of a scenario's expectations can be judged without clients and without ARP.

use scenario::{
    Claim, Condition, Expectation, History, Judged, Ruling, Scenario, Verdict, judge as judge_all,
};

/// Judges what can be; of the rest it is said why not.
pub(super) fn judge(scenario: &Scenario, history: &History) -> Verdict {
    let mut reduced = Scenario { clients: Vec::new(), ..scenario.clone() };
    let kept: Vec<Option<Expectation>> = scenario.expectations.iter().map(reduce).collect();
    reduced.expectations = kept.iter().flatten().cloned().collect();
    let mut verdict = judge_all(&reduced, history);
    let mut judged = std::mem::take(&mut verdict.expectations).into_iter();
    let ruled = scenario.expectations.iter().zip(&kept).filter_map(|(written, kept)| {
        if kept.is_some() {
            return judged.next();
        }
        let reason = "turmoil has neither ARP nor clients of a virtual address".to_owned();
        Some(Judged { text: written.text.clone(), ruling: Ruling::NotJudged { reason } })
    });
    verdict.expectations = ruled.collect();
    verdict
}

/// The expectation without what cannot be seen here; `None` when nothing is left of it.
fn reduce(written: &Expectation) -> Option<Expectation> {
    let part = |condition: &Condition| without_arp(condition);
    let claim = match &written.claim {
        Claim::Always { condition, except } => {
            Claim::Always { condition: part(condition)?, except: except.clone() }
        }
        Claim::Never { condition, except } => {
            // A part of what must never be may well be: only the whole can be judged.
            let whole = part(condition).filter(|part| part == condition)?;
            Claim::Never { condition: whole, except: except.clone() }
        }
        Claim::Eventually { condition } => Claim::Eventually { condition: part(condition)? },
        Claim::Sometimes { condition } => Claim::Sometimes { condition: part(condition)? },
        Claim::At { time, condition } => Claim::At { time: *time, condition: part(condition)? },
        Claim::Within { limit, trigger, condition } => {
            let (limit, trigger) = (*limit, trigger.clone());
            Claim::Within { limit, trigger, condition: part(condition)? }
        }
        Claim::Measure { .. } | Claim::Pinned { .. } | Claim::Returned { .. } => return None,
    };
    let text = match claim == written.claim {
        true => written.text.clone(),
        false => format!("{} (arp is left out)", written.text),
    };
    Some(Expectation { text, span: written.span, claim })
}

/// A condition that is true whenever this one is, and does not speak of ARP.
fn without_arp(condition: &Condition) -> Option<Condition> {
    match condition {
        Condition::Arp { .. } => None,
        Condition::And(one, other) => match (without_arp(one), without_arp(other)) {
            (Some(one), Some(other)) => Some(Condition::And(one.into(), other.into())),
            (one, other) => one.or(other),
        },
        Condition::Or(one, other) => {
            Some(Condition::Or(without_arp(one)?.into(), without_arp(other)?.into()))
        }
        Condition::Not(inner) => {
            // The opposite of less is more: only the whole can be turned round.
            without_arp(inner).filter(|part| *part == **inner).map(|_| condition.clone())
        }
        _ => Some(condition.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::{Compare, Holder};

    fn owner() -> Condition {
        let address = [10, 0, 0, 100].into();
        Condition::Owners { address, compare: Compare::AtMost, count: 1 }
    }

    fn arp() -> Condition {
        let address = [10, 0, 0, 100].into();
        Condition::Arp { observer: "gw".into(), address, holder: Holder::Nobody }
    }

    fn and(one: Condition, other: Condition) -> Condition {
        Condition::And(one.into(), other.into())
    }

    fn or(one: Condition, other: Condition) -> Condition {
        Condition::Or(one.into(), other.into())
    }

    fn not(one: Condition) -> Condition {
        Condition::Not(one.into())
    }

    #[test]
    fn what_is_left_is_never_stronger_than_what_was_written() {
        assert_eq!(without_arp(&arp()), None);
        assert_eq!(without_arp(&and(owner(), arp())), Some(owner()));
        assert_eq!(without_arp(&and(arp(), owner())), Some(owner()));
        assert_eq!(without_arp(&or(owner(), arp())), None);
        assert_eq!(without_arp(&not(arp())), None);
        assert_eq!(without_arp(&not(owner())), Some(not(owner())));
        assert_eq!(without_arp(&not(and(owner(), arp()))), None);
        assert_eq!(without_arp(&and(not(and(owner(), arp())), owner())), Some(owner()));
    }
}
