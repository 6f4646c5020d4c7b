//! The clock of a run: nanoseconds of `CLOCK_MONOTONIC`, which all namespaces of a guest share.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    clock_settime, timerfd_create, timerfd_settime,
};

use crate::process::timespec;

/// Now, since the kernel's boot.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Sets the wall clock of this machine forward or back.
pub(crate) fn leap(nanos: i64) -> anyhow::Result<()> {
    let now = clock_gettime(ClockId::Realtime);
    let then = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec) + i128::from(nanos);
    let then = Timespec {
        tv_sec: i64::try_from(then.div_euclid(1_000_000_000))?,
        tv_nsec: i64::try_from(then.rem_euclid(1_000_000_000))?,
    };
    Ok(clock_settime(ClockId::Realtime, then)?)
}

/// A timer that is exact, where `nanosleep` may be 50 microseconds late and `poll` a thousandth of
/// its timeout (the kernel's timer slack, `fs/select.c`).
#[derive(Debug)]
pub(crate) struct Alarm(OwnedFd);

impl Alarm {
    /// An alarm that is not set.
    pub(crate) fn new() -> rustix::io::Result<Self> {
        timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC).map(Self)
    }

    /// From that moment on the descriptor is readable; at once if it has passed.
    pub(crate) fn set(&self, moment: Duration) -> rustix::io::Result<()> {
        // Zero would unset it.
        let moment = moment.max(Duration::from_nanos(1));
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: timespec(moment),
        };
        timerfd_settime(&self.0, TimerfdTimerFlags::ABSTIME, &once).map(drop)
    }

    /// Sleeps until that moment.
    pub(crate) fn sleep_until(&self, moment: Duration) -> rustix::io::Result<()> {
        self.set(moment)?;
        let mut expirations = [0_u8; 8];
        rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut expirations)).map(drop)
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sleeps until that moment on the monotonic clock, or a little longer; returns at once if it has
/// passed.
pub(crate) fn sleep_until(moment: Duration) {
    // A signal may end the sleep early; time cannot stand still, so this ends.
    while now() < moment {
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(moment));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_never_early_and_one_of_the_past_is_due_at_once() {
        let alarm = Alarm::new().unwrap();
        let moment = now() + Duration::from_millis(3);
        alarm.sleep_until(moment).unwrap();
        assert!(now() >= moment);
        alarm.sleep_until(Duration::ZERO).unwrap();
    }
}
