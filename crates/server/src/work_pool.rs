//! Bounded room for work that takes a core for a while: so much at once, a bounded queue, and everybody beyond turned away, so
//! that a flood of it leaves the async workers to all others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// A pool for one kind of work.
#[derive(Debug)]
pub(crate) struct WorkPool {
    running: Arc<Semaphore>,
    queued: Arc<AtomicUsize>,
    queue_limit: usize,
}

/// There is no room; the caller answers 503 and names a time to come back.
#[derive(Debug)]
pub(crate) struct Full;

impl WorkPool {
    /// A pool that does `concurrency` pieces at once and lets `queue_limit` callers wait or work.
    pub(crate) fn new(concurrency: usize, queue_limit: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(concurrency.max(1))), queued: Arc::default(), queue_limit }
    }

    /// How many callers wait or work at this moment.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Does the work on a thread of its own.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Full> {
        let place = Place::take(&self.queued, self.queue_limit)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_closed| Full)?;
        // The thread holds both to its end: a caller that hangs up must not make room for another.
        let held = move || {
            let outcome = work();
            drop((place, permit));
            outcome
        };
        tokio::task::spawn_blocking(held).await.map_err(|_stopped| Full)
    }
}

/// A place in the queue, given back also when the caller goes away while waiting.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(queued: &Arc<AtomicUsize>, limit: usize) -> Result<Self, Full> {
        let taken =
            queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < limit).then_some(n + 1));
        taken.map(|_| Self(Arc::clone(queued))).map_err(|_| Full)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn callers_that_hang_up_make_no_room_for_more_work() {
        let pool = Arc::new(WorkPool::new(1, 100));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..20 {
            let (pool, running, most) = (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
            let caller = tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    running.fetch_sub(1, Ordering::SeqCst);
                    true
                };
                pool.run(work).await
            });
            tokio::time::sleep(Duration::from_millis(2)).await;
            caller.abort();
        }
        assert!(pool.run(|| true).await.unwrap());
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert_eq!(pool.queued(), 0);
    }

    #[tokio::test]
    async fn a_full_queue_turns_callers_away() {
        let pool = WorkPool::new(1, 0);
        assert!(matches!(pool.run(|| true).await, Err(Full)));
    }
}
