//! Whole directors, but for their hosts, on a clock that stands still unless everybody waits.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod alerts;
mod altered;
mod api;
mod control;
mod events;
mod fallback;
mod http;
mod last_word;
mod late;
mod maintenance;
mod openmetrics;
mod pair;
mod recorded;
mod secure;
mod slow;
mod support;
mod without_filter;
