//! What a director looks like from outside.

use super::Director;
use crate::cluster::ago_ms;
use crate::config::{Service, SyncDaemon, SyncRole, Weight};
use crate::desired::DesiredServer;
use crate::name::ServiceName;
use crate::standing::Duty;
use crate::time::Instant;
use crate::view::{DrainView, GroupView, KernelView, PeerView, ServerView, ServiceView, View};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Director {
    /// What the director looks like at `now`.
    #[must_use]
    pub fn view(&self, now: Instant) -> View {
        let found = self.kernel.found();
        let services = self.config.services.iter();
        View {
            cluster: self.config.cluster.name.clone(),
            node: self.node.clone(),
            incarnation: self.incarnation,
            config: self.cluster.digest(),
            started_ms: ago_ms(self.started, now),
            next: self.next_deadline(),
            witness: self.cluster.view_witness(),
            voter: self.cluster.view_voter(now),
            groups: self.cluster.view_groups(found, now),
            peers: self.cluster.view_peers(&self.config, now),
            ignored: self.cluster.view_ignored(),
            services: services
                .map(|(name, service)| self.view_service(name, service, now))
                .collect(),
            draining: self.view_draining(now),
            alerts: self.alerts.view(),
            kernel: KernelView {
                converged: self.kernel.converged,
                observed_ms: self.kernel.found.as_ref().map(|(_, at)| ago_ms(*at, now)),
                refused: self.kernel.refused.clone(),
                foreign: self.kernel.foreign.clone(),
                sync: found.map_or_else(BTreeMap::new, |found| {
                    let words = |(role, it): (&SyncRole, &SyncDaemon)| (*role, it.to_string());
                    found.sync.iter().map(words).collect()
                }),
                sync_listening_ms: self.machinery.listening().map(|since| ago_ms(since, now)),
            },
        }
    }

    /// Whether the kernel holds what it should, as far as is known.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        self.kernel.converged
    }

    /// What its groups look like at `now`: a small part of the view.
    #[must_use]
    pub fn groups(&self, now: Instant) -> Vec<GroupView> {
        self.cluster.view_groups(self.kernel.found(), now)
    }

    /// Of all that [`Self::view`] shows the other directors and the groups alone, for who looks at
    /// every packet.
    #[must_use]
    pub fn view_cluster(&self, now: Instant) -> (Vec<PeerView>, Vec<GroupView>) {
        let found = self.kernel.found();
        (self.cluster.view_peers(&self.config, now), self.cluster.view_groups(found, now))
    }

    fn view_draining(&self, now: Instant) -> Vec<DrainView> {
        let all = self.checks.drains().all(self.kernel.found());
        all.map(|(service, address, drain, connections)| {
            let remaining = u64::try_from(drain.until.since(now).as_millis());
            DrainView { service, address, connections, remaining_ms: remaining.unwrap_or(u64::MAX) }
        })
        .collect()
    }

    fn view_service(&self, name: &ServiceName, service: &Service, now: Instant) -> ServiceView {
        let found = self.kernel.found.as_ref().and_then(|(f, _)| f.services.get(&service.key));
        let wanted = self.kernel.desired().and_then(|d| d.services.get(&service.key));
        let entries = self.checks.servers_of(name).iter();
        let view = |entry: &crate::health::Checked| {
            let wanted = DesiredServer::of(service, &entry.server, Weight::ZERO);
            let seat = entry.seat();
            let (checks_passed, checks_failed, took) = self.checks.totals(entry);
            let micros = |took: core::time::Duration| u64::try_from(took.as_micros()).ok();
            let (duty, kept) = (self.orders.duty(&seat), self.orders.of(&seat));
            let present = found.and_then(|table| table.servers.get(&entry.server));
            ServerView {
                address: entry.server,
                health: entry.record.state(),
                since_ms: ago_ms(entry.record.since, now),
                why: entry
                    .record
                    .why
                    .as_ref()
                    .map_or_else(|| String::from("not checked yet"), ToString::to_string),
                forward: wanted.forward,
                thresholds: wanted.thresholds,
                weight: entry.whole(service),
                desired_weight: entry.share,
                kernel_weight: present.map(|present| present.weight),
                active: present.map_or(0, |present| present.active),
                inactive: present.map_or(0, |present| present.inactive),
                successes: entry.record.successes,
                failures: entry.record.failures,
                checks_passed,
                checks_failed,
                check_us: took.and_then(micros),
                checked_at: self.checks.asked(entry).0,
                check_mark: self.checks.asked(entry).1,
                advice: entry.advice,
                duty,
                duty_ms: (duty != Duty::Serve).then(|| ago_ms(entry.duty_since(), now)),
                by: kept.map(|kept| kept.by.clone()),
                damped_ms: entry.record.held_until().map(|until| ago_ms(now, until)),
            }
        };
        ServiceView {
            name: name.clone(),
            key: service.key,
            scheduler: service.settings.scheduler,
            settings: service.settings.to_string(),
            checked_via: service.check.via,
            marked: service.marked.clone(),
            fallback_serving: service
                .fallback
                .is_some_and(|f| wanted.is_some_and(|w| w.servers.contains_key(&f))),
            fallback: service.fallback,
            quorate: self.checks.pool(name).is_none_or(|pool| pool.quorate),
            panicking: self.checks.pool(name).is_some_and(|pool| pool.panicking),
            servers: entries.map(view).collect(),
        }
    }
}
