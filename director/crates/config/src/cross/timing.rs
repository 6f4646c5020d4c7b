//! The times of the heartbeat.

use crate::cluster::Draft;
use crate::code::Code;
use crate::duration::format_duration;
use crate::found::{At, Found};
use std::time::Duration;

/// Asking a silent peer needs no rule: it ends 1.85 keepalives after the last packet at the latest.
pub(super) fn check(cluster: &Draft, found: &mut Found<'_>) {
    let Some(deadtime) = &cluster.deadtime else { return };
    if let Some(keepalive) = &cluster.keepalive
        && deadtime.value < keepalive.value * 2
    {
        let (dead, keep) = (format_duration(deadtime.value), format_duration(keepalive.value));
        let message = format!(
            "a deadtime of {dead} with a keepalive of {keep} must flap: \
             one lost heartbeat makes a live peer look dead"
        );
        let least = format_duration(keepalive.value * 2);
        let help = format!("write a deadtime of at least \"{least}\", or a shorter keepalive");
        found.add(Code::DeadtimeTooShort, &deadtime.span, message, help);
    }
    outlasts(cluster, deadtime, found);
    if let Some(initdead) = &cluster.initdead
        && initdead.value < deadtime.value
    {
        let (init, dead) = (format_duration(initdead.value), format_duration(deadtime.value));
        let message = format!(
            "an initdead of {init} is shorter than the deadtime of {dead}: a node that starts \
             would take addresses before it can know that nobody has them"
        );
        let help = format!("write an initdead of at least \"{dead}\", or leave it out");
        found.add(Code::InitdeadTooShort, &initdead.span, message, help);
    }
}

/// An address that went before the peers can have noticed anything would have no owner.
fn outlasts(cluster: &Draft, deadtime: &At<Duration>, found: &mut Found<'_>) {
    let Some(At { value: Some(lease), span }) = &cluster.lease else { return };
    if *lease >= deadtime.value {
        return;
    }
    let (lease, dead) = (format_duration(*lease), format_duration(deadtime.value));
    let message = format!(
        "a lease of {lease} is shorter than the deadtime of {dead}: the address of a daemon that \
         was killed would be gone before a peer takes it"
    );
    let help = format!("write a lease of at least \"{dead}\", or leave it out");
    found.add(Code::LeaseTooShort, span, message, help);
}
