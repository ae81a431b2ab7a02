//! What is stored of a client secret (RFC 6749 section 2.3.1): a keyed fast hash of one that we
//! generated, because 256 random bits need no stretching, and argon2id of one that a human chose.

use std::{fmt, str::FromStr};

use crate::{
    base64url,
    data_key::DataKey,
    key_id::DataKeyId,
    password::{self, PasswordError},
    secret::Secret,
};

const KEYED: &str = "hmac-sha256";
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
}

/// The text is neither of the two forms.
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

    /// Whether `presented` is the secret of this keyed form; `false` for other forms and other keys.
    pub fn matches_keyed(&self, key: &DataKey, presented: &Secret) -> bool {
        match self {
            StoredSecret::Keyed { key: id, tag } if *id == key.id() => {
                key.mac().verify(&[LABEL, presented.expose().as_bytes()], tag)
            }
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
        }
    }
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredSecret::Keyed { key, .. } => write!(f, "StoredSecret::Keyed({key}, redacted)"),
            StoredSecret::Argon2(_) => f.write_str("StoredSecret::Argon2(redacted)"),
        }
    }
}

impl FromStr for StoredSecret {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        if text.starts_with("$argon2") {
            return Ok(StoredSecret::Argon2(text.to_owned()));
        }
        let rest = text.strip_prefix(KEYED).and_then(|rest| rest.strip_prefix('$')).ok_or(UnknownForm)?;
        let (key, tag) = rest.split_once('$').ok_or(UnknownForm)?;
        let key = key.parse().map_err(|_| UnknownForm)?;
        let tag = base64url::decode(tag).map_err(|_| UnknownForm)?;
        Ok(StoredSecret::Keyed { key, tag: tag.try_into().map_err(|_| UnknownForm)? })
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
        ];
        for text in texts {
            assert_eq!(text.parse::<StoredSecret>(), Err(UnknownForm), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_hash() {
        let stored = StoredSecret::Keyed { key: DataKeyId::from_bytes([0; 8]), tag: [1; 32] };
        assert_eq!(format!("{stored:?}"), "StoredSecret::Keyed(0000000000000000, redacted)");
    }
}
