//! The async shell of a director.
//!
//! One loop ([`Shell`]) on a current-thread tokio runtime brings what happens to
//! [`director_core::Director`] and carries out what it wants done. Packets are taken before time
//! is: a process that was not run for a while must hear what waits in its sockets before it
//! concludes anything from silence. The kernel is changed in passes off the loop; the newest wish
//! wins.
//!
//! * [`Ports`]: everything that a director touches; the same loop runs on a real host, in memory
//!   and in a simulator.
//! * [`control`]: the unix socket for `status`. [`signals`]: SIGTERM, SIGINT, SIGHUP.
//!   [`maintenance`]: files that take servers out.
//! * [`record`]: what happened to the director, for a replay.
//! * [`telemetry`]: the log, for people or as JSON lines. [`status`]: the view as text.

mod applier;
mod checks;
pub mod clock;
mod complaints;
pub mod control;
pub mod counters;
pub mod courier;
mod events;
pub mod history;
mod hooks;
pub mod http;
pub mod links;
pub mod maintenance;
pub mod manager;
pub mod memory;
pub mod metrics;
mod order;
pub mod program;
pub mod record;
mod settings;
mod shell;
pub mod signals;
mod spare;
mod start;
pub mod status;
pub mod telemetry;

pub use order::{Altered, AlteredServer, Order};
pub use settings::{Settings, Source};
pub use shell::{Failed, Ports, STOP_LIMIT, Shell};
pub use start::found;
