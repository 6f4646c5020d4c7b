//! Segments, frames, neighbours, routes.

pub(crate) mod arp;
pub(crate) mod forward;
pub(crate) mod impaired;
pub(crate) mod mtu;
pub(crate) mod packet;
pub(crate) mod stack;
pub(crate) mod stand_in;
pub(crate) mod switch;
