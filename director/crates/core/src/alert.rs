//! Alerts: who is told what, when, how often, and what follows when that fails.
//!
//! ```text
//! Report ─► Event (a trouble begins or ends, or news) ─► per channel: wanted? ─► limit ─► queue
//!     queue ─► Effect::Alert ─► Input::AlertEnded ─► the next, or the same again after a pause
//! ```
//!
//! * A channel delivers one alert at a time, in the order in which they arose. One that cannot be
//!   delivered is tried again with pauses that double, and given up in the end; those behind it
//!   wait, and other channels do not.
//! * A trouble that lasts may be told again; its end is told.
//! * Above the limit alerts are suppressed. The next one says how many were, and when none comes
//!   by itself, one says what is wrong at that time.
//! * A director that owns a service's addresses tells of its servers. Another follows silently and
//!   goes on telling when it takes over.
//!
//! Nothing here delays a check or a takeover: a delivery is an effect like any other.

mod channel;
mod event;
#[cfg(test)]
mod tests;
mod words;

use crate::cluster::Out;
use crate::config::{Alert, Config, Senders};
use crate::name::{AlertName, GroupName, NodeName, ServiceName};
use crate::report::{Report, Role};
use crate::time::{Deadline, Instant, Reason};
use crate::view::AlertView;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use channel::Channel;
use event::Event;

/// What may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Occasion {
    /// A real server goes down.
    Server,
    /// A real server goes up and down.
    Flapping,
    /// A certificate of a real server ends soon.
    Certificate,
    /// The fallback of a service serves.
    Fallback,
    /// Nobody serves a service.
    Unserved,
    /// A service has less usable weight than its quorum.
    Quorum,
    /// The checks of a service are not believed.
    Panic,
    /// This director takes or gives up addresses.
    Role,
    /// A peer is dead.
    Peer,
    /// A peer is not heard over one link.
    Link,
    /// Two directors own the same addresses.
    TwoOwners,
    /// No witness is reached.
    Witness,
    /// A peer could not be fenced.
    Fencing,
    /// A peer has another configuration.
    Configuration,
    /// The kernel refuses something.
    Kernel,
    /// This director starts, stops, or uses another configuration.
    Life,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Server,
        Self::Flapping,
        Self::Certificate,
        Self::Fallback,
        Self::Unserved,
        Self::Quorum,
        Self::Panic,
        Self::Role,
        Self::Peer,
        Self::Link,
        Self::TwoOwners,
        Self::Witness,
        Self::Fencing,
        Self::Configuration,
        Self::Kernel,
        Self::Life,
    ];

    /// What is told when nothing is said: what somebody should look at.
    pub const USUAL: [Self; 13] = [
        Self::Server,
        Self::Flapping,
        Self::Certificate,
        Self::Fallback,
        Self::Unserved,
        Self::Quorum,
        Self::Panic,
        Self::Role,
        Self::Peer,
        Self::TwoOwners,
        Self::Witness,
        Self::Fencing,
        Self::Configuration,
    ];
}

/// What an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Kind {
    /// A trouble has begun.
    Trouble,
    /// A trouble lasts.
    Reminder,
    /// A trouble is over.
    Recovery,
    /// Something that has no end.
    News,
    /// What is wrong after alerts were suppressed.
    Summary,
}

/// An alert, as it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number among those of its channel in this life of the director.
    pub number: u64,
    /// The director that tells.
    pub node: NodeName,
    /// What it is.
    pub kind: Kind,
    /// What it is about; `None` for a summary.
    pub occasion: Option<Occasion>,
    /// What has happened, in words.
    pub what: String,
    /// Where: which service and server, group or peer.
    pub place: String,
    /// Why, in words; empty where `what` says everything.
    pub why: String,
    /// When the trouble began, or the news arose.
    pub since: Instant,
    /// When it was to be told.
    pub at: Instant,
    /// Alerts of this channel that were suppressed since the one before.
    pub suppressed: u32,
}

/// Why an alert was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub struct Undelivered {
    /// Whether it makes sense to try it again.
    pub again: bool,
    /// What was wrong, in words.
    pub why: String,
}

/// What became of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", tag = "fate"))]
pub enum Fate {
    /// It was delivered.
    Sent,
    /// It was not, and is tried again.
    Failed {
        /// What was wrong.
        why: String,
        /// When it is tried again.
        again_ms: u64,
    },
    /// It was not, and is given up.
    Lost {
        /// What was wrong.
        why: String,
    },
    /// There were too many.
    Suppressed,
}

/// All channels.
#[derive(Clone, Debug)]
pub(crate) struct Alerts {
    node: NodeName,
    channels: BTreeMap<AlertName, Channel>,
    owned: Owned,
}

/// What decides which director tells of a service.
#[derive(Clone, Debug)]
struct Owned {
    /// The groups that this node owns.
    active: BTreeSet<GroupName>,
    /// Per service, the groups that have its addresses.
    homes: BTreeMap<ServiceName, Vec<GroupName>>,
    /// Whether there is a group that somebody can own.
    any: bool,
}

impl Alerts {
    pub(crate) fn new(config: &Config, node: &NodeName) -> Self {
        let mut alerts = Self {
            node: node.clone(),
            channels: BTreeMap::new(),
            owned: Owned { active: BTreeSet::new(), homes: BTreeMap::new(), any: false },
        };
        alerts.reload(config);
        alerts
    }

    /// Uses a new configuration. A channel that stays keeps what it has to tell.
    pub(crate) fn reload(&mut self, config: &Config) {
        self.channels.retain(|name, _| config.alerts.contains_key(name));
        for name in config.alerts.keys() {
            self.channels.entry(name.clone()).or_default();
        }
        for channel in self.channels.values_mut() {
            channel.retain(|trouble| trouble.is_in(config));
        }
        if self.channels.is_empty() {
            return;
        }
        let homes = |service: &crate::config::Service| {
            let holds = |group: &crate::config::Group| {
                let mut held = group.addresses.iter().map(|held| held.address);
                held.any(|held| service.addresses().any(|address| address == held))
            };
            let groups = config.groups.iter().filter(|(_, group)| holds(group));
            groups.map(|(name, _)| name.clone()).collect()
        };
        let services = config.services.iter();
        self.owned.any = !config.groups.is_empty();
        self.owned.homes = services.map(|(name, service)| (name.clone(), homes(service))).collect();
    }

    /// Takes in what is being told.
    pub(crate) fn note(&mut self, report: &Report, config: &Config, now: Instant, out: &mut Out) {
        if let Report::Role { group, to, .. } = report {
            if *to == Role::Active {
                self.owned.active.insert(group.clone());
            } else {
                self.owned.active.remove(group);
            }
        }
        let Some(event) = event::of(report) else { return };
        let owned = &self.owned;
        for (name, channel) in &mut self.channels {
            let Some(alert) = config.alerts.get(name) else { continue };
            let speaks = |service: Option<&ServiceName>| owned.speaks(alert, service);
            if wants(alert, &event) {
                channel.note(alert, &event, speaks(event.service()), now);
            }
            if let Report::Role { to: Role::Active, .. } = report {
                channel.take_over(alert, now, |trouble| speaks(trouble.service()));
            }
            channel.go_on((name, alert), &self.node, now, out);
        }
    }

    /// A delivery ended.
    pub(crate) fn ended(
        &mut self,
        (name, number): (&AlertName, u64),
        result: Result<(), Undelivered>,
        (config, now): (&Config, Instant),
        out: &mut Out,
    ) {
        let alert = config.alerts.get(name);
        if let (Some(channel), Some(alert)) = (self.channels.get_mut(name), alert) {
            channel.ended((name, alert), number, result, now, out);
            channel.go_on((name, alert), &self.node, now, out);
        }
    }

    /// Does what is due.
    pub(crate) fn due(&mut self, config: &Config, now: Instant, out: &mut Out) {
        for (name, channel) in &mut self.channels {
            let Some(alert) = config.alerts.get(name) else { continue };
            let owned = &self.owned;
            channel.due((name, alert), now, out, |trouble| owned.speaks(alert, trouble.service()));
            channel.go_on((name, alert), &self.node, now, out);
        }
    }

    /// What the channels look like.
    pub(crate) fn view(&self) -> Vec<AlertView> {
        self.channels.iter().map(|(name, channel)| channel.view(name)).collect()
    }

    pub(crate) fn next_deadline(&self) -> Option<Deadline> {
        let next = self.channels.values().filter_map(Channel::next).min();
        next.map(|at| Deadline { at, reason: Reason::AlertDue })
    }
}

/// Whether a channel is told of such things.
fn wants(alert: &Alert, event: &Event) -> bool {
    let of_service = event
        .service()
        .is_none_or(|name| alert.services.is_empty() || alert.services.contains(name));
    of_service && alert.occasions.contains(&event.occasion())
}

impl Owned {
    /// Whether this director is the one that tells of it.
    fn speaks(&self, alert: &Alert, service: Option<&ServiceName>) -> bool {
        let of_owner = service.filter(|_| alert.senders == Senders::Active);
        let Some(service) = of_owner else { return true };
        match self.homes.get(service).map_or(&[][..], Vec::as_slice) {
            // No group has its address: whoever owns anything, or each where nothing can be owned.
            [] => !self.any || !self.active.is_empty(),
            groups => groups.iter().any(|group| self.active.contains(group)),
        }
    }
}
