//! Who fills a table faster.

use crate::{Outcome, ipvsadm};
use director_core::config::{Forward, Scheduler, ServiceKey, ServiceSettings, Weight};
use director_core::desired::{DesiredServer, DesiredService, DesiredState};
use director_core::input::Reconciled;
use director_core::plan::Ledger;
use director_engine::reconcile::reconcile;
use director_linux::LinuxKernel;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The director must be so many times as fast as `ipvsadm -R`.
const RATIO: f64 = 5.0;
/// What a pass over a table of 10,000 servers may take that is as it should be.
const IDLE: Duration = Duration::from_millis(50);

pub(crate) fn race(services: u64, servers: u64) -> Outcome<ExitCode> {
    let wanted = wanted(services, servers);
    let lines = lines(&wanted);
    ipvsadm(&["-C"], "")?;
    let (_, theirs) = timed(|| ipvsadm(&["-R"], &lines))?;
    ipvsadm(&["-C"], "")?;

    let (mut kernel, mut ledger) = (LinuxKernel::new(), Ledger::default());
    let mut pass = |wanted: &DesiredState| {
        let wanted = Arc::new(wanted.clone());
        timed(|| done(reconcile(&mut kernel, 1, wanted, &mut ledger)))
    };
    let (filled, ours) = pass(&wanted)?;
    let (idle, resting) = pass(&wanted)?;
    let (changed, changing) = pass(&heavier(wanted))?;

    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{services} services with {servers} servers each, in one kernel");
    println!("from nothing     {ours:>10.1?}  {filled} operations");
    println!("ipvsadm -R       {theirs:>10.1?}  {ratio:.1} times as long, the goal is {RATIO}");
    println!("nothing to do    {resting:>10.1?}  {idle} operations, the limit is {IDLE:?}");
    println!("one weight       {changing:>10.1?}  {changed} operations");
    let expected = usize::try_from(services * (servers + 1)).unwrap_or(usize::MAX);
    let right = (filled, idle, changed) == (expected, 0, 1);
    let fast = ratio >= RATIO && resting <= IDLE;
    Ok(if right && fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Duration)> {
    let began = Instant::now();
    Ok((work()?, began.elapsed()))
}

/// How many operations a pass made; all must have been made.
fn done(pass: Reconciled) -> Outcome<usize> {
    pass.found?;
    match pass.failed.first() {
        None => Ok(pass.done.len()),
        Some(failed) => Err(format!("{}: {}", failed.step, failed.why)),
    }
}

/// The table that both make.
fn wanted(services: u64, servers: u64) -> DesiredState {
    let server = |service: u64, server: u64| {
        let port = u16::try_from(1 + server).unwrap_or(u16::MAX);
        let address = Ipv4Addr::from_bits(0x0a80_0000 | u32::try_from(service).unwrap_or(0));
        let to = DesiredServer::new(Forward::Nat, Weight(10));
        (SocketAddr::from((address, port)), to)
    };
    let service = |number: u64| {
        let address = Ipv4Addr::from_bits(0x0a00_0000 | u32::try_from(number).unwrap_or(0));
        let service = DesiredService {
            settings: ServiceSettings::from(Scheduler::Wlc),
            servers: (0..servers).map(|one| server(number, one)).collect(),
            absent: [].into(),
        };
        (ServiceKey::Tcp(SocketAddr::from((address, 80))), service)
    };
    DesiredState { services: (0..services).map(service).collect(), ..DesiredState::default() }
}

/// The same with one server that has another weight.
fn heavier(mut wanted: DesiredState) -> DesiredState {
    let mut servers = wanted.services.values_mut().flat_map(|service| service.servers.values_mut());
    if let Some(server) = servers.next() {
        server.weight = Weight(11);
    }
    wanted
}

/// The table for `ipvsadm -R`.
fn lines(wanted: &DesiredState) -> String {
    let mut lines = String::new();
    for (key, service) in &wanted.services {
        let Some(place) = key.address() else { continue };
        lines.push_str(&format!("-A -t {place} -s {}\n", service.settings.scheduler));
        for (server, to) in &service.servers {
            lines.push_str(&format!("-a -t {place} -r {server} -m -w {}\n", to.weight));
        }
    }
    lines
}
