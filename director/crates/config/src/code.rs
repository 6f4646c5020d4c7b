//! What kinds of problems there are.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $text:literal $doc:literal;)*) => {
        /// What kind of problem it is. The text of a code never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $doc] $variant,)* }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its text, such as `unknown-key`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it stands for, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

codes! {
    Unreadable "unreadable" "The file cannot be read.";
    NotUtf8 "not-utf8" "The file is not UTF-8 text.";
    Syntax "syntax" "The text is not TOML.";
    UnknownKey "unknown-key" "A table has a key that means nothing there.";
    MissingKey "missing-key" "A table lacks a key that it must have.";
    WrongType "wrong-type" "A value is of another type than its key takes.";
    UnknownValue "unknown-value" "A value is none of the words that its key takes.";
    OutOfRange "out-of-range" "A number or a duration is too small or too large.";
    BadDuration "bad-duration" "A value is not a duration with a unit.";
    BadAddress "bad-address" "A value is not an address that can be used there.";
    BadName "bad-name" "A name is empty, too long, or has a character that names do not have.";
    BadText "bad-text" "A text cannot be used for what its key is for.";
    NoInclude "no-include" "A text that is read by itself includes files.";
    IncludeCycle "include-cycle" "A file includes itself, or one that includes it.";
    IncludedTwice "included-twice" "A file is included at two places.";
    DuplicateName "duplicate-name" "Two files define the same thing.";
    NoEffect "no-effect" "A key has no effect beside the others.";
    NoNodes "no-nodes" "There is no director.";
    NoLinks "no-links" "Directors have no link to hear each other on.";
    DuplicateLink "duplicate-link" "A link stands in the list twice.";
    MissingAddress "missing-address" "A node has no address on an interface that it needs.";
    SameInterface "same-interface" "A node would call two interfaces the same.";
    UnknownInterface "unknown-interface" "No node has the interface.";
    DuplicateAddress "duplicate-address" "Two things have the same address.";
    EmptyGroup "empty-group" "A group has no addresses.";
    NoGroups "no-groups" "There are services but no virtual addresses.";
    NotHeld "not-held" "A service listens on an address that no group holds.";
    DuplicateService "duplicate-service" "Two services listen on the same address and port.";
    DuplicateServer "duplicate-server" "A service has the same real server twice.";
    ServerIsVirtual "server-is-virtual" "A real server's address is a virtual address.";
    PortChange "port-change" "A port would have to be changed, which NAT alone can do.";
    MixedFamily "mixed-family" "IPv4 and IPv6 meet where the kernel keeps them apart.";
    NoCheckPort "no-check-port" "A health check has no port to ask.";
    NoCheck "no-check" "A service has no health check.";
    NoServers "no-servers" "A service has neither real servers nor a fallback.";
    QuorumTooLarge "quorum-too-large" "All servers of a service together do not reach its quorum.";
    TimeoutOverInterval "timeout-over-interval" "A check may last longer than its interval.";
    DeadtimeTooShort "deadtime-too-short" "The deadtime is so short that a live peer looks dead.";
    InitdeadTooShort "initdead-too-short" "A node would start before it can have heard its peers.";
    LeaseTooShort "lease-too-short" "An address would go before a peer can take it.";
    KeyFileMissing "key-file-missing" "The file with the shared secret cannot be read.";
    KeyFileEmpty "key-file-empty" "The file with the shared secret is empty.";
    KeyFileOpen "key-file-open" "Others may read the file with the shared secret.";
    SecretMissing "secret-missing" "The file with a secret of a check or an alert cannot be read.";
    SecretOpen "secret-open" "Others may read the file with a secret of a check or an alert.";
    SecretExposed "secret-exposed" "A secret would go over a network readable for everybody.";
    DuplicateRouter "duplicate-router" "Two groups have the same VRRP id on one interface.";
    NotTheOwner "not-the-owner" "A VRRP owner does not have an address of its group.";
    UnknownService "unknown-service" "The configuration has no service of this name.";
    UnknownNode "unknown-node" "The configuration has no node of this name.";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
