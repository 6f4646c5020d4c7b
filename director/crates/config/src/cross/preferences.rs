//! Which directors groups prefer.

use crate::code::Code;
use crate::document::Draft;
use crate::found::Found;
use crate::suggest::{nearest, quote};

/// A preference for a director that there is not is a slip.
pub(super) fn check(draft: &Draft, found: &mut Found<'_>) {
    if !draft.nodes.complete {
        return;
    }
    let groups = draft.groups.list.iter();
    for (node, _) in groups.flat_map(|group| group.priorities.iter().flatten()) {
        let known = || draft.nodes.list.iter().map(|known| known.name.as_str());
        if known().any(|known| known == node.value.as_str()) {
            continue;
        }
        let help = match nearest(node.value.as_str(), known()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("leave it out, or describe it: [nodes.{}]", node.value),
        };
        let message = format!("there is no node {}", quote(node.value.as_str()));
        found.add(Code::UnknownNode, &node.span, message, help);
    }
}
