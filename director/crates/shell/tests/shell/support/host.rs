use super::config::{config, key, node};
use super::{FakeKernel, Servers, Switch};
use director_core::Input;
use director_core::advert::Advert;
use director_core::alert::Notice;
use director_core::config::{Alert, Config, Coverage, VirtualAddress, VirtualMac};
use director_core::name::InterfaceName;
use director_core::time::Instant;
use director_core::view::View;
use director_core::vote::Question;
use director_engine::ports::{Announcer, KernelError};
use director_shell::clock::{Clock, RuntimeClock};
use director_shell::courier::{Courier, Delivery};
use director_shell::links::{Routers, Witnesses};
use director_shell::manager::{Manager, News};
use director_shell::record::RecordFile;
use director_shell::{Failed, Order, Ports, Settings, Shell, Source};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

#[derive(Clone, Default)]
struct Announcements(Arc<Mutex<Vec<VirtualAddress>>>);

impl Announcer for Announcements {
    fn announce(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        self.0.lock().unwrap().push(address.clone());
        Ok(())
    }
}

struct NoWitness;

impl Witnesses for NoWitness {
    fn ask(&mut self, _: IpAddr, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn ask_voter(&mut self, _: SocketAddr, _: &Question, _: &Settings) -> io::Result<()> {
        Ok(())
    }
}

struct NoRouter;

impl Routers for NoRouter {
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

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<News>>>);

impl Manager for Heard {
    fn tell(&mut self, news: News) {
        self.0.lock().unwrap().push(news);
    }
}

/// What was told, and whether it is ever delivered.
#[derive(Clone, Default)]
pub(crate) struct Letters {
    told: Arc<Mutex<Vec<String>>>,
    hangs: Arc<AtomicBool>,
}

impl Letters {
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// From now on no delivery ends by itself.
    pub(crate) fn hang(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }
}

impl Courier for Letters {
    fn deliver(&self, _: &Alert, notice: &Notice, _: Duration) -> Delivery {
        self.told.lock().unwrap().push(notice.subject());
        if self.hangs.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The runtime's clock, which can jump.
#[derive(Clone)]
struct FakeClock {
    runtime: RuntimeClock,
    jumped: Arc<Mutex<Duration>>,
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.runtime.now() + *self.jumped.lock().unwrap()
    }
}

type Loaded = Result<Config, Vec<String>>;

struct Next(Arc<Mutex<Loaded>>);

impl Source for Next {
    fn load(&mut self) -> Result<Settings, Vec<String>> {
        let config = self.0.lock().unwrap().clone()?;
        Ok(Settings { config: Arc::new(config), key: key() })
    }
}

/// What the directors have in common.
#[derive(Clone, Default)]
pub(crate) struct Cluster {
    pub(crate) switch: Switch,
    pub(crate) servers: Servers,
    pub(crate) letters: Letters,
    /// The folder in which the directors record what happens to them, each under its name.
    pub(crate) records: Option<PathBuf>,
}

/// A director that runs.
pub(crate) struct Running {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) changes: mpsc::Sender<Input>,
    pub(crate) task: JoinHandle<Result<(), Failed>>,
    pub(crate) kernel: FakeKernel,
    next: Arc<Mutex<Loaded>>,
    announced: Announcements,
    heard: Heard,
    clock: FakeClock,
}

impl Cluster {
    /// Starts a director on `kernel`.
    pub(crate) fn start(&self, name: &str, seed: u64, kernel: &FakeKernel) -> Running {
        self.start_with(config(), name, seed, kernel)
    }

    /// The same with another configuration.
    pub(crate) fn start_with(
        &self,
        config: Config,
        name: &str,
        seed: u64,
        kernel: &FakeKernel,
    ) -> Running {
        let (orders, requests) = mpsc::channel(8);
        let (changes, told) = mpsc::channel(8);
        let announced = Announcements::default();
        let heard = Heard::default();
        let clock = FakeClock { runtime: RuntimeClock::start(), jumped: Arc::default() };
        let next = Arc::new(Mutex::new(Ok(config.clone())));
        let ports = Ports {
            kernel: kernel.clone(),
            memory: Box::new(kernel.memory()),
            links: self.switch.plug(&config, &node(name)),
            witnesses: Box::new(NoWitness),
            routers: Box::new(NoRouter),
            answers: mpsc::channel(1).1,
            network: self.servers.clone(),
            courier: Box::new(self.letters.clone()),
            announcer: Box::new(announced.clone()),
            clock: Box::new(clock.clone()),
            manager: Box::new(heard.clone()),
            source: Box::new(Next(next.clone())),
            changes: told,
            orders: requests,
            record: self
                .records
                .as_ref()
                .map(|folder| RecordFile::create(&folder.join(name), usize::MAX).unwrap()),
        };
        let found = director_shell::found(&mut kernel.clone(), &config).unwrap();
        let settings = Settings { config: Arc::new(config), key: key() };
        let shell =
            Shell::new(ports, settings, node(name), seed, (&found, kernel.memory().ledger()));
        // The loop is not `Send`: its ports need not be.
        let task = tokio::task::spawn_local(shell.run());
        Running { orders, changes, task, kernel: kernel.clone(), next, announced, heard, clock }
    }
}

impl Running {
    pub(crate) async fn view(&self) -> View {
        let (reply, view) = oneshot::channel();
        self.orders.send(Order::Status(reply)).await.unwrap();
        view.await.unwrap()
    }

    /// Lets time pass for this director while it is not run.
    pub(crate) fn jump(&self, by: Duration) {
        *self.clock.jumped.lock().unwrap() += by;
    }

    pub(crate) fn holds_address(&self) -> bool {
        !self.kernel.state().addresses.is_empty()
    }

    pub(crate) fn announcements(&self) -> usize {
        self.announced.0.lock().unwrap().len()
    }

    pub(crate) fn news(&self) -> Vec<News> {
        self.heard.0.lock().unwrap().clone()
    }

    /// Reloads, with this coming out of the file.
    pub(crate) async fn reload(&self, loaded: Loaded) {
        *self.next.lock().unwrap() = loaded;
        self.orders.send(Order::Reload).await.unwrap();
    }

    pub(crate) async fn stop(&self) {
        self.orders.send(Order::Stop).await.unwrap();
    }

    /// The host loses power: nothing is released, nothing is said.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}
