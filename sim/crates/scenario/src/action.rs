//! What a timeline statement does.

mod behaviour;
mod impair;
mod kernel;
mod machine;
mod order;
mod share;

pub use behaviour::Behaviour;
pub use impair::{Effect, Impairment};
pub use kernel::{Mood, Tampering};
pub use machine::{Leap, Resource, Skew};
pub use order::OperatorOrder;
pub use share::Share;

use crate::{ConfigFile, show_duration};
use std::fmt;
use std::time::Duration;

/// One deed of the timeline, without its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The node loses power: everything volatile is gone, nothing says goodbye.
    PowerOff {
        /// The node's name.
        node: String,
    },
    /// The node boots; a director starts on its own, a server serves what it served last.
    PowerOn {
        /// The node's name.
        node: String,
    },
    /// The director process is asked to end (SIGTERM) and hands over.
    Stop {
        /// The director's name.
        node: String,
    },
    /// The director is ordered to give what it owns to its peer, and goes on.
    Handover {
        /// The director's name.
        node: String,
    },
    /// The director is ordered something, about a real server in most cases.
    Order {
        /// The director's name.
        node: String,
        /// What.
        order: OperatorOrder,
    },
    /// The director process is started on a node that has power.
    Start {
        /// The director's name.
        node: String,
    },
    /// The director process ends at once (SIGKILL); the kernel keeps addresses and table.
    Kill {
        /// The director's name.
        node: String,
    },
    /// From now on the real server answers like this, on all its ports.
    Serve {
        /// The real server's name.
        node: String,
        /// How it answers.
        behaviour: Behaviour,
    },
    /// Frames no longer pass.
    Cut(Cut),
    /// Frames pass again.
    Heal(Heal),
    /// The director reads this configuration in place of the one it runs with.
    Reload {
        /// The director's name.
        node: String,
        /// The new configuration.
        config: ConfigFile,
    },
    /// The director is told to read this configuration, which it must refuse.
    ReloadRefused {
        /// The director's name.
        node: String,
        /// The configuration with a mistake.
        config: ConfigFile,
    },
    /// The segment's switch forgets behind which port each hardware address is.
    Forget {
        /// The segment's name.
        segment: String,
    },
    /// From now on the director has no more of it.
    Exhaust {
        /// The director's name.
        node: String,
        /// Of what.
        resource: Resource,
    },
    /// It has as much of it as before.
    Replenish {
        /// The director's name.
        node: String,
        /// Of what.
        resource: Resource,
    },
    /// The wall clocks of all machines jump.
    Clock(Leap),
    /// Frames are lost, late, doubled, overtaken or damaged.
    Impair(Impairment),
    /// The node's interface loses its carrier.
    Unplug {
        /// The segment's name.
        segment: String,
        /// The node's name.
        node: String,
    },
    /// It has carrier again.
    Plug {
        /// The segment's name.
        segment: String,
        /// The node's name.
        node: String,
    },
    /// The director process is not run any more (SIGSTOP); its kernel goes on.
    Freeze {
        /// The director's name.
        node: String,
    },
    /// It is run again (SIGCONT).
    Thaw {
        /// The director's name.
        node: String,
    },
    /// The whole machine stands still, as a virtual one does that is moved; time goes on.
    Pause {
        /// The node's name.
        node: String,
    },
    /// It goes on.
    Resume {
        /// The node's name.
        node: String,
    },
    /// From now on everything that the director does comes up to this much later.
    Slow {
        /// The director's name.
        node: String,
        /// How much at most; zero for as fast as ever.
        by: Duration,
    },
    /// From now on the director's clock goes faster or slower than time, and its kernel's timers.
    Skew {
        /// The director's name.
        node: String,
        /// By how much.
        by: Skew,
    },
    /// From now on the director's kernel treats netlink requests like this.
    Netlink {
        /// The director's name.
        node: String,
        /// How.
        mood: Mood,
    },
    /// Somebody else changes the director's kernel.
    Tamper {
        /// The director's name.
        node: String,
        /// What is done.
        deed: Tampering,
    },
}

impl Action {
    /// The node that the action is done to, if it is done to one.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::PowerOff { node }
            | Self::PowerOn { node }
            | Self::Stop { node }
            | Self::Handover { node }
            | Self::Order { node, .. }
            | Self::Start { node }
            | Self::Kill { node }
            | Self::Serve { node, .. }
            | Self::Reload { node, .. }
            | Self::ReloadRefused { node, .. }
            | Self::Exhaust { node, .. }
            | Self::Replenish { node, .. }
            | Self::Unplug { node, .. }
            | Self::Plug { node, .. }
            | Self::Freeze { node }
            | Self::Thaw { node }
            | Self::Pause { node }
            | Self::Resume { node }
            | Self::Slow { node, .. }
            | Self::Skew { node, .. }
            | Self::Netlink { node, .. }
            | Self::Tamper { node, .. } => Some(node),
            Self::Cut(_)
            | Self::Heal(_)
            | Self::Impair(_)
            | Self::Forget { .. }
            | Self::Clock(_) => None,
        }
    }
}

/// The canonical text: what the parser reads back to the same action.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff { node } => write!(f, "power-off {node}"),
            Self::PowerOn { node } => write!(f, "power-on {node}"),
            Self::Stop { node } => write!(f, "stop {node}"),
            Self::Handover { node } => write!(f, "handover {node}"),
            Self::Order { node, order } => write!(f, "order {node} {order}"),
            Self::Start { node } => write!(f, "start {node}"),
            Self::Kill { node } => write!(f, "kill {node}"),
            Self::Serve { node, behaviour } => write!(f, "serve {node} {behaviour}"),
            Self::Cut(cut) => write!(f, "cut {cut}"),
            Self::Heal(Heal::All) => write!(f, "heal all"),
            Self::Heal(Heal::Of(cut)) => write!(f, "heal {cut}"),
            Self::Reload { node, config } => write!(f, "reload {node} {}", config.path),
            Self::ReloadRefused { node, config } => {
                write!(f, "reload {node} {} refused", config.path)
            }
            Self::Forget { segment } => write!(f, "forget {segment}"),
            Self::Exhaust { node, resource } => write!(f, "exhaust {node} {resource}"),
            Self::Replenish { node, resource } => write!(f, "replenish {node} {resource}"),
            Self::Clock(leap) => write!(f, "clock {leap}"),
            Self::Impair(impairment) => write!(f, "impair {impairment}"),
            Self::Unplug { segment, node } => write!(f, "unplug {segment} {node}"),
            Self::Plug { segment, node } => write!(f, "plug {segment} {node}"),
            Self::Freeze { node } => write!(f, "freeze {node}"),
            Self::Thaw { node } => write!(f, "thaw {node}"),
            Self::Pause { node } => write!(f, "pause {node}"),
            Self::Resume { node } => write!(f, "resume {node}"),
            Self::Slow { node, by } => write!(f, "slow {node} {}", show_duration(*by)),
            Self::Skew { node, by } => write!(f, "skew {node} {by}"),
            Self::Netlink { node, mood } => write!(f, "netlink {node} {mood}"),
            Self::Tamper { node, deed } => write!(f, "tamper {node} {deed}"),
        }
    }
}

/// A piece of one segment, to be cut or impaired: `hb`, `hb d1`, `lan d1<->d2`, `lan d1->d2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The segment's name.
    pub segment: String,
    /// Which part of it.
    pub extent: Extent,
}

/// Which frames of a segment are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// Those to and from this node: its port on the switch.
    Port(String),
    /// Those between two nodes, both ways.
    Between(String, String),
    /// Those from the first node to the second only.
    OneWay {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
    },
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segment = &self.segment;
        match &self.extent {
            Extent::Whole => write!(f, "{segment}"),
            Extent::Port(node) => write!(f, "{segment} {node}"),
            Extent::Between(a, b) => write!(f, "{segment} {a}<->{b}"),
            Extent::OneWay { from, to } => write!(f, "{segment} {from}->{to}"),
        }
    }
}

/// What is healed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heal {
    /// Every segment, of cuts and impairments.
    All,
    /// This piece, whatever cut or impaired it.
    Of(Cut),
}
