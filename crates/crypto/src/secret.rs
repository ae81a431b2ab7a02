//! Values that must not be seen: client secrets, passwords, codes, cookies, tokens.
//! A [`Secret`] cannot be printed, serialised or compared in a way that time betrays.

use std::fmt;

use aws_lc_rs::{digest, rand};
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{backend::required, base64url};

const SHORTEST_KEY: usize = 32;

/// Text that is wiped from memory when dropped and never shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// 256 random bits as 43 base64url characters: nobody guesses it, so a plain hash at rest is enough.
    pub fn generate() -> Secret {
        let bytes = Zeroizing::new(random_bytes::<32>());
        Secret(Zeroizing::new(base64url::encode(bytes.as_slice())))
    }

    /// The text itself, for the one place that has to send or check it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes as the key of an HMAC, or to make a key of; `None` when they are fewer than a key of 256 bits has
    /// (RFC 7518 section 3.2), so that one token would be enough to guess them.
    pub(crate) fn hmac_key(&self) -> Option<&[u8]> {
        let bytes = self.expose().as_bytes();
        (bytes.len() >= SHORTEST_KEY).then_some(bytes)
    }

    /// What is remembered of the secret. Only for secrets of full entropy: a password needs argon2.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.expose())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Constant in the content; the length is not hidden.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

/// Configuration and requests bring secrets in; there is no way out again.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::from)
    }
}

/// SHA-256 of a secret of full entropy: what the database holds of codes and cookies.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a value as somebody presented it.
    pub fn of(value: impl AsRef<[u8]>) -> SecretHash {
        SecretHash(sha256(value.as_ref()))
    }

    /// A hash read back from where it was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> SecretHash {
        SecretHash(bytes)
    }

    /// The 32 bytes to keep.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(redacted)")
    }
}

/// Bytes from the system's generator: the only source of randomness in the project.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    required(rand::fill(&mut bytes));
    bytes
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_secret_is_43_base64url_characters_of_256_bits() {
        let secret = Secret::generate();
        assert_eq!(secret.expose().len(), 43);
        assert_eq!(base64url::decode(secret.expose()).unwrap().len(), 32);
        assert_ne!(secret, Secret::generate());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::from("hunter2-hunter2");
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "Secret(redacted) SecretHash(redacted)");
    }

    #[test]
    fn secrets_are_equal_when_their_text_is() {
        assert_eq!(Secret::from("a"), Secret::from("a".to_owned()));
        assert_ne!(Secret::from("a"), Secret::from("b"));
        assert_ne!(Secret::from("a"), Secret::from("aa"));
        assert_eq!(serde_json::from_str::<Secret>("\"a\"").unwrap(), Secret::from("a"));
    }

    #[test]
    fn the_hash_is_sha256_of_the_text() {
        // FIPS 180-4, "abc"
        let expected = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        assert_eq!(base64url::encode(Secret::from("abc").hash().bytes()), expected);
        assert_eq!(SecretHash::of("abc"), SecretHash::from_bytes(sha256(b"abc")));
    }
}
