//! What happens to the two, and what must come of it.

use crate::cells::{Cell, Mac};
use crate::director::{self, Director};
use crate::keepalived::{self, Keepalived};
use crate::router::Router;
use crate::topology::{devices, link_local, put_on, take_off};
use crate::watch::{Watch, now};
use e2e::processes::{Outcome, until};
use std::time::Duration;

/// Priorities: the director's at first, keepalived's at first, and the higher ones of each.
const DIRECTOR: u8 = 200;
const KEEPALIVED: u8 = 100;
const DIRECTOR_RAISED: u8 = 254;
const KEEPALIVED_RAISED: u8 = 250;

/// Milliseconds that a kernel and a program may take for what they decided.
const SLACK: u64 = 100;
/// The same with the start of a program, or its reading of a file.
const START: u64 = 1_500;
/// keepalived is done with both when it says so: nothing comes after this.
const LONGEST: Duration = Duration::from_secs(20);

/// Who is to own the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Director,
    Keepalived,
}

/// A step: its head in the table, who owns afterwards, and between which times.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) head: &'static str,
    owner: Owner,
    /// Milliseconds from the event.
    between: fn(&Cell) -> (u64, u64),
    deed: fn(&mut Stage) -> Outcome<()>,
}

const DIRECTOR_RETURNS: Step = Step {
    head: "d returns",
    owner: Owner::Director,
    between: |cell| (cell.down(DIRECTOR), cell.down(DIRECTOR) + START),
    deed: |stage| stage.start_director(DIRECTOR),
};

const KEEPALIVED_RETURNS: Step = Step {
    head: "k returns",
    owner: Owner::Keepalived,
    between: |cell| (cell.down(KEEPALIVED_RAISED), cell.down(KEEPALIVED_RAISED) + START),
    deed: |stage| stage.start_keepalived(KEEPALIVED_RAISED),
};

/// All of them, in order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        head: "d starts",
        owner: Owner::Director,
        between: |cell| (cell.down(DIRECTOR), cell.down(DIRECTOR) + START),
        deed: |stage| stage.start_director(DIRECTOR),
    },
    Step {
        head: "k starts, d stops",
        owner: Owner::Keepalived,
        between: |cell| (cell.skew(KEEPALIVED), cell.skew(KEEPALIVED) + SLACK),
        deed: |stage| {
            stage.start_keepalived(KEEPALIVED)?;
            stage.keepalived_listens()?;
            stage.stop_director()
        },
    },
    DIRECTOR_RETURNS,
    Step {
        head: "d is killed",
        owner: Owner::Keepalived,
        between: |cell| lost(cell, KEEPALIVED),
        deed: Stage::kill_director,
    },
    DIRECTOR_RETURNS,
    Step {
        head: "k rises",
        owner: Owner::Keepalived,
        between: |cell| (0, cell.down(KEEPALIVED_RAISED) + START),
        deed: |stage| stage.raise_keepalived(),
    },
    Step {
        head: "k stops",
        owner: Owner::Director,
        between: |cell| (cell.skew(DIRECTOR), cell.skew(DIRECTOR) + SLACK),
        deed: Stage::stop_keepalived,
    },
    KEEPALIVED_RETURNS,
    Step {
        head: "k is killed",
        owner: Owner::Director,
        between: |cell| lost(cell, DIRECTOR),
        deed: Stage::kill_keepalived,
    },
    KEEPALIVED_RETURNS,
    Step {
        head: "d rises",
        owner: Owner::Director,
        between: |cell| (0, cell.down(DIRECTOR_RAISED) + START),
        deed: |stage| stage.raise_director(),
    },
];

/// A director that comes back before its addresses run out finds them and their device, and goes
/// on when it has heard nobody.
pub(crate) const KILLED_AND_BACK: Step = Step {
    head: "d is killed, back",
    owner: Owner::Director,
    between: |_| (0, 0),
    deed: |stage| {
        stage.kill_director()?;
        stage.start_director(DIRECTOR)
    },
};

/// Who owns the addresses is active as soon as it starts (RFC 9568 §6.4.1, RFC 3768 §6.4.1).
const OWNER_STARTS: Step = Step {
    head: "owner starts",
    owner: Owner::Director,
    between: |_| (0, START),
    deed: |stage| stage.start_director(DIRECTOR),
};

/// What the owner of the addresses does, beside a router that never comes first.
pub(crate) const OWNER_STEPS: &[Step] = &[
    Step {
        head: "k starts",
        owner: Owner::Keepalived,
        between: |cell| (cell.down(KEEPALIVED_RAISED), cell.down(KEEPALIVED_RAISED) + START),
        deed: |stage| stage.start_keepalived(KEEPALIVED_RAISED),
    },
    OWNER_STARTS,
    Step {
        head: "owner is killed",
        owner: Owner::Keepalived,
        between: |cell| lost(cell, KEEPALIVED_RAISED),
        deed: Stage::kill_director,
    },
    OWNER_STARTS,
    Step {
        head: "owner stops",
        owner: Owner::Keepalived,
        between: |cell| (cell.skew(KEEPALIVED_RAISED), cell.skew(KEEPALIVED_RAISED) + SLACK),
        deed: Stage::stop_director,
    },
    OWNER_STARTS,
];

/// The last advert was sent at most an interval before.
fn lost(cell: &Cell, priority: u8) -> (u64, u64) {
    let down = cell.down(priority);
    (down - cell.interval - SLACK / 10, down + SLACK)
}

/// The two programs, and what their kernels tell.
struct Stage {
    program: String,
    cell: Cell,
    director: Option<Director>,
    keepalived: Option<Keepalived>,
    watches: [Watch; 2],
    /// Where the virtual router has a hardware address of its own.
    router: Option<Router>,
    /// When the event of the step happened.
    at: u64,
}

/// Plays the steps; how many milliseconds each took.
pub(crate) fn play(program: &str, cell: &Cell, steps: &[Step]) -> Outcome<Vec<u64>> {
    let mut stage = Stage {
        program: program.to_owned(),
        cell: *cell,
        director: None,
        keepalived: None,
        watches: [Watch::open("d")?, Watch::open("k")?],
        router: (cell.mac != Mac::Own).then(Router::open).transpose()?,
        at: 0,
    };
    if cell.owner {
        put_on("d", cell.address())?;
    }
    let mut times = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let took = stage.step(step).map_err(|why| {
            let logs = format!("d: {}\n    k: {}", director::log(), keepalived::log());
            format!("step {} ({}): {why}\n    {logs}", number + 1, step.head)
        });
        if took.is_err() {
            stage.clear();
        }
        times.push(took?);
    }
    if cell.mac != Mac::Own {
        stage.clears_up(program)?;
    }
    stage.clear();
    Ok(times)
}

impl Stage {
    fn step(&mut self, step: &Step) -> Outcome<u64> {
        self.at = now();
        (step.deed)(self)?;
        let since = self.settles(step.owner)?;
        let took = since.saturating_sub(self.at);
        let (least, most) = (step.between)(&self.cell);
        if took + 2 < least || took > most {
            return Err(format!("{:?} took it after {took} ms, not {least} to {most}", step.owner));
        }
        // For some intervals more nothing changes, and both are of one opinion.
        std::thread::sleep(Duration::from_millis(self.cell.interval * 5));
        self.agree(step.owner)?;
        if self.router.is_some() {
            Router::reaches(&self.cell)?;
            self.has_no_device_as_backup(step.owner)?;
        }
        if self.settles(step.owner)? != since {
            return Err(format!("{:?} did not keep it", step.owner));
        }
        Ok(took)
    }

    /// A backup must not take what is for the virtual router (RFC 9568 §6.4.2).
    fn has_no_device_as_backup(&self, owner: Owner) -> Outcome<()> {
        let there = devices("d")?;
        let wanted = usize::from(owner == Owner::Director || self.director.is_none());
        let fits = there.len() <= wanted && (owner != Owner::Director || there.len() == 1);
        if fits { Ok(()) } else { Err(format!("{owner:?} owns it, d has the devices {there:?}")) }
    }

    /// What a killed director has left is taken off by order.
    fn clears_up(&mut self, program: &str) -> Outcome<()> {
        self.kill_director()?;
        Director::release(program)?;
        let left = devices("d")?;
        if left.is_empty() { Ok(()) } else { Err(format!("released, d still has {left:?}")) }
    }

    /// Waits until the kernels have the address where it belongs; since when.
    fn settles(&self, owner: Owner) -> Outcome<u64> {
        let address = self.cell.address();
        let [mine, theirs] = &self.watches;
        let (gets, loses, alive) = match owner {
            // The owner's own address is always there: the other has it or not.
            Owner::Director if self.cell.owner => return theirs.loses(address, LONGEST),
            Owner::Keepalived if self.cell.owner => return theirs.gets(address, LONGEST),
            Owner::Director => (mine, theirs, self.keepalived.is_some()),
            Owner::Keepalived => (theirs, mine, self.director.is_some()),
        };
        // A killed program has left the address there for its next life to find. One that comes
        // back after a kill has the address from the start, and lets go of it first.
        if alive {
            loses.loses(address, LONGEST)?;
        }
        gets.gets(address, LONGEST)
    }

    /// Both say the same of who is active.
    fn agree(&self, owner: Owner) -> Outcome<()> {
        let mine = owner == Owner::Director;
        if let Some(director) = &self.director {
            let (state, heard) = director.state()?;
            let wanted = if mine { "active" } else { "backup" };
            let from = match (self.cell.ipv6, self.cell.unicast) {
                (true, false) => link_local("k")?,
                _ => self.cell.own()[1].to_owned(),
            };
            if state != wanted || (!mine && heard != from) {
                return Err(format!("the director says {state}, hears {heard}; {owner:?} owns it"));
            }
        }
        if let Some(keepalived) = &self.keepalived {
            let wanted = if mine { "backup" } else { "master" };
            let state = keepalived.state();
            if state != wanted {
                return Err(format!("keepalived says {state}; {owner:?} owns it"));
            }
        }
        Ok(())
    }

    fn start_director(&mut self, priority: u8) -> Outcome<()> {
        self.director = Some(Director::start(&self.program, &self.cell, priority)?);
        Ok(())
    }

    fn start_keepalived(&mut self, priority: u8) -> Outcome<()> {
        self.keepalived = Some(Keepalived::start(&self.cell, priority)?);
        Ok(())
    }

    /// It has begun, and leaves the address to the director.
    fn keepalived_listens(&self) -> Outcome<()> {
        let Some(keepalived) = &self.keepalived else { return Ok(()) };
        until(LONGEST, || match keepalived.state().as_str() {
            "backup" => Ok(()),
            state => Err(format!("keepalived says {state}")),
        })?;
        // For two of its down intervals more: nothing happens that could be waited for.
        std::thread::sleep(Duration::from_millis(self.cell.down(KEEPALIVED) * 2));
        self.agree(Owner::Director)
    }

    fn stop_director(&mut self) -> Outcome<()> {
        self.at = now();
        self.director.take().map_or(Ok(()), Director::stop)
    }

    fn kill_director(&mut self) -> Outcome<()> {
        self.at = now();
        self.director.take().map_or(Ok(()), Director::kill)
    }

    fn stop_keepalived(&mut self) -> Outcome<()> {
        self.at = now();
        self.keepalived.take().map_or(Ok(()), Keepalived::stop)
    }

    fn kill_keepalived(&mut self) -> Outcome<()> {
        self.at = now();
        self.keepalived.take().map_or(Ok(()), Keepalived::kill)?;
        // It comes back without having looked what it has left.
        take_off("k", self.cell.address());
        Ok(())
    }

    fn raise_keepalived(&self) -> Outcome<()> {
        let raise = |it: &Keepalived| it.set_priority(&self.cell, KEEPALIVED_RAISED);
        self.keepalived.as_ref().map_or(Ok(()), raise)
    }

    fn raise_director(&self) -> Outcome<()> {
        let raise = |it: &Director| it.set_priority(&self.cell, DIRECTOR_RAISED);
        self.director.as_ref().map_or(Ok(()), raise)
    }

    /// Ends both, and what they may have left.
    fn clear(&mut self) {
        // What has ended already, or cannot be ended, says so in the next cell.
        let _ = self.director.take().map(Director::kill);
        let _ = self.keepalived.take().map(Keepalived::kill);
        for node in ["d", "k"] {
            take_off(node, self.cell.address());
        }
    }
}
