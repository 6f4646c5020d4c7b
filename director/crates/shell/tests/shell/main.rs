//! Whole directors, but for their hosts, on a clock that stands still unless everybody waits.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod control;
mod late;
mod pair;
mod support;
