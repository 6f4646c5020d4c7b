//! `director run`: the ports of this host put together.
//!
//! Everything is opened, and the kernel is looked at, before anything is changed.

use crate::cli::{LogFormat, LogLevel, Record, Run};
use crate::files::{Files, settings};
use crate::links::SocketLinks;
use crate::output::{Failure, shown};
use director_core::Input;
use director_core::config::Config;
use director_core::name::{InterfaceName, NodeName};
use director_core::plan::Ledger;
use director_core::random::Stream;
use director_courier::LocalCourier;
use director_linux::{HeartbeatSockets, LinuxAnnouncer, LinuxKernel, Problems, Watch, preflight};
use director_probes::LocalHost;
use director_shell::clock::FineClock;
use director_shell::control::{Control, Limit};
use director_shell::counters::Counters;
use director_shell::history::History;
use director_shell::http::{self, Site, secure::Secure};
use director_shell::manager::Systemd;
use director_shell::memory::LedgerFile;
use director_shell::record::RecordFile;
use director_shell::telemetry::{self, Flush, Format, Writer};
use director_shell::{Order, Ports, Settings, Shell, found, signals};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Requests and changes that wait at most; who sends more waits.
const WAITING: usize = 64;

/// Answers of witnesses and adverts of routers that wait at most; what does not fit is lost.
const HEARD: usize = 256;

/// A watch that broke is opened again this much later.
const WATCH_PAUSE: Duration = Duration::from_secs(1);

/// Time for passes that still run when everything else is over.
const LAST: Duration = Duration::from_secs(1);

/// Runs the daemon until it is told to stop.
pub(crate) fn run(arguments: Run) -> Result<ExitCode, Failure> {
    let path = &arguments.from.config;
    let (settings, node) =
        settings(&arguments.from).map_err(|problems| Failure::input(shown(&problems)))?;
    let seed = arguments.seed.map_or_else(entropy, Ok)?;
    let problems = preflight(&settings.config, &node);
    if !problems.is_empty() {
        return Err(Failure::machine(format_args!("cannot run here\n{}", Problems(problems))));
    }
    // Before there are threads: the socket's mode comes of the umask.
    let control = Control::open(&arguments.control.control).map_err(Failure::machine)?;
    let _flush = log(arguments.log_format, arguments.log_level)?;
    let record = record(&arguments.record);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::machine(format_args!("no runtime: {error}")))?;
    let used = Some(settings.config.clone());
    let files = Files { path: path.clone(), format: arguments.from.format, node, used };
    let memory = LedgerFile::beside(&arguments.control.control);
    let ended = runtime.block_on(direct(settings, files, (control, memory, record), seed));
    // A pass that the kernel does not end must not keep the process.
    runtime.shutdown_timeout(LAST);
    ended.map(|()| ExitCode::SUCCESS)
}

/// The file for the record, if one is wanted. A director that cannot record directs all the same:
/// nobody is to be without his service for want of a record of it.
fn record(wanted: &Record) -> Option<RecordFile> {
    let path = wanted.record.as_ref()?;
    let made = RecordFile::create(path, wanted.record_limit);
    let made = made.inspect_err(|error| {
        tracing::warn!(
            "nothing is recorded: {} cannot be made, or an earlier one kept: {error}; name a file \
             in a folder that this user may write to",
            path.display()
        );
    });
    made.ok()
}

async fn direct(
    settings: Settings,
    files: Files,
    (control, memory, record): (Control, LedgerFile, Option<RecordFile>),
    seed: u64,
) -> Result<(), Failure> {
    let node = files.node.clone();
    let (order, orders) = mpsc::channel(WAITING);
    signals::forward(order.clone())
        .map_err(|error| Failure::machine(format_args!("no signals: {error}")))?;
    let sockets = HeartbeatSockets::open(&settings.config, &node)
        .map_err(|problems| Failure::machine(format_args!("cannot run here\n{problems}")))?;
    let (sender, changes) = mpsc::channel(WAITING);
    watch(interfaces(&settings.config, &node), sender.clone())?;
    let counters = Counters::new(LinuxKernel::new());
    let limit = Arc::new(Limit::default());
    let site = Site {
        orders: order.clone(),
        counters: counters.clone(),
        history: History::default(),
        limit: Arc::clone(&limit),
    };
    offer(&settings.config, sender, site).await?;
    let mut kernel = LinuxKernel::new();
    let found = found(&mut kernel, &settings.config).map_err(|error| {
        Failure::machine(format_args!("the kernel cannot be asked what it holds: {error}"))
    })?;
    let left = memory.read().unwrap_or_else(|error| {
        tracing::warn!("what an earlier director left cannot be known: {error}");
        Ledger::default()
    });
    let (heard, answers) = mpsc::channel(HEARD);
    let routers = crate::routers::open(&settings.config, &node, &heard)?;
    let witnesses = crate::witnesses::open(Stream::named(seed, "witness").next_u64(), heard)?;
    let clock = FineClock::open()
        .map_err(|error| Failure::machine(format_args!("no timer from the kernel: {error}")))?;
    let ports = Ports {
        kernel,
        memory: Box::new(memory),
        links: SocketLinks::new(sockets),
        network: LocalHost::default(),
        witnesses,
        routers,
        answers,
        courier: Box::new(LocalCourier),
        announcer: Box::new(LinuxAnnouncer::new()),
        clock: Box::new(clock),
        manager: Box::new(Systemd),
        source: Box::new(files),
        changes,
        orders,
        record,
    };
    let (version, digest) = (env!("CARGO_PKG_VERSION"), settings.config.digest());
    tracing::info!("director {version} begins as node {node} with configuration {digest}");
    let shell = Shell::new(ports, settings, node, seed, (&found, left));
    tokio::select! {
        biased;
        ended = shell.run() => ended.map_err(Failure::machine),
        refused = answer(control, order, counters, limit) => refused,
    }
}

/// Answers on the control socket for as long as the director runs.
async fn answer(
    control: Control,
    order: mpsc::Sender<Order>,
    counters: Counters,
    limit: Arc<Limit>,
) -> Result<(), Failure> {
    let served = control.serve(order, counters, limit).await;
    served.map_err(|error| Failure::machine(format_args!("control socket: {error}")))
}

/// Begins what the configuration offers to operators beside the control socket.
async fn offer(config: &Config, changes: mpsc::Sender<Input>, site: Site) -> Result<(), Failure> {
    if let Some(directory) = &config.operations.maintenance {
        tokio::spawn(director_shell::maintenance::watch(directory.into(), changes));
    }
    let (metrics, api) = (config.operations.metrics, &config.operations.api);
    if metrics.is_some() || api.is_some() {
        tokio::spawn(site.history.clone().write(site.orders.clone()));
    }
    if let Some(address) = metrics {
        tokio::spawn(http::serve(listen(address).await?, site.clone()));
    }
    if let Some(api) = api {
        let secure = Secure::read(api).map_err(Failure::machine)?;
        tokio::spawn(http::serve_secure(listen(api.listen).await?, site, secure));
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::machine(format_args!(
            "the page and the metrics cannot be served on {address}: {error}"
        ))
    })
}

/// All interfaces that the configuration names for this node.
fn interfaces(config: &Config, node: &NodeName) -> BTreeSet<InterfaceName> {
    let own = config.nodes.get(node).into_iter().flat_map(|node| node.addresses.keys());
    let groups = config.groups.values().flat_map(|group| &group.addresses);
    let links = config.cluster.links.iter().map(|link| &link.interface);
    links.chain(own).chain(groups.map(|address| &address.interface)).cloned().collect()
}

/// Passes on what the kernel tells of the interfaces.
fn watch(interfaces: BTreeSet<InterfaceName>, sender: mpsc::Sender<Input>) -> Result<(), Failure> {
    let failed = |error| Failure::machine(format_args!("interfaces cannot be watched: {error}"));
    let mut watch = Watch::open(interfaces.clone()).map_err(failed)?;
    tokio::spawn(async move {
        loop {
            let input = match watch.next().await {
                Ok(input) => input,
                Err(error) => {
                    tracing::warn!("interfaces are no longer watched: {error}; trying again");
                    watch = watch_again(&interfaces).await;
                    Input::KernelChanged
                }
            };
            if sender.send(input).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

async fn watch_again(interfaces: &BTreeSet<InterfaceName>) -> Watch {
    loop {
        tokio::time::sleep(WATCH_PAUSE).await;
        if let Ok(watch) = Watch::open(interfaces.clone()) {
            return watch;
        }
    }
}

pub(crate) fn log(format: LogFormat, level: LogLevel) -> Result<Flush, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::machine(format_args!("no log: {error}"));
    let (writer, flush) = Writer::start(io::stdout()).map_err(|error| failed(&error))?;
    let format = match format {
        LogFormat::Human => Format::Human { colour: io::stdout().is_terminal() },
        LogFormat::Json => Format::Json,
    };
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Trace => tracing::Level::TRACE,
    };
    tracing::subscriber::set_global_default(telemetry::subscriber(format, level, writer))
        .map_err(|error| failed(&error))?;
    Ok(flush)
}

/// A number that no other start has had.
pub(crate) fn entropy() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    let failed = |error| Failure::machine(format_args!("no randomness from the kernel: {error}"));
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
        Ok(length) if length == bytes.len() => Ok(u64::from_ne_bytes(bytes)),
        Ok(_) => Err(Failure::machine("too little randomness from the kernel")),
        Err(error) => Err(failed(error)),
    }
}
