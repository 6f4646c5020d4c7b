//! A real server as its owner sets it up: by `director realserver apply`.

use std::net::{IpAddr, UdpSocket};

use anyhow::Context;

use super::director::put;
use crate::plan::Prepare;
use crate::shell::ask;

/// Puts the configuration in place and has the program do the rest.
pub(super) fn apply(prepare: &Prepare) -> anyhow::Result<()> {
    put(&prepare.file)?;
    let arguments = ["realserver", "apply", "--config", &prepare.file.path];
    ask(&prepare.program, &arguments).context("preparing the real server").map(|_| ())
}

/// Those of the addresses that the node has: only they can be bound (ip(7)).
pub(super) fn held(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let own = addresses.iter().filter(|address| UdpSocket::bind((**address, 0)).is_ok());
    own.copied().collect()
}
