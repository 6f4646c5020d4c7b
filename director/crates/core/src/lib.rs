//! Every decision of a Linux Director, as pure state machines.
//!
//! Nothing here has a socket, a thread, a clock, a file or a source of randomness. Two one-way
//! flows:
//!
//! ```text
//! packet, probe outcome, link change, operator, apply result, deadline
//!     └─► Input ─► Director::handle(input, now) ─► Effect, Report     next_deadline() ─► one timer
//!
//! Config ──┐
//! Role ────┼─► desired() ─► DesiredState ─┐
//! Health ──┘                              ├─► diff() ─► steps ─► apply ─► observe again
//! kernel ─► observe ─► Snapshot ──────────┘
//! ```
//!
//! * [`config`]: what the operator wants. [`name`], [`time`], [`random`]: the small values.
//! * [`beat`]: what directors say to each other, [`advert`]: what virtual routers say. [`wire`]:
//!   the same as bytes.
//! * [`vote`], [`voter`]: what a third machine says of who may own what.
//! * [`health`]: from check outcomes to states of real servers.
//! * [`cluster`]: from heartbeats to live and dead peers, and to who owns which group.
//! * [`alert`]: who is told of what goes wrong, and how often.
//! * [`desired`], [`observed`], [`plan`]: what the kernel should hold, what it holds, the
//!   difference.
//! * [`planted`]: bugs by which the hunt is tried; none in what is shipped.
//! * [`realserver`]: what a real server must hold for direct routing and tunnelling.
//! * [`doctor`]: what would bite on a host, with its cure.
//! * [`alter`]: real servers that come and go beside the configuration's file.
//! * [`director`]: the whole machine, made of these. [`input`], [`order`], [`standing`],
//!   [`effect`], [`report`], [`view`] are its vocabulary.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod advert;
pub mod alert;
pub mod alter;
pub mod beat;
#[cfg(feature = "serde")]
mod checked;
pub mod cluster;
pub mod config;
pub mod desired;
pub mod director;
pub mod doctor;
pub mod effect;
pub mod health;
#[cfg(feature = "serde")]
mod hexadecimal;
pub mod input;
#[cfg(feature = "serde")]
mod millis;
pub mod name;
pub mod observed;
pub mod order;
#[cfg(feature = "serde")]
mod pairs;
pub mod plan;
pub mod planted;
pub mod probe;
pub mod random;
pub mod realserver;
pub mod report;
pub mod standing;
pub mod time;
pub mod view;
pub mod vote;
pub mod voter;
pub mod wire;

pub use director::Director;
pub use effect::Effect;
pub use input::Input;
pub use report::Report;
