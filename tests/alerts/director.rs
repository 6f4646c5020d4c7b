//! A director whose time the test moves, with the courier that `director run` has.

use director_core::alert::Undelivered;
use director_core::config::Config;
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::plan::Ledger;
use director_core::probe::{Failure, Passed, Phases};
use director_core::time::Instant;
use director_core::view::AlertView;
use director_core::{Director, Effect, Input};
use director_courier::LocalCourier;
use director_engine::memory::MemoryKernel;
use director_engine::reconcile::reconcile;
use director_shell::courier::Courier;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) struct Directed {
    director: Director,
    config: Arc<Config>,
    kernel: MemoryKernel,
    ledger: Ledger,
    runtime: Runtime,
    now: Instant,
    sick: BTreeSet<SocketAddr>,
    /// When which delivery was begun.
    pub(crate) attempts: Vec<Instant>,
}

fn text(port: u16, servers: usize) -> String {
    let servers: Vec<String> =
        (1..=servers).map(|number| format!("{{ address = \"10.0.0.2{number}\" }}")).collect();
    format!(
        r#"
[cluster]
key-file = "/cluster.key"
initdead = "3s"
[nodes.d1]
addresses = {{ eth0 = "10.0.0.11" }}
priority = 100
[groups.web]
addresses = ["10.0.0.100/24 on eth0"]
[services.http]
listen = "10.0.0.100:80"
check = {{ type = "http", interval = "1s", timeout = "500ms", fall = 1 }}
servers = [{}]
[alerts.operators]
mail = {{ to = ["ops@example.org"], from = "d@example.org", server = "127.0.0.1", port = {port} }}
events = ["server"]
limit = {{ count = 2, within = "1m" }}
retry = {{ first = "1s", longest = "10s", for = "1h" }}
timeout = "1s"
"#,
        servers.join(", ")
    )
}

impl Directed {
    /// One that owns a service with so many servers, and tells by mail to this port of this host.
    pub(crate) fn start(port: u16, servers: usize) -> Self {
        let config = director_config::parse("director.toml", &text(port, servers));
        let config = Arc::new(config.unwrap_or_else(|problems| panic!("{problems}")));
        let now = Instant::from_nanos(1_000_000_000);
        let node = NodeName::new("d1").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut directed = Self {
            director: Director::new(Arc::clone(&config), node, 7, &Snapshot::default(), now),
            config,
            kernel: MemoryKernel::default(),
            ledger: Ledger::default(),
            runtime,
            now,
            sick: BTreeSet::new(),
            attempts: Vec::new(),
        };
        directed.settle();
        directed
    }

    /// These servers refuse from now on. Returns when the director knows.
    pub(crate) fn fail(&mut self, numbers: &[u8]) -> Instant {
        let sick = numbers.iter().map(|number| SocketAddr::from(([10, 0, 0, 20 + number], 80)));
        self.sick.extend(sick);
        // Checks are spread over their interval.
        self.run(Duration::from_secs(2));
        self.attempts.first().copied().unwrap_or(self.now)
    }

    /// Lets time pass. Deliveries take none of it.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.director.next_deadline().filter(|next| next.at <= end) {
            self.now = self.now.max(next.at);
            self.handle(Input::Deadline);
        }
        self.now = end;
    }

    fn handle(&mut self, input: Input) {
        self.director.handle(input, self.now);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            while self.director.next_report().is_some() {}
            let Some(effect) = self.director.next_effect() else { return };
            let came = match effect {
                Effect::StartProbe { ticket, probe } => {
                    let sick = self.sick.contains(&probe.target);
                    let outcome = if sick { Err(Failure::Refused) } else { Ok(Passed::default()) };
                    Input::ProbeFinished { ticket, outcome, phases: Phases::default() }
                }
                Effect::Reconcile { number, desired } => {
                    let ledger = &mut self.ledger;
                    Input::Reconciled(reconcile(&mut self.kernel, number, desired, ledger))
                }
                Effect::Alert { channel, notice } => {
                    self.attempts.push(self.now);
                    let alert = &self.config.alerts[&channel];
                    let age = self.now.since(notice.since);
                    let result = self.runtime.block_on(async {
                        // It is the shell that ends a delivery whose time is up.
                        let delivery = LocalCourier.deliver(alert, &notice, age);
                        tokio::time::timeout(alert.timeout, delivery).await
                    });
                    let why = "its time is up".to_owned();
                    let result = result.unwrap_or(Err(Undelivered { again: true, why }));
                    Input::AlertEnded { channel, number: notice.number, result }
                }
                _ => continue,
            };
            self.director.handle(came, self.now);
        }
    }

    pub(crate) fn alerts(&self) -> AlertView {
        self.director.view(self.now).alerts.remove(0)
    }

    pub(crate) fn weights(&self) -> Vec<u16> {
        let tables = self.kernel.state.services.values();
        tables.flat_map(|table| table.servers.values()).map(|server| server.weight.0).collect()
    }
}
