//! A real server: nginx or Apache for HTTP; for lines, datagrams and servers that hang our own.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
use rustix::process::Pid;

use super::tcp::{Listener, Manner};
use super::udp::Socket;
use super::web::{Program, Web};
use crate::plan::{Behaviour, Serve, Speech};

/// All that listens on a real server.
pub(super) struct Server {
    name: String,
    serves: Vec<Serve>,
    webs: Vec<Web>,
    listeners: Vec<Listener>,
    /// Where datagrams are answered from: each address has a socket of its own.
    addresses: Vec<IpAddr>,
    sockets: Vec<Socket>,
}

impl Server {
    /// Starts everything as the scenario says; returns when every port listens.
    pub(super) fn start(
        name: &str,
        serves: &[Serve],
        addresses: Vec<IpAddr>,
    ) -> anyhow::Result<Self> {
        let mut server = Self {
            name: name.to_owned(),
            serves: serves.to_vec(),
            webs: Vec::new(),
            listeners: Vec::new(),
            addresses,
            sockets: Vec::new(),
        };
        server.arrange()?;
        Ok(server)
    }

    /// Changes how every port answers.
    pub(super) fn behave(&mut self, behaviour: Behaviour) -> anyhow::Result<()> {
        for serve in &mut self.serves {
            serve.behaviour = behaviour;
        }
        self.arrange()
    }

    /// The process group of what serves beside this process.
    pub(super) fn group(&self) -> Option<Pid> {
        self.webs.first().and_then(Web::pid)
    }

    fn arrange(&mut self) -> anyhow::Result<()> {
        self.listeners.clear();
        self.sockets.clear();
        let by_web = |serve: &&Serve| {
            matches!(serve.speech, Speech::Http | Speech::Https | Speech::Postgresql)
                && !matches!(serve.behaviour, Behaviour::Refuse | Behaviour::Hang)
        };
        let pages: Vec<Serve> = self.serves.iter().filter(by_web).cloned().collect();
        for program in Program::ALL {
            let pages: Vec<Serve> =
                pages.iter().filter(|page| Program::of(page) == program).cloned().collect();
            let place = self.webs.iter().position(|web| web.program() == program);
            match place.map(|place| &mut self.webs[place]) {
                // A reload keeps the listening sockets: nobody is refused in between.
                Some(web) if web.serves_ports_of(&pages) => web.reload(&pages)?,
                _ => {
                    self.webs.retain(|web| web.program() != program);
                    if !pages.is_empty() {
                        self.webs.push(Web::start(program, &self.name, &pages)?);
                    }
                }
            }
        }
        for serve in self.serves.iter().filter(|serve| !by_web(serve)) {
            let manner = match serve.behaviour {
                Behaviour::Refuse => continue,
                Behaviour::Hang => Manner::Hang,
                Behaviour::Ok | Behaviour::Expired => Manner::Say(format!("{}\n", serve.body)),
                Behaviour::Wrong => Manner::Say("another page\n".to_owned()),
                Behaviour::Error => Manner::Say(String::new()),
            };
            if serve.speech == Speech::Datagram {
                self.sockets.extend(self.answer(serve.port, &manner)?);
                continue;
            }
            let listener = Listener::start(serve.port, manner)
                .with_context(|| format!("listening on port {}", serve.port))?;
            self.listeners.push(listener);
        }
        Ok(())
    }

    /// Answers datagrams on every address of the node.
    fn answer(&self, port: u16, manner: &Manner) -> anyhow::Result<Vec<Socket>> {
        let page = match manner {
            Manner::Say(line) => Some(format!("X-Server: {}\r\n\r\n{line}", self.name)),
            Manner::Hang => None,
        };
        let at = self.addresses.iter().map(|address| SocketAddr::new(*address, port));
        at.map(|at| Socket::start(at, page.clone()).with_context(|| format!("answering on {at}")))
            .collect()
    }
}
