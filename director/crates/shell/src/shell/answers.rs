//! What is asked of a director and changes nothing.

use super::Shell;
use crate::links::Links;
use crate::order::Order;
use director_engine::ports::Kernel;
use director_probes::Network;
use tokio::task::spawn_blocking;

impl<K, L, N> Shell<K, L, N>
where
    K: Kernel + Send + 'static,
    L: Links,
    N: Network + Send + Sync + 'static,
{
    /// Answers what changes nothing. Whoever asked may have gone meanwhile.
    pub(super) fn answer(&self, question: Order) {
        let now = self.clock.now();
        match question {
            Order::Status(reply) => drop(reply.send(self.director.view(now))),
            Order::Explain(subject, reply) => {
                drop(reply.send(self.director.explain(&subject, now)));
            }
            Order::Metrics(reply) => {
                let (meter, view) = (self.meter.clone(), self.director.view(now));
                // With thousands of servers the text takes longer than a heartbeat may wait.
                spawn_blocking(move || drop(reply.send(meter.text(&view))));
            }
            Order::Listen(reply) => drop(reply.send(self.events.listen())),
            Order::Altered(reply) => drop(reply.send(self.altered())),
            Order::Stop
            | Order::Reload
            | Order::ReloadFor(..)
            | Order::Operate(..)
            | Order::Alter(..) => {}
        }
    }
}
