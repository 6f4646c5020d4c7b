//! What must be true of a run.

use std::net::IpAddr;
use std::time::Duration;

/// Where something stands in its file: line and column from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One line of `expect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The line as written, without surplus blanks.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// What it claims.
    pub claim: Claim,
}

/// The kinds of expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// `always COND [except while cut(...) + DUR]`.
    Always {
        /// Must hold from start to end.
        condition: Condition,
        /// When it need not.
        except: Option<Except>,
    },
    /// `never COND [except while cut(...) + DUR]`.
    Never {
        /// Must not hold at any moment.
        condition: Condition,
        /// When it may.
        except: Option<Except>,
    },
    /// `eventually COND`: holds at some moment.
    Eventually {
        /// What.
        condition: Condition,
    },
    /// `sometimes COND`: holds at some moment of some run; one run alone cannot violate it.
    Sometimes {
        /// What.
        condition: Condition,
    },
    /// `at TIME COND`.
    At {
        /// The moment, counted from the start.
        time: Duration,
        /// What.
        condition: Condition,
    },
    /// `within DUR of WHAT COND`: at most that long after each WHAT the condition has become true,
    /// and it is true at that limit.
    Within {
        /// How long it may take.
        limit: Duration,
        /// After what.
        trigger: Trigger,
        /// What.
        condition: Condition,
    },
    /// `outage(web) <= 2.5s`, `served(web, s1) > 0 between 5s and 9s`, and so on.
    Measure {
        /// What is measured.
        quantity: Quantity,
        /// How it is compared.
        compare: Compare,
        /// With what.
        bound: Bound,
        /// Only connections that start in here.
        window: Option<Window>,
    },
    /// `pinned(web)`: no connection was answered by two servers.
    Pinned {
        /// The client's name.
        client: String,
    },
    /// `returned(d1) = 0`: how many packets came to a director on their way from a real server to a
    /// client.
    Returned {
        /// The director.
        node: String,
        /// How it is compared.
        compare: Compare,
        /// With what.
        packets: u64,
    },
}

/// When a claim is suspended: while frames are cut, and for some time after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Except {
    /// `cut(SEGMENT) + DUR`: while any frame of the segment is cut.
    Segment {
        /// The segment's name.
        segment: String,
        /// How long after the heal.
        grace: Duration,
    },
    /// `cut(a, b) + DUR`: while, in one direction at least, no segment carries from one node to the
    /// other.
    Pair {
        /// One node.
        a: String,
        /// The other.
        b: String,
        /// How long after the heal.
        grace: Duration,
    },
}

/// What a `within` counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The start of the run.
    Start,
    /// Each of these statements, by their place in the timeline; never empty.
    Statements {
        /// As written: `heal`, `power-off d1`.
        text: String,
        /// Places in [`crate::Scenario::timeline`].
        indices: Vec<usize>,
    },
}

/// A question about one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Both.
    And(Box<Self>, Box<Self>),
    /// At least one.
    Or(Box<Self>, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// `owner(VIP) = d1`: d1 holds the address and nobody else does; `= none`: nobody holds it.
    Owner {
        /// The virtual address.
        address: IpAddr,
        /// Who.
        holder: Holder,
    },
    /// `owners(VIP) <= 1`: how many directors hold the address.
    Owners {
        /// The virtual address.
        address: IpAddr,
        /// How it is compared.
        compare: Compare,
        /// With what.
        count: u64,
    },
    /// `arp(gw, VIP) = d1`: whose hardware address the observer has for it.
    Arp {
        /// Whose neighbour table.
        observer: String,
        /// The virtual address.
        address: IpAddr,
        /// Whose hardware address.
        holder: Holder,
    },
    /// `weight(d1, SERVICE, s1) = 0`; false while the server is absent.
    Weight {
        /// The director.
        node: String,
        /// Name or `address:port` of the virtual service.
        service: String,
        /// Node name or address of the real server.
        server: String,
        /// How it is compared.
        compare: Compare,
        /// With what.
        weight: u64,
    },
    /// `absent(d1, SERVICE, s1)`: the server is not in the director's table.
    Absent {
        /// The director.
        node: String,
        /// Name or `address:port` of the virtual service.
        service: String,
        /// Node name or address of the real server.
        server: String,
    },
    /// `fallback(d1, SERVICE)`: the fallback is in the director's table.
    Fallback {
        /// The director.
        node: String,
        /// Name or `address:port` of the virtual service.
        service: String,
    },
    /// `role(d1, GROUP) = active`.
    Role {
        /// The director.
        node: String,
        /// The group of the configuration.
        group: String,
        /// The role's name as the director prints it.
        role: String,
    },
}

/// A node, or nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// This node.
    Node(String),
    /// `none`.
    Nobody,
}

/// What is counted or measured on the clients' connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// The longest stretch in which every connection that started was not served in time.
    Outage {
        /// The client's name.
        client: String,
    },
    /// Connections that were established and then reset or left without an answer.
    Broken {
        /// The client's name.
        client: String,
    },
    /// Connections that were not served, for whatever reason.
    Failed {
        /// The client's name.
        client: String,
    },
    /// Connections that got an answer, but not the right one.
    Wrong {
        /// The client's name.
        client: String,
    },
    /// Connections that were served, by this node or by any.
    Served {
        /// The client's name.
        client: String,
        /// The node that answered.
        server: Option<String>,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Compare {
    /// Whether `left OP right`.
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// What a measured value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A length of time.
    Time(Duration),
    /// A number of connections.
    Count(u64),
}

/// `between A and B`, both counted from the start, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From.
    pub from: Duration,
    /// Until.
    pub to: Duration,
}
