//! The command line.

pub(crate) mod look;
pub(crate) mod orders;

use clap::{Args, Parser, Subcommand, ValueEnum};
use look::{Explain, Look, Status, Top};
use orders::{Drain, Maintenance, Operate, Reload, ServerOrder, Undrain, Weight};
use std::path::PathBuf;

/// A Linux Director: IPVS load balancing with health checks and active/standby takeover.
///
/// Exit status: 0 done; 1 this machine or the running director failed; 2 the input is wrong.
#[derive(Debug, Parser)]
#[command(name = "director", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Run the daemon.
    ///
    /// SIGTERM and SIGINT hand over and release everything; SIGHUP reads the configuration anew.
    Run(Run),
    /// Run a voter on a third machine: it says who may own what when directors lose each other.
    ///
    /// Named as `voter` of the cluster. SIGHUP reads configuration and key anew.
    Witness(Witness),
    /// Check configuration files; every problem is shown at once.
    Check(Check),
    /// Make a director.toml of files of ldirectord, Heartbeat, keepalived and ipvsadm.
    ///
    /// What is not carried over or behaves otherwise is told on standard error. Exit status: 0 all
    /// is carried over; 1 something is left out; 2 the files are wrong.
    Import(Import),
    /// Write a JSON schema of director.toml, for editors.
    Schema,
    /// Write what completes this command line in a shell.
    Completions(Completions),
    /// Write the manual pages into a folder.
    Man(Man),
    /// Show what would change in this kernel; exit status 0 for nothing, 3 for changes.
    Plan(Plan),
    /// Ask the director that runs on this host what everything looks like.
    Status(Status),
    /// Watch and operate the director that runs on this host, in a terminal.
    ///
    /// Groups, peers, services and servers with what they do and why; `?` shows the keys. A
    /// director that goes away is waited for.
    Top(Top),
    /// Say why a server, service, group, address or node is as it is: its state, its last checks,
    /// and the events that led there.
    Explain(Explain),
    /// Show every event of the running director as a line of JSON, until interrupted.
    Events(Look),
    /// Show the running director's metrics in the text form of OpenMetrics.
    Metrics(Look),
    /// Give the groups that this node owns to a peer, and do not take them again while one is
    /// ready.
    ///
    /// Refused, with the reason and without any change, when no peer is ready.
    Handover(Operate),
    /// Be no owner while a peer can be: hand over what this node owns, and rest in every case.
    ///
    /// Before work on this machine, whichever role it has. Refused, without any change, when it
    /// owns a group that no peer is ready to take.
    Standby(Operate),
    /// Take off what a director that is gone has left in the kernel: addresses, then services.
    ///
    /// Refused while a director runs here.
    Release(Release),
    /// End the rest that a handover or `standby` began: this node may take the groups again.
    Ready(Operate),
    /// Give a real server no new connections, on every director, and show how many are left.
    ///
    /// Refused when a service would be left without a usable server. It goes on when this command
    /// is interrupted.
    Drain(Drain),
    /// End a drain.
    Undrain(Undrain),
    /// Give a real server no new connections and do not check it, on every director.
    Maintenance(Maintenance),
    /// Give a real server another weight than the configuration does, on every director.
    Weight(Weight),
    /// Add real servers to a service and remove them, on this director, while it runs.
    ///
    /// What is added or removed so lasts until the director ends, or with --keep for good. The
    /// other director does not hear of it: give the order there as well, or copy the file.
    Server(ServerOrder),
    /// Have the configuration read anew, and show what is wrong with it; exit status 2 when it is
    /// not used.
    Reload(Reload),
    /// Find what would bite on this host, director or real server; exit status 3 for a problem.
    ///
    /// Looks at settings, limits, routes and listeners, and asks the neighbours who answers for the
    /// virtual addresses. Changes nothing.
    Doctor(Doctor),
    /// Set up a real server for direct routing and tunnelling: run it there, not on a director.
    #[command(name = "realserver")]
    RealServer(RealServer),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) from: From,
    /// Form of the log, on standard output.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,
    /// Least level that is logged.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
    #[command(flatten)]
    pub(crate) control: Control,
    #[command(flatten)]
    pub(crate) record: Record,
    /// Make this start repeatable, for rehearsals only: the incarnation comes of it.
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// Record all that happens to this director, for `director-sim replay`; what is there is kept
    /// as FILE.1 to FILE.3.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Size at which the record ends: a number of bytes, or with K, M or G.
    #[arg(
        long, value_name = "SIZE", default_value = "1G", value_parser = size, requires = "record"
    )]
    pub(crate) record_limit: usize,
}

/// `4096`, `64K`, `256M`, `1G`.
fn size(text: &str) -> Result<usize, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let size = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|size| *size > 0)
        .ok_or_else(|| "write a number of bytes, or one with K, M or G, as 256M".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Witness {
    /// The configuration, the same file as on the directors, with their key beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Listen here; without it on the address of `voter`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Form of the log, on standard output.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,
    /// Least level that is logged.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The files.
    #[arg(required_unless_present = "explain", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Take the files for those of another program, each by itself; without it a name
    /// that ends in .cf says ldirectord.
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    pub(crate) from: Option<director_import::Format>,
    /// Exit with status 2 on a warning, too.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Say what the code of a problem or a warning stands for, and check nothing.
    #[arg(long, value_name = "CODE", conflicts_with = "files")]
    pub(crate) explain: Option<String>,
    /// Check also that this node is configured.
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The files: ldirectord.cf, ha.cf, haresources, authkeys, keepalived.conf, ipvsadm -Sn.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Language of the files, when their names and texts do not say it.
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    pub(crate) from: Option<director_import::Format>,
    /// Write the director.toml here; never over a file that is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the secret of authkeys here, readable by its owner only.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_out: Option<PathBuf>,
    /// What `key-file` is to be in the director.toml.
    #[arg(long, value_name = "PATH", default_value = "/etc/director/cluster.key")]
    pub(crate) key_file: String,
    /// A director's own address that no file says: NODE:INTERFACE=ADDRESS.
    #[arg(long, value_name = "ADDRESS", value_parser = crate::import::own_address)]
    pub(crate) address: Vec<((String, String), std::net::IpAddr)>,
    /// Interface of virtual addresses of which no file says one.
    #[arg(long, value_name = "NAME")]
    pub(crate) interface: Option<String>,
    /// Configuration id for keepalived's @ lines; without it the host name.
    #[arg(long, value_name = "ID")]
    pub(crate) config_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder; it is made when it is not there.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

fn language(text: &str) -> Result<director_import::Format, String> {
    let found = director_import::Format::ALL.into_iter().find(|it| it.as_str() == text);
    let names = director_import::Format::ALL.map(director_import::Format::as_str);
    found.ok_or_else(|| format!("write one of {}", names.join(", ")))
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) from: From,
    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Plan for this role; without it the addresses stay as they are.
    #[arg(long, value_enum)]
    pub(crate) role: Option<Role>,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) from: From,
    #[command(flatten)]
    pub(crate) control: Control,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration, the same file on every director.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Take the configuration for one of another program, as `director import` does; without it
    /// the name ldirectord.cf says so.
    #[arg(long = "from", value_name = "LANGUAGE", value_parser = language)]
    pub(crate) format: Option<director_import::Format>,
    /// This node's name in it; without it the host name, or else the host is a real server.
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RealServer {
    #[command(subcommand)]
    pub(crate) task: RealServerTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RealServerTask {
    /// Give this host what it needs: tunnel devices, ARP settings, and last the virtual addresses
    /// on `lo`. What is there already stays as it is.
    Apply(Serving),
    /// Tell what is missing, and change nothing; exit status 3 when something is.
    Check(Serving),
    /// Undo what `apply` did, addresses first.
    Remove {
        /// The file that remembers what was changed.
        #[arg(long, value_name = "PATH", default_value = REALSERVER_RECORD)]
        record: PathBuf,
    },
}

/// Where `director realserver apply` remembers what it changed.
const REALSERVER_RECORD: &str = "/run/director/realserver.json";

#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// The configuration of the directors.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The address by which the directors know this host; without it every address that it has.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Vec<std::net::IpAddr>,
    /// The file that remembers what was changed.
    #[arg(long, value_name = "PATH", default_value = REALSERVER_RECORD)]
    pub(crate) record: PathBuf,
}

/// Whose configuration is used.
#[derive(Debug, Args)]
pub(crate) struct From {
    /// The configuration, the same file on every director.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Take the configuration for one of another program, as `director import` does; without it
    /// a name that ends in .cf says ldirectord.
    #[arg(long = "from", value_name = "LANGUAGE", value_parser = language)]
    pub(crate) format: Option<director_import::Format>,
    /// This node's name in it; without it the host name.
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Control {
    /// The control socket.
    #[arg(long, value_name = "PATH", default_value = director_shell::control::DEFAULT_PATH)]
    pub(crate) control: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Active,
    Standby,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Local time, level, sentence.
    Human,
    /// One JSON object per line.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
