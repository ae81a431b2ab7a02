//! The encryption algorithms we know (RFC 7518 sections 4.1 and 5.1). Closed lists: `RSA1_5`, RSA-OAEP with SHA-1,
//! passwords (PBES2) and everything else are not in them. `dir` is not either, because its key is no public one: a
//! shared secret has calls of its own.

use std::{fmt, str::FromStr};

/// How a content key is sent to the owner of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyManagement {
    /// RSAES OAEP with SHA-256 for hash and mask.
    RsaOaep256,
    /// Diffie-Hellman with a key made for the message, its result the content key.
    EcdhEs,
    /// The same, its result the AES-128 key that wraps the content key.
    EcdhEsA128Kw,
    /// The same with AES-192.
    EcdhEsA192Kw,
    /// The same with AES-256.
    EcdhEsA256Kw,
}

/// How the content is encrypted and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentEncryption {
    /// AES-128 in CBC mode, then HMAC-SHA-256.
    A128CbcHs256,
    /// AES-192 in CBC mode, then HMAC-SHA-384.
    A192CbcHs384,
    /// AES-256 in CBC mode, then HMAC-SHA-512.
    A256CbcHs512,
    /// AES-128 in Galois counter mode.
    A128Gcm,
    /// AES-192 in Galois counter mode.
    A192Gcm,
    /// AES-256 in Galois counter mode.
    A256Gcm,
}

/// The name is in neither of the two lists; letter case counts (RFC 7516 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown or forbidden encryption algorithm")]
pub struct UnknownEncryption;

impl KeyManagement {
    /// Every way.
    pub const ALL: [KeyManagement; 5] = [
        KeyManagement::RsaOaep256,
        KeyManagement::EcdhEs,
        KeyManagement::EcdhEsA128Kw,
        KeyManagement::EcdhEsA192Kw,
        KeyManagement::EcdhEsA256Kw,
    ];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            KeyManagement::RsaOaep256 => "RSA-OAEP-256",
            KeyManagement::EcdhEs => "ECDH-ES",
            KeyManagement::EcdhEsA128Kw => "ECDH-ES+A128KW",
            KeyManagement::EcdhEsA192Kw => "ECDH-ES+A192KW",
            KeyManagement::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }
}

impl ContentEncryption {
    /// Every way; the first is the one where nothing is named (OIDC Registration section 2).
    pub const ALL: [ContentEncryption; 6] = [
        ContentEncryption::A128CbcHs256,
        ContentEncryption::A192CbcHs384,
        ContentEncryption::A256CbcHs512,
        ContentEncryption::A128Gcm,
        ContentEncryption::A192Gcm,
        ContentEncryption::A256Gcm,
    ];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            ContentEncryption::A128CbcHs256 => "A128CBC-HS256",
            ContentEncryption::A192CbcHs384 => "A192CBC-HS384",
            ContentEncryption::A256CbcHs512 => "A256CBC-HS512",
            ContentEncryption::A128Gcm => "A128GCM",
            ContentEncryption::A192Gcm => "A192GCM",
            ContentEncryption::A256Gcm => "A256GCM",
        }
    }

    /// Bytes of a content key: those that encrypt and, in CBC mode, as many that authenticate.
    pub(crate) fn key_length(self) -> usize {
        match self {
            ContentEncryption::A128Gcm => 16,
            ContentEncryption::A192Gcm => 24,
            ContentEncryption::A128CbcHs256 | ContentEncryption::A256Gcm => 32,
            ContentEncryption::A192CbcHs384 => 48,
            ContentEncryption::A256CbcHs512 => 64,
        }
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyManagement {
    type Err = UnknownEncryption;

    fn from_str(name: &str) -> Result<Self, UnknownEncryption> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownEncryption)
    }
}

impl FromStr for ContentEncryption {
    type Err = UnknownEncryption;

    fn from_str(name: &str) -> Result<Self, UnknownEncryption> {
        Self::ALL.into_iter().find(|encryption| encryption.name() == name).ok_or(UnknownEncryption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for algorithm in KeyManagement::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
        for encryption in ContentEncryption::ALL {
            assert_eq!(encryption.name().parse(), Ok(encryption));
        }
    }

    // T108
    #[test]
    fn weak_and_shared_key_management_does_not_exist() {
        for name in [
            "RSA1_5",
            "RSA-OAEP",
            "PBES2-HS256+A128KW",
            "A128KW",
            "A256GCMKW",
            "dir",
            "ecdh-es",
            "",
            "ECDH-1PU",
        ] {
            assert_eq!(name.parse::<KeyManagement>(), Err(UnknownEncryption), "{name}");
        }
        for name in ["A128CBC", "A256CBC", "a128gcm", "XC20P", "C20P", "", "none"] {
            assert_eq!(name.parse::<ContentEncryption>(), Err(UnknownEncryption), "{name}");
        }
    }
}
