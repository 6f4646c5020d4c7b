//! The witnesses and the voter, as the loop needs them.

use crate::output::Failure;
use director_core::Input;
use director_core::name::ClusterName;
use director_core::vote::Question;
use director_core::wire::heartbeat::Key;
use director_core::wire::voter::{open_answer, seal_question};
use director_linux::WitnessSockets;
use director_shell::Settings;
use director_shell::links::Witnesses;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// After an error it is listened again this much later, so that the loop does not turn hot.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest UDP payload over IPv4.
const LONGEST: usize = 65_507;

/// What answers of the voter are opened with: that of the last question.
type Trust = Arc<Mutex<(ClusterName, Key)>>;

struct SocketWitnesses {
    sockets: Arc<WitnessSockets>,
    /// Opened with the first question, and anew when the voter's family changes.
    booth: Option<Booth>,
    sender: mpsc::Sender<Input>,
}

/// The socket for a voter of one family.
struct Booth {
    socket: Arc<UdpSocket>,
    is_ipv4: bool,
    trust: Trust,
}

impl Witnesses for SocketWitnesses {
    fn ask(&mut self, witness: IpAddr, question: u64) -> io::Result<()> {
        self.sockets.ask(witness, question)
    }

    fn ask_voter(
        &mut self,
        voter: SocketAddr,
        question: &Question,
        settings: &Settings,
    ) -> io::Result<()> {
        let trusted = (settings.config.cluster.name.clone(), settings.key.clone());
        let packet = seal_question(question, &trusted.0, &trusted.1);
        let booth = match self.booth.take().filter(|booth| booth.is_ipv4 == voter.is_ipv4()) {
            Some(booth) => {
                *booth.trust.lock().unwrap_or_else(PoisonError::into_inner) = trusted;
                booth
            }
            None => Booth::open(voter.is_ipv4(), trusted, self.sender.clone())?,
        };
        let socket = Arc::clone(&booth.socket);
        self.booth = Some(booth);
        // Straight to the system: the runtime has not seen a new socket ready yet.
        let socket =
            rustix::net::sendto(&*socket, &packet, rustix::net::SendFlags::DONTWAIT, &voter);
        socket.map(drop).map_err(io::Error::from)
    }
}

impl Booth {
    fn open(
        is_ipv4: bool,
        trusted: (ClusterName, Key),
        sender: mpsc::Sender<Input>,
    ) -> io::Result<Self> {
        let any: IpAddr =
            if is_ipv4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = std::net::UdpSocket::bind((any, 0))?;
        socket.set_nonblocking(true)?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let trust = Arc::new(Mutex::new(trusted));
        tokio::spawn(listen(Arc::downgrade(&socket), Arc::clone(&trust), sender));
        Ok(Self { socket, is_ipv4, trust })
    }
}

/// Passes on what the voter says, for as long as it is asked by this socket.
async fn listen(socket: std::sync::Weak<UdpSocket>, trust: Trust, sender: mpsc::Sender<Input>) {
    let mut buffer = vec![0; LONGEST];
    while let Some(socket) = socket.upgrade() {
        if sender.is_closed() {
            return;
        }
        // Every question wakes it; a socket that is asked no more is let go within the pause.
        let received = tokio::time::timeout(Duration::from_secs(10), socket.recv_from(&mut buffer));
        match received.await {
            Ok(Ok((length, _))) => {
                let packet = buffer.get(..length).unwrap_or_default();
                let trust = trust.lock().unwrap_or_else(PoisonError::into_inner);
                if let Ok(answer) = open_answer(packet, &trust.0, &trust.1) {
                    // What does not fit is lost as on the wire.
                    let _full = sender.try_send(Input::VoterAnswered(answer));
                }
            }
            Ok(Err(_)) => tokio::time::sleep(PAUSE).await,
            Err(_) => {}
        }
    }
}

/// A way to ask; the answers go to `sender`.
pub(crate) fn open(
    cookie: u64,
    sender: mpsc::Sender<Input>,
) -> Result<Box<dyn Witnesses>, Failure> {
    let failed = |error| Failure::machine(format_args!("witnesses cannot be asked: {error}"));
    let sockets = Arc::new(WitnessSockets::open(cookie).map_err(failed)?);
    let heard = Arc::clone(&sockets);
    let answers = sender.clone();
    tokio::spawn(async move {
        while !answers.is_closed() {
            match heard.answer().await {
                // What does not fit is lost as on the wire.
                Ok((witness, question)) => {
                    let _full = answers.try_send(Input::WitnessAnswered { witness, question });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    });
    Ok(Box::new(SocketWitnesses { sockets, booth: None, sender }))
}
