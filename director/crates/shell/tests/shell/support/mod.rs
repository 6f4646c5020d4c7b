//! A pair of directors in memory: kernels, links and servers without an operating system.

mod config;
mod host;
mod kernel;
mod network;
mod paper;
mod wait;

pub(crate) use config::{config, server};
pub(crate) use host::{Cluster, Running};
pub(crate) use kernel::FakeKernel;
pub(crate) use network::{Manner, Servers, Switch};
pub(crate) use paper::Paper;
pub(crate) use wait::{on_one_thread, out, settled, until_role, until_weight, weight};
