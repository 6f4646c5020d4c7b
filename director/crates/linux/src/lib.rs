//! The ports of a director on a real Linux kernel.
//!
//! * [`LinuxKernel`]: the IPVS table and its synchronisation daemons, addresses, the devices of
//!   virtual routers, settings, firewall marks and closed addresses, each call one exchange with
//!   the kernel.
//! * [`LinuxAnnouncer`]: gratuitous ARP and unsolicited neighbour advertisements.
//! * [`HeartbeatSockets`]: one UDP socket per heartbeat link.
//! * [`VrrpSocket`]: adverts of VRRP over one interface in one family.
//! * [`WitnessSockets`]: questions to hosts that prove that this machine is connected.
//! * [`Watch`]: links and addresses that changed, as inputs.
//! * [`RealServerHost`]: the real server's side of direct routing and tunnelling.
//! * [`examine`]: facts about this machine, for finding what would bite.
//! * [`preflight`]: what is missing on this machine, before anything is changed.
//!
//! Nothing here decides anything, and everything acts in the network namespace of the calling
//! thread.

mod addresses;
mod announce;
mod closed;
mod devices;
mod error;
pub mod examine;
mod heartbeat;
mod interface;
mod ipvs;
mod kernel;
mod marks;
mod modules;
mod netlink;
mod nft;
mod preflight;
mod problem;
mod realserver;
mod sysctls;
mod vrrp;
mod watch;
mod witness;

pub use announce::LinuxAnnouncer;
pub use heartbeat::{HeartbeatSocket, HeartbeatSockets};
pub use kernel::LinuxKernel;
pub use preflight::{preflight, preflight_reload};
pub use problem::{Problem, Problems};
pub use realserver::RealServerHost;
pub use vrrp::VrrpSocket;
pub use watch::Watch;
pub use witness::WitnessSockets;
