//! What no single crate can say: architecture, style, contracts, scenarios, examples.
//!
//! The [`guards`] are pure functions from text to complaints, each with a bad sample that it
//! rejects. The test targets beside this file apply them to the [`repository`].

pub mod guards;
pub mod processes;
pub mod reports;
pub mod repository;
