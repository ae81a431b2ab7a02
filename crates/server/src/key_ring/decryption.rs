//! Opening what others encrypted for this server (RFC 7516).

use grantor_crypto::{ContentEncryption, DecryptionKeys, JweError, KeyManagement, UnverifiedJwe};
use grantor_protocol::KeyManagementAlgorithm;
use zeroize::Zeroizing;

use super::{KeyRing, KeyRingError};
use crate::work_pool::{Full, WorkPool};

/// Tokens that wait to be decrypted or are, before further ones are turned away.
const MOST_QUEUED: usize = 64;

/// Room on half the cores: anybody may send what is to be decrypted, and a private operation of RSA takes a millisecond.
pub(super) fn pool() -> WorkPool {
    WorkPool::new(std::thread::available_parallelism().map_or(1, usize::from) / 2, MOST_QUEUED)
}

impl KeyRing {
    /// The content of a token that was encrypted for one of our keys in one of the ways accepted, read as text. A key that is
    /// not known yet may be of another node, so the keys are read once more for it.
    pub async fn decrypt(
        &self,
        token: &str,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
        now_ms: i64,
    ) -> Result<Result<Zeroizing<String>, JweError>, KeyRingError> {
        let open = async |keys: DecryptionKeys| {
            // What is inside may be secret, but this is its encrypted form.
            let (token, algorithms, encryptions) =
                (token.to_owned(), algorithms.to_owned(), encryptions.to_owned());
            let work = move || UnverifiedJwe::parse(&token)?.decrypt(&keys, &algorithms, &encryptions);
            self.opening.run(work).await.map_err(|Full| KeyRingError::Busy)
        };
        match open(self.current(now_ms).await?.decryption_keys()).await? {
            Err(JweError::UnknownKey) => open(self.reread_if_older(now_ms).await?.decryption_keys()).await,
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
