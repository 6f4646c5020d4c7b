//! A real server: nginx for HTTP, a listener of our own for lines and for servers that hang.

use anyhow::Context;
use rustix::process::Pid;

use super::tcp::{Listener, Manner};
use super::web::Web;
use crate::plan::{Behaviour, Serve};

/// All that listens on a real server.
pub(super) struct Server {
    name: String,
    serves: Vec<Serve>,
    web: Option<Web>,
    listeners: Vec<Listener>,
}

impl Server {
    /// Starts everything as the scenario says; returns when every port listens.
    pub(super) fn start(name: &str, serves: &[Serve]) -> anyhow::Result<Self> {
        let mut server = Self {
            name: name.to_owned(),
            serves: serves.to_vec(),
            web: None,
            listeners: Vec::new(),
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
        self.web.as_ref().and_then(Web::pid)
    }

    fn arrange(&mut self) -> anyhow::Result<()> {
        self.listeners.clear();
        let by_web = |serve: &&Serve| {
            serve.http && !matches!(serve.behaviour, Behaviour::Refuse | Behaviour::Hang)
        };
        let pages: Vec<Serve> = self.serves.iter().filter(by_web).cloned().collect();
        match &mut self.web {
            // A reload keeps the listening sockets: nobody is refused in between.
            Some(web) if web.serves_ports_of(&pages) => web.reload(&pages)?,
            place => {
                *place = None;
                if !pages.is_empty() {
                    *place = Some(Web::start(&self.name, &pages)?);
                }
            }
        }
        for serve in self.serves.iter().filter(|serve| !by_web(serve)) {
            let manner = match serve.behaviour {
                Behaviour::Refuse => continue,
                Behaviour::Hang => Manner::Hang,
                Behaviour::Ok => Manner::Say(format!("{}\n", serve.body)),
                Behaviour::Wrong => Manner::Say("another page\n".to_owned()),
                Behaviour::Error => Manner::Say(String::new()),
            };
            let listener = Listener::start(serve.port, manner)
                .with_context(|| format!("listening on port {}", serve.port))?;
            self.listeners.push(listener);
        }
        Ok(())
    }
}
