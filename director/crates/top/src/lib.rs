//! `director top`: a live view of a running director in a terminal.
//!
//! ```text
//!  keys ──► Model::press ──► Wish (ask, order, quit)
//!  answers of the control socket ──► Model::heard
//!  Model ──► draw() ──► cells; the terminal is sent those that have changed
//! ```
//!
//! * [`Model`]: everything that is shown, moved by keys and answers; asks for nothing itself.
//! * [`draw`]: the model as cells. Only the rows that are on the screen are made.
//! * [`run`]: the terminal, the threads that ask, and the way back to a clean terminal.
//!
//! The view is a reader of the control socket's JSON like any other: `status.rs` has the fields
//! that it needs, and takes what is absent for unknown, so that it also shows directors of other
//! releases.

mod daemon;
mod dialog;
mod draw;
mod keys;
mod model;
mod rates;
mod rows;
mod run;
mod status;
mod terminal;
mod words;

pub use draw::{Look, draw};
pub use model::{Heard, Model, Wish};
pub use run::{Options, Stopped, run};
pub use status::{Counters, Status};
