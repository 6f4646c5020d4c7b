//! Which frames are cut at a moment: the same bookkeeping for every runner and for the judge.

use crate::{Action, Cut, Extent, Heal, Scenario};
use std::collections::BTreeSet;

/// The directed pairs between which a segment carries nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    blocked: BTreeSet<(String, String, String)>,
}

impl Faults {
    /// Takes note of a cut or a heal; every other action changes nothing.
    pub fn apply(&mut self, scenario: &Scenario, action: &Action) {
        match action {
            Action::Cut(cut) => self.blocked.extend(pairs(scenario, cut)),
            Action::Heal(Heal::All) => self.blocked.clear(),
            Action::Heal(Heal::Of(cut)) => {
                for pair in pairs(scenario, cut) {
                    self.blocked.remove(&pair);
                }
            }
            _ => {}
        }
    }

    /// Whether a frame from one node reaches the other over this segment.
    pub fn passes(&self, segment: &str, from: &str, to: &str) -> bool {
        !self.blocked.contains(&(segment.to_owned(), from.to_owned(), to.to_owned()))
    }

    /// The cut pairs as (segment, from, to), sorted.
    pub fn blocked(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.blocked.iter().map(|(segment, from, to)| (&**segment, &**from, &**to))
    }

    /// Whether anything of the segment is cut.
    pub fn touches(&self, segment: &str) -> bool {
        self.blocked.iter().any(|(name, _, _)| name == segment)
    }

    /// Whether, in one direction at least, no shared segment carries from one node to the other.
    pub fn separates(&self, scenario: &Scenario, a: &str, b: &str) -> bool {
        let carried = |from: &str, to: &str| {
            scenario.segments.keys().any(|segment| {
                let on = |name: &str| scenario.members(segment).any(|member| member == name);
                on(from) && on(to) && self.passes(segment, from, to)
            })
        };
        !(carried(a, b) && carried(b, a))
    }

    /// Whether no frame is cut.
    pub fn is_empty(&self) -> bool {
        self.blocked.is_empty()
    }
}

fn pairs(scenario: &Scenario, cut: &Cut) -> Vec<(String, String, String)> {
    let members: Vec<&str> = scenario.members(&cut.segment).collect();
    let meant = |from: &str, to: &str| match &cut.extent {
        Extent::Whole => true,
        Extent::Port(node) => from == node || to == node,
        Extent::Between(a, b) => (from == a && to == b) || (from == b && to == a),
        Extent::OneWay { from: sender, to: receiver } => from == sender && to == receiver,
    };
    let mut found = Vec::new();
    for from in &members {
        for to in &members {
            if from != to && meant(from, to) {
                found.push((cut.segment.clone(), (*from).to_owned(), (*to).to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::scenario;

    fn after(actions: &[&str]) -> (Scenario, Faults) {
        let lines: Vec<String> = actions.iter().map(|action| format!("1s {action}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let scenario = scenario(&lines, &["pinned(web)"]);
        let mut faults = Faults::default();
        scenario.timeline.iter().for_each(|line| faults.apply(&scenario, &line.action));
        (scenario, faults)
    }

    #[test]
    fn each_extent_cuts_its_frames_and_no_others() {
        let (_, faults) = after(&["cut lan d1->d2"]);
        assert!(!faults.passes("lan", "d1", "d2") && faults.passes("lan", "d2", "d1"));
        assert!(faults.passes("hb", "d1", "d2") && faults.touches("lan") && !faults.touches("hb"));
        let (_, faults) = after(&["cut lan d1<->d2"]);
        assert!(!faults.passes("lan", "d2", "d1") && faults.passes("lan", "d2", "gw"));
        let (_, faults) = after(&["cut lan s1"]);
        assert!(!faults.passes("lan", "gw", "s1") && !faults.passes("lan", "s1", "gw"));
        assert!(faults.passes("lan", "gw", "s2"));
        let (_, faults) = after(&["cut hb"]);
        assert_eq!(faults.blocked().collect::<Vec<_>>(), [("hb", "d1", "d2"), ("hb", "d2", "d1")]);
    }

    #[test]
    fn a_heal_undoes_what_it_names_whatever_cut_it() {
        let (_, faults) = after(&["cut lan", "heal lan d1<->d2"]);
        assert!(faults.passes("lan", "d1", "d2") && !faults.passes("lan", "d1", "gw"));
        let (_, faults) = after(&["cut lan d1", "cut hb", "heal lan"]);
        assert!(!faults.touches("lan") && faults.touches("hb"));
        let (_, faults) = after(&["cut lan d1", "cut hb", "heal all"]);
        assert!(faults.is_empty());
    }

    #[test]
    fn nodes_are_separated_when_no_segment_carries_in_one_direction() {
        let (scenario, faults) = after(&["cut hb", "cut lan d2->d1"]);
        assert!(faults.separates(&scenario, "d1", "d2") && faults.separates(&scenario, "d2", "d1"));
        assert!(!faults.separates(&scenario, "d1", "gw"));
        let (scenario, faults) = after(&["cut hb"]);
        assert!(!faults.separates(&scenario, "d1", "d2"));
    }
}
