//! Passwords are hashed and verified here and nowhere else: a few threads' worth at a time, with a bounded queue, so that a flood of
//! logins waits or is turned away while tokens are issued at full speed.

use grantor_crypto::{PasswordError, Secret};

use crate::work_pool::{Full, WorkPool};

/// Bounded room for password hashing.
#[derive(Debug)]
pub(crate) struct HashPool(WorkPool);

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
        Self(WorkPool::new(concurrency, queue_limit))
    }

    /// How many callers wait or hash at this moment.
    pub(crate) fn queued(&self) -> usize {
        self.0.queued()
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done against a dummy, so that the
    /// answer's time does not tell whether the account exists (ASVS 6.3.8). A hash of another system may cost less than ours
    /// and never answers sooner; one that costs more does answer later (SECURITY.md).
    pub(crate) async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, HashPoolError> {
        self.run(move || match hash {
            Some(hash) => {
                let is_right = grantor_crypto::verify_password(&password, &hash)?;
                if !is_right && grantor_crypto::needs_rehash(&hash) {
                    grantor_crypto::verify_password(&password, grantor_crypto::dummy_hash())?;
                }
                Ok(is_right)
            }
            None => grantor_crypto::verify_password(&password, grantor_crypto::dummy_hash()).map(|_| false),
        })
        .await
    }

    /// The hash to keep for a password that is in use already, whatever made the one before.
    pub(crate) async fn rehash(&self, password: Secret) -> Result<String, HashPoolError> {
        self.run(move || grantor_crypto::rehash_password(&password)).await
    }

    /// The hash to keep for `password`.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, HashPoolError> {
        self.run(move || grantor_crypto::hash_password(&password)).await
    }

    /// One span for the wait and the work.
    #[tracing::instrument(name = "hash_pool.run", level = "debug", skip_all)]
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, HashPoolError> {
        match self.0.run(work).await {
            Ok(outcome) => Ok(outcome?),
            Err(Full) => Err(HashPoolError::Full),
        }
    }
}
