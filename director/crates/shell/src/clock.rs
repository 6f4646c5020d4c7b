//! The clock of a director.

use director_core::time::Instant;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::future::Future;
use std::io;
use std::os::fd::AsFd as _;
use std::pin::Pin;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::time::sleep;

/// What time it is.
pub trait Clock {
    /// The present instant; never before one that was given out earlier.
    fn now(&self) -> Instant;

    /// Waits until it is `at`; as good as the runtime's timers, which are late by up to two
    /// milliseconds, unless the clock has a better one. Dropping the future loses nothing.
    fn reach(&mut self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(sleep(at.since(self.now())))
    }
}

/// `CLOCK_BOOTTIME`: does not jump when the time of day is set, and goes on while the machine is
/// suspended, so that a director that wakes up knows for how long it was away.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn now(&self) -> Instant {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Instant::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }
}

/// The boot clock with a timer of the kernel's own (timerfd_create(2)), which is late by
/// microseconds: five questions half a millisecond apart are asked in two, not in ten.
#[derive(Debug)]
pub struct FineClock {
    /// To the runtime what can be read is a pipe.
    timer: Receiver,
    /// What it is set to, unless it has gone off.
    set: Option<Instant>,
}

impl FineClock {
    /// Makes the timer. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no timer: there are no descriptors left.
    pub fn open() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        Ok(Self { timer: Receiver::from_owned_fd_unchecked(timer)?, set: None })
    }

    fn set(&mut self, at: Instant) -> io::Result<()> {
        if self.set == Some(at) {
            return Ok(());
        }
        self.set = None;
        // An instant of zero would disarm it.
        let nanos = at.as_nanos().max(1);
        let it_value = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (nanos % 1_000_000_000).try_into().unwrap_or(0),
        };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: never, it_value };
        timerfd_settime(self.timer.as_fd(), TimerfdTimerFlags::ABSTIME, &once)?;
        self.set = Some(at);
        Ok(())
    }

    async fn gone_off(&mut self) -> io::Result<()> {
        // How often it has gone off since it was set (timerfd_create(2)), in eight bytes. That they
        // do not fill the room shows the runtime that there are no more, without another look.
        let mut count = [0; 16];
        let _all_of_them = self.timer.read(&mut count).await?;
        self.set = None;
        Ok(())
    }
}

impl Clock for FineClock {
    fn now(&self) -> Instant {
        BootClock.now()
    }

    fn reach(&mut self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async move {
            if self.set(at).is_err() || self.gone_off().await.is_err() {
                sleep(at.since(self.now())).await;
            }
        })
    }
}

/// The clock of the tokio runtime, which tests and simulators can stop.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock(tokio::time::Instant);

impl RuntimeClock {
    /// A clock whose origin is now.
    #[must_use]
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Instant {
        Instant::ZERO + self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_boot_clock_goes_forward() {
        let earlier = BootClock.now();
        assert!(earlier > Instant::ZERO);
        assert!(BootClock.now() >= earlier);
    }

    #[tokio::test]
    async fn the_fine_timer_goes_off_when_it_should_and_can_be_set_anew() {
        let mut clock = FineClock::open().unwrap();
        let far = clock.now() + Duration::from_secs(3600);
        for step in [300_u64, 50, 0, 700] {
            // What was waited for before is dropped, and forgotten.
            tokio::select! {
                biased;
                () = clock.reach(far) => panic!("an hour has not passed"),
                () = tokio::task::yield_now() => {}
            }
            let at = clock.now() + Duration::from_micros(step);
            clock.reach(at).await;
            assert!(clock.now() >= at);
            clock.reach(at).await;
        }
    }

    /// A single one may be late on a busy machine; not all of them.
    #[tokio::test]
    async fn the_fine_timer_is_finer_than_a_millisecond() {
        let mut clock = FineClock::open().unwrap();
        let mut least = Duration::MAX;
        for _ in 0..200 {
            let at = clock.now() + Duration::from_micros(200);
            clock.reach(at).await;
            least = least.min(clock.now().since(at));
        }
        assert!(least < Duration::from_micros(500), "{least:?} at best");
    }
}
