//! Data keys: one random key per purpose, so that dropping one (the kill switch for tokens) or
//! losing one touches nothing else.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use crate::{backend::derive, key_id::DataKeyId, keyed::MacKey, sealed::SealingKey, secret::random_bytes};

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataKeyPurpose {
    /// Opaque access and refresh tokens, authorization codes.
    Tokens,
    /// Cookies and the form tokens bound to them.
    Cookies,
    /// Client secrets that we generated.
    ClientSecrets,
    /// Pairwise subject identifiers; changing it changes every `sub` they gave.
    Pairwise,
    /// Private signing keys.
    PrivateKeys,
}

/// The name is not one of [`DataKeyPurpose::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown data key purpose")]
pub struct UnknownPurpose;

impl DataKeyPurpose {
    /// Every purpose; a server that starts makes sure that each has a key.
    pub const ALL: [DataKeyPurpose; 5] = [
        DataKeyPurpose::Tokens,
        DataKeyPurpose::Cookies,
        DataKeyPurpose::ClientSecrets,
        DataKeyPurpose::Pairwise,
        DataKeyPurpose::PrivateKeys,
    ];

    /// The name in the database; part of what authenticates a wrapped key, so it never changes.
    pub fn name(self) -> &'static str {
        match self {
            DataKeyPurpose::Tokens => "tokens",
            DataKeyPurpose::Cookies => "cookies",
            DataKeyPurpose::ClientSecrets => "client_secrets",
            DataKeyPurpose::Pairwise => "pairwise",
            DataKeyPurpose::PrivateKeys => "private_keys",
        }
    }
}

impl fmt::Display for DataKeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataKeyPurpose {
    type Err = UnknownPurpose;

    fn from_str(name: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or(UnknownPurpose)
    }
}

/// A random key and the two keys derived from it, held ready. Share it by reference or `Arc`.
pub struct DataKey {
    id: DataKeyId,
    purpose: DataKeyPurpose,
    bytes: Zeroizing<[u8; 32]>,
    sealing: SealingKey,
    mac: MacKey,
}

impl DataKey {
    /// A new key for `purpose`.
    pub fn generate(purpose: DataKeyPurpose) -> DataKey {
        DataKey::new(DataKeyId::random(), purpose, Zeroizing::new(random_bytes()))
    }

    pub(crate) fn new(id: DataKeyId, purpose: DataKeyPurpose, bytes: Zeroizing<[u8; 32]>) -> DataKey {
        let sealing = SealingKey::new(&derive(bytes.as_slice(), &[b"seal ", purpose.name().as_bytes()]));
        let mac = MacKey::new(&derive(bytes.as_slice(), &[b"mac ", purpose.name().as_bytes()]));
        DataKey { id, purpose, bytes, sealing, mac }
    }

    /// The name that values made with this key carry.
    pub fn id(&self) -> DataKeyId {
        self.id
    }

    /// What the key is for.
    pub fn purpose(&self) -> DataKeyPurpose {
        self.purpose
    }

    /// The key that seals.
    pub fn sealing(&self) -> &SealingKey {
        &self.sealing
    }

    /// The key that makes tags; it shares nothing with the one that seals.
    pub fn mac(&self) -> &MacKey {
        &self.mac
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({} {})", self.purpose, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_reads_back_from_its_name() {
        for purpose in DataKeyPurpose::ALL {
            assert_eq!(purpose.name().parse(), Ok(purpose));
        }
        assert_eq!("Tokens".parse::<DataKeyPurpose>(), Err(UnknownPurpose));
    }

    #[test]
    fn keys_of_two_purposes_share_nothing_even_with_the_same_bytes() {
        let key = |purpose| DataKey::new(DataKeyId::from_bytes([0; 8]), purpose, Zeroizing::new([7; 32]));
        let (tokens, cookies) = (key(DataKeyPurpose::Tokens), key(DataKeyPurpose::Cookies));
        assert_ne!(tokens.mac().tag(&[b"x"]), cookies.mac().tag(&[b"x"]));
        assert!(cookies.sealing().open(b"", &tokens.sealing().seal(b"", b"x")).is_err());
    }

    #[test]
    fn debug_shows_the_name_and_not_the_key() {
        let key = DataKey::generate(DataKeyPurpose::Pairwise);
        assert_eq!(format!("{key:?}"), format!("DataKey(pairwise {})", key.id()));
    }
}
