//! What one of our own key pairs is for: a key has one use and one algorithm (RFC 8725 section 3.1).

use std::{fmt, str::FromStr};

use crate::{algorithm::Algorithm, jwe::KeyManagement};

/// The one algorithm of a key pair, which says its use too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// It signs.
    Signature(Algorithm),
    /// It decrypts.
    Encryption(KeyManagement),
}

/// The name is of no algorithm that a key of ours may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown or forbidden algorithm of a key")]
pub struct UnknownKeyAlgorithm;

impl KeyAlgorithm {
    /// Every algorithm, those that sign first.
    pub fn all() -> impl Iterator<Item = KeyAlgorithm> {
        let signs = Algorithm::ALL.into_iter().map(KeyAlgorithm::Signature);
        signs.chain(KeyManagement::ALL.into_iter().map(KeyAlgorithm::Encryption))
    }

    /// The registered name, `alg` of the key.
    pub fn name(self) -> &'static str {
        match self {
            KeyAlgorithm::Signature(algorithm) => algorithm.name(),
            KeyAlgorithm::Encryption(algorithm) => algorithm.name(),
        }
    }

    /// `use` of the key (RFC 7517 section 4.2).
    pub fn key_use(self) -> &'static str {
        match self {
            KeyAlgorithm::Signature(_) => "sig",
            KeyAlgorithm::Encryption(_) => "enc",
        }
    }
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        KeyAlgorithm::Signature(algorithm)
    }
}

impl From<KeyManagement> for KeyAlgorithm {
    fn from(algorithm: KeyManagement) -> Self {
        KeyAlgorithm::Encryption(algorithm)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownKeyAlgorithm> {
        Self::all().find(|algorithm| algorithm.name() == name).ok_or(UnknownKeyAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_reads_back_from_its_name_and_knows_its_use() {
        for algorithm in KeyAlgorithm::all() {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
        assert_eq!(KeyAlgorithm::all().count(), 9);
        assert_eq!(KeyAlgorithm::from(Algorithm::ES256).key_use(), "sig");
        assert_eq!(KeyAlgorithm::from(KeyManagement::EcdhEs).key_use(), "enc");
        for name in ["dir", "HS256", "none", "RSA1_5", "", "rs256"] {
            assert_eq!(name.parse::<KeyAlgorithm>(), Err(UnknownKeyAlgorithm), "{name}");
        }
    }
}
