//! Who fills a table faster.

use crate::{Outcome, ipvsadm};
use director_core::config::{Forward, Scheduler, ServiceKey, ServiceSettings, Weight};
use director_core::desired::{DesiredServer, DesiredService, DesiredState};
use director_core::input::Reconciled;
use director_core::plan::{Ledger, diff};
use director_engine::reconcile::{Pass, Progress, observe};
use director_linux::LinuxKernel;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The director must be so many times as fast as `ipvsadm -R`.
const RATIO: f64 = 5.0;
/// What planning may take over a table that is as it should be: the rest of such a pass is the
/// kernel's, which lists the table service by service.
const PLANNING: Duration = Duration::from_millis(50);

pub(crate) fn race(services: u64, servers: u64) -> Outcome<ExitCode> {
    let wanted = wanted(services, servers);
    let lines = lines(&wanted);
    ipvsadm(&["-C"], "")?;
    let (_, theirs) = timed(|| ipvsadm(&["-R"], &lines))?;
    ipvsadm(&["-C"], "")?;

    let (mut kernel, mut ledger) = (LinuxKernel::new(), Ledger::default());
    let filling = pass(&mut kernel, &wanted, &mut ledger)?;
    let resting = pass(&mut kernel, &wanted, &mut ledger)?;
    let changing = pass(&mut kernel, &heavier(wanted.clone()), &mut ledger)?;
    let found = observe(&mut kernel, &wanted).map_err(|error| error.to_string())?;
    let (_, planning) = timed(|| Ok(diff(&wanted, &found, &ledger)))?;

    let ratio = theirs.as_secs_f64() / filling.changing.as_secs_f64();
    println!("{services} services with {servers} servers each, in one kernel");
    println!("ipvsadm -R fills the table in {theirs:.1?}");
    println!(
        "a pass fills it in {:.1?}, {ratio:.1} times as fast (the goal is {RATIO}): {filling}",
        filling.changing
    );
    println!("with nothing to do: {resting}");
    println!("with one weight that changes: {changing}");
    println!("planning of it: {planning:.1?} (the limit is {PLANNING:?})");
    let expected = usize::try_from(services * (servers + 1)).unwrap_or(usize::MAX);
    let made = [&filling, &resting, &changing].map(|pass| pass.made);
    let fast = ratio >= RATIO && planning <= PLANNING;
    Ok(if made == [expected, 0, 1] && fast { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a pass took.
struct Took {
    made: usize,
    looking: Duration,
    changing: Duration,
    checking: Duration,
}

impl fmt::Display for Took {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, looking, changing, checking } = self;
        write!(
            formatter,
            "{made} operations; {looking:.1?} to look and plan, {changing:.1?} to change, \
             {checking:.1?} to look again"
        )
    }
}

/// One pass, as the daemon makes it.
fn pass(kernel: &mut LinuxKernel, wanted: &DesiredState, ledger: &mut Ledger) -> Outcome<Took> {
    let wanted = Arc::new(wanted.clone());
    let (mut pass, looking) = timed(|| {
        Pass::begin(kernel, 1, wanted, ledger).map_err(|over| format!("{:?}", over.found))
    })?;
    let ((), changing) = timed(|| {
        while pass.remaining() > 0 {
            pass.advance(kernel);
        }
        Ok(())
    })?;
    let (made, checking) = timed(|| match pass.advance(kernel) {
        Progress::Over(over) => done(over),
        Progress::More => Err("a pass without steps goes on".to_owned()),
    })?;
    Ok(Took { made, looking, changing, checking })
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
