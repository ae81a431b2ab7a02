//! Making, rotating and rewrapping keys. Every step is one conditional statement, so that any number of nodes may
//! run it at the same time and one of them wins.

use std::sync::atomic::Ordering;

use grantor_crypto::{
    Algorithm, DataKey, DataKeyPurpose, DecryptionKeyPair, KeyAlgorithm, KeyError, SigningKeyPair,
};
use grantor_protocol::Timestamp;
use grantor_store::{NewDataKey, NewSigningKey};
use zeroize::Zeroizing;

use super::{KeyLife, KeyRing, KeyRingError, Keys, private_key_context, signs_from};

/// When keys rotate by themselves.
#[derive(Clone, Copy, Debug)]
pub struct KeyPolicy {
    /// Seconds an active key signs; 0 turns the schedule off.
    pub interval: i64,
    /// Seconds a key is published before it signs: longer than clients cache the JWKS.
    pub publish_ahead: i64,
    /// Seconds a superseded key stays published, or decrypts: the longest life of what it signed.
    pub keep_after: i64,
    /// Seconds a superseded key verifies ID tokens that come back as hints, which they do after they expired: as long as
    /// a session of their user may last.
    pub verify_after: i64,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// A new key is published and waits for its turn.
    Published {
        /// Its id.
        kid: String,
    },
    /// A published key signs from the instant named.
    Promoted {
        /// Its id.
        kid: String,
        /// The first instant it signs at.
        signs_from: Timestamp,
    },
    /// A published key is not yet old enough to be promoted.
    Waiting {
        /// Its id.
        kid: String,
        /// From when `keys rotate` would promote it.
        ready_at: Timestamp,
    },
}

/// What became of a key that was to be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is gone.
    Withdrawn,
    /// It signs or decrypts now, or is about to: a successor has to take its turn first.
    InUse(KeyAlgorithm),
    /// There is no such key.
    Unknown,
}

/// What is kept of a new key pair.
struct Generated {
    kid: String,
    public_jwk: serde_json::Value,
    private: Zeroizing<Vec<u8>>,
}

impl Generated {
    fn new(algorithm: KeyAlgorithm) -> Result<Generated, KeyError> {
        let (kid, public_jwk, private) = match algorithm {
            KeyAlgorithm::Signature(algorithm) => {
                let pair = SigningKeyPair::generate(algorithm)?;
                (pair.kid().to_owned(), pair.public_jwk().clone(), pair.to_pkcs8())
            }
            KeyAlgorithm::Encryption(algorithm) => {
                let pair = DecryptionKeyPair::generate(algorithm)?;
                (pair.kid().to_owned(), pair.public_jwk().clone(), pair.to_pkcs8())
            }
        };
        Ok(Generated { kid, public_jwk, private })
    }
}

impl KeyRing {
    pub(super) async fn make_missing_data_keys(&self, now_ms: i64) -> Result<(), KeyRingError> {
        let rows = self.store.data_keys().list().await?;
        for purpose in DataKeyPurpose::ALL {
            if !rows.iter().any(|row| row.purpose == purpose) {
                // Losing this race is fine: the winner's key is read afterwards.
                self.store
                    .data_keys()
                    .insert_first(&self.wrapped(&DataKey::generate(purpose), now_ms))
                    .await?;
            }
        }
        Ok(())
    }

    fn wrapped(&self, key: &DataKey, now_ms: i64) -> NewDataKey {
        let first = self.secrets.first();
        NewDataKey {
            id: key.id(),
            purpose: key.purpose(),
            wrapped: first.wrap(key),
            wrapped_with: first.id(),
            created_at: Timestamp::from_milliseconds(now_ms),
        }
    }

    /// Makes the first key of a new database, which signs at once: nobody can hold a key set without it.
    pub(super) async fn make_very_first_key(
        &self,
        algorithm: Algorithm,
        now_ms: i64,
    ) -> Result<(), KeyRingError> {
        if self.current(now_ms).await?.signing_keys().is_empty() {
            let key = self.new_key(algorithm.into(), now_ms).await?;
            self.store.keys().insert_active(&key, key.published_at).await?;
            self.reread(now_ms).await?;
        }
        Ok(())
    }

    /// Makes the first key of a further algorithm, when a client first needs one. It signs once every node publishes
    /// it; until then [`super::AGREEMENT_SECONDS`] have to be waited for. Does nothing where one signs or is about to.
    pub async fn make_first_key(&self, algorithm: Algorithm, now_ms: i64) -> Result<(), KeyRingError> {
        self.make_first(algorithm.into(), now_ms).await
    }

    pub(super) async fn make_first(&self, algorithm: KeyAlgorithm, now_ms: i64) -> Result<(), KeyRingError> {
        if self.has_first(algorithm, now_ms).await? {
            return Ok(());
        }
        let failures = self.failures.load(Ordering::Acquire);
        // Making an RSA key takes a core for a while: however many ask at once, one of them does it.
        let _one_maker = self.making.lock().await;
        if self.has_first(algorithm, now_ms).await? {
            return Ok(());
        }
        self.fail_with_others(failures)?;
        let made = self.begin(algorithm, now_ms).await.map(drop);
        if made.is_err() {
            self.failures.fetch_add(1, Ordering::Release);
        }
        made?;
        self.reread(now_ms).await?;
        Ok(())
    }

    /// A step that was made. It is recorded before anything else can fail, or the rest of the act would take it along.
    fn done(&self, algorithm: KeyAlgorithm, step: Rotation, now_ms: i64) -> Rotation {
        if let Some(recorder) = &self.recorder {
            recorder(algorithm, &step, now_ms);
        }
        step
    }

    async fn insert_next(&self, key: NewSigningKey, now_ms: i64) -> Result<Option<Rotation>, KeyRingError> {
        let inserted = self.store.keys().insert_next(&key).await?;
        let step = Rotation::Published { kid: key.kid };
        Ok(inserted.then(|| self.done(key.algorithm, step, now_ms)))
    }

    async fn promote(
        &self,
        algorithm: KeyAlgorithm,
        kid: String,
        now_ms: i64,
    ) -> Result<Option<Rotation>, KeyRingError> {
        let signs_from = signs_from(Timestamp::from_milliseconds(now_ms));
        let promoted = self.store.keys().promote(&kid, signs_from).await?;
        Ok(promoted.then(|| self.done(algorithm, Rotation::Promoted { kid, signs_from }, now_ms)))
    }

    /// Lets an algorithm have a key whose turn is decided: the one that waits without a predecessor, or a new one. Says what
    /// was done, which is nothing when somebody else was faster.
    async fn begin(&self, algorithm: KeyAlgorithm, now_ms: i64) -> Result<Vec<Rotation>, KeyRingError> {
        let waiting = waiting(&*self.current(now_ms).await?, algorithm).map(|key| key.kid.clone());
        if let Some(kid) = waiting {
            return Ok(self.promote(algorithm, kid, now_ms).await?.into_iter().collect());
        }
        let signs_from = signs_from(Timestamp::from_milliseconds(now_ms));
        let key = self.new_key(algorithm, now_ms).await?;
        if !self.store.keys().insert_active(&key, signs_from).await? {
            return Ok(Vec::new());
        }
        let kid = key.kid;
        let steps = [Rotation::Published { kid: kid.clone() }, Rotation::Promoted { kid, signs_from }];
        Ok(steps.into_iter().map(|step| self.done(algorithm, step, now_ms)).collect())
    }

    async fn has_first(&self, algorithm: KeyAlgorithm, now_ms: i64) -> Result<bool, KeyRingError> {
        Ok(has_first(&*self.current(now_ms).await?, algorithm))
    }

    async fn new_key(&self, algorithm: KeyAlgorithm, now_ms: i64) -> Result<NewSigningKey, KeyRingError> {
        let generated = tokio::task::spawn_blocking(move || Generated::new(algorithm)).await;
        let Generated { kid, public_jwk, private } = generated
            .map_err(|error| KeyRingError::Generation(error.to_string()))?
            .map_err(|error| KeyRingError::Generation(error.to_string()))?;
        let keys = self.current(now_ms).await?;
        let data_key = keys.data_key(DataKeyPurpose::PrivateKeys)?;
        let sealed = data_key.sealing().seal(private_key_context(&kid).as_bytes(), &private);
        Ok(NewSigningKey {
            issuer: self.issuer,
            public_jwk,
            algorithm,
            sealed,
            data_key: data_key.id(),
            kid,
            published_at: Timestamp::from_milliseconds(now_ms),
        })
    }

    /// `keys rotate`: publishes a Next where none waits, and promotes one that has been published for
    /// `publish_ahead`. With `at_once` both happen now, for emergencies and clients that refetch; also where the algorithm
    /// has no key yet, since there is nothing to go on with meanwhile.
    pub async fn rotate(
        &self,
        algorithm: impl Into<KeyAlgorithm>,
        policy: KeyPolicy,
        at_once: bool,
        now_ms: i64,
    ) -> Result<Vec<Rotation>, KeyRingError> {
        let (algorithm, now) = (algorithm.into(), Timestamp::from_milliseconds(now_ms));
        let mut done = Vec::new();
        let mut keys = self.reread(now_ms).await?;
        if !has_first(&keys, algorithm) {
            done = self.begin(algorithm, now_ms).await?;
            keys = self.reread(now_ms).await?;
            if !done.is_empty() {
                return Ok(done);
            }
        }
        let waiting = waiting(&keys, algorithm).map(|key| (key.kid.clone(), key.published_at));
        let (kid, published_at) = if let Some(waiting) = waiting {
            waiting
        } else {
            let key = self.new_key(algorithm, now_ms).await?;
            let kid = key.kid.clone();
            done.extend(self.insert_next(key, now_ms).await?);
            (kid, now)
        };
        let ready_at = published_at.plus(policy.publish_ahead);
        if at_once || ready_at <= now {
            done.extend(self.promote(algorithm, kid, now_ms).await?);
        } else if done.is_empty() {
            done.push(Rotation::Waiting { kid, ready_at });
        }
        self.reread(now_ms).await?;
        Ok(done)
    }

    /// The schedule: publishes ahead of time, promotes when due, removes keys that nothing asks for any more.
    pub async fn keep_schedule(&self, policy: KeyPolicy, now_ms: i64) -> Result<(), KeyRingError> {
        let now = Timestamp::from_milliseconds(now_ms);
        let keys = self.current(now_ms).await?;
        for key in keys.lives() {
            let kept = match key.algorithm {
                KeyAlgorithm::Signature(_) => policy.verify_after.max(policy.keep_after),
                KeyAlgorithm::Encryption(_) => policy.keep_after,
            };
            if key.superseded_at.is_some_and(|end| end.plus(kept) < now) {
                self.store.keys().delete(&key.kid).await?;
            }
        }
        for algorithm in keys.algorithms() {
            let of_algorithm = || keys.lives().filter(|key| key.algorithm == algorithm);
            // A key that was promoted a moment ago counts before it signs, or the next one would be made right away.
            let Some(since) = of_algorithm().filter_map(|key| key.signs_from).max() else {
                self.make_first(algorithm, now_ms).await?;
                continue;
            };
            if policy.interval == 0 {
                continue;
            }
            let waiting = waiting(&keys, algorithm);
            // Each case is one conditional statement on what was read above: a node that is late changes nothing.
            let step = match waiting {
                None if since.plus(policy.interval - policy.publish_ahead) <= now => {
                    let key = self.new_key(algorithm, now_ms).await?;
                    self.insert_next(key, now_ms).await?
                }
                Some(next)
                    if since.plus(policy.interval) <= now
                        && next.published_at.plus(policy.publish_ahead) <= now =>
                {
                    self.promote(algorithm, next.kid.clone(), now_ms).await?
                }
                None | Some(_) => None,
            };
            if step.is_some() {
                self.reread(now_ms).await?;
            }
        }
        Ok(())
    }

    /// `keys withdraw`, for a key that leaked: it leaves the JWKS, and nothing that it signed is believed here any more. One
    /// whose turn is not decided has signed nothing, and goes before it gets one. The one whose turn it is, or will be, is
    /// refused: a successor comes first.
    pub async fn withdraw(&self, kid: &str, now_ms: i64) -> Result<Withdrawal, KeyRingError> {
        if self.store.keys().delete_next(kid).await? {
            self.doubt();
            return Ok(Withdrawal::Withdrawn);
        }
        let keys = self.reread(now_ms).await?;
        let Some(key) = keys.lives().find(|key| key.kid == kid) else { return Ok(Withdrawal::Unknown) };
        if !key.is_retired(Timestamp::from_milliseconds(now_ms)) {
            return Ok(Withdrawal::InUse(key.algorithm));
        }
        self.store.keys().delete(kid).await?;
        self.reread(now_ms).await?;
        Ok(Withdrawal::Withdrawn)
    }

    /// `keys rewrap`: wraps every data key with the first system secret. Returns how many changed.
    pub async fn rewrap(&self, now_ms: i64) -> Result<usize, KeyRingError> {
        let keys = self.reread(now_ms).await?;
        let first = self.secrets.first();
        let mut changed = 0;
        for row in self.store.data_keys().list().await? {
            if row.wrapped_with == first.id() {
                continue;
            }
            let Some(key) = keys.held_data_key(row.id) else {
                continue;
            };
            if self.store.data_keys().rewrap(row.id, row.wrapped_with, &first.wrap(&key), first.id()).await? {
                changed += 1;
            }
        }
        Ok(changed)
    }

    /// The kill switch, `keys revoke-tokens`: the token data key is replaced, so that every refresh token and every
    /// access token is refused from now on, on every node within [`super::MAX_AGE_MS`]: opaque ones cannot be opened,
    /// and JWTs name the key in `dky`. Resource servers that verify JWTs by themselves accept them until `exp`.
    pub async fn revoke_tokens(&self, now_ms: i64) -> Result<(), KeyRingError> {
        let fresh = self.wrapped(&DataKey::generate(DataKeyPurpose::Tokens), now_ms);
        self.store.data_keys().replace(&fresh).await?;
        self.reread(now_ms).await?;
        Ok(())
    }
}

/// The key of an algorithm whose turn is not decided.
fn waiting(keys: &Keys, algorithm: KeyAlgorithm) -> Option<&KeyLife> {
    keys.lives().find(|key| key.algorithm == algorithm && key.signs_from.is_none())
}

/// Whether an algorithm has a key whose turn is, was or will be. A key that waits for its turn alone is none to count on: the
/// schedule lets it succeed, and there is nobody to succeed.
fn has_first(keys: &Keys, algorithm: KeyAlgorithm) -> bool {
    keys.lives().any(|key| key.algorithm == algorithm && key.signs_from.is_some())
}
