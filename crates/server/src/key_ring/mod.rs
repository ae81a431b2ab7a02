//! The keys of one issuer as this process knows them: data keys opened with the system secrets, key pairs that sign or
//! decrypt, parsed once and held. Re-read when older than [`MAX_AGE_MS`], which is the bound within which all nodes agree.

mod decryption;
mod demand;
mod held;
mod keys;
mod maintenance;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use grantor_crypto::{
    Algorithm, DataKey, DecryptionKeyPair, KeyAlgorithm, KeyError, SigningKeyPair, SystemSecrets, UnwrapError,
};
use grantor_protocol::{IssuerId, Timestamp};
use grantor_store::{Fault, Store, StoredDataKey, StoredSigningKey};

use crate::work_pool::WorkPool;

pub(crate) use decryption::key_management;
pub use held::{DecryptionKey, HeldKey, KeyLife, SigningKey};
pub(crate) use keys::entity_tag;
pub use keys::{JwksDocument, Keys};
pub use maintenance::{KeyPolicy, Rotation, Withdrawal};

/// How old the held keys may be before a request re-reads them.
pub const MAX_AGE_MS: i64 = 1000;

/// Why the keys could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A system secret that still wraps something is not configured: starting without it would lose data.
    #[error(
        "the data key {key} ({purpose}) is wrapped by the system secret {wrapped_with}, which secrets.system does not \
         hold; add that secret back (any place after the first), then run `grantor keys rewrap`"
    )]
    SecretMissing {
        /// The data key that stays closed.
        key: String,
        /// What it is for.
        purpose: &'static str,
        /// The id of the secret that is asked for.
        wrapped_with: String,
    },
    /// A stored key does not open or parse: the row was damaged. Never answered by making a new key in silence.
    #[error("the stored key {key} cannot be used: {reason}")]
    Damaged {
        /// Its id.
        key: String,
        /// What went wrong.
        reason: String,
    },
    /// Making a key failed.
    #[error("a key could not be made: {0}")]
    Generation(String),
    /// Too much is being decrypted already.
    #[error("the decryption queue is full")]
    Busy,
    /// The database did not answer.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Told of every step as soon as it is made, and of the instant.
pub type Recorder = Box<dyn Fn(KeyAlgorithm, &Rotation, i64) + Send + Sync>;

/// The keys of one issuer, shared by all requests.
pub struct KeyRing {
    store: Store,
    secrets: Arc<SystemSecrets>,
    issuer: IssuerId,
    /// Seconds a superseded key stays published.
    keep_after: i64,
    held: Mutex<Arc<Keys>>,
    reading: tokio::sync::Mutex<()>,
    /// Held while the first key of an algorithm is made.
    making: tokio::sync::Mutex<()>,
    /// Room for decryption, which anybody may ask for.
    opening: WorkPool,
    /// How many readings, and makings of a key, have failed.
    failures: AtomicU64,
    recorder: Option<Recorder>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Opens every key, making the data keys and the first RS256 key where a new database has none. Refuses to open
    /// when a system secret is missing or a row is damaged.
    pub async fn open(
        store: &Store,
        secrets: Arc<SystemSecrets>,
        issuer: IssuerId,
        policy: KeyPolicy,
        now_ms: i64,
    ) -> Result<Self, KeyRingError> {
        let ring = Self {
            store: store.clone(),
            secrets,
            issuer,
            keep_after: policy.keep_after,
            held: Mutex::new(Arc::new(Keys::default())),
            reading: tokio::sync::Mutex::new(()),
            making: tokio::sync::Mutex::new(()),
            opening: decryption::pool(),
            failures: AtomicU64::new(0),
            recorder: None,
        };
        ring.make_missing_data_keys(now_ms).await?;
        ring.read(now_ms).await?;
        ring.make_very_first_key(Algorithm::RS256, now_ms).await?;
        Ok(ring)
    }

    /// The same, with what is done to keys from now on recorded, whoever has it done. The first key of a new database is
    /// there by now: it belongs to the making of the database.
    #[must_use]
    pub fn recorded_by(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// The keys, at most [`MAX_AGE_MS`] old. Fails when the database is away longer than that.
    pub async fn current(&self, now_ms: i64) -> Result<Arc<Keys>, KeyRingError> {
        let held = self.last_known();
        if held.is_fresh(now_ms) {
            return Ok(held);
        }
        self.read_unless(now_ms, |held| held.is_fresh(now_ms)).await
    }

    /// Reads when it is this request's turn, unless what was read meanwhile will do. Fails with whoever failed
    /// meanwhile: a database that is away is waited for together, not one after the other.
    async fn read_unless(
        &self,
        now_ms: i64,
        held_will_do: impl Fn(&Keys) -> bool,
    ) -> Result<Arc<Keys>, KeyRingError> {
        let failures = self.failures.load(Ordering::Acquire);
        let _one_reader = self.reading.lock().await;
        let held = self.last_known();
        if held_will_do(&held) {
            return Ok(held);
        }
        self.fail_with_others(failures)?;
        self.read(now_ms).await
    }

    /// Fails when somebody failed since this many had.
    fn fail_with_others(&self, failures: u64) -> Result<(), KeyRingError> {
        if self.failures.load(Ordering::Acquire) == failures {
            return Ok(());
        }
        let source = "the keys could not be read for another request".into();
        Err(Fault::Unavailable { statement: "key_ring.read", source }.into())
    }

    /// The keys as last read, however old: for answers that must go on while the database is away (JWKS).
    pub fn last_known(&self) -> Arc<Keys> {
        Arc::clone(&self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// For an unknown key id, which may be of a key made a moment ago: keys read at this instant or later. A flood of
    /// such ids causes one read per instant, not one each.
    pub async fn reread_if_older(&self, now_ms: i64) -> Result<Arc<Keys>, KeyRingError> {
        self.read_unless(now_ms, |held| held.was_read_since(now_ms)).await
    }

    /// Reads again when keys are next asked for: another node changed one.
    pub(crate) fn doubt(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(held.in_doubt());
    }

    /// Reads again although the held keys are fresh: something was just changed here.
    pub async fn reread(&self, now_ms: i64) -> Result<Arc<Keys>, KeyRingError> {
        let _one_reader = self.reading.lock().await;
        self.read(now_ms).await
    }

    async fn read(&self, now_ms: i64) -> Result<Arc<Keys>, KeyRingError> {
        let read = self.read_rows(now_ms).await;
        if read.is_err() {
            self.failures.fetch_add(1, Ordering::Release);
        }
        read
    }

    async fn read_rows(&self, now_ms: i64) -> Result<Arc<Keys>, KeyRingError> {
        let before = self.last_known();
        let mut data = Vec::new();
        for row in self.store.data_keys().list().await? {
            data.push(self.open_data_key(&before, &row)?);
        }
        let (mut signing, mut decryption) = (Vec::new(), Vec::new());
        for row in self.store.keys().list(self.issuer).await? {
            match row.algorithm {
                KeyAlgorithm::Signature(algorithm) => {
                    let parse = |private: &[u8]| {
                        let pair = SigningKeyPair::from_pkcs8(algorithm, private)?;
                        Ok((pair.kid().to_owned(), pair))
                    };
                    signing.push(open_key(before.signing_key(&row.kid), &data, &row, now_ms, parse)?);
                }
                KeyAlgorithm::Encryption(algorithm) => {
                    let parse = |private: &[u8]| {
                        let pair = DecryptionKeyPair::from_pkcs8(algorithm, private)?;
                        Ok((pair.kid().to_owned(), pair))
                    };
                    decryption.push(open_key(before.decryption_key(&row.kid), &data, &row, now_ms, parse)?);
                }
            }
        }
        let keys = Arc::new(Keys::new(data, signing, decryption, self.keep_after, now_ms)?);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
    }

    fn open_data_key(&self, before: &Keys, row: &StoredDataKey) -> Result<Arc<DataKey>, KeyRingError> {
        if let Some(held) = before.held_data_key(row.id) {
            return Ok(held);
        }
        let opened = self.secrets.unwrap(row.wrapped_with, row.id, row.purpose, &row.wrapped);
        opened.map(Arc::new).map_err(|error| match error {
            UnwrapError::SecretMissing { secret, .. } => KeyRingError::SecretMissing {
                key: row.id.to_string(),
                purpose: row.purpose.name(),
                wrapped_with: secret.to_string(),
            },
            UnwrapError::Corrupt(key) => KeyRingError::Damaged {
                key: key.to_string(),
                reason: "it does not open with its system secret".to_owned(),
            },
        })
    }
}

/// The key in `row`: the one held already, or read from its private half by `parse`, which tells its name too.
fn open_key<P>(
    held: Option<&HeldKey<P>>,
    data: &[Arc<DataKey>],
    row: &StoredSigningKey,
    now_ms: i64,
    parse: impl FnOnce(&[u8]) -> Result<(String, P), KeyError>,
) -> Result<HeldKey<P>, KeyRingError> {
    let damaged = |reason: &str| KeyRingError::Damaged { key: row.kid.clone(), reason: reason.to_owned() };
    let held_since_ms = held.map_or(now_ms, |held| held.life.held_since_ms);
    let pair = if let Some(held) = held {
        Arc::clone(&held.pair)
    } else {
        let sealing = data
            .iter()
            .find(|key| key.id() == row.data_key)
            .ok_or_else(|| damaged("its data key is gone"))?;
        let private = sealing
            .sealing()
            .open(private_key_context(&row.kid).as_bytes(), &row.sealed)
            .map_err(|_| damaged("it does not open with its data key"))?;
        let (kid, pair) = parse(&private).map_err(|error| damaged(&error.to_string()))?;
        if kid != row.kid {
            return Err(damaged("its thumbprint differs from its id"));
        }
        Arc::new(pair)
    };
    let life = KeyLife {
        kid: row.kid.clone(),
        algorithm: row.algorithm,
        published_at: row.published_at,
        signs_from: row.signs_from,
        superseded_at: None,
        held_since_ms,
    };
    Ok(HeldKey { pair, life })
}

/// What a sealed private key is bound to, so that rows cannot be swapped.
fn private_key_context(kid: &str) -> String {
    format!("grantor private key v1 {kid}")
}

/// Seconds between `--now` and the first signature: longer than any node's held keys are old, so that no node
/// signs with a key that another does not publish yet.
pub const AGREEMENT_SECONDS: i64 = 3;

/// The instant from which a key that is promoted at `now` signs.
fn signs_from(now: Timestamp) -> Timestamp {
    now.plus(AGREEMENT_SECONDS)
}
