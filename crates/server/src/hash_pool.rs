//! Argon2id runs here and nowhere else: a few threads' worth at a time, with a bounded queue, so that a flood of
//! logins waits or is turned away while tokens are issued at full speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grantor_crypto::{PasswordError, Secret};
use tokio::sync::Semaphore;

/// Bounded room for password hashing.
#[derive(Debug)]
pub(crate) struct HashPool {
    running: Arc<Semaphore>,
    queued: Arc<AtomicUsize>,
    queue_limit: usize,
}

/// Why a hash was not computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashPoolError {
    /// The queue is full; the caller answers 503 and names a time to come back.
    #[error("the password hashing queue is full")]
    Full,
    /// The stored hash cannot be read, or the password is longer than the cap.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl HashPool {
    /// A pool that computes `concurrency` hashes at once and lets `queue_limit` more wait.
    pub(crate) fn new(concurrency: usize, queue_limit: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(concurrency.max(1))), queued: Arc::default(), queue_limit }
    }

    /// How many callers wait or hash at this moment.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done against a dummy, so that
    /// the answer's time does not tell whether the account exists (ASVS 6.3.8).
    pub(crate) async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, HashPoolError> {
        self.run(move || match hash {
            Some(hash) => grantor_crypto::verify_password(&password, &hash),
            None => grantor_crypto::verify_password(&password, grantor_crypto::dummy_hash()).map(|_| false),
        })
        .await
    }

    /// The hash to keep for `password`.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, HashPoolError> {
        self.run(move || grantor_crypto::hash_password(&password)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, HashPoolError> {
        let place = Place::take(&self.queued, self.queue_limit)?;
        let Ok(permit) = Arc::clone(&self.running).acquire_owned().await else {
            return Err(HashPoolError::Full);
        };
        // The thread holds both to its end: a caller that hangs up must not make room for another hash.
        let held = move || {
            let outcome = work();
            drop((place, permit));
            outcome
        };
        match tokio::task::spawn_blocking(held).await {
            Ok(outcome) => Ok(outcome?),
            Err(_stopped) => Err(HashPoolError::Full),
        }
    }
}

/// A place in the queue, given back also when the caller goes away while waiting.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(queued: &Arc<AtomicUsize>, limit: usize) -> Result<Self, HashPoolError> {
        let taken =
            queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < limit).then_some(n + 1));
        taken.map(|_| Self(Arc::clone(queued))).map_err(|_| HashPoolError::Full)
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
    async fn callers_that_hang_up_make_no_room_for_more_hashes() {
        let pool = Arc::new(HashPool::new(1, 100));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..20 {
            let (pool, running, most) = (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
            let caller = tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(true)
                };
                pool.run(work).await
            });
            tokio::time::sleep(Duration::from_millis(2)).await;
            caller.abort();
        }
        assert!(pool.run(|| Ok(true)).await.unwrap());
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert_eq!(pool.queued(), 0);
    }

    #[tokio::test]
    async fn a_full_queue_turns_callers_away() {
        let pool = HashPool::new(1, 0);
        assert!(matches!(pool.run(|| Ok(true)).await, Err(HashPoolError::Full)));
    }
}
