//! The rule about the voter.

use super::Rule;
use crate::world::World;
use director_core::vote::{Answer, Question};

impl World {
    /// The voter has decided a question. What it granted is counted here once more: until a grant
    /// is over, or its holder asks and does not name the group, nobody else gets it.
    pub(crate) fn guard_vote(&mut self, question: &Question, answer: &Answer) {
        if self.guard.watches.is_empty() {
            return;
        }
        let (now, asker) = (self.now, &question.node);
        self.guard.grants.retain(|group, (holder, until)| {
            let named = question.holds.contains(group) || question.wants.contains(group);
            now < *until && (named || holder != asker)
        });
        for group in &answer.granted {
            let grant = (asker.clone(), now + question.term);
            let before = self.guard.grants.insert(group.clone(), grant);
            if let Some((holder, _)) = before.filter(|(holder, _)| holder != asker) {
                let facts = format!("the voter grants {group} to {asker}; {holder} has it");
                self.guard.violations.note(Rule::GrantedOnce, now, || facts);
            }
        }
    }

    /// The voter boots: it knows of no grants.
    pub(crate) fn guard_voter_boots(&mut self) {
        self.guard.grants.clear();
    }
}
