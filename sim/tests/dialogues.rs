//! Every dialogue of a health check over turmoil's TCP and UDP: paths that are held, servers that
//! crash and return, packets that are late. Prints the table.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../../director/crates/probes/tests/peers/dialogues.rs"]
mod dialogues;

use dialogues::{Carried, Subject, subjects};
use director_core::config::dialogue::{Program, Secret, Trust};
use director_core::probe::{Failure, Outcome, Phase, Probe};
use director_probes::{Carrier, Datagrams, Ended, Host, Network, Pending, probe};
use director_sim::shelled::Net;
use rustls::RootCertStore;
use std::future::{pending, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

const TIMEOUT: Duration = Duration::from_secs(3);
const SERVER: &str = "192.0.2.21";
const ASKS: &str = "192.0.2.11";
const PORT: u16 = 4711;
/// Well inside of every dialogue that waits.
const MIDWAY: Duration = Duration::from_millis(500);
/// The check begins within the first step of the simulation.
const STEP: Duration = Duration::from_millis(1);
/// A server that crashed is back.
const BACK: Duration = Duration::from_secs(5);

/// What happens, and what must come of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// Nothing passes from the beginning.
    Held,
    /// Nothing passes any more when half of the server's first words are there.
    HeldMidway,
    /// The server's process crashes then: its kernel ends the connection.
    Crashed,
    /// The whole server was off, and is back before the check begins.
    Returned,
    /// Packets take 400 ms; the server ends the connection after half of its first words.
    Delayed,
    /// Packets take so long that the first words cannot be there in time.
    Late,
}

const CASES: [(Case, &str); 6] = [
    (Case::Held, "held"),
    (Case::HeldMidway, "midway"),
    (Case::Crashed, "crashed"),
    (Case::Returned, "returned"),
    (Case::Delayed, "delayed"),
    (Case::Late, "late"),
];

impl Case {
    fn latency(self) -> Duration {
        match self {
            Self::Delayed => Duration::from_millis(400),
            Self::Late => Duration::from_secs(2),
            _ => Duration::from_millis(1),
        }
    }

    /// Whether the server ends the connection when it has said half of it.
    fn closes(self) -> bool {
        matches!(self, Self::Returned | Self::Delayed)
    }

    fn is_right(self, carried: Carried, outcome: &Outcome, took: Duration) -> bool {
        let Err(failure) = outcome else { return false };
        let timed_out = matches!(failure, Failure::TimedOut { .. }) && took == TIMEOUT;
        if carried == Carried::Datagrams {
            // Nobody tells of the end of a peer that was never connected to.
            return timed_out;
        }
        let connecting = *failure == Failure::TimedOut { phase: Phase::Connect };
        let ended = matches!(
            failure,
            Failure::Closed { .. }
                | Failure::Body { .. }
                | Failure::Malformed { .. }
                | Failure::Tls { .. }
        );
        match self {
            Self::Held => timed_out && connecting,
            Self::HeldMidway | Self::Late => timed_out && !connecting,
            Self::Crashed => ended && took + STEP >= MIDWAY && took < TIMEOUT,
            Self::Returned => ended && took < MIDWAY,
            Self::Delayed => ended && took >= self.latency() && took < TIMEOUT,
        }
    }
}

#[test]
fn every_dialogue_ends_as_it_should_when_the_network_or_the_server_fails() {
    let mut wrong = Vec::new();
    let (mut right, mut skipped) = (0, Vec::new());
    let titles: String = CASES.iter().map(|(_, title)| format!(" {title:<10} |")).collect();
    println!("{:<16} |{titles}", "check");
    for subject in subjects() {
        if subject.title == "ping" {
            skipped.push("ping: turmoil carries no ICMP");
            continue;
        }
        let mut row = format!("{:<16} |", subject.title);
        for (case, title) in CASES {
            let half = subject.opening[..subject.opening.len() / 2].to_vec();
            let (outcome, took) = play(&subject, case, half);
            row += &format!(" {:<10} |", word(&outcome));
            if case.is_right(subject.carried, &outcome, took) {
                right += 1;
            } else {
                wrong.push(format!("{} {title}: {outcome:?} after {took:?}", subject.title));
            }
        }
        println!("{row}");
    }
    println!("{right} as they should be, {} not, skipped: {skipped:?}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right > 150, "only {right} were played");
}

#[test]
fn answers_that_are_late_but_in_time_pass() {
    let named = ["tcp", "redis", "memcached", "agent", "udp"];
    let mut passed = 0;
    for subject in subjects().iter().filter(|subject| named.contains(&subject.title)) {
        let whole = match subject.carried {
            Carried::Datagrams => b"all is WELL".to_vec(),
            _ => subject.opening.clone(),
        };
        let (outcome, took) = play(subject, Case::Delayed, whole);
        assert!(outcome.is_ok(), "{}: {outcome:?}", subject.title);
        assert!(took >= Case::Delayed.latency(), "{}: {took:?}", subject.title);
        passed += 1;
    }
    assert_eq!(passed, named.len());
}

#[test]
fn the_same_seed_gives_the_same_outcome_at_the_same_time() {
    for subject in subjects().iter().filter(|subject| subject.title.starts_with("http")) {
        let once = play(subject, Case::Crashed, subject.opening.clone());
        assert_eq!(once, play(subject, Case::Crashed, subject.opening.clone()));
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(_) => "UP",
        Err(Failure::TimedOut { .. }) => "timed out",
        Err(Failure::Closed { .. }) => "closed",
        Err(Failure::Malformed { .. }) => "malformed",
        Err(Failure::Body { .. }) => "not found",
        Err(Failure::Tls { .. }) => "no TLS",
        Err(Failure::Refused) => "REFUSED",
        Err(_) => "OTHER",
    }
}

/// One check of a server that says this.
fn play(subject: &Subject, case: Case, says: Vec<u8>) -> (Outcome, Duration) {
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(60))
        .min_message_latency(case.latency())
        .max_message_latency(case.latency())
        .rng_seed(7)
        .build();
    let closes = case.closes();
    sim.host(SERVER, move || serve(says.clone(), closes));
    let begins = if case == Case::Returned { BACK } else { Duration::from_millis(1) };
    let check = Probe {
        target: SocketAddr::new(SERVER.parse().unwrap(), PORT),
        dialogue: subject.dialogue.clone(),
        timeout: TIMEOUT,
        way: None,
    };
    let ended = Arc::new(Mutex::new(None));
    let note = Arc::clone(&ended);
    sim.client(ASKS, async move {
        sleep(begins).await;
        let start = Instant::now();
        let outcome = probe(&Armed(Net::new(Arc::new(Some::<IpAddr>))), &check).await;
        *note.lock().unwrap() = Some((outcome, start.elapsed()));
        Ok(())
    });
    if matches!(case, Case::Held | Case::Returned) {
        sim.hold(ASKS, SERVER);
    }
    let mut done = false;
    while !done {
        let now = sim.elapsed();
        match case {
            Case::HeldMidway if now == MIDWAY => sim.hold(ASKS, SERVER),
            Case::Crashed if now == MIDWAY => sim.crash(SERVER),
            Case::Returned if now == MIDWAY => sim.crash(SERVER),
            Case::Returned if now == BACK - MIDWAY => {
                sim.partition(ASKS, SERVER);
                sim.repair(ASKS, SERVER);
                sim.bounce(SERVER);
            }
            _ => {}
        }
        done = sim.step().unwrap();
    }
    ended.lock().unwrap().take().unwrap()
}

/// Says its words on every connection, and to every datagram.
async fn serve(says: Vec<u8>, closes: bool) -> turmoil::Result {
    let any: SocketAddr = ([0, 0, 0, 0], PORT).into();
    let datagrams = UdpSocket::bind(any).await?;
    let words = says.clone();
    tokio::spawn(async move {
        let mut bytes = [0; 2048];
        while let Ok((_, from)) = datagrams.recv_from(&mut bytes).await {
            if !words.is_empty() {
                datagrams.send_to(&words, from).await.ok();
            }
        }
    });
    let listener = TcpListener::bind(any).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let says = says.clone();
        tokio::spawn(async move {
            stream.write_all(&says).await.ok();
            if closes {
                stream.shutdown().await.ok();
            }
            stream.read_to_end(&mut Vec::new()).await.ok();
            if !closes {
                pending::<()>().await;
            }
        });
    }
}

/// The network with a host that has what dialogues ask of theirs.
struct Armed(Net);

impl Network for Armed {
    type Stream = TcpStream;

    async fn connect(&self, target: SocketAddr) -> io::Result<TcpStream> {
        self.0.connect(target).await
    }

    fn datagrams(&self, carrier: Carrier, target: SocketAddr) -> io::Result<Box<dyn Datagrams>> {
        self.0.datagrams(carrier, target)
    }

    fn host(&self) -> &dyn Host {
        self
    }
}

static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    Arc::new(roots)
});

impl Host for Armed {
    fn secret<'a>(&'a self, _: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(ready(Ok(b"hidden".to_vec())))
    }

    fn file<'a>(&'a self, _: &'a str, _: u64) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(pending())
    }

    fn roots<'a>(&'a self, _: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>> {
        Box::pin(ready(Ok(Arc::clone(&ROOTS))))
    }

    fn run<'a>(&'a self, _: &'a Program, _: Vec<String>) -> Pending<'a, io::Result<Ended>> {
        Box::pin(pending())
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
