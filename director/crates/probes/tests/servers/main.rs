//! Checks of real servers from Debian's packages, each started here on a free port of the loopback
//! with a configuration of its own. A server that is not installed is skipped, and said so. Every
//! test prints its row of the table.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod mail;
mod others;
mod stores;
mod support;
mod web;
