//! What is stored of a client secret (RFC 6749 section 2.3.1): a keyed fast hash of one that we
//! generated, because 256 random bits need no stretching, argon2id of one that a human chose, and the
//! secret itself, sealed, where it is the key of an HMAC or of encryption (OIDC Core 10.1, 10.2).

use std::{fmt, str::FromStr};

use crate::{
    base64url,
    data_key::DataKey,
    key_id::DataKeyId,
    password::{self, PasswordError},
    secret::Secret,
};

const KEYED: &str = "hmac-sha256";
const SEALED: &str = "sealed";
const LABEL: &[u8] = b"client secret";

/// A client secret as it rests.
#[derive(Clone, PartialEq, Eq)]
pub enum StoredSecret {
    /// A tag under the data key named by its id.
    Keyed {
        /// The data key of the tag, of purpose `ClientSecrets`.
        key: DataKeyId,
        /// HMAC-SHA-256 of the secret.
        tag: [u8; 32],
    },
    /// A PHC string; `verify_password` checks it.
    Argon2(String),
    /// The secret itself, which only the data key named by its id opens.
    Sealed {
        /// The data key that sealed it, of purpose `ClientSecrets`.
        key: DataKeyId,
        /// The sealed secret.
        sealed: Vec<u8>,
    },
}

/// The text is none of the three forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored client secret is in no known form")]
pub struct UnknownForm;

impl StoredSecret {
    /// The form of a secret of 256 random bits; also what is remembered of a human's secret once verified.
    pub fn keyed(key: &DataKey, secret: &Secret) -> StoredSecret {
        StoredSecret::Keyed { key: key.id(), tag: key.mac().tag(&[LABEL, secret.expose().as_bytes()]) }
    }

    /// The form of a secret that somebody chose: slow, so use a pool that may be slow.
    pub fn chosen(secret: &Secret) -> Result<StoredSecret, PasswordError> {
        password::hash_chosen(secret).map(StoredSecret::Argon2)
    }

    /// The form of a secret that is itself needed later. Sealed anew it has another text.
    pub fn sealed(key: &DataKey, secret: &Secret) -> StoredSecret {
        let sealed = key.sealing().seal(LABEL, secret.expose().as_bytes());
        StoredSecret::Sealed { key: key.id(), sealed }
    }

    /// The form of a secret that we generated: recoverable when the secret itself is needed later.
    pub fn generated(key: &DataKey, secret: &Secret, recoverable: bool) -> StoredSecret {
        if recoverable { StoredSecret::sealed(key, secret) } else { StoredSecret::keyed(key, secret) }
    }

    /// The same secret as it is kept once its client needs it `recoverable`, or no longer; `None` when that takes the
    /// secret itself and only a hash is there. `key` is the one that [`StoredSecret::data_key`] names.
    pub fn refitted(self, key: Option<&DataKey>, recoverable: bool) -> Option<StoredSecret> {
        match &self {
            StoredSecret::Keyed { .. } | StoredSecret::Argon2(_) if recoverable => None,
            StoredSecret::Sealed { .. } if !recoverable => {
                let hashed = key.and_then(|key| Some(StoredSecret::keyed(key, &self.open(key)?)));
                Some(hashed.unwrap_or(self))
            }
            StoredSecret::Keyed { .. } | StoredSecret::Argon2(_) | StoredSecret::Sealed { .. } => Some(self),
        }
    }

    /// The secret itself, when this is its sealed form and `key` is the key that sealed it.
    pub fn open(&self, key: &DataKey) -> Option<Secret> {
        match self {
            StoredSecret::Sealed { key: id, sealed } if *id == key.id() => {
                let opened = key.sealing().open(LABEL, sealed).ok()?;
                std::str::from_utf8(&opened).ok().map(Secret::from)
            }
            StoredSecret::Keyed { .. } | StoredSecret::Argon2(_) | StoredSecret::Sealed { .. } => None,
        }
    }

    /// The data key that this form is checked with; argon2 needs none.
    pub fn data_key(&self) -> Option<DataKeyId> {
        match self {
            StoredSecret::Keyed { key, .. } | StoredSecret::Sealed { key, .. } => Some(*key),
            StoredSecret::Argon2(_) => None,
        }
    }

    /// Whether the secret itself can be had again.
    pub fn is_recoverable(&self) -> bool {
        matches!(self, StoredSecret::Sealed { .. })
    }

    /// Whether `presented` is the secret of this keyed or sealed form; `false` for argon2 and other keys.
    pub fn matches_keyed(&self, key: &DataKey, presented: &Secret) -> bool {
        match self {
            StoredSecret::Keyed { key: id, tag } if *id == key.id() => {
                key.mac().verify(&[LABEL, presented.expose().as_bytes()], tag)
            }
            StoredSecret::Sealed { .. } => self.open(key).is_some_and(|secret| secret == *presented),
            StoredSecret::Keyed { .. } | StoredSecret::Argon2(_) => false,
        }
    }
}

/// The text to store for a secret that we generated.
pub fn hash_generated(key: &DataKey, secret: &Secret) -> String {
    StoredSecret::keyed(key, secret).to_string()
}

impl fmt::Display for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredSecret::Keyed { key, tag } => write!(f, "{KEYED}${key}${}", base64url::encode(tag)),
            StoredSecret::Argon2(phc) => f.write_str(phc),
            StoredSecret::Sealed { key, sealed } => {
                write!(f, "{SEALED}${key}${}", base64url::encode(sealed))
            }
        }
    }
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredSecret::Keyed { key, .. } => write!(f, "StoredSecret::Keyed({key}, redacted)"),
            StoredSecret::Argon2(_) => f.write_str("StoredSecret::Argon2(redacted)"),
            StoredSecret::Sealed { key, .. } => write!(f, "StoredSecret::Sealed({key}, redacted)"),
        }
    }
}

impl FromStr for StoredSecret {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        if text.starts_with("$argon2") {
            return Ok(StoredSecret::Argon2(text.to_owned()));
        }
        let (form, rest) = text.split_once('$').ok_or(UnknownForm)?;
        let (key, value) = rest.split_once('$').ok_or(UnknownForm)?;
        let key = key.parse().map_err(|_| UnknownForm)?;
        let value = base64url::decode(value).map_err(|_| UnknownForm)?;
        match form {
            KEYED => Ok(StoredSecret::Keyed { key, tag: value.try_into().map_err(|_| UnknownForm)? }),
            SEALED => Ok(StoredSecret::Sealed { key, sealed: value }),
            _ => Err(UnknownForm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataKeyPurpose, verify_password};

    fn key() -> DataKey {
        DataKey::generate(DataKeyPurpose::ClientSecrets)
    }

    #[test]
    fn a_generated_secret_verifies_under_its_own_key_only() {
        let (key, secret) = (key(), Secret::generate());
        let text = hash_generated(&key, &secret);
        assert!(text.starts_with(&format!("hmac-sha256${}$", key.id())), "{text}");
        let stored: StoredSecret = text.parse().unwrap();
        assert_eq!(stored.to_string(), text);
        assert!(stored.matches_keyed(&key, &secret));
        assert!(!stored.matches_keyed(&key, &Secret::generate()));
        assert!(!stored.matches_keyed(&super::tests::key(), &secret));
    }

    #[test]
    fn a_chosen_secret_is_argon2_and_may_be_short() {
        let secret = Secret::from("s3cret");
        let stored: StoredSecret = StoredSecret::chosen(&secret).unwrap().to_string().parse().unwrap();
        let StoredSecret::Argon2(phc) = &stored else { panic!("{stored:?}") };
        assert_eq!(verify_password(&secret, phc), Ok(true));
        assert!(!stored.matches_keyed(&key(), &secret));
    }

    #[test]
    fn a_sealed_secret_comes_back_and_compares_under_its_own_key_only() {
        let (key, secret) = (key(), Secret::generate());
        let text = StoredSecret::sealed(&key, &secret).to_string();
        assert!(
            text.starts_with(&format!("sealed${}$", key.id())) && !text.contains(secret.expose()),
            "{text}"
        );
        let stored: StoredSecret = text.parse().unwrap();
        assert_eq!(stored.to_string(), text);
        assert!(stored.is_recoverable());
        assert_eq!(stored.data_key(), Some(key.id()));
        assert_eq!(stored.open(&key), Some(secret.clone()));
        assert!(stored.matches_keyed(&key, &secret));
        assert!(!stored.matches_keyed(&key, &Secret::generate()));

        let other = super::tests::key();
        let StoredSecret::Sealed { sealed, .. } = &stored else { panic!("{stored:?}") };
        let renamed = StoredSecret::Sealed { key: other.id(), sealed: sealed.clone() };
        for (stored, key) in [(&stored, &other), (&renamed, &other), (&renamed, &key)] {
            assert_eq!(stored.open(key), None);
            assert!(!stored.matches_keyed(key, &secret));
        }
    }

    #[test]
    fn a_secret_is_kept_as_its_client_needs_it_and_a_hash_is_never_unmade() {
        let (key, secret) = (key(), Secret::generate());
        let (hashed, sealed) = (StoredSecret::keyed(&key, &secret), StoredSecret::sealed(&key, &secret));
        let chosen = StoredSecret::chosen(&secret).unwrap();
        assert!(!StoredSecret::generated(&key, &secret, false).is_recoverable());
        assert!(StoredSecret::generated(&key, &secret, true).is_recoverable());
        for hash in [&hashed, &chosen] {
            assert_eq!(hash.clone().refitted(Some(&key), true), None);
            assert_eq!(hash.clone().refitted(Some(&key), false).as_ref(), Some(hash));
        }
        assert_eq!(sealed.clone().refitted(Some(&key), true), Some(sealed.clone()));
        assert_eq!(sealed.clone().refitted(Some(&key), false), Some(hashed));
        assert_eq!(sealed.clone().refitted(None, false), Some(sealed));
    }

    #[test]
    fn a_hash_gives_no_secret_back() {
        let (key, secret) = (key(), Secret::generate());
        for stored in [StoredSecret::keyed(&key, &secret), StoredSecret::chosen(&secret).unwrap()] {
            assert!(!stored.is_recoverable());
            assert_eq!(stored.open(&key), None);
        }
    }

    #[test]
    fn no_other_text_is_a_stored_secret() {
        let tag = base64url::encode([1; 32]);
        let texts = [
            String::new(),
            "secret".to_owned(),
            tag.clone(),
            format!("hmac-sha256$0011223344556677${}", base64url::encode([1; 31])),
            format!("hmac-sha256$00112233${tag}"),
            format!("hmac-sha256$0011223344556677${tag}="),
            format!("hmac-sha512$0011223344556677${tag}"),
            format!("sealed$00112233${tag}"),
            format!("sealed$0011223344556677${tag}="),
        ];
        for text in texts {
            assert_eq!(text.parse::<StoredSecret>(), Err(UnknownForm), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_hash() {
        let stored = StoredSecret::Keyed { key: DataKeyId::from_bytes([0; 8]), tag: [1; 32] };
        assert_eq!(format!("{stored:?}"), "StoredSecret::Keyed(0000000000000000, redacted)");
        let stored = StoredSecret::Sealed { key: DataKeyId::from_bytes([0; 8]), sealed: vec![1; 32] };
        assert_eq!(format!("{stored:?}"), "StoredSecret::Sealed(0000000000000000, redacted)");
    }
}
