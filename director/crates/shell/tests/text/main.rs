//! What people and programs read: the log and the status.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod status;
mod telemetry;
