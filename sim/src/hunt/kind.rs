//! Kinds of faults, and in which state they can strike a director.

use scenario::{Action, Behaviour, Extent, NodeKind, Scenario};
use std::fmt;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A director loses power.
    PowerOffDirector,
    /// A real server loses power.
    PowerOffServer,
    /// A director process ends at once.
    Kill,
    /// A director is asked to end.
    Stop,
    /// A real server answers otherwise.
    Serve,
    /// A whole segment carries nothing.
    CutSegment,
    /// Nothing passes one port.
    CutPort,
    /// Nothing passes between two nodes.
    CutPair,
    /// Nothing passes from one node to another.
    CutOneWay,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::PowerOffDirector,
        Self::PowerOffServer,
        Self::Kill,
        Self::Stop,
        Self::Serve,
        Self::CutSegment,
        Self::CutPort,
        Self::CutPair,
        Self::CutOneWay,
    ];

    /// Of a statement; `None` for what mends.
    #[must_use]
    pub fn of(scenario: &Scenario, action: &Action) -> Option<Self> {
        Some(match action {
            Action::PowerOff { node } => match scenario.node(node).map(|node| &node.kind) {
                Some(NodeKind::Director { .. }) => Self::PowerOffDirector,
                _ => Self::PowerOffServer,
            },
            Action::Kill { .. } => Self::Kill,
            Action::Stop { .. } => Self::Stop,
            Action::Serve { behaviour: Behaviour::Ok, .. } => return None,
            Action::Serve { .. } => Self::Serve,
            Action::Cut(cut) => match &cut.extent {
                Extent::Whole => Self::CutSegment,
                Extent::Port(_) => Self::CutPort,
                Extent::Between(..) => Self::CutPair,
                Extent::OneWay { .. } => Self::CutOneWay,
            },
            Action::PowerOn { .. }
            | Action::Start { .. }
            | Action::Heal(_)
            | Action::Reload { .. } => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PowerOffDirector => "power-off director",
            Self::PowerOffServer => "power-off server",
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Serve => "serve otherwise",
            Self::CutSegment => "cut segment",
            Self::CutPort => "cut port",
            Self::CutPair => "cut pair",
            Self::CutOneWay => "cut one way",
        })
    }
}

/// What a director is when a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It has begun and listens.
    Waiting,
    /// It watches the owner.
    Standby,
    /// It is becoming the owner.
    Taking,
    /// It is the owner.
    Active,
    /// It is giving the addresses up.
    Releasing,
    /// It has given them up and ends.
    Stopped,
    /// The machine is on and the process is not there.
    Ended,
    /// The machine boots.
    Booting,
    /// The machine has no power.
    Off,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Standby,
        Self::Taking,
        Self::Active,
        Self::Releasing,
        Self::Stopped,
        Self::Ended,
        Self::Booting,
        Self::Off,
    ];
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Standby => "standby",
            Self::Taking => "taking",
            Self::Active => "active",
            Self::Releasing => "releasing",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
            Self::Booting => "booting",
            Self::Off => "off",
        })
    }
}

/// A fault that struck a director.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The fault.
    pub kind: Kind,
    /// What the director was.
    pub standing: Standing,
}
