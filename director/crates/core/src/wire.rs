//! Values as bytes, and bytes as values.

pub mod heartbeat;
pub mod voter;
pub mod vrrp;
