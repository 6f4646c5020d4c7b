//! What is asked before anything is changed.

use director_core::name::GroupName;
use director_core::standing::Subject;
use director_shell::control::Command;

/// What an order would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Drain(Subject),
    Undrain(Subject),
    Maintenance(Subject, bool),
    Weight(Subject),
    HandOver(GroupName),
    Ready(GroupName),
    Reload,
}

/// A line that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) String);

impl Line {
    /// More than this nobody reads.
    const LONGEST: usize = 200;

    pub(crate) fn write(&mut self, letter: char) {
        if !letter.is_control() && self.0.chars().count() < Self::LONGEST {
            self.0.push(letter);
        }
    }
}

/// A question to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialog {
    pub(crate) deed: Deed,
    /// Digits; only for a weight.
    pub(crate) weight: Line,
    pub(crate) reason: Line,
    /// Whether the weight is being written, not the reason.
    pub(crate) at_weight: bool,
    pub(crate) force: bool,
    /// Why the director did not do it.
    pub(crate) refused: Option<String>,
}

impl Dialog {
    pub(crate) fn new(deed: Deed) -> Self {
        let at_weight = matches!(deed, Deed::Weight(_));
        let (weight, reason) = (Line::default(), Line::default());
        Self { deed, weight, reason, at_weight, force: false, refused: None }
    }

    pub(crate) fn line(&mut self) -> &mut Line {
        if self.at_weight { &mut self.weight } else { &mut self.reason }
    }

    pub(crate) fn write(&mut self, letter: char) {
        if !self.at_weight || letter.is_ascii_digit() {
            self.line().write(letter);
        }
    }

    /// Whether it can be done although a service would be left without a usable server.
    pub(crate) fn can_force(&self) -> bool {
        matches!(self.deed, Deed::Drain(_) | Deed::Maintenance(_, true))
    }

    /// In one sentence what would be done.
    pub(crate) fn question(&self) -> String {
        match &self.deed {
            Deed::Drain(server) => format!("Drain {server}: no new connections"),
            Deed::Undrain(server) => format!("End the drain of {server}"),
            Deed::Maintenance(server, true) => {
                format!("Maintenance of {server}: no connections, no checks")
            }
            Deed::Maintenance(server, false) => format!("End the maintenance of {server}"),
            Deed::Weight(server) => format!("Another weight for {server}"),
            Deed::HandOver(group) => format!("Hand the group {group} over to a peer, and rest"),
            Deed::Ready(group) => format!("Be ready for the group {group} again"),
            Deed::Reload => "Read the configuration anew".to_owned(),
        }
    }

    /// The order; none while it is not complete.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn command(&self) -> Result<Command, &'static str> {
        let (reason, force) = (self.reason.0.clone(), self.force);
        Ok(match self.deed.clone() {
            Deed::Drain(server) => Command::Drain { server, deadline_ms: None, force, reason },
            Deed::Undrain(server) => Command::Undrain { server, reason },
            Deed::Maintenance(server, on) => Command::Maintenance { server, on, force, reason },
            Deed::Weight(server) => {
                let weight = match self.weight.0.as_str() {
                    "" => None,
                    digits => Some(digits.parse().map_err(|_| "write 0 to 65535, or nothing")?),
                };
                Command::Weight { server, weight, reason }
            }
            Deed::HandOver(group) => Command::Handover { group: Some(group), reason },
            Deed::Ready(group) => Command::Ready { group: Some(group), reason },
            Deed::Reload => Command::Reload { reason },
        })
    }
}
