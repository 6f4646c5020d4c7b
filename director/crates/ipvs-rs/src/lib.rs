#![doc = include_str!("../README.md")]

mod address;
mod attribute;
mod calls;
mod client;
mod codec;
mod conversation;
mod daemon;
mod destination;
mod error;
mod exchange;
mod frame;
mod message;
mod reply;
mod request;
mod service;
mod session;
mod settings;
mod stats;
#[cfg(feature = "tokio")]
mod tokio;
mod uapi;

pub use address::{Endpoint, Family};
pub use attribute::Attribute;
pub use client::Client;
pub use daemon::{Daemon, DaemonRole};
pub use destination::{Connections, Destination, Forwarding, Tunnel, TunnelFlags, TunnelKind};
pub use error::{DecodeError, Error, ErrorKind, Invalid, Missing};
pub use message::{Command, Message};
pub use reply::Reply;
pub use request::{Operation, Request};
pub use service::{Netmask, Service, ServiceFlags, ServiceKey};
pub use session::Options;
pub use settings::{Config, Info, Version};
pub use stats::{Rates, Stats};
#[cfg(feature = "tokio")]
pub use tokio::AsyncClient;
