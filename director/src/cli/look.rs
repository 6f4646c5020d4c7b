//! Looking at the director that runs on this host.

use super::Control;
use super::orders::duration;
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

#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Between two looks; what happens is shown at once, whatever this is.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1s")]
    pub(crate) interval: std::time::Duration,
    /// No colours, as with NO_COLOR in the environment.
    #[arg(long)]
    pub(crate) no_color: bool,
    #[command(flatten)]
    pub(crate) control: Control,
}
