//! The control socket: a unix stream socket on which a running director answers questions.
//!
//! One JSON object per line in both directions; every answer has the protocol's `version`:
//!
//! ```text
//! → {"command":"status"}
//! ← {"version":1,"status":{ … }}                 the view, see director_core::view
//! → {"command":"status","format":"text"}
//! ← {"version":1,"text":"director d1 …"}         the same for people
//! → {"command":"handover","group":"web"}       without a group: all that are owned
//! → {"command":"ready"}                        ends the rest that a handover began
//! ← {"version":1,"done":true}
//! ← {"version":1,"refused":"…"}                  nothing was changed
//! ← {"version":1,"error":"…"}                    to anything else
//! ```
//!
//! Who may ask is who may open the socket: its mode is 0600.

mod client;
mod connection;
mod server;

pub use client::{AskError, ask};
pub use connection::{Command, Shape, VERSION};
pub use server::{Control, OpenError};

/// Where the socket is unless told otherwise.
pub const DEFAULT_PATH: &str = "/run/director/control.sock";
