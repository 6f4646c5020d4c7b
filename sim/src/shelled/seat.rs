//! A host with a director on it: its kernel, its configuration, and the process that comes and
//! goes.

use super::ground::Ground;
use super::links::{Echoes, TurmoilLinks};
use super::net::Net;
use super::{address_of, told};
use crate::build::{Refusal, interface};
use crate::kernel::{Change, SimKernel};
use director_core::Input;
use director_core::advert::Advert;
use director_core::alert::Notice;
use director_core::config::Alert;
use director_core::config::{Config, Coverage, VirtualAddress, VirtualMac};
use director_core::name::{InterfaceName, NodeName};
use director_core::plan::Ledger;
use director_core::random::Stream;
use director_core::time::Instant;
use director_core::wire::heartbeat::Key;
use director_engine::ports::{Announcer, KernelError};
use director_engine::shared::Shared;
use director_shell::clock::RuntimeClock;
use director_shell::courier::{Courier, Delivery};
use director_shell::links::Routers;
use director_shell::manager::{Manager, News};
use director_shell::memory::Memory;
use director_shell::{Order, Ports, Settings, Shell, Source};
use scenario::{Event, Node};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;

/// From the order to start a director to its first breath; drawn for each start, as in the world.
const LAUNCH: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// Orders and changes that wait at most.
const WAITING: usize = 64;

type Kernel = Shared<SimKernel, false>;

/// Where a director runs.
pub(super) struct Seat {
    pub(super) node: String,
    name: NodeName,
    ground: Arc<Ground>,
    kernel: Kernel,
    start: Notify,
    state: Mutex<State>,
    seed: u64,
}

struct State {
    config: Arc<Config>,
    /// Which process this is.
    life: u32,
    process: Option<Process>,
    told: Vec<(Duration, Event)>,
    /// What the last life left to the next, until the power goes.
    ledger: Ledger,
}

/// A director that runs.
struct Process {
    orders: mpsc::Sender<Order>,
    changes: mpsc::Sender<Input>,
    task: AbortHandle,
    stopping: bool,
}

/// The configuration that is in use, for a reload.
struct Now(Arc<Seat>);

impl Source for Now {
    fn load(&mut self) -> Result<Settings, Vec<String>> {
        Ok(settings(self.0.config()))
    }
}

/// Directors with another key file do not believe each other.
fn settings(config: Arc<Config>) -> Settings {
    let key = Key::new(config.cluster.key_file.as_bytes());
    Settings { config, key }
}

/// Files in memory, as those in `/run` are.
struct Kept(Arc<Seat>);

impl Memory for Kept {
    fn keep(&mut self, ledger: &Ledger) -> io::Result<()> {
        self.0.state().ledger = ledger.clone();
        Ok(())
    }
}

/// Who delivers every alert, after a moment.
struct Prompt;

impl Courier for Prompt {
    fn deliver(&self, _: &Alert, _: &Notice, _: Duration) -> Delivery {
        Box::pin(async {
            sleep(Duration::from_millis(100)).await;
            Ok(())
        })
    }
}

struct Nobody;

impl Announcer for Nobody {
    fn announce(&mut self, _: &VirtualAddress) -> Result<(), KernelError> {
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
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Manager for Nobody {
    fn tell(&mut self, _: News) {}
}

impl Seat {
    pub(super) fn new(
        node: &Node,
        config: Arc<Config>,
        ground: &Arc<Ground>,
        seed: u64,
    ) -> Result<Self, Refusal> {
        let mut fixed = Vec::new();
        for port in &node.ports {
            let (address, prefix) = (port.cidr.address, port.cidr.prefix);
            fixed.push(VirtualAddress {
                address,
                prefix,
                interface: interface(&port.segment)?,
                mac: None,
            });
        }
        let name = NodeName::new(&node.name);
        let name = name.map_err(|wrong| Refusal::Invalid(wrong.to_string()))?;
        let moods = Stream::named(seed, &format!("kernel/{}", node.name));
        let state =
            State { config, life: 0, process: None, told: Vec::new(), ledger: Ledger::default() };
        Ok(Self {
            node: node.name.clone(),
            name,
            ground: Arc::clone(ground),
            kernel: Kernel::new(SimKernel::new(&fixed, &Arc::default(), moods)),
            start: Notify::new(),
            state: Mutex::new(state),
            seed,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.state().config)
    }

    /// What the host does from its boot on.
    pub(super) async fn live(self: Arc<Self>) -> turmoil::Result {
        loop {
            let life = {
                let mut state = self.state();
                state.life += 1;
                state.life
            };
            let mut stream = Stream::named(self.seed, &format!("life/{}/{life}", self.node));
            sleep(stream.duration(LAUNCH.0, LAUNCH.1)).await;
            Arc::clone(&self).direct(stream.next_u64()).await?;
            self.state().process = None;
            self.start.notified().await;
        }
    }

    /// One life of the director, however it ends.
    async fn direct(self: Arc<Self>, seed: u64) -> turmoil::Result {
        let config = self.config();
        let found = self.kernel.lock().observe_all(now());
        let left = self.state().ledger.clone();
        let (orders, requests) = mpsc::channel(WAITING);
        let (changes, told) = mpsc::channel(WAITING);
        let (answer, answers) = mpsc::channel(WAITING);
        let (node, ground) = (self.node.clone(), Arc::clone(&self.ground));
        let scenario = Arc::clone(&self.ground.scenario);
        let place = move |address: IpAddr| {
            let node = scenario.node_at(address)?;
            Some(address_of(&scenario, &node.name))
        };
        let ports = Ports {
            kernel: self.kernel.clone(),
            memory: Box::new(Kept(Arc::clone(&self))),
            links: TurmoilLinks::open(&self.node, &config, &self.ground).await?,
            witnesses: Box::new(Echoes { node, ground, answers: answer }),
            routers: Box::new(Nobody),
            answers,
            network: Net::new(Arc::new(place)),
            courier: Box::new(Prompt),
            announcer: Box::new(Nobody),
            clock: Box::new(RuntimeClock::start()),
            manager: Box::new(Nobody),
            source: Box::new(Now(Arc::clone(&self))),
            changes: told,
            orders: requests,
            record: None,
        };
        let shell = Shell::new(ports, settings(config), self.name.clone(), seed, (&found, left));
        let listening = spawn_local(Arc::clone(&self).hear(shell.listen()));
        let running = spawn_local(shell.run());
        let task = running.abort_handle();
        self.state().process = Some(Process { orders, changes, task, stopping: false });
        if let Ok(Err(failed)) = running.await {
            self.tell_of(format!("its director ended: {failed}"));
        }
        // It ends when all has been heard.
        drop(listening.await);
        Ok(())
    }

    /// Writes down what the director tells.
    async fn hear(self: Arc<Self>, mut events: tokio::sync::broadcast::Receiver<Arc<str>>) {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            match events.recv().await {
                Ok(line) => {
                    let event = told::event(&self.node, &line);
                    let at = elapsed();
                    self.state().told.extend(event.map(|event| (at, event)));
                }
                Err(RecvError::Lagged(lost)) => self.tell_of(format!("{lost} reports were lost")),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn tell_of(&self, text: String) {
        let event = Event::Note { node: Some(self.node.clone()), text };
        self.state().told.push((elapsed(), event));
    }

    /// What it has told since it was asked last.
    pub(super) fn told(&self) -> Vec<(Duration, Event)> {
        std::mem::take(&mut self.state().told)
    }

    /// What has changed in its kernel since it was asked last.
    pub(super) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.kernel.lock().changes)
    }

    /// Lets the kernel know what time it is; addresses that nobody has renewed go.
    pub(super) fn pass_time(&self, now: Duration) {
        let now = Instant::ZERO + now;
        let mut kernel = self.kernel.lock();
        kernel.now = now;
        let due = kernel.next_expiry().is_some_and(|at| at <= now);
        let some_went = due && kernel.expire(now);
        drop(kernel);
        if some_went {
            self.tell(Input::KernelChanged);
        }
    }

    /// Tells the director of a change, if it runs.
    pub(super) fn tell(&self, input: Input) {
        if let Some(process) = &self.state().process {
            // One that has so much to hear already will look at its kernel anyway.
            drop(process.changes.try_send(input));
        }
    }

    fn order(&self, order: Order) {
        if let Some(process) = &self.state().process {
            drop(process.orders.try_send(order));
        }
    }

    pub(super) fn stop(&self) {
        if let Some(process) = &mut self.state().process {
            process.stopping = true;
        }
        self.order(Order::Stop);
    }

    /// Starts it, now or when it has ended; one that runs and shall not end goes on.
    pub(super) fn start(&self) {
        if self.state().process.as_ref().is_none_or(|process| process.stopping) {
            self.start.notify_one();
        }
    }

    pub(super) fn kill(&self) {
        if let Some(process) = self.state().process.take() {
            process.task.abort();
        }
    }

    pub(super) fn lose_power(&self) {
        let mut state = self.state();
        state.process = None;
        state.ledger = Ledger::default();
        self.kernel.lock().reset();
    }

    pub(super) fn reload(&self, config: Arc<Config>) {
        self.state().config = config;
        self.order(Order::Reload);
    }
}

/// The time of the simulation.
fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

fn now() -> Instant {
    Instant::ZERO + elapsed()
}
