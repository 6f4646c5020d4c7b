//! A port on which every connection gets a program of its own, which talks on its standard input
//! and output: the way in which leafnode is run.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks for a connection.
const PAUSE: Duration = Duration::from_millis(5);

type Make = dyn Fn() -> Command + Send + Sync;

#[derive(Default)]
struct State {
    frozen: AtomicBool,
    over: AtomicBool,
}

/// The port, for as long as it is kept.
pub(crate) struct Inetd {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Inetd {
    pub(crate) fn start(port: u16, make: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        let make: Arc<Make> = Arc::new(make);
        let state = Arc::new(State::default());
        let listeners = [
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap(),
            TcpListener::bind((Ipv6Addr::LOCALHOST, port)).unwrap(),
        ];
        let threads = listeners.map(|listener| {
            let (state, make) = (Arc::clone(&state), Arc::clone(&make));
            std::thread::spawn(move || serve(&listener, &state, &*make))
        });
        Self { state, threads: threads.into() }
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.state.frozen.store(frozen, Ordering::SeqCst);
    }
}

fn serve(listener: &TcpListener, state: &State, make: &Make) {
    listener.set_nonblocking(true).unwrap();
    let mut running = Vec::new();
    while !state.over.load(Ordering::SeqCst) {
        let frozen = state.frozen.load(Ordering::SeqCst);
        match if frozen { None } else { listener.accept().ok() } {
            Some((stream, _)) => running.push(run(&stream, make())),
            // There is nothing that wakes for both a connection and a word of the test.
            None => std::thread::sleep(PAUSE),
        }
    }
    for mut child in running {
        child.kill().ok();
        child.wait().unwrap();
    }
}

fn run(stream: &TcpStream, mut command: Command) -> std::process::Child {
    stream.set_nonblocking(false).unwrap();
    let end = || OwnedFd::from(stream.try_clone().unwrap());
    command.stdin(end()).stdout(end()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Inetd {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}
