//! A deterministic world in which directors fail over.
//!
//! [`World`] is a packet-level model: switches, neighbour tables, directors with their kernel's
//! IPVS, real servers, clients. It runs the decisions of `director-core` through the applier of
//! `director-engine`, event by event, in simulated time. One seed gives one run.
//!
//! What the model takes for true of Linux is said where it is modelled; what has not been compared
//! with a running kernel is said there too.

mod alert;
mod beats;
pub mod bench;
mod build;
pub mod campaign;
mod capture;
mod client;
mod clock;
mod director_host;
pub mod explain;
pub mod false_takeovers;
mod fault;
mod fence;
mod gait;
mod guard;
mod host;
pub mod hunt;
pub mod ipvs;
mod kernel;
mod lacking;
mod moody;
mod net;
mod order;
mod passes;
#[cfg(feature = "planted-bugs")]
pub mod power;
mod probe;
mod queue;
mod record;
pub mod replay;
mod run;
mod server;
pub mod shelled;
pub mod shrink;
mod syncing;
mod voter;
mod vrrp;
mod witness;
mod world;

pub use build::Refusal;
pub use net::arp::alone as neighbours;
pub use run::{BadInput, run};
pub use world::World;
