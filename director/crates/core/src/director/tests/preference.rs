//! Groups on different directors, and more than two of them.

use super::chaos::{other_vip, three};
use super::*;
use crate::order::Order;

fn owner(lab: &Lab, address: &VirtualAddress) -> Vec<String> {
    let holds = |(_, host): &(&NodeName, &Host)| host.kernel.addresses.contains_key(address);
    lab.hosts.iter().filter(holds).map(|(name, _)| name.to_string()).collect()
}

#[test]
fn each_group_is_where_it_is_preferred_and_moves_by_itself() {
    let mut lab = Lab::new(three());
    lab.run(ms(10_000));
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d1".into()], vec!["d2".into()])
    );
    lab.power_off("d2");
    lab.run(ms(1_000));
    // d1 comes before d3 for both.
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d1".into()], vec!["d1".into()])
    );
    lab.power_off("d1");
    lab.run(ms(1_000));
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d3".into()], vec!["d3".into()])
    );
    lab.start(&node("d2"));
    lab.run(ms(5_000));
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d2".into()], vec!["d2".into()])
    );
    lab.start(&node("d1"));
    lab.run(ms(5_000));
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d1".into()], vec!["d2".into()])
    );
}

#[test]
fn one_group_is_handed_over_alone() {
    let mut lab = Lab::new(three());
    lab.run(ms(10_000));
    lab.power_off("d2");
    lab.run(ms(1_000));
    let mail = Some(GroupName::new("mail").unwrap());
    lab.input(&node("d1"), Input::Order(Order::Handover { group: mail }));
    lab.run(ms(1_000));
    assert_eq!(
        (owner(&lab, &vip()), owner(&lab, &other_vip())),
        (vec!["d1".into()], vec!["d3".into()])
    );
}

#[test]
fn a_reload_moves_a_group_to_whom_it_prefers_now() {
    let mut lab = Lab::new(three());
    lab.run(ms(10_000));
    let mut config = three();
    config.groups.get_mut(&GroupName::new("mail").unwrap()).unwrap().priorities.clear();
    for name in ["d1", "d2", "d3"] {
        lab.input(&node(name), Input::Reload(Arc::new(config.clone())));
    }
    lab.run(ms(2_000));
    assert_eq!(owner(&lab, &other_vip()), ["d1"]);
}
