//! Bugs that can be planted, to see whether the hunt finds them.
//!
//! Each is a mistake that directors have had: in a decision, or in the order of a plan. Without the
//! feature `planted-bugs` none of them is in the program: [`planted`] is a constant then, and what
//! hangs on it is not compiled. The `director` refuses to be built with the feature.

/// Whether bugs can be planted in this build.
pub const COMPILED_IN: bool = cfg!(feature = "planted-bugs");

macro_rules! catalogue {
    ($($bug:ident $name:literal $story:literal,)*) => {
        /// One planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Bug {
            $(#[doc = $story] $bug,)*
        }

        #[cfg(feature = "planted-bugs")]
        impl Bug {
            /// Every bug.
            pub const ALL: &[Self] = &[$(Self::$bug,)*];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name,)* }
            }

            /// What goes wrong, in a sentence.
            #[must_use]
            pub const fn story(self) -> &'static str {
                match self { $(Self::$bug => $story,)* }
            }
        }
    };
}

catalogue! {
    DeadtimeNeverUsed "deadtime-never-used"
        "With detection by deadtime alone, no peer is ever dead.",
    SuspicionNotCleared "suspicion-not-cleared" "An answer does not clear the suspicion.",
    OneQuestionEnough "one-question-enough" "A suspect is dead after its first question.",
    LateIsDead "late-is-dead" "A late peer is dead without being asked.",
    OwnSleepCountsAsSilence "own-sleep-counts-as-silence"
        "The time in which this process slept counts as the peer's silence.",
    GoodbyeUnheard "goodbye-unheard" "A goodbye is taken for a heartbeat.",
    DeadForEver "dead-for-ever" "A dead peer that is heard again stays dead.",
    OldIncarnationAccepted "old-incarnation-accepted"
        "A packet of any life counts, also of one that is over.",
    ReplayAccepted "replay-accepted" "A sequence number that was seen counts again.",
    OvertakenCounts "overtaken-counts" "What an overtaken packet says is taken for news.",
    RestartUnnoticed "restart-unnoticed"
        "A new life's sequence numbers are judged by those of the old one.",
    NobodyGreeted "nobody-greeted" "A peer's new life is not told which incarnation it must name.",
    QuestionUnanswered "question-unanswered" "Questions of a peer are not answered.",
    QuestionsOverOneLink "questions-over-one-link" "A suspect is asked over the first link alone.",
    BeatsSkipped "beats-skipped" "Every other heartbeat is left out.",
    NewsWait "news-wait" "News wait for the next heartbeat.",
    ClockAligned "clock-aligned" "Heartbeats fall on full intervals of the node's own clock.",
    NotAnnouncedOnTake "not-announced-on-take" "Who takes an address does not announce it.",
    NotAnnouncedOnReturn "not-announced-on-return"
        "An owner does not announce itself to a peer that is heard again.",
    NotAnnouncedOnRival "not-announced-on-rival"
        "An owner that wins does not announce itself when it hears the rival.",
    NotAnnouncedAfterRival "not-announced-after-rival"
        "An owner does not announce itself when the rival has given way.",
    NotAnnouncedOnHeal "not-announced-on-heal"
        "An owner does not announce itself on a link that is heard again.",
    NotAnnouncedAgain "not-announced-again"
        "An address that was removed and put back is not announced.",
    OneAnnouncement "one-announcement" "A burst is one announcement long.",
    RefreshForgotten "refresh-forgotten" "Ownership is not announced again while it lasts.",
    BurstNeverEnds "burst-never-ends" "A burst of announcements goes on for ever.",
    StandbyAnnounces "standby-announces" "A standby announces addresses that it does not own.",
    StalledOwnerSpeaks "stalled-owner-speaks" "An owner that slept goes on as if it had not.",
    OverdueIsSleep "overdue-is-sleep"
        "What an owner could not say while it listened is late, and counts as another sleep.",
    InitialWaitSkipped "initial-wait-skipped"
        "A director that starts does not listen before it takes.",
    LimboAfterReboot "limbo-after-reboot"
        "A live peer that was the owner is taken for the owner for ever.",
    BothRelease "both-release" "Of two owners both give way.",
    NeitherReleases "neither-releases" "Of two owners neither gives way.",
    WrongOneReleases "wrong-one-releases" "Of two owners the one that comes first gives way.",
    DeafRivalWaitedFor "deaf-rival-waited-for"
        "A rival that does not hear us is waited for without end.",
    FailbackIgnoresManual "failback-ignores-manual"
        "A better-ranked node takes back what it is not to take back.",
    FailbackNever "failback-never" "A better-ranked node never asks for what it should take back.",
    SecondWantsToo "second-wants-too"
        "Who comes second asks for the group as well, and the owner gives it up for that.",
    FailbackAtOnce "failback-at-once" "The delay of the failback is left out.",
    ReleaseClaimedEarly "release-claimed-early"
        "Who gives up says so before its kernel has done it.",
    HoldingIgnored "holding-ignored"
        "Who has just started and holds the address is taken for a standby.",
    AdoptionForgotten "adoption-forgotten"
        "A restarted owner lets go of the address that it found.",
    ActiveBeforeHeld "active-before-held"
        "Who takes an address is the owner before its kernel holds it.",
    ExitBeforeRelease "exit-before-release"
        "A stop does not wait until the addresses are released.",
    ElectionNotWaited "election-not-waited"
        "A standby that comes second does not wait for the first.",
    CarrierIgnored "carrier-ignored" "An owner whose interface has no carrier stays the owner.",
    WitnessUnasked "witness-unasked" "A silent peer is dead, whether a witness answers or not.",
    OldWitnessAnswer "old-witness-answer" "A witness's answer from before the silence proves it.",
    VoteUnasked "vote-unasked" "What a silent peer had is taken without the voter's word.",
    RefusalIgnored "refusal-ignored"
        "An owner whose group the voter has granted to another stays the owner.",
    VoterGrantsTwice "voter-grants-twice" "The voter grants a group that another has.",
    IsolatedOwnerStays "isolated-owner-stays" "An owner that reaches no witness stays the owner.",
    UnservedNeverReady "unserved-never-ready"
        "A peer that reaches no server is not ready for an owner that reaches none either.",
    StandbyTableFlushed "standby-table-flushed" "A standby has no services in its table.",
    TableFlushedFirst "table-flushed-first"
        "A stop empties the table before the addresses are released.",
    AddressBeforeServices "address-before-services" "Addresses come before the services.",
    AddressInSpiteOfFailure "address-in-spite-of-failure"
        "An address is taken although a service could not be added.",
    ForeignDeleted "foreign-deleted" "What the configuration does not name is deleted.",
    FailedStepDone "failed-step-done" "A step that the kernel refused is remembered as done.",
    ResyncForgotten "resync-forgotten" "The kernel is never compared again.",
    KernelChangeIgnored "kernel-change-ignored" "The kernel's word of a change is not looked into.",
    StepsRepeated "steps-repeated" "What is already so is set again at every comparison.",
    LeaseNotRenewed "lease-not-renewed" "The lease of a held address is not renewed.",
    ArpIgnoreLeftOut "arp-ignore-left-out" "A real server answers ARP for the virtual address.",
    WeightBeforeCheck "weight-before-check" "A server has its weight before its first check.",
    AdoptedWeightLost "adopted-weight-lost"
        "A restart takes weight from the servers that it finds in use.",
    FailuresShared "failures-shared" "A failure counts for every server of the service.",
    FailuresNotReset "failures-not-reset" "A success does not end a row of failures.",
    SleepFailsChecks "sleep-fails-checks"
        "A check whose time runs out while this process sleeps has failed.",
    FallEarly "fall-early" "A server is down one failure too early.",
    FallLate "fall-late" "A server is down one failure too late.",
    RiseEarly "rise-early" "A server is up after its first success.",
    StaleProbeCounted "stale-probe-counted"
        "The late answer of a check that was given up counts too.",
    FallbackStays "fallback-stays" "The fallback stays when a server is back.",
    FallbackMissing "fallback-missing" "Nobody serves when every server is down.",
    FallbackToThePeer "fallback-to-the-peer" "The fallback is looked for on the other director.",
    ReloadForgetsHealth "reload-forgets-health" "A reload forgets what is known of the servers.",
    DrainIgnoredByReload "drain-ignored-by-reload"
        "A server that leaves the configuration leaves the table at once.",
    DownKeepsWeight "down-keeps-weight" "A server that is down keeps its weight.",
}

/// Whether the bug is planted.
#[cfg(not(feature = "planted-bugs"))]
#[must_use]
#[inline(always)]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted-bugs")]
pub use switch::{plant, planted};

#[cfg(feature = "planted-bugs")]
mod switch {
    use super::Bug;
    use core::sync::atomic::{AtomicU8, Ordering};

    const NONE: u8 = u8::MAX;
    static PLANTED: AtomicU8 = AtomicU8::new(NONE);

    /// Plants one bug in place of any other, or none, in every director of this process.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.store(bug.map_or(NONE, |bug| bug as u8), Ordering::Relaxed);
    }

    /// Whether the bug is planted.
    #[must_use]
    pub fn planted(bug: Bug) -> bool {
        PLANTED.load(Ordering::Relaxed) == bug as u8
    }
}
