//! A broadcast domain: one switch, a port for each node on it, any of whose paths can be cut.

use crate::net::packet::PortId;
use director_core::random::Stream;
use director_core::time::Instant;
use std::time::Duration;

/// A segment. It learns nothing and floods nothing: a frame goes to the port that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) name: String,
    low: u64,
    width: u64,
    members: Vec<PortId>,
    /// From each member to each, row by row.
    links: Vec<Link>,
}

/// One direction between two ports.
#[derive(Clone, Debug)]
struct Link {
    stream: Stream,
    /// When the last frame arrives: a switch does not reorder the frames of one path.
    last: Instant,
    cut: bool,
}

impl Switch {
    /// `members` come with their node's name, by which their paths' random streams are called.
    pub(crate) fn new(
        name: &str,
        latency: scenario::Spread,
        members: &[(PortId, &str)],
        seed: u64,
    ) -> Self {
        let nanos = |value: Duration| u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        let low = nanos(latency.from);
        let width = nanos(latency.to).saturating_sub(low).saturating_add(1);
        let mut links = Vec::with_capacity(members.len() * members.len());
        for (_, from) in members {
            for (_, to) in members {
                let stream = Stream::named(seed, &format!("link/{name}/{from}->{to}"));
                links.push(Link { stream, last: Instant::ZERO, cut: false });
            }
        }
        let members = members.iter().map(|(port, _)| *port).collect();
        Self { name: name.to_owned(), low, width, members, links }
    }

    pub(crate) fn members(&self) -> &[PortId] {
        &self.members
    }

    /// When a frame that is sent at `now` arrives; never, when the path is cut.
    pub(crate) fn arrival(&mut self, from: u16, to: u16, now: Instant) -> Option<Instant> {
        let place = usize::from(from) * self.members.len() + usize::from(to);
        let link = self.links.get_mut(place)?;
        if link.cut {
            return None;
        }
        // Multiply and shift: a remainder would cost a division for every frame.
        let drawn = u128::from(link.stream.next_u64()) * u128::from(self.width);
        let took = self.low + u64::try_from(drawn >> 64).unwrap_or(0);
        let at = Instant::from_nanos(now.as_nanos().saturating_add(took)).max(link.last);
        link.last = at;
        Some(at)
    }

    /// Cuts or heals every path by what `passes` says of it.
    pub(crate) fn set_cuts(&mut self, passes: impl Fn(PortId, PortId) -> bool) {
        for (row, from) in self.members.iter().enumerate() {
            for (column, to) in self.members.iter().enumerate() {
                if let Some(link) = self.links.get_mut(row * self.members.len() + column) {
                    link.cut = !passes(*from, *to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch() -> Switch {
        let latency =
            scenario::Spread { from: Duration::from_micros(100), to: Duration::from_micros(200) };
        Switch::new("lan", latency, &[(PortId(4), "a"), (PortId(7), "b")], 1)
    }

    #[test]
    fn frames_of_one_path_keep_their_order_and_the_latency_its_bounds() {
        let mut switch = switch();
        let mut last = Instant::ZERO;
        for step in 0..1_000_u64 {
            let now = Instant::from_nanos(step * 10_000);
            let at = switch.arrival(0, 1, now).unwrap();
            assert!(at >= last);
            let took = at.since(now);
            assert!(took >= Duration::from_micros(100) && took <= Duration::from_micros(200));
            last = at;
        }
    }

    #[test]
    fn a_cut_is_of_one_direction() {
        let mut switch = switch();
        switch.set_cuts(|from, _| from != PortId(4));
        assert_eq!(switch.arrival(0, 1, Instant::ZERO), None);
        assert!(switch.arrival(1, 0, Instant::ZERO).is_some());
        switch.set_cuts(|_, _| true);
        assert!(switch.arrival(0, 1, Instant::ZERO).is_some());
    }

    #[test]
    fn traffic_on_one_path_does_not_change_the_latencies_of_another() {
        let (mut one, mut other) = (switch(), switch());
        other.arrival(0, 1, Instant::ZERO);
        assert_eq!(one.arrival(1, 0, Instant::ZERO), other.arrival(1, 0, Instant::ZERO));
    }
}
