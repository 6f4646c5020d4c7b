//! Kinds of faults, and in which state they can strike a director.

use scenario::{
    Action, Behaviour, Effect, Extent, Impairment, Mood, NodeKind, Scenario, Share, Tampering,
};
use std::fmt;
use std::time::Duration;

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
    /// Frames are lost, each for itself.
    Lose,
    /// Frames are lost in bursts.
    LoseBursts,
    /// Frames are late.
    Delay,
    /// Frames come twice.
    Duplicate,
    /// Frames are overtaken.
    Reorder,
    /// Frames are damaged.
    Corrupt,
    /// An interface has no carrier.
    Unplug,
    /// A director process is not run.
    Freeze,
    /// A director's machine stands still.
    PauseDirector,
    /// A real server's machine stands still.
    PauseServer,
    /// A director is late with everything.
    Slow,
    /// A kernel refuses what its director asks.
    NetlinkRefuse,
    /// A kernel is slow.
    NetlinkDelay,
    /// A kernel's answers are lost.
    NetlinkLose,
    /// A kernel does not tell of changes.
    NetlinkMute,
    /// Somebody else adds or removes a virtual address.
    TamperAddress,
    /// Somebody else changes a table.
    TamperTable,
    /// A director reads its configuration again.
    Reload,
    /// A director reads one that has a server less.
    ReloadLess,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 28] = [
        Self::PowerOffDirector,
        Self::PowerOffServer,
        Self::Kill,
        Self::Stop,
        Self::Serve,
        Self::CutSegment,
        Self::CutPort,
        Self::CutPair,
        Self::CutOneWay,
        Self::Lose,
        Self::LoseBursts,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::Corrupt,
        Self::Unplug,
        Self::Freeze,
        Self::PauseDirector,
        Self::PauseServer,
        Self::Slow,
        Self::NetlinkRefuse,
        Self::NetlinkDelay,
        Self::NetlinkLose,
        Self::NetlinkMute,
        Self::TamperAddress,
        Self::TamperTable,
        Self::Reload,
        Self::ReloadLess,
    ];

    /// Whether it is one between a director and its kernel: a reload, a crash, drift, an error of
    /// the kernel, or a takeover.
    #[must_use]
    pub fn is_of_kernel(self) -> bool {
        matches!(
            self,
            Self::Reload
                | Self::ReloadLess
                | Self::Kill
                | Self::TamperAddress
                | Self::TamperTable
                | Self::NetlinkRefuse
                | Self::NetlinkDelay
                | Self::NetlinkLose
                | Self::NetlinkMute
                | Self::PowerOffDirector
                | Self::Stop
        )
    }

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
            Action::Impair(Impairment { effect, .. }) => Self::of_effect(*effect),
            Action::Unplug { .. } => Self::Unplug,
            Action::Freeze { .. } => Self::Freeze,
            Action::Pause { node } => match scenario.node(node).map(|node| &node.kind) {
                Some(NodeKind::Director { .. }) => Self::PauseDirector,
                _ => Self::PauseServer,
            },
            Action::Slow { by: Duration::ZERO, .. } => return None,
            Action::Slow { .. } => Self::Slow,
            Action::Netlink { mood, .. } => match mood {
                Mood::Ok => return None,
                Mood::Refuse(_) => Self::NetlinkRefuse,
                Mood::Delay(_) => Self::NetlinkDelay,
                Mood::Lose(_) => Self::NetlinkLose,
                Mood::Mute => Self::NetlinkMute,
            },
            Action::Tamper { deed, .. } => match deed {
                Tampering::AddAddress(_) | Tampering::RemoveAddress(_) => Self::TamperAddress,
                _ => Self::TamperTable,
            },
            Action::Reload { node, config } => {
                let mut own = scenario.directors().filter(|(one, _)| one.name == *node);
                match own.next() {
                    Some((_, own)) if own.text != config.text => Self::ReloadLess,
                    _ => Self::Reload,
                }
            }
            Action::Handover { .. }
            | Action::Order { .. }
            | Action::PowerOn { .. }
            | Action::Start { .. }
            | Action::Heal(_)
            | Action::Plug { .. }
            | Action::Thaw { .. }
            | Action::Resume { .. }
            // The world has none of these, or the decisions do not see them.
            | Action::Exhaust { .. }
            | Action::Replenish { .. }
            | Action::Forget { .. }
            | Action::Clock(_)
            // What it does is nothing that strikes at a moment.
            | Action::Skew { .. }
            | Action::ReloadRefused { .. } => return None,
        })
    }
}

impl Kind {
    /// By what is worst.
    fn of_effect(effect: Effect) -> Self {
        let Effect { loss, burst, delay, jitter, reorder, corrupt, .. } = effect;
        if loss > Share::NONE {
            if burst > 1 { Self::LoseBursts } else { Self::Lose }
        } else if corrupt > Share::NONE {
            Self::Corrupt
        } else if delay + jitter > Duration::ZERO {
            Self::Delay
        } else if reorder > Share::NONE {
            Self::Reorder
        } else {
            Self::Duplicate
        }
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
            Self::Lose => "lose frames",
            Self::LoseBursts => "lose bursts",
            Self::Delay => "delay frames",
            Self::Duplicate => "double frames",
            Self::Reorder => "reorder frames",
            Self::Corrupt => "damage frames",
            Self::Unplug => "unplug",
            Self::Freeze => "freeze",
            Self::PauseDirector => "pause director",
            Self::PauseServer => "pause server",
            Self::Slow => "slow",
            Self::NetlinkRefuse => "netlink refuses",
            Self::NetlinkDelay => "netlink is late",
            Self::NetlinkLose => "netlink loses",
            Self::NetlinkMute => "netlink is mute",
            Self::TamperAddress => "foreign address",
            Self::TamperTable => "foreign table",
            Self::Reload => "reload",
            Self::ReloadLess => "reload less",
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
    /// The machine has no power.
    Off,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Standby,
        Self::Taking,
        Self::Active,
        Self::Releasing,
        Self::Stopped,
        Self::Ended,
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
