//! Looking at the director that runs on this host.

use super::Control;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show it anew every second, until interrupted.
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) control: Control,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A server (10.0.0.21, http/10.0.0.21:80), a virtual address, or the name of a service, a
    /// group or a node.
    #[arg(value_name = "SUBJECT")]
    pub(crate) subject: String,
    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: Control,
}

#[derive(Debug, Args)]
pub(crate) struct Look {
    #[command(flatten)]
    pub(crate) control: Control,
}
