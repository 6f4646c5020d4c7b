//! The daemon's own loop, scheduler and checks on this machine's network; the kernel that it keeps
//! is in memory, and there are no links.

use crate::Outcome;
use director_core::advert::Advert;
use director_core::beat::LinkId;
use director_core::config::{Coverage, VirtualAddress, VirtualMac};
use director_core::name::{InterfaceName, NodeName};
use director_core::plan::Ledger;
use director_core::vote::Question;
use director_core::wire::heartbeat::Key;
use director_engine::memory::MemoryKernel;
use director_engine::ports::{Announcer, KernelError};
use director_probes::LocalHost;
use director_shell::clock::FineClock;
use director_shell::courier::NoCourier;
use director_shell::links::{Links, Packet, Routers, Witnesses};
use director_shell::manager::{Manager, News};
use director_shell::memory::Forgetful;
use director_shell::telemetry::{self, Format, Writer};
use director_shell::{Ports, Settings, Shell, Source, found};
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Links, neighbours and a service manager that are not there.
struct Nobody;

impl Links for Nobody {
    async fn receive(&mut self) -> io::Result<Packet> {
        std::future::pending().await
    }

    fn send(&mut self, _: LinkId, _: SocketAddr, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Witnesses for Nobody {
    fn ask(&mut self, _: IpAddr, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn ask_voter(&mut self, _: SocketAddr, _: &Question, _: &Settings) -> io::Result<()> {
        Ok(())
    }
}

impl Routers for Nobody {
    fn advertise(
        &mut self,
        _: &InterfaceName,
        _: IpAddr,
        _: &Advert,
        _: Coverage,
        _: Option<VirtualMac>,
    ) -> io::Result<()> {
        Ok(())
    }
}

impl Announcer for Nobody {
    fn announce(&mut self, _: &VirtualAddress) -> Result<(), KernelError> {
        Ok(())
    }
}

impl Manager for Nobody {
    fn tell(&mut self, _: News) {}
}

impl Source for Nobody {
    fn load(&mut self) -> Result<Settings, Vec<String>> {
        Err(vec!["this director is not reloaded".into()])
    }
}

/// Directs by `director.toml` in the folder until it is killed; the log comes out as JSON.
pub(crate) fn run(folder: &str) -> Outcome<()> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let path = format!("{folder}/director.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let config = director_config::parse(&path, &text).map_err(|problems| said(&problems))?;
    drop(text);
    let (writer, _flush) = Writer::start(io::stdout()).map_err(|error| said(&error))?;
    let subscriber = telemetry::subscriber(Format::Json, tracing::Level::INFO, writer);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| said(&error))?;
    let node = NodeName::new("d").map_err(|error| format!("{error:?}"))?;
    let mut kernel = MemoryKernel::default();
    let snapshot = found(&mut kernel, &config).map_err(|error| said(&error))?;
    // As `director run` makes it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| said(&error))?;
    runtime.block_on(async {
        let ports = Ports {
            kernel,
            memory: Box::new(Forgetful),
            links: Nobody,
            witnesses: Box::new(Nobody),
            routers: Box::new(Nobody),
            answers: mpsc::channel(1).1,
            network: LocalHost::default(),
            courier: Box::new(NoCourier),
            announcer: Box::new(Nobody),
            clock: Box::new(FineClock::open().map_err(|error| said(&error))?),
            manager: Box::new(Nobody),
            source: Box::new(Nobody),
            changes: mpsc::channel(1).1,
            orders: mpsc::channel(1).1,
            record: None,
        };
        let settings = Settings { config: Arc::new(config), key: Key::new(b"nobody hears it") };
        let shell = Shell::new(ports, settings, node, 1, (&snapshot, Ledger::default()));
        shell.run().await.map_err(|error| said(&error))
    })
}
