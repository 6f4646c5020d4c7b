//! What a node calls its interfaces.

use crate::code::Code;
use crate::document::Draft;
use crate::found::Found;
use crate::node;

/// A name that is given to an interface must be of one that the node has, and of no other.
pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    for node in draft.nodes.list.iter().filter(|node| node.complete) {
        for (common, own) in &node.interfaces {
            let (name, shown) = (&node.name, &common.value);
            if !node.has(&common.value) {
                let message = format!("node {name} has no address on interface {shown}");
                let help = "name one of its `addresses`, as they are called there";
                found.add(Code::UnknownInterface, &common.span, message, help);
            } else if let Some(other) = same(node, common, own) {
                let message =
                    format!("on node {name}, {shown} and {other} would both be {}", own.value);
                let help = "give each interface a name of its own; two may change places";
                found.add(Code::SameInterface, &own.span, message, help);
            }
        }
    }
}

/// Another interface of the node that it calls the same.
fn same<'a>(
    node: &'a node::Draft,
    common: &crate::found::At<director_core::name::InterfaceName>,
    own: &crate::found::At<director_core::name::InterfaceName>,
) -> Option<&'a director_core::name::InterfaceName> {
    let others = node.addresses.iter().map(|address| &address.interface.value);
    let mut others = others.filter(|other| **other != common.value);
    others.find(|other| {
        let renamed = node.interfaces.iter().find(|(it, _)| it.value == **other);
        *renamed.map_or(*other, |(_, own)| &own.value) == own.value
    })
}
