//! Telling the peers what was ordered for servers, and hearing it from them.

use super::Cluster;
use crate::beat::Beat;
use crate::name::NodeName;
use crate::standing::Entry;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Orders in one packet. Eight of the longest take less than 800 bytes, so that a packet fits into
/// an Ethernet frame.
pub(super) const WINDOW: usize = 8;

/// Orders on their way from and to the peers.
#[derive(Clone, Debug, Default)]
pub(super) struct Post {
    /// All that stand here, the newest first.
    told: Vec<Entry>,
    /// Where the next packet begins to tell them.
    at: usize,
    heard: Vec<(NodeName, Entry)>,
}

impl Post {
    /// What the next packets tell.
    pub(super) fn window(&self) -> Vec<Entry> {
        self.told.iter().skip(self.at).take(WINDOW).cloned().collect()
    }

    /// Whether what peers have told was taken.
    pub(super) fn is_read(&self) -> bool {
        self.heard.is_empty()
    }
}

impl Cluster {
    /// Tells these orders from now on; the first ones at once.
    pub(crate) fn tell_orders(&mut self, orders: Vec<Entry>) {
        self.post.told = orders;
        self.post.at = 0;
        self.stirred = true;
    }

    /// The next packet tells the next orders, when they do not fit into one.
    pub(super) fn turn_orders(&mut self) {
        if self.post.told.len() > WINDOW {
            self.post.at += WINDOW;
            if self.post.at >= self.post.told.len() {
                self.post.at = 0;
            }
            self.body = Arc::new(self.present_body());
        }
    }

    pub(super) fn hear_orders(&mut self, beat: &Beat) {
        let from = &beat.body.node;
        let heard = beat.body.orders.iter().map(|entry| (from.clone(), entry.clone()));
        self.post.heard.extend(heard);
    }

    /// Whether peers have told of orders since they were taken last.
    pub(crate) fn has_orders(&self) -> bool {
        !self.post.heard.is_empty()
    }

    /// What peers have told since the last call.
    pub(crate) fn take_orders(&mut self) -> Vec<(NodeName, Entry)> {
        core::mem::take(&mut self.post.heard)
    }

    /// Whether this node has listened long enough to know what its peers know.
    ///
    /// An owner that doubts listens anew, but only for whose its groups are: what was ordered until
    /// its sleep it knows.
    pub(crate) fn has_listened(&self) -> bool {
        self.listen_until.is_none() || self.groups.iter().any(|group| group.doubtful)
    }
}
