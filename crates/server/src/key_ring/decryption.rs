//! Opening what others encrypted for this server (RFC 7516).

use grantor_crypto::{ContentEncryption, JweError, KeyManagement, UnverifiedJwe};
use grantor_protocol::KeyManagementAlgorithm;
use zeroize::Zeroizing;

use super::{KeyRing, KeyRingError};

impl KeyRing {
    /// The content of a token that was encrypted for one of our keys in one of the ways accepted, read as text. A key that is
    /// not known yet may be of another node, so the keys are read once more for it.
    pub async fn decrypt(
        &self,
        token: &UnverifiedJwe<'_>,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
        now_ms: i64,
    ) -> Result<Result<Zeroizing<String>, JweError>, KeyRingError> {
        let keys = self.current(now_ms).await?.decryption_keys();
        match token.decrypt(&keys, algorithms, encryptions) {
            Err(JweError::UnknownKey) => {
                let keys = self.reread_if_older(now_ms).await?.decryption_keys();
                Ok(token.decrypt(&keys, algorithms, encryptions))
            }
            other => Ok(other),
        }
    }
}

/// How a registered algorithm sends a content key to the owner of a public key; `None` for `dir`, which has none.
pub(crate) fn key_management(algorithm: KeyManagementAlgorithm) -> Option<KeyManagement> {
    match algorithm {
        KeyManagementAlgorithm::RsaOaep256 => Some(KeyManagement::RsaOaep256),
        KeyManagementAlgorithm::EcdhEs => Some(KeyManagement::EcdhEs),
        KeyManagementAlgorithm::EcdhEsA128Kw => Some(KeyManagement::EcdhEsA128Kw),
        KeyManagementAlgorithm::EcdhEsA192Kw => Some(KeyManagement::EcdhEsA192Kw),
        KeyManagementAlgorithm::EcdhEsA256Kw => Some(KeyManagement::EcdhEsA256Kw),
        KeyManagementAlgorithm::Direct => None,
    }
}
