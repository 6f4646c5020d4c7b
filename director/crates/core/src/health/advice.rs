//! What agents on servers advise: a share of the weight, or no new connections.
//!
//! As HAProxy's agent checks have it: a word holds until another takes its place. A per cent stays
//! until the next one; `drain` and `maint` stay until `ready`.

use super::Checked;
use crate::cluster::Out;
use crate::config::Weight;
use crate::probe::{Admission, Advice};
use crate::report::Report;
use crate::time::Instant;

impl Checked {
    /// Takes in what the server's agent said. Returns whether that changes anything.
    pub(super) fn heed(&mut self, said: Advice, now: Instant, out: &mut Out) -> bool {
        let before = self.advice;
        self.advice.weight_percent = said.weight_percent.or(before.weight_percent);
        match said.admission {
            None => {}
            Some(Admission::Ready) => self.advice.admission = None,
            admission => self.advice.admission = admission,
        }
        if self.advice == before {
            return false;
        }
        if before.admission.is_some() && self.advice.admission.is_none() {
            // It comes back as a server does that was drained by order.
            self.ramp = Some(now);
        }
        let (service, server) = (self.service.clone(), self.server);
        let Advice { weight_percent, admission } = self.advice;
        out.reports.push_back(Report::Advised { service, server, weight_percent, admission });
        true
    }

    /// Whether its agent wants no new connections.
    pub(super) fn declines(&self) -> bool {
        self.advice.admission.is_some()
    }

    /// The part of the weight that its agent wants. A server that wants some gets some.
    pub(super) fn advised(&self, whole: Weight) -> Weight {
        let Some(percent) = self.advice.weight_percent else { return whole };
        let part = (u32::from(whole.0) * u32::from(percent)).div_ceil(100);
        Weight(u16::try_from(part).unwrap_or(u16::MAX))
    }
}
