//! Delivers alerts: by a command, by mail, by a webhook.
//!
//! A delivery is asked for by [`director_shell::courier::Courier`], has a deadline there, and is
//! dropped when that has passed. What was wrong is said in words, and whether it makes sense to try
//! again: a server that refuses a recipient will refuse it tomorrow.
//!
//! Secrets are read for each delivery, so that a new one is used at once; they stand in no message
//! and in no error.

mod command;
mod mail;
mod text;
mod webhook;

use director_core::alert::{Notice, Undelivered};
use director_core::config::{Alert, Means};
use director_shell::courier::{Courier, Delivery};
use std::fmt::Display;
use std::time::Duration;

/// Delivers alerts over the network of this host, and runs programs on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalCourier;

impl Courier for LocalCourier {
    fn deliver(&self, alert: &Alert, notice: &Notice, age: Duration) -> Delivery {
        let now = jiff::Timestamp::now();
        let since = now.checked_sub(age).unwrap_or(now);
        let letter = text::Letter::of(notice, since, now);
        match &alert.means {
            Means::Command(words) => Box::pin(command::run(words.clone(), alert.timeout, letter)),
            Means::Mail(mail) => Box::pin(mail::send((**mail).clone(), alert.timeout, letter)),
            Means::Webhook(webhook) => Box::pin(webhook::post((**webhook).clone(), letter)),
        }
    }
}

/// It may go better later.
fn later(why: impl Display) -> Undelivered {
    Undelivered { again: true, why: why.to_string() }
}

/// It will not go better by itself.
fn never(why: impl Display) -> Undelivered {
    Undelivered { again: false, why: why.to_string() }
}
