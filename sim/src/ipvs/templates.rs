//! Persistence: which destination a client's network keeps to (`ip_vs_sched_persist`).

use super::sync::{Telling, When};
use super::told::Binding;
use director_core::config::Forward;
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// A template that still controls connections when its time is up lives on by as much.
const LATER: Duration = Duration::from_secs(60);

/// By how much the kernel's timers are late at most: the wheel's slots for longer times are wider
/// (`kernel/time/timer.c`).
pub(super) fn slack(time: Duration) -> Duration {
    time / 8
}

/// Whom a template is for.
///
/// How long the network's prefix is, is not part of it: after a change from /24 to /16 the client
/// 192.0.0.1 finds the template of 192.0.0.0/24, as in the kernel, which compares masked addresses
/// (`ip_vs_sched_persist` and `ip_vs_ct_in_get`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whom {
    /// Its address, with zeros for the bits that do not count.
    network: u128,
    service: SocketAddrV4,
}

impl Whom {
    pub(super) fn new(client: IpAddr, prefix: u8, service: SocketAddrV4) -> Self {
        let (bits, width) = match client {
            IpAddr::V4(client) => (u128::from(client.to_bits()), 32),
            IpAddr::V6(client) => (client.to_bits(), 128),
        };
        let rest = width - u32::from(prefix).min(width);
        let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
        Self { network: bits & mask, service }
    }

    pub(crate) fn service(self) -> SocketAddrV4 {
        self.service
    }

    /// The same, of no service.
    pub(super) fn without_port(self) -> Self {
        Self { service: SocketAddrV4::new(*self.service.ip(), u16::MAX), ..self }
    }

    /// Of IPv4.
    pub(crate) fn network(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::try_from(self.network).unwrap_or(0))
    }
}

#[derive(Clone, Debug)]
struct Template {
    whom: Whom,
    destination: usize,
    /// As its destination had it when the template was made.
    forward: Forward,
    /// Whether a connection under it was ever established (`IP_VS_CTPL_S_ASSURED`).
    assured: bool,
    /// How long it lives after its last new connection.
    timeout: Duration,
    expires: Instant,
    /// How much later the kernel's timers may have brought that about.
    late: Duration,
    /// Connections that it controls.
    controls: u32,
    /// Whether it is found by whom it is for.
    valid: bool,
    telling: Telling,
}

impl Template {
    fn said(&self) -> Said {
        let Self { whom, assured, destination, valid, forward, timeout, .. } = *self;
        let binding = Binding { whom, assured };
        Said { destination, binding, valid, forward, timeout }
    }
}

/// What time has done to a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It is gone; its destination.
    Gone(usize),
    /// It controls connections and lives on, from that moment.
    LivesOn(u32, Instant),
}

/// What is told of a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) destination: usize,
    pub(super) binding: Binding,
    /// Whether anybody finds it still.
    pub(super) valid: bool,
    pub(super) forward: Forward,
    pub(super) timeout: Duration,
}

/// The templates, by the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Templates {
    known: BTreeMap<Whom, u32>,
    all: BTreeMap<u32, Template>,
    next: u32,
}

impl Templates {
    pub(super) fn find(&self, whom: Whom) -> Option<(u32, usize)> {
        let number = *self.known.get(&whom)?;
        Some((number, self.all.get(&number)?.destination))
    }

    /// Nobody finds it any more; what it controls, it controls.
    pub(super) fn invalidate(&mut self, number: u32) {
        if let Some(template) = self.all.get_mut(&number) {
            template.valid = false;
            self.known.remove(&template.whom);
        }
    }

    pub(super) fn add(
        &mut self,
        whom: Whom,
        (destination, forward): (usize, Forward),
        timeout: Duration,
        now: Instant,
    ) -> u32 {
        let number = self.next;
        self.next += 1;
        let expires = now + timeout;
        let late = Duration::ZERO;
        let (controls, valid, telling, assured) = (0, true, Telling::default(), false);
        let template = Template {
            whom,
            destination,
            forward,
            assured,
            timeout,
            expires,
            late,
            controls,
            valid,
            telling,
        };
        self.all.insert(number, template);
        self.known.insert(whom, number);
        number
    }

    /// A new connection under the template: its time begins anew.
    pub(super) fn control(&mut self, number: u32, now: Instant) {
        if let Some(template) = self.all.get_mut(&number) {
            template.controls += 1;
            template.expires = now + template.timeout;
            template.late = Duration::ZERO;
        }
    }

    /// A connection under the template is established.
    pub(super) fn assure(&mut self, number: u32) {
        if let Some(template) = self.all.get_mut(&number) {
            template.assured = true;
        }
    }

    /// A packet on a connection under the template: what is to be told of it, if that is.
    pub(super) fn told(&mut self, number: u32, when: &When, now: Instant) -> Option<Said> {
        let template = self.all.get_mut(&number)?;
        template.telling.packet(None, template.timeout, when, now).then(|| template.said())
    }

    /// Whether a kernel's ticks decide if it is told with a packet.
    pub(super) fn is_close(&self, number: u32, when: &When, now: Instant) -> bool {
        let template = self.all.get(&number);
        template.is_some_and(|one| one.telling.is_close((one.timeout, Duration::ZERO), when, now))
    }

    /// Whether they, and how late its timer is, decide if it is told when it lives on.
    pub(super) fn lives_on_close(&self, number: u32, when: &When, now: Instant) -> bool {
        let template = self.all.get(&number);
        template.is_some_and(|one| one.telling.is_close((one.timeout, one.late), when, now))
    }

    /// The same when its time is up and it lives on.
    pub(super) fn told_again(&mut self, number: u32, when: &When, now: Instant) -> Option<Said> {
        let template = self.all.get_mut(&number)?;
        let lives = (template.timeout, template.late);
        template.telling.lives_on(lives, when, now).then(|| template.said())
    }

    /// Another director tells of the template.
    pub(super) fn hear(
        &mut self,
        number: u32,
        (assured, timeout): (bool, Duration),
        telling: Telling,
        now: Instant,
    ) {
        if let Some(template) = self.all.get_mut(&number) {
            template.assured = assured;
            template.timeout = timeout;
            template.expires = now + timeout;
            template.late = Duration::ZERO;
            template.telling = telling;
        }
    }

    /// A connection under the template has ended.
    pub(super) fn release(&mut self, number: u32) {
        if let Some(template) = self.all.get_mut(&number) {
            template.controls = template.controls.saturating_sub(1);
        }
    }

    /// Takes away one whose time is up, or gives it more.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Over> {
        let over = self.all.iter_mut().find(|(_, template)| template.expires <= now);
        let (number, template) = over.map(|(number, template)| (*number, template))?;
        if template.controls > 0 {
            let at = template.expires;
            template.late += slack(template.timeout);
            template.timeout = LATER;
            template.expires = at + LATER;
            return Some(Over::LivesOn(number, at));
        }
        let template = self.all.remove(&number)?;
        if template.valid {
            self.known.remove(&template.whom);
        }
        Some(Over::Gone(template.destination))
    }

    /// When each runs out, by how much later it may, and its number.
    pub(super) fn pending(&self) -> impl Iterator<Item = (Instant, Duration, u32)> {
        self.all.iter().map(|(number, template)| {
            (template.expires, template.late + slack(template.timeout), *number)
        })
    }

    /// Takes away one of a destination that is gone and controls nothing.
    pub(super) fn drop_idle(&mut self, gone: impl Fn(usize) -> bool) -> Option<usize> {
        let idle = |template: &Template| template.controls == 0 && gone(template.destination);
        let number = *self.all.iter().find(|(_, template)| idle(template))?.0;
        let template = self.all.remove(&number)?;
        if template.valid {
            self.known.remove(&template.whom);
        }
        Some(template.destination)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const SERVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 100), 80);

    fn after(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_prefix_makes_one_client_of_a_network() {
        let whom = |last, prefix| Whom::new([192, 0, 2, last].into(), prefix, SERVICE);
        assert_eq!(whom(1, 24), whom(200, 24));
        assert_ne!(whom(1, 32), whom(200, 32));
        assert_eq!(whom(1, 0), Whom::new([10, 0, 0, 1].into(), 0, SERVICE));
        let six = |last, prefix| {
            let client = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
            Whom::new(client.into(), prefix, SERVICE)
        };
        assert_eq!(six(1, 64), six(2, 64));
        assert_ne!(six(1, 128), six(2, 128));
        assert_eq!(six(1, 0), Whom::new(Ipv6Addr::LOCALHOST.into(), 0, SERVICE));
    }

    #[test]
    fn a_template_is_found_under_another_prefix_if_the_masked_address_is_the_same() {
        let whom = |client: [u8; 4], prefix| Whom::new(client.into(), prefix, SERVICE);
        assert_eq!(whom([203, 0, 0, 9], 16), whom([203, 0, 0, 77], 24));
        assert_ne!(whom([203, 0, 1, 9], 16), whom([203, 0, 1, 77], 24));
        assert_eq!(whom([203, 0, 0, 9], 24).network(), Ipv4Addr::new(203, 0, 0, 0));
    }

    #[test]
    fn one_that_controls_connections_outlives_its_time_by_a_minute() {
        let mut templates = Templates::default();
        let whom = Whom::new(Ipv4Addr::LOCALHOST.into(), 32, SERVICE);
        let destination = (3, Forward::Direct);
        let number = templates.add(whom, destination, Duration::from_secs(30), after(0));
        templates.control(number, after(10));
        assert_eq!(templates.expire(after(39)), None);
        assert_eq!(templates.expire(after(41)), Some(Over::LivesOn(number, after(40))));
        assert_eq!(templates.expire(after(41)), None);
        assert_eq!(templates.find(whom), Some((number, 3)));
        templates.release(number);
        assert_eq!(templates.expire(after(99)), None);
        assert_eq!(templates.expire(after(100)), Some(Over::Gone(3)));
        assert_eq!(templates.find(whom), None);
    }
}
