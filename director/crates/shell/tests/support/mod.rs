//! A pair of directors in memory: kernels, links and servers without an operating system.

mod config;
mod host;

pub(crate) use config::{config, server};
pub(crate) use host::{Cluster, FakeKernel, Running};
