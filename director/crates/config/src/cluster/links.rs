//! `links` of `[cluster]`: the paths of heartbeats.

use crate::code::Code;
use crate::found::{At, Found};
use crate::section::{Keys, Section};
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::{list, name, text};
use director_core::config::Link;
use director_core::name::InterfaceName;
use std::net::IpAddr;

pub(crate) const KEYS: Keys = Keys { known: &["interface", "multicast"] };

/// `director_core::beat::LinkId` counts links in a byte.
const MOST: usize = 255;

/// What a link says.
pub(crate) struct Draft {
    pub(crate) interface: At<InterfaceName>,
    pub(crate) multicast: Option<At<IpAddr>>,
}

impl Draft {
    pub(super) fn build(self) -> Link {
        Link { interface: self.interface.value, multicast: self.multicast.map(|group| group.value) }
    }
}

pub(super) fn read(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Vec<Draft>> {
    let values = list(key, value, found)?;
    if values.len() > MOST {
        let message = format!("{} links are more than {MOST}", values.len());
        found.add(Code::OutOfRange, &value.span, message, "leave some of them out");
        return None;
    }
    let mut links: Vec<Draft> = Vec::new();
    for value in values {
        let link = link(value, found);
        let earlier = link.as_ref().and_then(|link| {
            links
                .iter()
                .find(|other| other.interface.value == link.interface.value)
                .map(|other| found.spoken(&other.interface.span))
        });
        let is_new = earlier.is_none();
        if let (Some(link), Some(line)) = (&link, earlier) {
            let name = &link.interface.value;
            let message = format!("link {name} is already in the list ({line})");
            let help = "name each interface once, in the order in which links are numbered";
            found.add(Code::DuplicateLink, &link.interface.span, message, help);
        }
        links.extend(link.filter(|_| is_new));
    }
    (links.len() == values.len()).then_some(links)
}

fn link(value: &Value<'_>, found: &mut Found<'_>) -> Option<Draft> {
    const EXAMPLE: &str = r#"{ interface = "eth0" }"#;
    let section = Section::open("a link".to_owned(), value, &KEYS, EXAMPLE, found)?;
    let help = format!("write {EXAMPLE}");
    let interface = section.need("interface", &help, found, name(InterfaceName::new));
    let multicast = section.read("multicast", found, multicast).at_or_absent();
    Some(Draft { interface: interface?, multicast: multicast? })
}

/// A group that can be heard on another machine.
fn multicast(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<IpAddr> {
    const HELP: &str = "write one of your own network's, such as \"239.255.0.94\" or \"ff02::94\"";
    let text = text(key, value, found)?;
    let group = text.parse::<IpAddr>().ok().filter(IpAddr::is_multicast);
    if group.is_none() {
        let message = format!("{} is not a multicast address", quote(text));
        found.add(Code::BadAddress, &value.span, message, HELP);
    }
    // RFC 4291 §2.7: scope 0 is reserved, scope 1 is one machine.
    if let Some(IpAddr::V6(address)) = group
        && address.segments()[0] & 0xf < 2
    {
        let message = format!("{} does not leave the machine", quote(text));
        found.add(Code::BadAddress, &value.span, message, HELP);
        return None;
    }
    group
}
