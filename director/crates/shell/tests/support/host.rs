use super::config::{config, key, node};
use director_core::beat::LinkId;
use director_core::config::{Config, Scheduler, ServiceKey, VirtualAddress};
use director_core::desired::{DesiredServer, Sysctl};
use director_core::name::InterfaceName;
use director_core::observed::{ObservedService, Snapshot};
use director_core::view::View;
use director_engine::memory::MemoryKernel;
use director_engine::ports::{Addresses, Announcer, IpvsTable, KernelError, Sysctls};
use director_probes::Connect;
use director_shell::clock::RuntimeClock;
use director_shell::links::{Links, Packet};
use director_shell::manager::{Manager, News};
use director_shell::{Failed, Order, Ports, Settings, Shell, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A kernel that outlives its director, as kernels do.
#[derive(Clone, Default)]
pub(crate) struct FakeKernel(Arc<Mutex<MemoryKernel>>);

impl FakeKernel {
    pub(crate) fn state(&self) -> Snapshot {
        self.lock().state.clone()
    }

    fn lock(&self) -> MutexGuard<'_, MemoryKernel> {
        self.0.lock().unwrap()
    }
}

type Done = Result<(), KernelError>;

impl IpvsTable for FakeKernel {
    fn services(&mut self) -> Result<BTreeMap<ServiceKey, ObservedService>, KernelError> {
        self.lock().services()
    }
    fn add_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Done {
        self.lock().add_service(key, scheduler)
    }
    fn edit_service(&mut self, key: ServiceKey, scheduler: Scheduler) -> Done {
        self.lock().edit_service(key, scheduler)
    }
    fn remove_service(&mut self, key: ServiceKey) -> Done {
        self.lock().remove_service(key)
    }
    fn add_server(&mut self, key: ServiceKey, server: SocketAddr, to: DesiredServer) -> Done {
        self.lock().add_server(key, server, to)
    }
    fn edit_server(&mut self, key: ServiceKey, server: SocketAddr, to: DesiredServer) -> Done {
        self.lock().edit_server(key, server, to)
    }
    fn remove_server(&mut self, key: ServiceKey, server: SocketAddr) -> Done {
        self.lock().remove_server(key, server)
    }
}

impl Addresses for FakeKernel {
    fn held(&mut self, interface: &InterfaceName) -> Result<BTreeSet<VirtualAddress>, KernelError> {
        self.lock().held(interface)
    }
    fn add_address(&mut self, address: &VirtualAddress) -> Done {
        self.lock().add_address(address)
    }
    fn remove_address(&mut self, address: &VirtualAddress) -> Done {
        self.lock().remove_address(address)
    }
}

impl Sysctls for FakeKernel {
    fn read_sysctl(&mut self, key: &Sysctl) -> Result<i64, KernelError> {
        self.lock().read_sysctl(key)
    }
    fn write_sysctl(&mut self, key: &Sysctl, value: i64) -> Done {
        self.lock().write_sysctl(key, value)
    }
}

type Switch = Arc<Mutex<BTreeMap<IpAddr, (LinkId, mpsc::UnboundedSender<Packet>)>>>;

/// Links of one node on a switch in memory.
struct FakeLinks {
    switch: Switch,
    own: Vec<SocketAddr>,
    inbox: mpsc::UnboundedReceiver<Packet>,
}

impl Links for FakeLinks {
    async fn receive(&mut self) -> io::Result<Packet> {
        match self.inbox.recv().await {
            Some(packet) => Ok(packet),
            None => std::future::pending().await,
        }
    }

    fn send(&mut self, link: LinkId, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let from = self.own[usize::from(link.0)];
        if let Some((link, inbox)) = self.switch.lock().unwrap().get(&to.ip()) {
            // A packet to a director that has gone is lost, as on a real link.
            let _lost = inbox.send(Packet { link: *link, from, bytes: bytes.to_vec() });
        }
        Ok(())
    }
}

/// Web servers that answer while they are not among the dead.
#[derive(Clone, Default)]
pub(crate) struct Servers(pub(crate) Arc<Mutex<BTreeSet<SocketAddr>>>);

impl Connect for Servers {
    type Stream = DuplexStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<DuplexStream> {
        if self.0.lock().unwrap().contains(&target) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, mut theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = theirs.read_u8().await else { return };
                head.push(byte);
            }
            theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nWELL").await.ok();
        });
        Ok(ours)
    }
}

#[derive(Clone, Default)]
struct Announcements(Arc<Mutex<Vec<VirtualAddress>>>);

impl Announcer for Announcements {
    fn announce(&mut self, address: &VirtualAddress) -> Result<(), KernelError> {
        self.0.lock().unwrap().push(address.clone());
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
    switch: Switch,
    pub(crate) servers: Servers,
}

/// A director that runs.
pub(crate) struct Running {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) task: JoinHandle<Result<(), Failed>>,
    pub(crate) kernel: FakeKernel,
    next: Arc<Mutex<Loaded>>,
    announced: Announcements,
    heard: Heard,
}

impl Cluster {
    /// Starts a director on `kernel`.
    pub(crate) fn start(&self, name: &str, seed: u64, kernel: &FakeKernel) -> Running {
        self.start_with(config(), name, seed, kernel)
    }

    pub(crate) fn start_with(
        &self,
        config: Config,
        name: &str,
        seed: u64,
        kernel: &FakeKernel,
    ) -> Running {
        let addresses = &config.nodes[&node(name)].addresses;
        let of = |link: &InterfaceName| SocketAddr::new(addresses[link], config.cluster.port.get());
        let own: Vec<SocketAddr> = config.cluster.links.iter().map(of).collect();
        let (mail, inbox) = mpsc::unbounded_channel();
        for (number, address) in own.iter().enumerate() {
            let link = LinkId(u8::try_from(number).unwrap());
            self.switch.lock().unwrap().insert(address.ip(), (link, mail.clone()));
        }
        let (orders, requests) = mpsc::channel(8);
        let announced = Announcements::default();
        let heard = Heard::default();
        let next = Arc::new(Mutex::new(Ok(config.clone())));
        let ports = Ports {
            kernel: kernel.clone(),
            links: FakeLinks { switch: self.switch.clone(), own, inbox },
            network: self.servers.clone(),
            announcer: Box::new(announced.clone()),
            clock: Box::new(RuntimeClock::start()),
            manager: Box::new(heard.clone()),
            source: Box::new(Next(next.clone())),
            changes: mpsc::channel(1).1,
            orders: requests,
        };
        let found = director_shell::found(&mut kernel.clone(), &config).unwrap();
        let settings = Settings { config: Arc::new(config), key: key() };
        let shell = Shell::new(ports, settings, node(name), seed, &found);
        // The loop is not `Send`: its ports need not be.
        let task = tokio::task::spawn_local(shell.run());
        Running { orders, task, kernel: kernel.clone(), next, announced, heard }
    }
}

impl Running {
    pub(crate) async fn view(&self) -> View {
        let (reply, view) = oneshot::channel();
        self.orders.send(Order::Status(reply)).await.unwrap();
        view.await.unwrap()
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
