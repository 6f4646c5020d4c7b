//! A pair of directors on a kernel and servers of paper, each behind a real control socket: to
//! look at `director top` and the page without privileges, and at what many services cost.
//!
//! ```sh
//! cargo run -p director-shell --example paper_pair -- FOLDER [SERVICES] [SERVERS] [PORT]
//! director top --control FOLDER/d1.sock
//! chromium http://127.0.0.1:9470/
//! ```
//!
//! One server in thirty fails its checks for a part of every minute.
#![allow(clippy::unwrap_used, reason = "an example stops when something is wrong")]

#[allow(dead_code, unused_imports, reason = "it is the tests' support, and more than is needed")]
#[path = "../tests/shell/support/mod.rs"]
mod support;

use director_core::config::{Config, Server, ServiceKey, Weight};
use director_core::name::ServiceName;
use director_shell::control::Control;
use director_shell::counters::Counters;
use director_shell::history::History;
use director_shell::http::{self, Site};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::{Cluster, FakeKernel, Manner, config};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio::time::sleep;

fn large(services: u16, servers: u16) -> Config {
    let mut config = config();
    let (_, mut service) = config.services.pop_first().unwrap();
    // A hundred checks in a second are enough to look at.
    let all = u64::from(services) * u64::from(servers);
    service.check.interval = Duration::from_secs((all / 100).max(1));
    for number in 0..services {
        let mut one = service.clone();
        one.key = ServiceKey::Tcp(SocketAddr::new([10, 0, 0, 100].into(), 80 + number));
        let server = |n: u16| {
            let address = format!("10.{}.{}.{}:80", 1 + number / 250, number % 250, 20 + n);
            (address.parse().unwrap(), Server::from(Weight(10)))
        };
        one.servers = (0..servers).map(server).collect();
        config.services.insert(ServiceName::new(&format!("web{number:03}")).unwrap(), one);
    }
    config
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder: PathBuf = arguments.next().unwrap_or_else(|| "/tmp/paper-pair".into()).into();
    let number = |text: Option<String>, default| text.map_or(default, |it| it.parse().unwrap());
    let services = number(arguments.next(), 3);
    let servers = number(arguments.next(), 4);
    let first_port = number(arguments.next(), 9470);
    let config = large(services, servers);
    let controls = ["d1", "d2"]
        .map(|name| (name, Control::open(&folder.join(format!("{name}.sock"))).unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async move {
        let cluster = Cluster::default();
        for (port, (seed, (name, control))) in (first_port..).zip((1..).zip(controls)) {
            let director = cluster.start_with(config.clone(), name, seed, &FakeKernel::default());
            let counters = Counters::new(director.kernel.clone());
            let limit = Arc::default();
            let (orders, history) = (director.orders.clone(), History::default());
            tokio::task::spawn_local(control.serve(
                orders.clone(),
                counters.clone(),
                Arc::clone(&limit),
            ));
            tokio::task::spawn_local(history.clone().write(orders.clone()));
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            let site = Site { orders, counters, history, limit };
            tokio::task::spawn_local(http::serve(listener, site));
            // It lives as long as this program.
            std::mem::forget(director);
        }
        let addresses = config.services.values().flat_map(|service| service.servers.keys());
        let sick: Vec<SocketAddr> = addresses.skip(2).step_by(30).copied().collect();
        loop {
            // The rhythm in which the servers fail.
            sleep(Duration::from_secs(20)).await;
            sick.iter().for_each(|server| cluster.servers.set(*server, Manner::Refuses));
            sleep(Duration::from_secs(20)).await;
            cluster.servers.heal();
            sleep(Duration::from_secs(20)).await;
        }
    });
}
