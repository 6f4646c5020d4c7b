//! Types to attributes and back, as pure functions. No bytes make them panic.

mod daemon;
mod destination;
mod service;
mod settings;
mod stats;

use std::time::Duration;

pub(crate) use daemon::{daemon_attributes, daemon_from, role_attributes};
pub(crate) use destination::{destination_attributes, destination_from, endpoint_attributes};
pub(crate) use service::{key_attributes, service_attributes, service_from};
pub(crate) use settings::{config_attributes, config_from, info_attributes, info_from};

use crate::error::Invalid;
use crate::uapi::NAME_BYTES;

/// The kernel multiplies seconds by its tick rate in 32 bits without a check. 1000 is the highest
/// rate, so that anything above this could silently become a short time.
const MAX_SECONDS: u64 = 0x7fff_ffff / 1000;

/// How much of an object a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What can be set: requests.
    Settings,
    /// Counters too: the kernel's answers.
    Entry,
}

fn seconds(what: &'static str, time: Duration) -> Result<u32, Invalid> {
    let whole = time.as_secs();
    if time.subsec_nanos() != 0 || whole > MAX_SECONDS {
        return Err(Invalid::Seconds { what, time, limit: MAX_SECONDS });
    }
    u32::try_from(whole).map_err(|_| Invalid::Seconds { what, time, limit: MAX_SECONDS })
}

fn name<'a>(what: &'static str, text: &'a str) -> Result<&'a str, Invalid> {
    if text.is_empty() || text.len() > NAME_BYTES || text.contains('\0') {
        return Err(Invalid::Name { what, text: text.to_owned(), limit: NAME_BYTES });
    }
    Ok(text)
}
