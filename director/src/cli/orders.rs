//! Orders to the director that runs on this host.

use super::Control;
use clap::{Args, Subcommand, ValueEnum};
use director_core::name::{GroupName, ServiceName};
use director_core::standing::Subject;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Operate {
    /// Only this group.
    #[arg(value_name = "GROUP", value_parser = GroupName::new)]
    pub(crate) group: Option<GroupName>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Args)]
pub(crate) struct Drain {
    #[command(flatten)]
    pub(crate) server: Server,
    /// After this time it leaves the table, which ends the connections that are left: "90s", "5m".
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// Also when a service would be left without a usable server.
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not wait until the connections have ended.
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Args)]
pub(crate) struct Undrain {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Args)]
pub(crate) struct Maintenance {
    /// Whether it begins or ends.
    #[arg(value_enum)]
    pub(crate) switch: Switch,
    #[command(flatten)]
    pub(crate) server: Server,
    /// Also when a service would be left without a usable server.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct Weight {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The weight, 0 to 65535, or `configured` for what the configuration says.
    #[arg(value_name = "WEIGHT", value_parser = weight)]
    pub(crate) weight: Wanted,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let length = director_config::parse_duration(text);
    length.ok_or_else(|| "write a number and a unit, such as 90s or 5m".to_owned())
}

/// A weight, or the configuration's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted(pub(crate) Option<u16>);

fn weight(text: &str) -> Result<Wanted, String> {
    if text == "configured" {
        return Ok(Wanted(None));
    }
    let weight = text.parse().map_err(|_| "write 0 to 65535, or `configured`".to_owned())?;
    Ok(Wanted(Some(weight)))
}

#[derive(Debug, Args)]
pub(crate) struct Reload {
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Args)]
pub(crate) struct ServerOrder {
    #[command(subcommand)]
    pub(crate) task: ServerTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerTask {
    /// Give a service another real server: it gets connections after its first good check.
    Add {
        #[command(flatten)]
        which: Which,
        /// Its weight, 0 to 65535.
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        weight: u16,
        #[command(flatten)]
        asked: Asked,
    },
    /// Take a real server out of a service: it is drained as the service says, and leaves.
    Remove {
        #[command(flatten)]
        which: Which,
        /// Also when it is the service's only one.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        asked: Asked,
    },
    /// Show what was added and removed beside the configuration.
    List {
        #[command(flatten)]
        control: Control,
    },
}

/// A real server of a service, and whether the file is to have it.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The service.
    #[arg(value_name = "SERVICE", value_parser = ServiceName::new)]
    pub(crate) service: ServiceName,
    /// The server's address; without a port it is at the service's.
    #[arg(value_name = "ADDRESS")]
    pub(crate) server: Subject,
    /// Change the configuration file as well, so that it stays so. Comments stay; refused when the
    /// file is not the one that the director has read.
    #[arg(long)]
    pub(crate) keep: bool,
    /// The file that --keep changes.
    #[arg(long, value_name = "FILE", default_value = "/etc/director/director.toml")]
    pub(crate) config: PathBuf,
}

/// A real server.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Its address, with or without port: `10.0.0.21`, `10.0.0.21:80`, `[2001:db8::21]:80`; in one
    /// service only: http/10.0.0.21.
    #[arg(value_name = "SERVER")]
    pub(crate) server: Subject,
}

/// How the director is asked.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Why, for the log.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) control: Control,
}
