//! What operators order.

use crate::net::packet::NodeId;
use crate::world::World;
use director_core::Input;
use director_core::alter::{Alteration, Alterations, Change};
use director_core::config::{Config, Weight};
use director_core::name::ServiceName;
use director_core::order::Order;
use director_core::standing::Subject;
use scenario::OperatorOrder;
use std::net::IpAddr;
use std::sync::Arc;

/// A director's configuration file as it was read last, and what was ordered beside it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    read: Arc<Config>,
    alterations: Alterations,
}

impl File {
    pub(crate) fn new(read: &Arc<Config>) -> Self {
        Self { read: Arc::clone(read), alterations: Alterations::default() }
    }

    /// What a process begins with: what was ordered beside the file ended with the one before.
    pub(crate) fn begin(&mut self) -> Arc<Config> {
        self.alterations = Alterations::default();
        Arc::clone(&self.read)
    }

    /// Another file is read. What was ordered stands, as far as it still fits.
    pub(crate) fn read(&mut self, config: &Arc<Config>) -> Arc<Config> {
        self.read = Arc::clone(config);
        let mut config = (**config).clone();
        // What does not fit is told of in a log, which nobody has here.
        let _dropped = self.alterations.renew(&mut config);
        Arc::new(config)
    }
}

/// What becomes of an order.
pub(crate) enum Told {
    /// It goes to the decisions.
    Order(Order),
    /// The configuration in use is another from now on.
    Alter(Alteration),
}

/// The order in the decisions' words; none when its server has no address or its service no name.
pub(crate) fn told(order: &OperatorOrder, address: Option<IpAddr>) -> Option<Told> {
    let server = address.map(|address| Subject { service: None, address, port: None });
    let alter = |service: &str, change| {
        let service = ServiceName::new(service).ok()?;
        Some(Told::Alter(Alteration { service, address: address?, port: None, change }))
    };
    Some(Told::Order(match order {
        OperatorOrder::Ready => Order::Ready { group: None },
        OperatorOrder::Standby => Order::Standby { group: None },
        OperatorOrder::Drain { deadline, .. } => {
            Order::Drain { server: server?, deadline: *deadline, force: false }
        }
        OperatorOrder::Undrain { .. } => Order::Undrain { server: server? },
        OperatorOrder::Maintenance { on, .. } => {
            Order::Maintenance { server: server?, on: *on, force: false }
        }
        OperatorOrder::Weight { weight, .. } => {
            Order::Weight { server: server?, weight: weight.map(Weight) }
        }
        OperatorOrder::Add { service, weight, .. } => {
            return alter(service, Change::Add { weight: Weight(*weight) });
        }
        OperatorOrder::Remove { service, .. } => {
            return alter(service, Change::Remove { force: false });
        }
    }))
}

impl World {
    pub(crate) fn order(&mut self, node: NodeId, order: &OperatorOrder) {
        if self.process(node).is_none() {
            self.note(node, "there is no director process to give an order to");
            return;
        }
        let scenario = Arc::clone(&self.scenario);
        let director = self.host_name(node);
        let address = order.server().and_then(|it| scenario.server_address(director, it));
        let Some(told) = told(order, address) else { return };
        if let Some(address) = address {
            self.guard_ordered(address);
        }
        match told {
            Told::Order(order) => self.tell(node, Input::Order(order)),
            Told::Alter(alteration) => self.alter(node, alteration),
        }
    }

    fn alter(&mut self, node: NodeId, alteration: Alteration) {
        let Some(director) = self.director(node) else { return };
        let mut config = (*director.config).clone();
        match alteration.apply(&mut config) {
            Ok(seat) => {
                director.file.alterations.keep(seat, alteration);
                director.config = Arc::new(config);
                let config = Arc::clone(&director.config);
                self.guard_reconfigured(node);
                self.tell(node, Input::Reload(config));
            }
            Err(why) => {
                let text = format!("refused: {why}");
                self.note(node, &text);
            }
        }
    }
}
