//! `witnesses` of `[cluster]`: who must answer before a peer is believed dead.

use crate::address::host;
use crate::code::Code;
use crate::found::{At, Found};
use crate::tree::Value;
use crate::value::list;
use std::net::IpAddr;

/// Each is asked in every interval: more of them prove no more.
const MOST: usize = 16;

pub(crate) fn witnesses(
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<Vec<At<IpAddr>>> {
    let values = list(key, value, found)?;
    if values.len() > MOST {
        let message = format!("{} witnesses are more than {MOST}", values.len());
        found.add(Code::OutOfRange, &value.span, message, "one answer is enough: name fewer");
        return None;
    }
    let read = |value: &Value<'_>| Some(At::new(host(key, value, found)?, value.span.clone()));
    let witnesses: Vec<At<IpAddr>> = values.iter().filter_map(read).collect();
    (witnesses.len() == values.len()).then_some(witnesses)
}
