//! The clock of a run: nanoseconds of `CLOCK_MONOTONIC`, which all namespaces of a guest share.

use std::time::Duration;

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, clock_gettime};

use crate::process::timespec;

/// Now, since the kernel's boot.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Sleeps until that moment on the monotonic clock; returns at once if it has passed.
pub(crate) fn sleep_until(moment: Duration) {
    // A signal may end the sleep early; time cannot stand still, so this ends.
    while now() < moment {
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(moment));
    }
}
