//! Servers that answer, in a process of their own.
//!
//! It is told what to do by lines on its standard input and answers each with one:
//!
//! | line | does | answer |
//! | --- | --- | --- |
//! | `seen` | | how many servers have been asked |
//! | `begin` | forgets how late checks were | `begun` |
//! | `end` | | checks since then; lateness in µs: half of them, 99 of 100, all |
//! | `close N` | closes the port of a victim | `closed` |

use crate::Outcome;
use crate::load::{HTTP_PORT, Load, TCP_PORT, VICTIMS, number};
use std::cell::RefCell;
use std::io::BufRead;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, LocalSet, spawn_local};

/// Connections that wait at most; net.core.somaxconn may make it fewer.
const WAITING: i32 = 65_535;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nall is WELL";
/// Bytes of a request.
const LONGEST: usize = 4096;

/// When which server was asked.
struct Book {
    interval: Duration,
    asked: Vec<Option<Instant>>,
    seen: u32,
    lateness_us: Vec<u32>,
}

impl Book {
    /// Victims are checked faster when they begin to fail: how late that is nobody knows here.
    fn note(&mut self, server: SocketAddr) {
        let IpAddr::V4(address) = server.ip() else { return };
        let Some(number) = number(address) else { return };
        let (now, place) = (Instant::now(), number as usize);
        if self.asked.len() <= place {
            self.asked.resize(place + 1, None);
        }
        match self.asked[place].replace(now) {
            None => self.seen += 1,
            Some(before) if number >= VICTIMS => {
                let late = (now - before).abs_diff(self.interval).as_micros();
                self.lateness_us.push(u32::try_from(late).unwrap_or(u32::MAX));
            }
            Some(_) => {}
        }
    }

    fn sum(&mut self) -> String {
        self.lateness_us.sort_unstable();
        let all = &self.lateness_us;
        let part = |of: usize| all.get((all.len() * of / 100).min(all.len().saturating_sub(1)));
        let [half, most, last] = [50, 99, 100].map(|it| part(it).copied().unwrap_or_default());
        format!("{} {half} {most} {last}", all.len())
    }
}

type Shared = Rc<RefCell<Book>>;

fn listen(address: SocketAddrV4) -> Outcome<TcpListener> {
    let failed = |error: std::io::Error| format!("{address}: {error}");
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    rustix::net::listen(&listener, WAITING).map_err(|error| failed(error.into()))?;
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}

async fn accept(listener: TcpListener, book: Shared, web: bool) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if let Ok(server) = stream.local_addr() {
            book.borrow_mut().note(server);
        }
        if web {
            spawn_local(answer(stream));
        }
    }
}

async fn answer(mut stream: TcpStream) {
    let (mut request, mut length) = ([0; LONGEST], 0);
    while !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..]).await {
            Ok(read @ 1..) => length += read,
            _ => return,
        }
    }
    // Whoever has gone needs no answer.
    let _gone = stream.write_all(ANSWER).await;
}

/// Serves until its standard input ends.
pub(crate) fn serve(interval_ms: &str) -> Outcome<()> {
    let interval = interval_ms.parse().map_err(|error| format!("\"{interval_ms}\": {error}"))?;
    let interval = Duration::from_millis(interval);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&runtime, async {
        let book = Book { interval, asked: Vec::new(), seen: 0, lateness_us: Vec::new() };
        let book = Rc::new(RefCell::new(book));
        for (port, web) in [(TCP_PORT, false), (HTTP_PORT, true)] {
            let listener = listen(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port))?;
            spawn_local(accept(listener, Rc::clone(&book), web));
        }
        let victims = Load::victims().into_iter().map(|address| {
            let listener = listen(address)?;
            Ok(spawn_local(accept(listener, Rc::clone(&book), false)).abort_handle())
        });
        let victims: Outcome<Vec<AbortHandle>> = victims.collect();
        let victims = victims?;
        let mut orders = orders();
        println!("ready");
        while let Some(order) = orders.recv().await {
            println!("{}", obey(&order, &book, &victims)?);
        }
        Ok(())
    })
}

fn obey(order: &str, book: &Shared, victims: &[AbortHandle]) -> Outcome<String> {
    let mut book = book.borrow_mut();
    match order.split_once(' ').unwrap_or((order, "")) {
        ("seen", _) => Ok(book.seen.to_string()),
        ("begin", _) => {
            book.lateness_us.clear();
            Ok("begun".into())
        }
        ("end", _) => Ok(book.sum()),
        ("close", which) => {
            let victim = which.parse().ok().and_then(|place: usize| victims.get(place));
            // What it listens on goes with it.
            victim.ok_or(format!("no victim {which}"))?.abort();
            Ok("closed".into())
        }
        _ => Err(format!("what is \"{order}\"?")),
    }
}

/// The lines of the standard input.
fn orders() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
