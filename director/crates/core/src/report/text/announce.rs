//! Why a group is announced.

use crate::report::AnnounceCause;
use core::fmt;

impl fmt::Display for AnnounceCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "its addresses have just been taken",
            Self::PeerReturned => "a peer is heard again that may have announced it too",
            Self::RivalGaveWay => "another owner has given way",
            Self::RivalHeard => "another owner was heard",
            Self::LinkUp => "the interface has carrier again",
            Self::LinkHealed => "a peer is heard again over its interface",
            Self::WitnessReached => "a witness is reached again",
            Self::PeerFit => "a peer is fit again that was cut off, and so may others be",
            Self::ServedAgain => "one of its servers is reached again, of which none was",
            Self::Unheard => "heartbeats over its interface were missing while it was announced",
        })
    }
}
