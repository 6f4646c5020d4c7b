//! Random tables, and what is done with them.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use director_core::config::{
    Forward, Persistence, Scheduler, SchedulerFlags, ServiceSettings, SyncRole, Thresholds, Tunnel,
};
use director_core::random::Stream;
use director_sim::ipvs::{Event, Settings, Share, Told, When};

/// Real servers that a table can have.
pub(crate) const SERVERS: u8 = 8;

/// The last byte of the first one's addresses, that of its network card among them.
pub(crate) const FIRST: u8 = 21;

/// Clients, in three networks.
const CLIENTS: u8 = 24;

/// Ports of a client: few, that they are used again.
const PORTS: u64 = 6;

/// Of so many connections, the last ones, something more is heard now and then.
const RECENT: usize = 8;

/// Times between two packets in milliseconds: amid the connections' own times, which are 10, 60,
/// 120 and 900 s.
const PAUSES: [u64; 7] = [40, 2_000, 9_000, 25_000, 70_000, 130_000, 1_100_000];

/// What persistence keeps a client for, in seconds.
const KEEPS: [u64; 3] = [20, 45, 360];

/// After how many packets a connection is told of, and again after how many more.
const TELLS: [(u32, u32); 5] = [(3, 50), (3, 0), (1, 2), (2, 5), (0, 1)];

/// The same in seconds, 0 for not by time.
const REFRESHES: [u64; 4] = [0, 0, 7, 33];

/// Seconds for which an entry is to live by what another director says.
const LIVES: [u64; 4] = [5, 47, 120, 900];

/// How the packets of a table reach its real servers.
const METHODS: [&[Forward]; 4] = [
    &[Forward::Direct],
    &[Forward::Nat],
    &[Forward::Tunnel(Tunnel::Ipip)],
    &[Forward::Direct, Forward::Nat, Forward::Tunnel(Tunnel::Ipip)],
];

/// Of what kind a table's addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4.
    Four,
    /// IPv6: all by direct routing.
    Six,
}

impl Family {
    /// The virtual service.
    pub(crate) fn service(self) -> SocketAddr {
        match self {
            Self::Four => ([10, 0, 0, 100], 80).into(),
            Self::Six => ([0x2001, 0xdb8, 0xa, 0, 0, 0, 0, 100], 80).into(),
        }
    }

    /// A real server.
    pub(crate) fn server(self, number: u8) -> SocketAddr {
        let last = FIRST + number;
        match self {
            Self::Four => ([10, 0, 0, last], 80).into(),
            Self::Six => ([0x2001, 0xdb8, 0xa, 0, 0, 0, 0, last.into()], 80).into(),
        }
    }

    fn client(self, number: u8) -> IpAddr {
        let (network, last) = (number % 3, 1 + number * 9);
        match self {
            Self::Four => [203, 0, network, last].into(),
            // Something in every word of 32 bits, for those who fold them into one.
            Self::Six => {
                let middle = u16::from(number) * 0x0301;
                [0x2001, 0xdb8, 0xcb, network.into(), middle, 0, !middle, last.into()].into()
            }
        }
    }

    /// How long the prefixes are that make one client of a network.
    fn prefixes(self) -> [u8; 3] {
        match self {
            Self::Four => [16, 24, 32],
            Self::Six => [48, 64, 128],
        }
    }

    /// Every address that a table can have.
    pub(crate) fn addresses(self) -> impl Iterator<Item = IpAddr> {
        let servers = (0..SERVERS).map(move |number| self.server(number).ip());
        let clients = (0..CLIENTS).map(move |number| self.client(number));
        servers.chain(clients).chain([self.service().ip()])
    }
}

/// Something that happens to a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// A client's segment arrives.
    Segment(SocketAddr, Event),
    /// The real server that a client's last segment went to sends one back, if by NAT.
    Answer(SocketAddr, Event),
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
    /// A daemon of synchronisation ends, or begins.
    Sync(Option<SyncRole>),
    /// Another director tells of one of its entries.
    Hear(Told),
}

/// A table and its life.
#[derive(Debug)]
pub(crate) struct Case {
    stream: Stream,
    scheduler: Scheduler,
    pub(crate) family: Family,
    pub(crate) settings: Settings,
    pub(crate) service: ServiceSettings,
    present: Vec<(u8, Forward)>,
    thresholds: bool,
    /// How packets reach the real servers: one method for all, or each its own.
    methods: &'static [Forward],
    /// Who opened a connection last.
    recent: VecDeque<SocketAddr>,
    /// When connections are told of, in a table that is synchronised.
    pub(crate) when: Option<When>,
}

impl Case {
    pub(crate) fn new(scheduler: Scheduler, seed: u64) -> Self {
        let mut stream = Stream::named(seed, scheduler.name());
        let settings = Settings {
            expire_nodest_conn: stream.below(2) == 0,
            expire_quiescent_template: stream.below(2) == 0,
        };
        let thresholds = stream.below(3) == 0;
        let family = if stream.below(4) == 0 { Family::Six } else { Family::Four };
        let service = service(&mut stream, scheduler, family);
        let methods = pick(&mut stream, &METHODS).filter(|_| family == Family::Four);
        // Which server dice have named must be seen, and what goes astray is not.
        let methods = methods.filter(|all| scheduler != Scheduler::Twos || all.len() == 1);
        let methods = methods.unwrap_or(&[Forward::Direct]);
        let (present, recent) = (Vec::new(), VecDeque::new());
        let mut told = Stream::named(seed, &format!("{}/told", scheduler.name()));
        let is_told = family == Family::Four && told.below(2) == 0;
        let when = is_told.then(|| when(&mut told));
        Self {
            stream,
            scheduler,
            family,
            settings,
            service,
            present,
            thresholds,
            methods,
            recent,
            when,
        }
    }

    /// The real servers that it begins with.
    pub(crate) fn first(&mut self) -> Vec<Deed> {
        let count = 1 + self.stream.below(5);
        let servers = (0..count).filter_map(|_| self.add());
        let mut deeds: Vec<Deed> = servers.collect();
        if self.when.is_some() && self.stream.below(2) == 0 {
            deeds.push(Deed::Sync(Some(SyncRole::Master)));
        }
        deeds
    }

    /// What happens next.
    pub(crate) fn happens(&mut self) -> Deed {
        loop {
            if self.when.is_some() {
                let known = pick(&mut self.stream, self.recent.make_contiguous());
                match (self.stream.below(8), known) {
                    (0, _) => return self.told(),
                    // A connection is told of by its packets.
                    (1..=3, Some(client)) => return Deed::Segment(client, Event::Ack),
                    _ => {}
                }
            }
            let deed = match self.stream.below(100) {
                0..=49 => Some(Deed::Segment(self.opener(), Event::Syn)),
                50..=64 => {
                    let events = [Event::Ack, Event::Ack, Event::Fin, Event::Rst];
                    let event = pick(&mut self.stream, &events).unwrap_or(Event::Ack);
                    let known = pick(&mut self.stream, self.recent.make_contiguous());
                    let any = self.client();
                    let client = known.filter(|_| self.stream.below(2) == 0).unwrap_or(any);
                    Some(Deed::Segment(client, event))
                }
                65..=74 => {
                    let events = [Event::Syn, Event::Syn, Event::Ack, Event::Fin, Event::Rst];
                    let event = pick(&mut self.stream, &events).unwrap_or(Event::Ack);
                    let known = pick(&mut self.stream, self.recent.make_contiguous());
                    known.map(|client| Deed::Answer(client, event))
                }
                75..=81 => pick(&mut self.stream, &PAUSES)
                    .map(|pause| Deed::Pause(Duration::from_millis(pause))),
                82..=86 => self.add(),
                87..=93 => {
                    let known = pick(&mut self.stream, &self.present);
                    known.map(|(number, forward)| Deed::Edit(number, self.share(forward)))
                }
                94..=97 => {
                    let known = pick(&mut self.stream, &self.present);
                    known.map(|(number, _)| {
                        self.present.retain(|(other, _)| *other != number);
                        Deed::Remove(number)
                    })
                }
                _ => Some(Deed::Service(service(&mut self.stream, self.scheduler, self.family))),
            };
            if let Some(deed) = deed {
                return deed;
            }
        }
    }

    /// Something of synchronisation.
    fn told(&mut self) -> Deed {
        if self.stream.below(4) == 0 {
            let roles =
                [None, Some(SyncRole::Master), Some(SyncRole::Master), Some(SyncRole::Backup)];
            return Deed::Sync(pick(&mut self.stream, &roles).flatten());
        }
        let known = pick(&mut self.stream, self.recent.make_contiguous());
        let any = self.client();
        let client = known.filter(|_| self.stream.below(2) == 0).unwrap_or(any);
        let number = u8::try_from(self.stream.below(SERVERS.into())).unwrap_or(0);
        let places = (client, self.family.service(), self.family.server(number));
        let (SocketAddr::V4(client), SocketAddr::V4(service), SocketAddr::V4(server)) = places
        else {
            return Deed::Sync(None);
        };
        let forward = pick(&mut self.stream, self.methods).unwrap_or(Forward::Direct);
        let lives = Duration::from_secs(pick(&mut self.stream, &LIVES).unwrap_or(47));
        let told = if self.stream.below(4) == 0 {
            let prefix = pick(&mut self.stream, &self.family.prefixes()).unwrap_or(32);
            let bound = (*client.ip(), prefix, self.stream.below(2) == 0);
            Some(Told::template(bound, service, server, forward, lives))
        } else {
            // All that the kernel tells of: established, the ways to an end, closed.
            let state = pick(&mut self.stream, &[1, 1, 1, 4, 5, 6, 7]).unwrap_or(1);
            Told::connection((client, service, server), state, forward, lives)
        };
        told.map_or(Deed::Sync(None), Deed::Hear)
    }

    fn add(&mut self) -> Option<Deed> {
        let is_absent = |number: &u8| self.present.iter().all(|(other, _)| other != number);
        let absent: Vec<u8> = (0..SERVERS).filter(is_absent).collect();
        let number = pick(&mut self.stream, &absent)?;
        let forward = pick(&mut self.stream, self.methods)?;
        self.present.push((number, forward));
        Some(Deed::Add(number, self.share(forward)))
    }

    fn share(&mut self, forward: Forward) -> Share {
        let weights = [0, 1, 1, 2, 3, 3, 5, 10, 60, 100, 1000];
        let weight = pick(&mut self.stream, &weights).unwrap_or(1);
        let mut thresholds = Thresholds::NONE;
        if self.thresholds && self.stream.below(2) == 0 {
            let upper = 1 + self.stream.below(6);
            let lower = self.stream.below(upper + 1);
            thresholds.upper = u32::try_from(upper).unwrap_or(1);
            thresholds.lower = u32::try_from(lower).unwrap_or(0);
        }
        Share { weight, thresholds, forward }
    }

    fn opener(&mut self) -> SocketAddr {
        let client = self.client();
        self.recent.push_back(client);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        client
    }

    fn client(&mut self) -> SocketAddr {
        let number = u8::try_from(self.stream.below(CLIENTS.into())).unwrap_or(0);
        let port = 1024 + u16::try_from(self.stream.below(PORTS)).unwrap_or(0);
        SocketAddr::new(self.family.client(number), port)
    }
}

fn service(stream: &mut Stream, scheduler: Scheduler, family: Family) -> ServiceSettings {
    let bits = u8::try_from(stream.below(4)).unwrap_or(0);
    let hashes = matches!(scheduler, Scheduler::Sh | Scheduler::Mh);
    let flags = if hashes { SchedulerFlags::from_bits(bits) } else { SchedulerFlags::NONE };
    let persistence = (stream.below(4) == 0).then(|| Persistence {
        timeout: Duration::from_secs(pick(stream, &KEEPS).unwrap_or(20)),
        prefix: pick(stream, &family.prefixes()).unwrap_or(32),
        engine: None,
    });
    ServiceSettings { flags, persistence, ..scheduler.into() }
}

fn when(stream: &mut Stream) -> When {
    let (threshold, period) = pick(stream, &TELLS).unwrap_or((3, 50));
    let refresh = Duration::from_secs(pick(stream, &REFRESHES).unwrap_or(0));
    let retries = u8::try_from(stream.below(3)).unwrap_or(0);
    When { threshold, period, refresh, retries }
}

fn pick<T: Copy>(stream: &mut Stream, among: &[T]) -> Option<T> {
    let count = u64::try_from(among.len()).unwrap_or(0);
    among.get(usize::try_from(stream.below(count)).ok()?).copied()
}
