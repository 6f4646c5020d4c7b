//! One director on a kernel in memory, whose checks end as they are told to.

use director_config::parse;
use director_core::config::{Config, Dialogue, Weight};
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::plan::Ledger;
use director_core::probe::{Outcome, Passed, Phases, Probe, Ticket};
use director_core::report::Health;
use director_core::time::Instant;
use director_core::{Director, Effect, Input, Report};
use director_engine::memory::MemoryKernel;
use director_engine::reconcile::reconcile;
use director_probes::LocalHost;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const FALLBACK: &str = "127.0.0.1:80";
const SERVER: &str = "10.0.0.21";

/// A director that has one real server in some services.
pub(crate) struct Bench {
    director: Director,
    text: String,
    pub(crate) kernel: MemoryKernel,
    ledger: Ledger,
    now: Instant,
    running: Option<Ticket>,
    /// Checks that were started.
    pub(crate) asked: usize,
    /// What was done to the kernel.
    pub(crate) steps: Vec<String>,
    pub(crate) reports: Vec<Report>,
}

fn text(services: usize, kind: &str, address: &str) -> String {
    let mut text = format!(
        "[cluster]\nkey-file = \"/cluster.key\"\ninitdead = \"3s\"\n\
         [nodes.d1]\naddresses = {{ eth0 = \"10.0.0.11\" }}\npriority = 100\n\
         [groups.web]\naddresses = [\"{address}/24 on eth0\"]\n"
    );
    let check = match kind {
        "ping" => "type = \"ping\"",
        "program" => "type = \"program\", command = [\"/bin/true\"]",
        "http" => "type = \"http\"",
        _ => "type = \"tcp\"",
    };
    for number in 0..services {
        let listen = if kind == "mark" {
            format!("fwmark = 7\nlisten = [\"{address}:80\"]")
        } else {
            format!("listen = \"{address}:{}\"", 80 + number)
        };
        text.push_str(&format!(
            "[services.s{number}]\n{listen}\nfallback = \"127.0.0.1\"\n\
             check = {{ {check}, port = 80, interval = \"1s\", fall = 3, rise = 2 }}\n\
             servers = [{{ address = \"{SERVER}\", weight = 10 }}]\n"
        ));
    }
    text
}

fn read(text: &str) -> Result<Config, String> {
    parse("director.toml", text).map_err(|problems| problems.to_string())
}

impl Bench {
    /// One with so many services, and a check of this kind.
    pub(crate) fn new(services: usize, kind: &str, address: &str) -> Self {
        let text = text(services, kind, address);
        let config = Arc::new(read(&text).unwrap());
        let now = Instant::from_nanos(1_000_000_000);
        let node = NodeName::new("d1").unwrap();
        let mut bench = Self {
            director: Director::new(config, node, 7, &Snapshot::default(), now),
            text,
            kernel: MemoryKernel::default(),
            ledger: Ledger::default(),
            now,
            running: None,
            asked: 0,
            steps: Vec::new(),
            reports: Vec::new(),
        };
        bench.settle();
        bench
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn handle(&mut self, input: Input) {
        self.director.handle(input, self.now);
        self.settle();
    }

    /// Carries out what the director wants, until it wants nothing.
    fn settle(&mut self) {
        loop {
            while let Some(report) = self.director.next_report() {
                self.reports.push(report);
            }
            let Some(effect) = self.director.next_effect() else { return };
            match effect {
                Effect::StartProbe { ticket, .. } => {
                    self.asked += 1;
                    self.running = Some(ticket);
                }
                Effect::CancelProbe { .. } => self.running = None,
                Effect::Reconcile { number, desired } => {
                    let done = reconcile(&mut self.kernel, number, desired, &mut self.ledger);
                    let servers = done.done.iter().map(ToString::to_string);
                    self.steps.extend(servers.filter(|step| step.contains("server")));
                    self.director.handle(Input::Reconciled(done), self.now);
                }
                _ => {}
            }
        }
    }

    /// Lets time pass until a check is under way.
    fn ask(&mut self) -> Ticket {
        for _ in 0..10_000 {
            if let Some(ticket) = self.running.take() {
                return ticket;
            }
            self.now = self.director.next_deadline().unwrap().at.max(self.now);
            self.handle(Input::Deadline);
        }
        panic!("nobody is asked");
    }

    /// The next check ends so.
    pub(crate) fn answer(&mut self, outcome: Outcome) {
        let ticket = self.ask();
        self.handle(Input::ProbeFinished { ticket, outcome, phases: Phases::default() });
    }

    pub(crate) fn pass(&mut self) {
        self.answer(Ok(Passed::default()));
        assert!(self.states().iter().all(|state| *state == Health::Up));
    }

    /// Lets time pass until the kernel has been compared once more. Checks that are due meanwhile
    /// stay unanswered.
    pub(crate) fn resync(&mut self) {
        self.handle(Input::KernelChanged);
    }

    /// The weight of the server in the kernel's table, for each service.
    pub(crate) fn weights(&self) -> Vec<Option<Weight>> {
        let server = |at: &SocketAddr| at.ip().to_string() == SERVER;
        let services = self.kernel.state.services.values();
        services
            .map(|table| table.servers.iter().find(|(at, _)| server(at)).map(|(_, it)| it.weight))
            .collect()
    }

    /// Whether the table of the only service has this server.
    pub(crate) fn has(&self, server: &str) -> bool {
        let ip = server.parse::<SocketAddr>().unwrap().ip();
        let services = self.kernel.state.services.values();
        services.flat_map(|table| table.servers.keys()).any(|at| at.ip() == ip)
    }

    /// Somebody takes the server out of every table.
    pub(crate) fn take_away(&mut self) {
        self.kernel.state.services.values_mut().for_each(|table| table.servers.clear());
    }

    /// Somebody gives the server another weight.
    pub(crate) fn set_weight(&mut self, weight: Weight) {
        let tables = self.kernel.state.services.values_mut();
        for (at, server) in tables.flat_map(|table| &mut table.servers) {
            if at.ip().to_string() == SERVER {
                server.weight = weight;
            }
        }
    }

    pub(crate) fn states(&self) -> Vec<Health> {
        let services = self.director.view(self.now).services.into_iter();
        services.map(|service| service.servers[0].health).collect()
    }

    /// What `director explain` says of the server's last checks.
    pub(crate) fn explained(&self) -> Vec<String> {
        let found = self.director.explain(SERVER, self.now);
        let server = found.iter().find(|found| !found.checks.is_empty()).unwrap();
        server.checks.iter().map(|check| check.text.clone()).collect()
    }

    pub(crate) fn reload(&mut self) {
        let text = self.text.clone();
        self.reload_text(&text).unwrap();
    }

    /// As the daemon does: what is not valid changes nothing.
    pub(crate) fn reload_text(&mut self, text: &str) -> Result<(), String> {
        let config = read(text)?;
        self.handle(Input::Reload(Arc::new(config)));
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        self.handle(Input::Stop);
        for _ in 0..100 {
            let Some(next) = self.director.next_deadline() else { return };
            self.now = next.at.max(self.now);
            self.handle(Input::Deadline);
        }
        panic!("it does not stop");
    }
}

fn check(target: SocketAddr, dialogue: Dialogue, timeout: Duration) -> Probe {
    Probe { target, way: None, dialogue, timeout }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// One real check.
pub(crate) fn probe(target: SocketAddr, dialogue: Dialogue, timeout: Duration) -> Outcome {
    let (host, check) = (LocalHost::default(), check(target, dialogue, timeout));
    runtime().block_on(director_probes::probe(&host, &check))
}

/// Two real checks at once, each with its place in the order in which they ended.
pub(crate) fn both(
    one: (SocketAddr, Dialogue),
    other: (SocketAddr, Dialogue),
    timeout: Duration,
) -> ((usize, Outcome), (usize, Outcome)) {
    let host = LocalHost::default();
    let ended = std::cell::Cell::new(0);
    let run = async |(target, dialogue): (SocketAddr, Dialogue)| {
        let outcome = director_probes::probe(&host, &check(target, dialogue, timeout)).await;
        ended.set(ended.get() + 1);
        (ended.get(), outcome)
    };
    runtime().block_on(async { tokio::join!(run(one), run(other)) })
}
