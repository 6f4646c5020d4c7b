//! Several runs at the same time: in simulated time each is a machine of its own.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Choice;
use crate::failure::Failure;

/// How many runs at the same time nobody has asked for: as many as there are processors, and one in
/// real time, which they would take from each other.
pub(crate) fn usual(engine: Choice) -> usize {
    match engine {
        Choice::Timetravel => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        Choice::Auto | Choice::Netns | Choice::Uml => 1,
    }
}

/// What comes of every item, in their order.
///
/// The first failure ends the whole: nobody begins another one then.
pub(crate) fn each<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return Ok(done) };
            match work(item) {
                Ok(result) => done.push((index, result)),
                Err(failure) => {
                    next.store(items.len(), Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
    };
    let jobs = jobs.min(items.len()).max(1);
    let done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        let done = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked").into()))
        });
        done.collect::<Result<Vec<Vec<_>>, Failure>>()
    })?;
    let mut results: Vec<(usize, R)> = done.into_iter().flatten().collect();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_items_and_the_first_failure_ends_it() {
        let items: Vec<u32> = (0..40).collect();
        let doubled = each(3, &items, |item| Ok(item * 2)).unwrap();
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        let failed = each(2, &items, |_| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err::<u32, _>(Failure::Input("no".to_owned()))
        });
        assert!(failed.is_err());
        assert!(begun.into_inner() <= 2);
        assert_eq!(each(2, &[], |item: &u32| Ok(*item)).unwrap(), [0_u32; 0]);
    }
}
