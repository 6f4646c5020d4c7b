//! What is wrong at a moment: the same bookkeeping for every runner and for the judge.

use crate::{Action, Cut, Effect, Extent, Heal, Mood, Resource, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Segment, sender, receiver.
type Path = (String, String, String);

/// What is wrong with the network, and with machines that have power.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// Paths that carry nothing.
    blocked: BTreeSet<Path>,
    impaired: BTreeMap<Path, Effect>,
    /// Interfaces without carrier, as (segment, node).
    unplugged: BTreeSet<(String, String)>,
    frozen: BTreeSet<String>,
    paused: BTreeSet<String>,
    slow: BTreeMap<String, Duration>,
    moods: BTreeMap<String, Mood>,
    /// What directors have no more of.
    short: BTreeSet<(String, Resource)>,
}

impl Faults {
    /// Takes note of an action.
    pub fn apply(&mut self, scenario: &Scenario, action: &Action) {
        match action {
            Action::Cut(cut) => self.blocked.extend(pairs(scenario, cut)),
            Action::Impair(impairment) => {
                for pair in pairs(scenario, &impairment.piece) {
                    self.impaired.insert(pair, impairment.effect);
                }
            }
            Action::Heal(Heal::All) => {
                self.blocked.clear();
                self.impaired.clear();
            }
            Action::Heal(Heal::Of(cut)) => {
                for pair in pairs(scenario, cut) {
                    self.blocked.remove(&pair);
                    self.impaired.remove(&pair);
                }
            }
            Action::Unplug { segment, node } => {
                self.unplugged.insert((segment.clone(), node.clone()));
            }
            Action::Plug { segment, node } => {
                self.unplugged.remove(&(segment.clone(), node.clone()));
            }
            action => self.befall(action),
        }
    }

    /// What an action does to a machine.
    fn befall(&mut self, action: &Action) {
        match action {
            Action::Freeze { node } => {
                self.frozen.insert(node.clone());
            }
            Action::Thaw { node } => {
                self.frozen.remove(node);
            }
            // The next process is another: neither frozen nor at its limits.
            Action::Kill { node } => {
                self.frozen.remove(node);
                let lasts = [Resource::Disk, Resource::Modules];
                self.short.retain(|(name, what)| name != node || lasts.contains(what));
            }
            Action::Exhaust { node, resource } => {
                self.short.insert((node.clone(), *resource));
            }
            Action::Replenish { node, resource } => {
                self.short.remove(&(node.clone(), *resource));
            }
            Action::Pause { node } => {
                self.paused.insert(node.clone());
            }
            Action::Resume { node } => {
                self.paused.remove(node);
            }
            Action::Slow { node, by: Duration::ZERO } => {
                self.slow.remove(node);
            }
            Action::Slow { node, by } => {
                self.slow.insert(node.clone(), *by);
            }
            Action::Netlink { node, mood: Mood::Ok } => {
                self.moods.remove(node);
            }
            Action::Netlink { node, mood } => {
                self.moods.insert(node.clone(), *mood);
            }
            Action::PowerOff { node } => {
                self.frozen.remove(node);
                self.paused.remove(node);
                self.slow.remove(node);
                self.moods.remove(node);
                self.short.retain(|(name, _)| name != node);
            }
            _ => {}
        }
    }

    /// Whether a frame from one node reaches the other over this segment, unless it is lost.
    pub fn passes(&self, segment: &str, from: &str, to: &str) -> bool {
        let unplugged = |node: &str| self.is_unplugged(segment, node);
        let cut = || self.blocked.contains(&(segment.to_owned(), from.to_owned(), to.to_owned()));
        !unplugged(from) && !unplugged(to) && !cut()
    }

    /// How frames from one node to the other fare on this segment.
    pub fn effect(&self, segment: &str, from: &str, to: &str) -> Effect {
        let path = (segment.to_owned(), from.to_owned(), to.to_owned());
        self.impaired.get(&path).copied().unwrap_or_default()
    }

    /// The impaired pairs as (segment, from, to), sorted, with how their frames fare.
    pub fn impaired(&self) -> impl Iterator<Item = (&str, &str, &str, Effect)> {
        self.impaired
            .iter()
            .map(|((segment, from, to), effect)| (&**segment, &**from, &**to, *effect))
    }

    /// Whether the node's interface on the segment has no carrier.
    pub fn is_unplugged(&self, segment: &str, node: &str) -> bool {
        !self.unplugged.is_empty()
            && self.unplugged.contains(&(segment.to_owned(), node.to_owned()))
    }

    /// Whether the node's director is not run, or the whole node is not.
    pub fn stands_still(&self, node: &str) -> bool {
        self.frozen.contains(node) || self.paused.contains(node)
    }

    /// Whether something keeps the node's director from doing at once what it has decided.
    pub fn hampers(&self, node: &str) -> bool {
        // Asked for every packet, and nearly always there is nothing at all.
        let none = self.frozen.is_empty() && self.paused.is_empty() && self.slow.is_empty();
        if none && self.moods.is_empty() && self.short.is_empty() {
            return false;
        }
        self.stands_still(node)
            || self.slow.contains_key(node)
            || self.moods.contains_key(node)
            || self.short.iter().any(|(name, _)| name == node)
    }

    /// How the node's kernel treats netlink requests.
    pub fn mood(&self, node: &str) -> Mood {
        self.moods.get(node).copied().unwrap_or_default()
    }

    /// The cut pairs as (segment, from, to), sorted.
    pub fn blocked(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.blocked.iter().map(|(segment, from, to)| (&**segment, &**from, &**to))
    }

    /// Whether anything of the segment is cut.
    pub fn touches(&self, segment: &str) -> bool {
        self.blocked.iter().any(|(name, _, _)| name == segment)
            || self.unplugged.iter().any(|(name, _)| name == segment)
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

    /// Whether nothing is wrong that can keep two directors from knowing of each other, or one
    /// of them from doing at once what it has decided. Frames that come twice or out of order do
    /// neither.
    pub fn is_empty(&self) -> bool {
        self.blocked.is_empty()
            && !self.impaired.values().any(Effect::disturbs)
            && self.unplugged.is_empty()
            && self.frozen.is_empty()
            && self.paused.is_empty()
            && self.slow.is_empty()
            && self.moods.is_empty()
            && self.short.is_empty()
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
