//! The control socket: a unix stream socket on which a running director answers questions.
//!
//! One JSON object per line in both directions; every answer has the protocol's `version`:
//!
//! ```text
//! → {"command":"status"}
//! ← {"version":1,"status":{ … }}                 the view, see director_core::view
//! → {"command":"status","format":"text"}
//! ← {"version":1,"text":"director d1 …"}         the same for people
//! → {"command":"explain","subject":"10.0.0.21"}  why it is as it is; also with "format":"text"
//! ← {"version":1,"explanation":[ … ]}            see director_core::view::Explanation
//! → {"command":"metrics"}                      OpenMetrics, in a field `text`
//! → {"command":"counters"}                     what IPVS has counted, see [`crate::counters`]
//! ← {"version":1,"counters":{"read_ms":…,"servers":[ … ]}}
//! → {"command":"events"}                       every report from now on, one line each
//! ← {"version":1,"listening":true}
//! ← {"version":1,"event":17,"ts_ns":…,"level":"warn","message":"…","report":{ … }}
//! ← {"version":1,"lost":3}                       so many events came faster than they were read
//! → {"command":"handover","group":"web"}       without a group: all that are owned
//! → {"command":"ready"}                        ends the rest that a handover began
//! → {"command":"standby"}                      hands over what is owned, and rests in every case
//! → {"command":"drain","server":"10.0.0.21","deadline_ms":60000,"reason":"new disk"}
//! → {"command":"undrain","server":"http/10.0.0.21:80"}
//! → {"command":"maintenance","server":"10.0.0.21","on":true}
//! → {"command":"weight","server":"10.0.0.21","weight":5}
//! ← {"version":1,"done":true,"node":"d1"}
//! → {"command":"add-server","service":"http","address":"10.0.0.23","weight":5}
//! → {"command":"remove-server","service":"http","address":"10.0.0.23"}
//! → {"command":"altered"}                      what was added and removed so
//! → {"command":"reload"}                       reads the configuration anew
//! ← {"version":1,"done":true,"config":"…"}       its digest
//! ← {"version":1,"refused":"…"}                  nothing was changed
//! ← {"version":1,"error":"…"}                    to anything else
//! ```
//!
//! Who may ask is who may open the socket: its mode is 0600. Every order is logged with who gave
//! it, as the kernel says, and with its `reason`. After 50 orders at once, five in a second are
//! taken.

mod client;
mod command;
mod connection;
mod limit;
mod server;

pub use client::{AskError, ask, listen};
pub use command::{Command, Shape, VERSION};
pub(crate) use connection::{Desk, LONGEST};
pub use limit::Limit;
pub use server::{Control, OpenError};

/// Where the socket is unless told otherwise.
pub const DEFAULT_PATH: &str = "/run/director/control.sock";
