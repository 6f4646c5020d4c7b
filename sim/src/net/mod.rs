//! Segments, frames, neighbours, routes.

pub(crate) mod arp;
pub(crate) mod impaired;
pub(crate) mod packet;
pub(crate) mod stack;
pub(crate) mod switch;
