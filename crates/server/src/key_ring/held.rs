//! A key pair and its place in time.

use std::sync::Arc;

use grantor_crypto::{DecryptionKeyPair, KeyAlgorithm, SigningKeyPair};
use grantor_protocol::Timestamp;

use super::MAX_AGE_MS;

/// A key that has been published for this many seconds is on every node, whatever their clocks say.
const CERTAINLY_PUBLISHED_SECONDS: i64 = 60;

/// A key pair, parsed once, and its life.
#[derive(Debug)]
pub struct HeldKey<P> {
    /// The pair.
    pub pair: Arc<P>,
    /// Its place in time.
    pub life: KeyLife,
}

/// A key that signs.
pub type SigningKey = HeldKey<SigningKeyPair>;

/// A key that decrypts what was encrypted for us.
pub type DecryptionKey = HeldKey<DecryptionKeyPair>;

impl<P> Clone for HeldKey<P> {
    fn clone(&self) -> Self {
        HeldKey { pair: Arc::clone(&self.pair), life: self.life.clone() }
    }
}

/// What is told of a key, whatever it is for. Its state is derived: Next until `signs_from`, Active while the newest of
/// its algorithm, Retired after.
#[derive(Clone, Debug)]
pub struct KeyLife {
    /// Its name in the JWKS.
    pub kid: String,
    /// What it signs or decrypts with; one key, one algorithm (RFC 8725 section 3.1).
    pub algorithm: KeyAlgorithm,
    /// When it entered the JWKS.
    pub published_at: Timestamp,
    /// When it begins to sign, or to be the one to encrypt with; `None` while its turn is not decided.
    pub signs_from: Option<Timestamp>,
    /// When its successor's turn began.
    pub superseded_at: Option<Timestamp>,
    /// When this process first read it, in milliseconds.
    pub held_since_ms: i64,
}

impl KeyLife {
    /// Whether it is this key's turn on this node. What `signs_from` says is judged by a clock that may be seconds off,
    /// so a young key must also have been held here for longer than another node's keys are old.
    pub(super) fn may_sign(&self, now_ms: i64) -> bool {
        let now = Timestamp::from_milliseconds(now_ms);
        let is_on_every_node = self.signs_from == Some(self.published_at)
            || self.published_at.plus(CERTAINLY_PUBLISHED_SECONDS) <= now
            || self.held_since_ms + 2 * MAX_AGE_MS <= now_ms;
        self.signs_from.is_some_and(|start| start <= now) && is_on_every_node
    }

    pub(super) fn is_retired(&self, now: Timestamp) -> bool {
        self.superseded_at.is_some_and(|end| end <= now)
    }

    /// `next`, `active` or `retired`, as `keys list` says it.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.signs_from {
            _ if self.is_retired(now) => "retired",
            Some(start) if start <= now => "active",
            Some(_) | None => "next",
        }
    }
}

/// Keys of one use, oldest first, each knowing when the next of its algorithm took its turn.
pub(super) fn in_succession<P>(mut keys: Vec<HeldKey<P>>) -> Vec<HeldKey<P>> {
    keys.sort_by_key(|HeldKey { life, .. }| (life.signs_from.is_none(), life.signs_from, life.published_at));
    let successors: Vec<_> =
        keys.iter().enumerate().map(|(index, key)| successor(&keys, index, key)).collect();
    for (key, successor) in keys.iter_mut().zip(successors) {
        key.life.superseded_at = successor;
    }
    keys
}

fn successor<P>(keys: &[HeldKey<P>], index: usize, key: &HeldKey<P>) -> Option<Timestamp> {
    let mut later = keys.iter().skip(index + 1);
    later.find(|later| later.life.algorithm == key.life.algorithm)?.life.signs_from
}
