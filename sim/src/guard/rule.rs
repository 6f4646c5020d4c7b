//! The rules, and which of them a run has broken.

use director_core::time::Instant;

macro_rules! rules {
    ($($rule:ident $name:literal $text:literal,)*) => {
        /// What must be true of every run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Rule {
            $(#[doc = $text] $rule,)*
        }

        impl Rule {
            /// Every rule, in the order of their numbers.
            pub(crate) const ALL: &[Self] = &[$(Self::$rule,)*];

            /// A word for it, for tables.
            #[cfg(any(test, feature = "planted-bugs"))]
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// The rule itself.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$rule => $text,)* }
            }
        }
    };
}

rules! {
    RouterAgrees "router-agrees"
        "the router's neighbour entry agrees with the owner, soon after every change",
    DownGetsNothing "down-gets-nothing"
        "no new connection goes to a server that the director reports down",
    ServersSilent "servers-silent"
        "no real server answers ARP for a virtual address",
    ServicesFirst "services-first"
        "an address is taken only when its services are in the table, with whoever can serve",
    AddressesFirst "addresses-first"
        "services go, and a process ends, only when the addresses are released",
    GivenUpForCause "given-up-for-cause"
        "an address is given up only for a cause that lets another have it",
    TakenWhenFree "taken-when-free"
        "an address is taken only when no live peer says that it may hold it",
    OwnerAnnounces "owner-announces"
        "only an owner that holds an address announces it",
    AnnouncedInBounds "announced-in-bounds"
        "announcements come in bursts of the configured length, each for a cause",
    AnnouncedInFull "announced-in-full"
        "a burst is as long as configured, and ownership is announced again while it lasts",
    AnnouncedForCause "announced-for-cause"
        "an owner announces itself to a peer that returns, on a link that heals, and to a rival",
    SleeperSilent "sleeper-silent"
        "who slept says and announces nothing as owner before it has heard its peers",
    SleptOnlyAsleep "slept-only-asleep"
        "a director that is run in time never finds that it was not",
    DeadAfterSilence "dead-after-silence"
        "a peer is dead only after a silence as long as configured, one's own sleep left out",
    AskedOnEveryLink "asked-on-every-link"
        "a peer is given up unanswered only when it was asked over every link",
    PastChangesNothing "past-changes-nothing"
        "packets that were seen, of lives that are over, or damaged change nothing",
    BeatsKept "beats-kept"
        "heartbeats keep their interval, questions are answered and news told at once",
    StatesJustified "states-justified"
        "a server's state changes by its own checks, after as many in a row as configured",
    WeightsJustified "weights-justified"
        "a server gets weight only when it is up, and loses it only for a cause",
    FallbackServes "fallback-serves"
        "the fallback serves when every server is down",
    CalmStaysCalm "calm-stays-calm"
        "when nothing has happened for long enough nothing changes but what is refreshed",
    SurvivorOwns "survivor-owns"
        "after the owner's power loss the other has the address, and the routers know, in time",
    RivalsSettle "rivals-settle"
        "of two owners that hear each other one is left within two heartbeats",
    SomebodyOwns "somebody-owns"
        "where a director runs, an address is not without owner for longer than it takes",
    FailbackByPolicy "failback-by-policy"
        "an owner gives way to a better-ranked peer only as the configuration says",
    UnfitGivesWay "unfit-gives-way"
        "an owner without carrier, or without witness, gives way to a peer that is ready",
    OrdersObeyed "orders-obeyed"
        "a handover is carried out when a peer would take the group and serve it no worse",
    NoLoop "no-loop"
        "no director sends a client's packet on to a director",
    SilenceProved "silence-proved"
        "with witnesses nothing is taken unless one has answered since the silence began",
    VoteObeyed "vote-obeyed"
        "with a voter nothing is taken or kept from a silent peer against its word",
    GrantedOnce "granted-once"
        "the voter grants a group to one director at a time",
    RefusedRetried "refused-retried"
        "what the kernel refused is tried again within a second",
    ForeignUntouched "foreign-untouched"
        "what the configuration does not name stays in the table as it is",
    AsDesired "as-desired"
        "when nothing has happened for long enough every kernel is as its director wants it",
    CheckedBeforeWeight "checked-before-weight"
        "a server gets weight only after a check that it passed, or when it had weight before",
}

/// The first time that each rule was broken.
#[derive(Clone, Debug)]
pub(crate) struct Violations(Vec<Option<(Instant, String)>>);

impl Default for Violations {
    fn default() -> Self {
        Self(vec![None; Rule::ALL.len()])
    }
}

impl Violations {
    pub(crate) fn note(&mut self, rule: Rule, at: Instant, facts: impl FnOnce() -> String) {
        if let Some(place) = self.0.get_mut(rule as usize).filter(|place| place.is_none()) {
            *place = Some((at, facts()));
        }
    }

    pub(crate) fn of(&self, rule: Rule) -> Option<&(Instant, String)> {
        self.0.get(rule as usize)?.as_ref()
    }
}
