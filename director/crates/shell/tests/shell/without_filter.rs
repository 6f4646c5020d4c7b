//! Addresses that should be closed, on a kernel whose packet filter can be neither read nor set.

use crate::support::{FakeKernel, config};
use director_core::desired::{DesiredState, Presence};
use director_core::plan::{Ledger, Step};
use director_engine::reconcile::reconcile;
use std::sync::Arc;

#[test]
fn an_address_is_taken_though_its_rules_cannot_be_read_and_the_failure_is_told() {
    let config = config();
    let addresses = config.groups.values().flat_map(|group| &group.addresses);
    let desired = Arc::new(DesiredState {
        addresses: addresses.clone().map(|it| (it.clone(), Presence::Held)).collect(),
        closed: Some(addresses.map(|it| (it.address, [].into())).collect()),
        ..DesiredState::default()
    });
    let mut kernel = FakeKernel::default();
    kernel.lose_packet_filter();
    let result = reconcile(&mut kernel, 1, Arc::clone(&desired), &mut Ledger::default());
    let found = result.found.unwrap();
    assert!(!desired.addresses.is_empty());
    assert!(desired.addresses.keys().all(|address| found.addresses.contains_key(address)));
    let [failed] = &result.failed[..] else { panic!("{:?}", result.failed) };
    assert!(matches!(failed.step, Step::SetClosed(_)) && failed.why.contains("nftables"));
}
