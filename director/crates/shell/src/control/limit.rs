//! How many orders are taken in a time: a script that runs wild must not shake the table.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Orders that may come at once.
pub(super) const BURST: u32 = 50;
/// After these, one order in this time.
const PAUSE: Duration = Duration::from_millis(200);

/// A token bucket.
#[derive(Debug)]
pub struct Limit(Mutex<(u32, Instant)>);

impl Default for Limit {
    fn default() -> Self {
        Self(Mutex::new((BURST, Instant::now())))
    }
}

impl Limit {
    /// Whether one more order may be carried out now.
    pub(super) fn take(&self) -> bool {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = &mut *bucket;
        let passed = since.elapsed().as_millis() / PAUSE.as_millis();
        let grown = u32::try_from(passed).unwrap_or(BURST);
        *left = left.saturating_add(grown).min(BURST);
        *since += PAUSE * grown;
        let may = *left > 0;
        *left = left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_and_then_one_at_a_time() {
        let limit = Limit::default();
        let taken = (0..1000).filter(|_| limit.take()).count();
        assert_eq!(taken, BURST as usize);
        tokio::time::advance(Duration::from_millis(450)).await;
        assert_eq!((0..1000).filter(|_| limit.take()).count(), 2);
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!((0..1000).filter(|_| limit.take()).count(), BURST as usize);
    }
}
