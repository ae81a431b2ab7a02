//! What is held: an immutable picture of the keys at one instant.

use std::sync::Arc;

use grantor_crypto::{
    Algorithm, DataKey, DataKeyId, DataKeyPurpose, JwkSet, SigningKeyPair, VerificationKeys, base64url,
    sha256,
};
use grantor_protocol::Timestamp;

use super::{KeyRingError, MAX_AGE_MS};

/// How often keys are re-read for the sake of an unknown key id, in milliseconds.
const UNKNOWN_KEY_MS: i64 = 100;

/// A signing key and its place in time. Its state is derived: Next until `signs_from`, Active while the newest of
/// its algorithm, Retired after.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The pair, parsed once.
    pub pair: Arc<SigningKeyPair>,
    /// What it signs with; one key, one algorithm (RFC 8725 section 3.1).
    pub algorithm: Algorithm,
    /// When it entered the JWKS.
    pub published_at: Timestamp,
    /// When it begins to sign; `None` while its turn is not decided.
    pub signs_from: Option<Timestamp>,
    /// When its successor began to sign.
    pub superseded_at: Option<Timestamp>,
    /// When this process first read it, in milliseconds.
    pub held_since_ms: i64,
}

/// A key that has been published for this many seconds is on every node, whatever their clocks say.
const CERTAINLY_PUBLISHED_SECONDS: i64 = 60;

impl SigningKey {
    /// Whether it is this key's turn on this node. What `signs_from` says is judged by a clock that may be seconds off,
    /// so a young key must also have been held here for longer than another node's keys are old.
    fn may_sign(&self, now_ms: i64) -> bool {
        let now = Timestamp::from_milliseconds(now_ms);
        let is_on_every_node = self.signs_from == Some(self.published_at)
            || self.published_at.plus(CERTAINLY_PUBLISHED_SECONDS) <= now
            || self.held_since_ms + 2 * MAX_AGE_MS <= now_ms;
        self.signs_from.is_some_and(|start| start <= now) && is_on_every_node
    }

    /// `next`, `active` or `retired`, as `keys list` says it.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.signs_from, self.superseded_at) {
            (_, Some(end)) if end <= now => "retired",
            (Some(start), _) if start <= now => "active",
            _ => "next",
        }
    }
}

/// Every key at the instant it was read.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    data: Vec<Arc<DataKey>>,
    signing: Vec<SigningKey>,
    verification: Arc<VerificationKeys>,
    jwks: JwksDocument,
    read_at_ms: Option<i64>,
}

/// The published key set, serialised once (RFC 7517).
#[derive(Clone, Debug, Default)]
pub struct JwksDocument {
    /// The JSON text.
    pub body: String,
    /// A strong entity tag over it.
    pub etag: String,
}

impl Keys {
    pub(super) fn new(
        data: Vec<Arc<DataKey>>,
        mut signing: Vec<SigningKey>,
        read_at_ms: i64,
    ) -> Result<Self, KeyRingError> {
        for purpose in DataKeyPurpose::ALL {
            if !data.iter().any(|key| key.purpose() == purpose) {
                let reason = "the database holds none".to_owned();
                return Err(KeyRingError::Damaged { key: purpose.name().to_owned(), reason });
            }
        }
        signing.sort_by_key(|key| (key.signs_from.is_none(), key.signs_from, key.published_at));
        for index in 0..signing.len() {
            let Some(key) = signing.get(index) else { continue };
            let algorithm = key.algorithm;
            let successor = signing
                .iter()
                .skip(index + 1)
                .find(|later| later.algorithm == algorithm)
                .and_then(|later| later.signs_from);
            if let Some(key) = signing.get_mut(index) {
                key.superseded_at = successor;
            }
        }
        let damaged = |error: grantor_crypto::JwkError| KeyRingError::Damaged {
            key: "signing keys".to_owned(),
            reason: error.to_string(),
        };
        let jwks = JwksDocument::new(&signing).map_err(damaged)?;
        let public = signing
            .iter()
            .map(|key| key.pair.verification_key())
            .collect::<Result<_, _>>()
            .map_err(damaged)?;
        Ok(Self {
            data,
            signing,
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
        self.signing.iter().rev().find(|key| key.algorithm == algorithm && key.may_sign(now_ms))
    }

    /// The key with this id, in whatever state.
    pub fn signing_key(&self, kid: &str) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.pair.kid() == kid)
    }

    /// All signing keys, oldest first.
    pub fn signing_keys(&self) -> &[SigningKey] {
        &self.signing
    }

    /// The algorithms that can sign.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        Algorithm::ALL
            .into_iter()
            .filter(|algorithm| self.signing.iter().any(|key| key.algorithm == *algorithm))
    }

    /// The public halves, to verify what this server signed.
    pub fn verification(&self) -> &VerificationKeys {
        &self.verification
    }

    /// The public key set.
    pub fn jwks(&self) -> &JwksDocument {
        &self.jwks
    }
}

impl JwksDocument {
    fn new(signing: &[SigningKey]) -> Result<Self, grantor_crypto::JwkError> {
        let set = JwkSet::new(signing.iter().map(|key| key.pair.public_jwk().clone()))?;
        let body = serde_json::to_string(&set).unwrap_or_default();
        let etag = entity_tag(&body);
        Ok(Self { body, etag })
    }
}

/// A strong entity tag: the same text has the same tag on every node.
pub(crate) fn entity_tag(body: &str) -> String {
    format!("\"{}\"", base64url::encode(sha256(body.as_bytes())))
}
