//! Keys that clients ask for by what they are registered with.

use grantor_crypto::KeyAlgorithm;
use grantor_protocol::ClientMetadata;

use super::{KeyRing, KeyRingError, key_management};
use crate::client_jwt::key_algorithm;

impl KeyRing {
    /// Makes the keys that a client of this metadata needs, where there are none of their algorithms: those that sign for
    /// it, and the one that it encrypts its request objects for. When the client is registered, so that they are published
    /// before anybody uses them: what relying parties keep of the key set is minutes old. Other nodes publish them within
    /// [`super::MAX_AGE_MS`], and open what was encrypted for them before that.
    pub async fn make_keys_for(&self, metadata: &ClientMetadata, now_ms: i64) -> Result<(), KeyRingError> {
        for algorithm in needed(metadata) {
            self.make_first(algorithm, now_ms).await?;
        }
        Ok(())
    }
}

fn needed(metadata: &ClientMetadata) -> impl Iterator<Item = KeyAlgorithm> {
    let signs = [Some(metadata.id_token_signed_response_alg), metadata.userinfo_signed_response_alg];
    let signs = signs.into_iter().flatten().filter_map(key_algorithm).map(KeyAlgorithm::from);
    let opens = metadata.request_object_encryption_alg.and_then(key_management);
    signs.chain(opens.map(KeyAlgorithm::from))
}
