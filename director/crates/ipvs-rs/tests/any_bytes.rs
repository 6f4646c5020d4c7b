//! The function of the fuzz target (`fuzz/`), over bytes that a property test makes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in helpers too")]

mod common;
#[path = "common/any_bytes.rs"]
mod target;

use common::reply;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Messages of the kernel with a few bytes changed, and bytes behind them.
    #[test]
    fn nearly_messages(
        reply in reply(),
        family: u8,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        more in proptest::collection::vec(any::<u8>(), 0..16),
    ) {
        let mut bytes = vec![family];
        bytes.extend(reply.message().unwrap().to_bytes(28, 0, 1).split_off(16));
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        bytes.extend(more);
        target::understand(&bytes);
    }

    /// A valid command, then anything.
    #[test]
    fn nearly_attributes(
        family: u8,
        command in 1u8..=17,
        rest in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let mut bytes = vec![family, command, 1, 0, 0];
        bytes.extend(rest);
        target::understand(&bytes);
    }
}
