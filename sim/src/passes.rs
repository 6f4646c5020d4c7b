//! A director's passes over its kernel, and what the kernel does by itself.

use crate::kernel::Change;
use crate::net::packet::NodeId;
use crate::record::Entry;
use crate::world::{Event, World};
use director_core::Input;
use director_engine::reconcile::{Pass, Progress};
use std::time::Duration;

/// How long the kernel takes for a step.
const STEP: (Duration, Duration) = (Duration::from_micros(50), Duration::from_micros(200));

impl World {
    /// Has the running or the next pass over the kernel go on after the time that a step takes.
    pub(crate) fn plan_step(&mut self, node: NodeId) {
        let Some(director) = self.director(node) else { return };
        let life = director.life;
        let Some(process) = &mut director.process else { return };
        if process.stepping {
            return;
        }
        process.stepping = true;
        let took = director.stream.duration(STEP.0, STEP.1);
        let took = took + std::mem::take(&mut director.kernel.busy);
        let took = took + director.kernel.moody.delay() + director.gait.lag();
        self.after(took, Event::Step { node, life });
    }

    pub(crate) fn step(&mut self, node: NodeId, life: u32) {
        if !self.lives(node, life) {
            return;
        }
        let now = self.now;
        let Some(director) = self.director(node) else { return };
        let kernel = &mut director.kernel;
        kernel.now = now;
        let Some(process) = &mut director.process else { return };
        process.stepping = false;
        let mut over = None;
        if let Some(pass) = &mut process.pass {
            if let Progress::Over(result) = pass.advance(kernel) {
                process.pass = None;
                over = Some(result);
            }
        } else if let Some((number, desired, asked)) = process.wanted.take() {
            process.asked = Some(asked);
            match Pass::begin(kernel, number, desired, &mut director.ledger) {
                Ok(pass) => process.pass = Some(pass),
                Err(result) => over = Some(result),
            }
        }
        if let (Some(Ok(found)), Some(desired)) =
            (over.as_ref().map(|over| &over.found), &process.desired)
        {
            director.ledger.forget_gone(desired, found);
        }
        let more = process.pass.is_some() || process.wanted.is_some();
        let changes = std::mem::take(&mut kernel.changes);
        self.say_last_word(node);
        self.note_changes(node, &changes);
        self.guard_pass(node, &changes);
        self.plan_expiry(node);
        self.plan_sync(node);
        if more {
            self.plan_step(node);
        }
        if let Some(result) = over {
            self.tell(node, Input::Reconciled(result));
        }
    }

    /// Has the kernel look when its next address may have outlived its lease.
    fn plan_expiry(&mut self, node: NodeId) {
        let Some(host) = self.host(node) else { return };
        let boots = host.boots;
        let Some(director) = host.director_mut() else { return };
        let Some(at) = director.kernel.next_expiry() else { return };
        if director.expiry.is_none_or(|planned| at < planned) {
            director.expiry = Some(at);
            self.queue.push(at, Event::Expiry { node, boots });
        }
    }

    /// The kernel looks whether an address has outlived its lease; renewed ones have not.
    pub(crate) fn expire(&mut self, node: NodeId, boots: u32) {
        let now = self.now;
        let Some(host) = self.host(node).filter(|host| host.boots == boots) else { return };
        let Some(director) = host.director_mut() else { return };
        if director.expiry.is_none_or(|planned| planned > now) {
            return;
        }
        director.expiry = None;
        let some_went = director.kernel.expire(now);
        let changes = std::mem::take(&mut director.kernel.changes);
        self.note_changes(node, &changes);
        self.plan_expiry(node);
        if some_went {
            self.guard_tampered(node);
            self.tell(node, Input::KernelChanged);
        }
    }

    /// Writes down what became of a kernel.
    pub(crate) fn note_changes(&mut self, node: NodeId, changes: &[Change]) {
        for change in changes {
            match *change {
                Change::Address { address, held } => {
                    self.record(Entry::Address { node, address, held });
                    self.guard_neighbours();
                    self.guard_ownership();
                }
                Change::Destination { service, server, weight } => {
                    self.record(Entry::Destination { node, service, server, weight });
                }
            }
        }
    }
}
