//! Captures of everything that passes the switches, for reading afterwards.

use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::RUN;
use crate::plan::Plan;

/// One `tcpdump` per segment, or none.
pub(super) struct Captures(Vec<Child>);

/// Starts to capture, if the plan says so.
pub(super) fn start(plan: &Plan) -> anyhow::Result<Captures> {
    let segments = plan.segments.iter().filter(|_| plan.capture);
    let children: anyhow::Result<Vec<Child>> = segments
        .map(|segment| {
            // A switch whose device is promiscuous shows it every frame that it forwards.
            Command::new("tcpdump")
                .args(["-U", "--immediate-mode", "-i", &format!("br-{segment}")])
                .args(["-w", &format!("{RUN}/{segment}.pcap")])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("cannot start tcpdump")
        })
        .collect();
    children.map(Captures)
}

impl Captures {
    /// Has every capture written to its end.
    pub(super) fn finish(self) {
        for mut child in self.0 {
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::INT);
            }
            let _ = child.wait();
        }
    }
}
