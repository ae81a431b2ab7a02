//! Key pairs for the tests of every crate, each made once per process: an RSA key takes part of a second.

use std::sync::OnceLock;

use crate::{algorithm::Algorithm, keys::SigningKeyPair};

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
