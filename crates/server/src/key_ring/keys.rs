//! What is held: an immutable picture of the keys at one instant.

use std::sync::Arc;

use axum::body::Bytes;
use grantor_crypto::{
    Algorithm, DataKey, DataKeyId, DataKeyPurpose, DecryptionKeys, JwkSet, KeyAlgorithm, VerificationKeys,
    base64url, sha256,
};
use grantor_protocol::Timestamp;

use super::held::{DecryptionKey, KeyLife, SigningKey, in_succession};
use super::{KeyRingError, MAX_AGE_MS};

/// How often keys are re-read for the sake of an unknown key id, in milliseconds.
const UNKNOWN_KEY_MS: i64 = 100;

/// Every key at the instant it was read.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    data: Vec<Arc<DataKey>>,
    signing: Vec<SigningKey>,
    decryption: Vec<DecryptionKey>,
    verification: Arc<VerificationKeys>,
    jwks: JwksDocument,
    read_at_ms: Option<i64>,
}

/// The published key set, serialised once (RFC 7517).
#[derive(Clone, Debug, Default)]
pub struct JwksDocument {
    /// The JSON text.
    pub body: Bytes,
    /// A strong entity tag over it.
    pub etag: String,
}

impl Keys {
    pub(super) fn new(
        data: Vec<Arc<DataKey>>,
        signing: Vec<SigningKey>,
        decryption: Vec<DecryptionKey>,
        keep_after: i64,
        read_at_ms: i64,
    ) -> Result<Self, KeyRingError> {
        for purpose in DataKeyPurpose::ALL {
            if !data.iter().any(|key| key.purpose() == purpose) {
                let reason = "the database holds none".to_owned();
                return Err(KeyRingError::Damaged { key: purpose.name().to_owned(), reason });
            }
        }
        let (signing, decryption) = (in_succession(signing), in_succession(decryption));
        let damaged = |error: grantor_crypto::JwkError| KeyRingError::Damaged {
            key: "key pairs".to_owned(),
            reason: error.to_string(),
        };
        let now = Timestamp::from_milliseconds(read_at_ms);
        let jwks = JwksDocument::new(&signing, &decryption, keep_after, now).map_err(damaged)?;
        let public = signing
            .iter()
            .map(|key| key.pair.verification_key())
            .collect::<Result<_, _>>()
            .map_err(damaged)?;
        Ok(Self {
            data,
            signing,
            decryption,
            verification: Arc::new(VerificationKeys::new(public)),
            jwks,
            read_at_ms: Some(read_at_ms),
        })
    }

    pub(super) fn is_fresh(&self, now_ms: i64) -> bool {
        self.read_at_ms.is_some_and(|at| (now_ms - at).abs() < MAX_AGE_MS)
    }

    /// The same keys, to be read again before they are next used.
    pub(super) fn in_doubt(&self) -> Self {
        Self { read_at_ms: None, ..self.clone() }
    }

    pub(super) fn was_read_since(&self, now_ms: i64) -> bool {
        self.read_at_ms.is_some_and(|at| at + UNKNOWN_KEY_MS >= now_ms)
    }

    /// The newest data key of a purpose: the one that seals.
    pub fn data_key(&self, purpose: DataKeyPurpose) -> Result<&DataKey, KeyRingError> {
        self.data.iter().rev().find(|key| key.purpose() == purpose).map(AsRef::as_ref).ok_or_else(|| {
            KeyRingError::Damaged {
                key: purpose.name().to_owned(),
                reason: "the database holds none".to_owned(),
            }
        })
    }

    /// The data key that sealed something, if it still exists and was made for that purpose.
    pub fn data_key_by_id(&self, purpose: DataKeyPurpose, id: DataKeyId) -> Option<&DataKey> {
        self.data.iter().find(|key| key.id() == id && key.purpose() == purpose).map(AsRef::as_ref)
    }

    pub(super) fn held_data_key(&self, id: DataKeyId) -> Option<Arc<DataKey>> {
        self.data.iter().find(|key| key.id() == id).cloned()
    }

    /// The key that signs now with this algorithm.
    pub fn active(&self, algorithm: Algorithm, now_ms: i64) -> Option<&SigningKey> {
        let algorithm = algorithm.into();
        self.signing.iter().rev().find(|key| key.life.algorithm == algorithm && key.life.may_sign(now_ms))
    }

    /// The key with this id, in whatever state.
    pub fn signing_key(&self, kid: &str) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.pair.kid() == kid)
    }

    /// All signing keys, oldest first.
    pub fn signing_keys(&self) -> &[SigningKey] {
        &self.signing
    }

    pub(super) fn decryption_key(&self, kid: &str) -> Option<&DecryptionKey> {
        self.decryption.iter().find(|key| key.pair.kid() == kid)
    }

    /// Every key that decrypts, the newest first: retired ones too, since clients keep a key set for a while.
    pub fn decryption_keys(&self) -> DecryptionKeys {
        DecryptionKeys::new(self.decryption.iter().rev().map(|key| Arc::clone(&key.pair)).collect())
    }

    /// What is told of every key, those that sign first, and oldest first.
    pub fn lives(&self) -> impl Iterator<Item = &KeyLife> {
        let decryption = self.decryption.iter().map(|key| &key.life);
        self.signing.iter().map(|key| &key.life).chain(decryption)
    }

    /// The algorithms that have keys.
    pub fn algorithms(&self) -> impl Iterator<Item = KeyAlgorithm> + '_ {
        KeyAlgorithm::all().filter(|algorithm| self.lives().any(|life| life.algorithm == *algorithm))
    }

    /// The public halves, to verify what this server signed; those too that are published no more, for hints.
    pub fn verification(&self) -> &VerificationKeys {
        &self.verification
    }

    /// The public key set.
    pub fn jwks(&self) -> &JwksDocument {
        &self.jwks
    }
}

impl JwksDocument {
    /// Every key that signs or may have signed what is still valid, and those to encrypt with now or soon: a client that sees
    /// a retired one might use it.
    fn new(
        signing: &[SigningKey],
        decryption: &[DecryptionKey],
        keep_after: i64,
        now: Timestamp,
    ) -> Result<Self, grantor_crypto::JwkError> {
        let is_over =
            |key: &&SigningKey| key.life.superseded_at.is_some_and(|end| end.plus(keep_after) < now);
        let signing = signing.iter().filter(|key| !is_over(key)).map(|key| key.pair.public_jwk());
        let decryption = decryption.iter().filter(|key| !key.life.is_retired(now));
        let set = JwkSet::new(signing.chain(decryption.map(|key| key.pair.public_jwk())).cloned())?;
        let body = serde_json::to_string(&set).unwrap_or_default();
        let etag = entity_tag(&body);
        Ok(Self { body: body.into(), etag })
    }
}

/// A strong entity tag: the same text has the same tag on every node.
pub(crate) fn entity_tag(body: &str) -> String {
    format!("\"{}\"", base64url::encode(sha256(body.as_bytes())))
}
