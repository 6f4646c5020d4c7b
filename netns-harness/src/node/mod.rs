//! The first process of a node: builds it, runs what runs on it, and observes it from inside.

mod account;
mod answer;
mod ask;
mod build;
mod client;
mod database;
mod director;
mod exchange;
mod heartbeat;
mod modules;
mod observe;
mod prepare;
mod processes;
mod server;
mod shortage;
mod table;
mod tcp;
mod udp;
mod web;

use std::io::{BufRead as _, Write as _};
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, bail};

use crate::guest::RUN;
use crate::plan::{Answer, Client, Order, Role, Setup};
use crate::record::Recorder;
use crate::shell::ask as ask_program;
use director::Director;
use rustix::process::Signal;
use scenario::Event;

use server::Server;

/// Carries out the orders on standard input, one per line, until it is closed.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut built: Option<Built> = None;
    for line in std::io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?).context("an order")?;
        let done = match (order, &mut built) {
            (Order::Build(setup), place @ None) => Built::build(*setup).map(|node| {
                *place = Some(node);
                Answer::Done
            }),
            (Order::Build(_), Some(_)) => bail!("the node is built already"),
            (_, None) => bail!("an order before the node is built"),
            (Order::Exec(command), Some(_)) => ask::exec(&command),
            (order, Some(node)) => node.carry_out(order).map(|()| Answer::Done),
        };
        let answer = match done {
            Ok(answer) => answer,
            Err(error) => Answer::Failed(format!("{error:#}")),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}

struct Built {
    setup: Setup,
    recorder: Recorder,
    running: Running,
}

enum Running {
    Router(Vec<Client>),
    Director(Director),
    Voter(Director),
    Server(Server),
}

impl Built {
    fn build(setup: Setup) -> anyhow::Result<Self> {
        let name = &setup.node.name;
        build::node(&setup.node)?;
        let recorder = Recorder::open(&Path::new(RUN).join(format!("records/{name}.jsonl")))?;
        observe::start(&setup, &recorder)?;
        build::network(&setup.node)?;
        if let Some(prepare) = &setup.node.prepare {
            prepare::apply(prepare)?;
        }
        let running = match &setup.node.role {
            Role::Router { clients, .. } => Running::Router(clients.clone()),
            Role::Director(role) => {
                let group = setup.group.as_deref();
                Running::Director(Director::prepare(name, role, group, &recorder)?)
            }
            Role::Voter(role) => {
                let group = setup.group.as_deref();
                Running::Voter(Director::prepare(name, role, group, &recorder)?.voting())
            }
            Role::Server { serves, .. } => {
                Running::Server(Server::start(name, serves, listening(&setup))?)
            }
        };
        Ok(Self { setup, recorder, running })
    }

    fn carry_out(&mut self, order: Order) -> anyhow::Result<()> {
        match (order, &mut self.running) {
            (Order::Begin(start), running) => {
                self.recorder.begin(start);
                match running {
                    Running::Router(clients) => {
                        for load in clients {
                            client::start(load, start, self.setup.length, &self.recorder)?;
                        }
                        Ok(())
                    }
                    Running::Director(director) => {
                        table::start(&self.setup.node.name, self.setup.look, &self.recorder)?;
                        director.launch()
                    }
                    Running::Voter(voter) => voter.start(),
                    Running::Server(_) => Ok(()),
                }
            }
            (Order::Finish, Running::Director(director)) => {
                let name = &self.setup.node.name;
                table::once(name, &self.recorder)?;
                ask::ask(name, director.asked()?)
            }
            (Order::Finish, _) => Ok(()),
            (Order::Start, Running::Director(director)) => director.start(),
            (Order::Stop, Running::Director(director)) => director.stop(),
            (Order::Handover, Running::Director(director)) => director.hand_over(),
            (Order::Operate(words), Running::Director(director)) => director.operate(words),
            (Order::Kill, Running::Director(director)) => director.kill(),
            (Order::Freeze, Running::Director(director)) => director.freeze(Signal::STOP),
            (Order::Thaw, Running::Director(director)) => director.freeze(Signal::CONT),
            (Order::Pause, _) => processes::signal(Signal::STOP, None),
            (Order::Resume, _) => processes::signal(Signal::CONT, None),
            (Order::Tamper(commands), _) => {
                tamper(&commands, &self.setup.node.name, &self.recorder);
                table::once(&self.setup.node.name, &self.recorder)
            }
            (Order::Reload(files), Running::Director(director)) => director.reload(&files),
            (Order::Exhaust(what), Running::Director(director)) => director.exhaust(what),
            (Order::Replenish(what), Running::Director(director)) => director.replenish(what),
            (Order::Serve(behaviour), Running::Server(server)) => server.behave(behaviour),
            (Order::Serve(behaviour), Running::Director(director)) => director.behave(behaviour),
            (order, _) => bail!("{order:?} means nothing on this kind of node"),
        }
    }
}

/// The addresses on which a real server answers datagrams.
fn listening(setup: &Setup) -> Vec<IpAddr> {
    let own = setup.node.ports.iter().flat_map(|port| &port.addresses);
    own.map(|(address, _)| *address).chain(prepare::held(&setup.addresses)).collect()
}

/// Types the commands; what comes of it stands in the history.
fn tamper(commands: &[Vec<String>], node: &str, recorder: &Recorder) {
    for command in commands {
        let Some((program, arguments)) = command.split_first() else { continue };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let text = match ask_program(program, &arguments) {
            Ok(_) => format!("somebody else: {}", command.join(" ")),
            Err(error) => format!("somebody else failed: {error:#}"),
        };
        recorder.now(Event::Note { node: Some(node.to_owned()), text });
    }
}
