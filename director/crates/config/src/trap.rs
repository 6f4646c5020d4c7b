//! Traps: what is valid, and will hurt one day.

mod alerts;
mod cluster;
mod services;

use crate::place::Places;
use crate::show::{Kind, Mark, Shown};
use crate::source::{Place, Source, Span};
use crate::texts::Texts;
use director_core::config::Config;
use std::fmt;

macro_rules! traps {
    ($($variant:ident $text:literal $meaning:literal $why:literal $cure:literal;)*) => {
        /// What kind of trap it is. The text of a trap never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Trap { $(#[doc = $meaning] $variant,)* }

        impl Trap {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its text, such as `no-witness`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it stands for, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// Why it hurts.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)* }
            }
        }
    };
}

traps! {
    CannotFailOver "cannot-fail-over" "There is one director only."
        "When it fails, nobody takes its addresses: every service is down until it is back."
        "Describe a second director under [nodes.NAME], and give both a link.";
    NoWitness "no-witness" "Two directors have no witness."
        "When all links are cut and both live, neither can tell that from the death of the other: \
         both take the addresses, and clients reach either by chance."
        "Name hosts that answer pings, best the gateway: witnesses = [\"10.0.0.254\"].";
    OneLink "one-link" "The directors hear each other over one link only."
        "One cable, one port or one switch is enough to make both believe that the other is dead."
        "Add a second link over other hardware, such as a cable from one director to the other.";
    EqualPriorities "equal-priorities" "Two directors have the same priority."
        "The first by name is preferred; a director that is renamed or added changes who that is."
        "Give each its own priority.";
    SlowTakeover "slow-takeover" "A dead director is not noticed for long."
        "Until then its addresses are answered by nobody. A silent peer is asked after one and a \
         half keepalives, so that a short keepalive costs little and tells much."
        "Write a shorter keepalive, such as \"200ms\", and leave detection at \"ask\".";
    TightKeepalive "tight-keepalive" "Heartbeats come so often that a busy machine is late."
        "A director that is not run for some milliseconds looks dead to its peer: addresses move \
         for nothing."
        "Write a keepalive of 20 ms or more, or give the daemon a real-time priority.";
    NoRefresh "no-refresh" "Held addresses are announced once only."
        "A neighbour that misses the announcements of a takeover, such as a switch that comes up \
         later, sends to the dead director until its cache forgets."
        "Write announce = { refresh = \"10s\" }, the default.";
    StandInAddress "stand-in-address" "An address is of a network that is kept for documents."
        "Nobody can have an address of 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or \
         2001:db8::/32: heartbeats and packets to it go nowhere. An import puts one where no file \
         said the right one."
        "Write the real one.";
    Flaps "flaps" "One failed check takes a server out, and one good one puts it back."
        "A check that fails now and then moves clients each time; with persistence they lose \
         their sessions."
        "Write fall = 3 and rise = 2, or set flap-damping.";
    SlowDetection "slow-detection" "A dead server gets clients for long."
        "New connections go to it until enough checks have failed: fall times interval, and a \
         timeout."
        "Write a shorter interval; a check costs little.";
    LongTimeout "long-timeout" "A check may last as long as its interval."
        "A server that answers in just under that is healthy; what clients would not bear is \
         not noticed."
        "Write a timeout of what a client would wait for, below the interval.";
    OtherPort "other-port" "The check asks another port than clients are sent to."
        "What answers there may live when the service is dead, and the other way round."
        "Leave `port` out, unless one process serves both.";
    ServerIsDirector "server-is-director" "A real server is a director of this cluster."
        "The director that does not own the address serves what the owner sends it, and sends \
         nothing on to other directors. But when the machine dies, a director and a server die at \
         once."
        "Keep directors and real servers apart; where that cannot be, prepare both with \
         `director realserver apply`.";
    OneServer "one-server" "A service has one real server, and no fallback."
        "When its check fails there is nobody left to serve."
        "Add a second server, or a fallback that says sorry.";
    NobodyServes "nobody-serves" "All real servers have weight 0, and there is no fallback."
        "New connections are refused, whatever the checks say."
        "Give one of them a weight, or add a fallback.";
    HollowCheck "hollow-check" "A service that speaks HTTP is checked by a connection alone."
        "A process that accepts and never answers, or answers with errors, stays in service."
        "Write check = { type = \"http\", path = \"/\", expect = \"…\" }.";
    ShortPersistence "short-persistence" "Clients stay with their server for less than an interval."
        "A server that fails loses its clients at once, but one that is only slow is left before \
         anybody has noticed: clients wander."
        "Write a persistence of a minute or more, or none.";
    FlowsStay "flows-stay" "A failed server keeps its UDP clients."
        "A client that goes on from one port is one flow to the kernel, and stays with its server \
         even when that has weight 0: it talks to the dead one for as long as it talks. With \
         persistence too: that clients are sent elsewhere (`expire_quiescent_template`, which the \
         director always sets) holds for new flows alone."
        "Write on-failure = \"remove\": a flow ends with its server (`expire_nodest_conn`), and \
         the client's next packets go to another.";
    AlertThroughItself "alert-through-itself" "Alerts go to a service of these directors."
        "When that service is down, nobody is told of it, nor of anything else."
        "Name a mail server or a webhook elsewhere, or add a second channel.";
    AlertInTheClear "alert-in-the-clear" "Alerts go over a network readable for everybody."
        "They name servers, addresses and faults, and anybody on the way can change them."
        "Write https://, or tls = \"starttls\".";
}

impl fmt::Display for Trap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A trap in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What kind of trap it is.
    pub trap: Trap,
    /// The file where it stands; `None` for the one that was asked for.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in the line, from 1, in characters.
    pub column: usize,
    /// What it is here.
    pub message: String,
    /// The bytes of the file that it is about.
    pub span: Span,
    source_line: String,
}

/// The traps of a file, by position. `Display` shows them to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warnings {
    /// The file's name as it was given.
    pub file: String,
    /// The traps.
    pub warnings: Vec<Warning>,
}

/// What is found, with the places of the file.
struct Found<'a> {
    places: Places<'a>,
    source: Source<'a>,
    warnings: Vec<Warning>,
}

impl Found<'_> {
    /// Notes a trap at the value that `path` leads to, or at what comes nearest.
    fn add(&mut self, trap: Trap, path: &[&str], message: impl Into<String>) {
        let Place { file, line, column, text, span } = self.source.place(&self.places.find(path));
        let (message, source_line) = (message.into(), text);
        self.warnings.push(Warning { trap, file, line, column, message, span, source_line });
    }
}

/// The traps of a configuration that is valid; `texts` are what it was read from.
#[must_use]
pub fn warnings(config: &Config, texts: &Texts) -> Warnings {
    let (places, source) = (Places::new(texts), Source::new(texts));
    let mut found = Found { places, source, warnings: Vec::new() };
    cluster::check(config, &mut found);
    services::check(config, &mut found);
    alerts::check(config, &mut found);
    let mut warnings = found.warnings;
    warnings.sort_by(|one, other| {
        let key = |it: &Warning| (it.span.start, it.trap);
        (&one.file, key(one)).cmp(&(&other.file, key(other)))
    });
    Warnings { file: texts.file().to_owned(), warnings }
}

impl Warnings {
    /// The traps with the colours of a terminal (ECMA-48 SGR).
    pub fn coloured(&self) -> impl fmt::Display {
        self.shown(Mark::Coloured)
    }

    fn shown(&self, mark: Mark) -> String {
        let one = |warning: &Warning| {
            let shown = Shown {
                kind: Kind::Warning,
                code: warning.trap.as_str(),
                message: &warning.message,
                help: warning.trap.cure(),
                line: warning.line,
                column: warning.column,
                width: warning.width(),
                source_line: Some(&warning.source_line),
            };
            shown.text(warning.file.as_deref().unwrap_or(&self.file), mark)
        };
        self.warnings.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}

impl Warning {
    fn width(&self) -> usize {
        let rest = self.source_line.chars().count().saturating_sub(self.column - 1);
        self.span.len().clamp(1, rest.max(1))
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown(Mark::Plain))
    }
}
