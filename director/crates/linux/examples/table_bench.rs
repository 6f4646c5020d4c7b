//! How long a large table takes, against `ipvsadm -R` in the same kernel.
//!
//! ```text
//! table_bench [SERVICES [SERVERS]]
//! ```
//!
//! It fills the IPVS table of its network namespace with services and servers (1,000 of 10 unless
//! told otherwise), each time from empty, and empties it again: use a guest or a namespace of its
//! own. The figures are those of one machine at one moment; the ratios say more. It ends with 1 when
//! a pass without a change, or with one, does more than it should.

use director_core::config::{Forward, Scheduler, ServiceKey, Weight};
use director_core::desired::{DesiredServer, DesiredService, DesiredState};
use director_core::plan::{Ledger, diff};
use director_engine::reconcile::{observe, reconcile};
use director_linux::LinuxKernel;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn key(number: u16) -> ServiceKey {
    ServiceKey::Tcp((Ipv4Addr::new(10, 0, 0, 100), number).into())
}

fn server(number: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 1, number), port).into()
}

fn table(services: u16, servers: u8) -> DesiredState {
    let to = DesiredServer::new(Forward::Direct, Weight(1));
    let service = |number| {
        let servers: BTreeMap<_, _> = (1..=servers).map(|one| (server(one, number), to)).collect();
        let settings = Scheduler::Wlc.into();
        (key(number), DesiredService { settings, servers, absent: BTreeSet::new() })
    };
    DesiredState { services: (1..=services).map(service).collect(), ..Default::default() }
}

/// The same table as `ipvsadm -R` takes it.
fn saved(desired: &DesiredState) -> String {
    let mut text = String::new();
    for (key, service) in &desired.services {
        let Some(at) = key.address() else { continue };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "-A -t {at} -s wlc");
        for server in service.servers.keys() {
            let _ = writeln!(text, "-a -t {at} -r {server} -g -w 1");
        }
    }
    text
}

fn ipvsadm(arguments: &[&str], input: &str) -> std::io::Result<Duration> {
    let begun = Instant::now();
    let mut child = Command::new("ipvsadm").args(arguments).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() {
        Ok(begun.elapsed())
    } else {
        Err(std::io::Error::other(format!("ipvsadm ended with {status}")))
    }
}

struct Pass {
    took: Duration,
    steps: usize,
}

fn pass(kernel: &mut LinuxKernel, desired: &DesiredState) -> Result<Pass, String> {
    let begun = Instant::now();
    let over = reconcile(kernel, 1, Arc::new(desired.clone()), &mut Ledger::default());
    over.found?;
    match over.failed.first() {
        None => Ok(Pass { took: begun.elapsed(), steps: over.done.len() }),
        Some(failed) => Err(format!("{}: {}", failed.step, failed.why)),
    }
}

fn bench(services: u16, servers: u8) -> Result<bool, String> {
    let broken = |error: std::io::Error| error.to_string();
    let desired = table(services, servers);
    let mut kernel = LinuxKernel::new();
    ipvsadm(&["-C"], "").map_err(broken)?;
    let theirs = ipvsadm(&["-R"], &saved(&desired)).map_err(broken)?;
    println!("ipvsadm -R:             {theirs:>12.1?}");
    let same = pass(&mut kernel, &desired)?;
    println!("what it made, taken in: {:>12.1?}  {} steps", same.took, same.steps);
    ipvsadm(&["-C"], "").map_err(broken)?;
    let ours = pass(&mut kernel, &desired)?;
    println!("director, from empty:   {:>12.1?}  {} steps", ours.took, ours.steps);
    println!("ratio:                  {:>12.1}", theirs.as_secs_f64() / ours.took.as_secs_f64());
    let still = pass(&mut kernel, &desired)?;
    println!("no change:              {:>12.1?}  {} steps", still.took, still.steps);
    let found = observe(&mut kernel, &desired).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let none = diff(&desired, &found, &Ledger::default()).len();
    println!("its plan alone:         {:>12.1?}  {none} steps", begun.elapsed());
    let mut changed = desired.clone();
    let one =
        changed.services.get_mut(&key(services)).and_then(|it| it.servers.values_mut().next());
    one.ok_or("a table without servers")?.weight = Weight(2);
    let once = pass(&mut kernel, &changed)?;
    println!("one weight changed:     {:>12.1?}  {} steps", once.took, once.steps);
    ipvsadm(&["-C"], "").map_err(broken)?;
    Ok(same.steps == 0 && still.steps == 0 && none == 0 && once.steps == 1)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let services = arguments.next().map_or(Ok(1_000), |text| text.parse());
    let servers = arguments.next().map_or(Ok(10), |text| text.parse());
    let (Ok(services), Ok(servers)) = (services, servers) else {
        eprintln!("usage: table_bench [SERVICES [SERVERS]]");
        return ExitCode::from(2);
    };
    match bench(services, servers) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
