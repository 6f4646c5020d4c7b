//! The lab's own kernel: user-mode Linux with IPVS and simulated time, built once per machine.

mod build;
mod cache;

pub(crate) use build::build;
pub(crate) use cache::lookup;

/// The configuration fragment on top of `allnoconfig`.
const CONFIG: &str = include_str!("../../../ci/kernel/config");
/// The patch that makes all entropy of the machine a function of a seed.
const PATCH: &str = include_str!("../../../ci/kernel/seeded-entropy.patch");
/// Where Debian's package puts the source.
const SOURCE: &str = "/usr/src/linux-source-6.12.tar.xz";
/// The package of that source.
const PACKAGE: &str = "linux-source-6.12";
/// The patched kernel reads its seed from this variable of its environment, in decimal.
pub(crate) const SEED_VARIABLE: &str = "DIRECTOR_LAB_SEED";
