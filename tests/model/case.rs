//! Random tables, and what is done with them.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use director_core::config::{
    Forward, Persistence, Scheduler, SchedulerFlags, ServiceSettings, Thresholds,
};
use director_core::random::Stream;
use director_sim::ipvs::{Event, Settings, Share};

/// The virtual service of every table.
pub(crate) const SERVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 100), 80);

/// Real servers that a table can have; the last byte of their address is 21 and following.
pub(crate) const SERVERS: u8 = 8;

/// Clients, in three networks.
const CLIENTS: u64 = 24;

/// Ports of a client: few, that they are used again.
const PORTS: u64 = 6;

/// Times between two packets in milliseconds: amid the connections' own times, which are 10, 60,
/// 120 and 900 s.
const PAUSES: [u64; 7] = [40, 2_000, 9_000, 25_000, 70_000, 130_000, 1_100_000];

/// What persistence keeps a client for, in seconds.
const KEEPS: [u64; 3] = [20, 45, 360];

/// The address of a real server.
pub(crate) fn server(number: u8) -> SocketAddr {
    ([10, 0, 0, 21 + number], 80).into()
}

/// Something that happens to a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// A client's segment arrives.
    Segment(SocketAddrV4, Event),
    /// Nothing for a while.
    Pause(Duration),
    /// A real server comes, or comes back.
    Add(u8, Share),
    /// A real server's weight or thresholds change.
    Edit(u8, Share),
    /// A real server is taken out.
    Remove(u8),
    /// The service's settings change.
    Service(ServiceSettings),
}

/// A table and its life.
#[derive(Debug)]
pub(crate) struct Case {
    stream: Stream,
    scheduler: Scheduler,
    pub(crate) settings: Settings,
    pub(crate) service: ServiceSettings,
    present: Vec<u8>,
    thresholds: bool,
}

impl Case {
    pub(crate) fn new(scheduler: Scheduler, seed: u64) -> Self {
        let mut stream = Stream::named(seed, scheduler.name());
        let settings = Settings {
            expire_nodest_conn: stream.below(2) == 0,
            expire_quiescent_template: stream.below(2) == 0,
        };
        let thresholds = stream.below(3) == 0;
        let service = service(&mut stream, scheduler);
        Self { stream, scheduler, settings, service, present: Vec::new(), thresholds }
    }

    /// The real servers that it begins with.
    pub(crate) fn first(&mut self) -> Vec<Deed> {
        let count = 1 + self.stream.below(5);
        (0..count).filter_map(|_| self.add()).collect()
    }

    /// What happens next.
    pub(crate) fn happens(&mut self) -> Deed {
        loop {
            let deed = match self.stream.below(100) {
                0..=54 => Some(Deed::Segment(self.client(), Event::Syn)),
                55..=74 => {
                    let events = [Event::Ack, Event::Ack, Event::Fin, Event::Rst];
                    let event = pick(&mut self.stream, &events).unwrap_or(Event::Ack);
                    Some(Deed::Segment(self.client(), event))
                }
                75..=81 => pick(&mut self.stream, &PAUSES)
                    .map(|pause| Deed::Pause(Duration::from_millis(pause))),
                82..=86 => self.add(),
                87..=93 => {
                    let number = pick(&mut self.stream, &self.present);
                    number.map(|number| Deed::Edit(number, self.share()))
                }
                94..=97 => {
                    let number = pick(&mut self.stream, &self.present);
                    number.inspect(|number| self.present.retain(|other| other != number));
                    number.map(Deed::Remove)
                }
                _ => Some(Deed::Service(service(&mut self.stream, self.scheduler))),
            };
            if let Some(deed) = deed {
                return deed;
            }
        }
    }

    fn add(&mut self) -> Option<Deed> {
        let absent: Vec<u8> =
            (0..SERVERS).filter(|number| !self.present.contains(number)).collect();
        let number = pick(&mut self.stream, &absent)?;
        self.present.push(number);
        Some(Deed::Add(number, self.share()))
    }

    fn share(&mut self) -> Share {
        let weights = [0, 1, 1, 2, 3, 3, 5, 10, 60, 100, 1000];
        let weight = pick(&mut self.stream, &weights).unwrap_or(1);
        let mut thresholds = Thresholds::NONE;
        if self.thresholds && self.stream.below(2) == 0 {
            let upper = 1 + self.stream.below(6);
            let lower = self.stream.below(upper + 1);
            thresholds.upper = u32::try_from(upper).unwrap_or(1);
            thresholds.lower = u32::try_from(lower).unwrap_or(0);
        }
        Share { weight, thresholds, forward: Forward::Direct }
    }

    fn client(&mut self) -> SocketAddrV4 {
        let number = u8::try_from(self.stream.below(CLIENTS)).unwrap_or(0);
        let port = 1024 + u16::try_from(self.stream.below(PORTS)).unwrap_or(0);
        SocketAddrV4::new(Ipv4Addr::new(203, 0, number % 3, 1 + number * 9), port)
    }
}

fn service(stream: &mut Stream, scheduler: Scheduler) -> ServiceSettings {
    let bits = u8::try_from(stream.below(4)).unwrap_or(0);
    let hashes = matches!(scheduler, Scheduler::Sh | Scheduler::Mh);
    let flags = if hashes { SchedulerFlags::from_bits(bits) } else { SchedulerFlags::NONE };
    let persistence = (stream.below(4) == 0).then(|| Persistence {
        timeout: Duration::from_secs(pick(stream, &KEEPS).unwrap_or(20)),
        prefix: pick(stream, &[16, 24, 32]).unwrap_or(32),
        engine: None,
    });
    ServiceSettings { flags, persistence, ..scheduler.into() }
}

fn pick<T: Copy>(stream: &mut Stream, among: &[T]) -> Option<T> {
    let count = u64::try_from(among.len()).unwrap_or(0);
    among.get(usize::try_from(stream.below(count)).ok()?).copied()
}
