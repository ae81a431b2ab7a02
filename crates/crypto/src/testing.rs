//! Key pairs for the tests of every crate, each made once per process: an RSA key takes part of a second.

use std::sync::{Arc, OnceLock};

use crate::{
    algorithm::Algorithm,
    jwe::{DecryptionKeyPair, KeyManagement},
    keys::SigningKeyPair,
};

/// The process's test key for `algorithm`.
///
/// # Panics
/// When the system cannot generate a key.
#[expect(clippy::expect_used, reason = "only tests call this")]
pub fn key_pair(algorithm: Algorithm) -> &'static SigningKeyPair {
    static RS256: OnceLock<SigningKeyPair> = OnceLock::new();
    static PS256: OnceLock<SigningKeyPair> = OnceLock::new();
    static ES256: OnceLock<SigningKeyPair> = OnceLock::new();
    static EDDSA: OnceLock<SigningKeyPair> = OnceLock::new();
    let key = match algorithm {
        Algorithm::RS256 => &RS256,
        Algorithm::PS256 => &PS256,
        Algorithm::ES256 => &ES256,
        Algorithm::EdDSA => &EDDSA,
    };
    key.get_or_init(|| SigningKeyPair::generate(algorithm).expect("a test key"))
}

/// The process's test key that decrypts `algorithm`.
///
/// # Panics
/// When the system cannot generate a key.
#[expect(clippy::expect_used, reason = "only tests call this")]
pub fn decryption_key_pair(algorithm: KeyManagement) -> &'static Arc<DecryptionKeyPair> {
    static RSA: OnceLock<Arc<DecryptionKeyPair>> = OnceLock::new();
    static DIRECT: OnceLock<Arc<DecryptionKeyPair>> = OnceLock::new();
    static WRAP_128: OnceLock<Arc<DecryptionKeyPair>> = OnceLock::new();
    static WRAP_192: OnceLock<Arc<DecryptionKeyPair>> = OnceLock::new();
    static WRAP_256: OnceLock<Arc<DecryptionKeyPair>> = OnceLock::new();
    let key = match algorithm {
        KeyManagement::RsaOaep256 => &RSA,
        KeyManagement::EcdhEs => &DIRECT,
        KeyManagement::EcdhEsA128Kw => &WRAP_128,
        KeyManagement::EcdhEsA192Kw => &WRAP_192,
        KeyManagement::EcdhEsA256Kw => &WRAP_256,
    };
    key.get_or_init(|| Arc::new(DecryptionKeyPair::generate(algorithm).expect("a test key")))
}
