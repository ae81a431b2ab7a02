//! How secrets rest: every value at rest is sealed by a data key, and the system secrets of the
//! configuration only wrap data keys. Rotating a system secret rewraps a handful of rows; the
//! database alone gives nobody a key.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    backend::derive,
    data_key::{DataKey, DataKeyPurpose},
    key_id::{DataKeyId, SystemSecretId},
    keyed::framed,
    sealed::SealingKey,
};

const SHORTEST_SECRET: usize = 32;

/// Why the configured system secrets cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SystemSecretError {
    /// There must be one to wrap with.
    #[error("no system secret is configured")]
    Missing,
    /// Below this, the database would be worth guessing against.
    #[error("a system secret must have at least 32 characters")]
    TooShort,
    /// Most likely a rotation in which the new secret was not changed.
    #[error("the same system secret is configured twice ({0})")]
    Repeated(SystemSecretId),
}

/// Why a data key could not be unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// A secret was taken out of the configuration while it still wraps something.
    #[error("data key {key} is wrapped with system secret {secret}, which is not configured")]
    SecretMissing {
        /// The data key that cannot be opened.
        key: DataKeyId,
        /// The secret that would open it.
        secret: SystemSecretId,
    },
    /// The row is not what was stored under this id and purpose.
    #[error("data key {0} is corrupt: its system secret does not open it")]
    Corrupt(DataKeyId),
}

/// One secret of `secrets.system`: it wraps data keys and does nothing else.
pub struct SystemSecret {
    id: SystemSecretId,
    wrapping: SealingKey,
}

impl SystemSecret {
    /// Takes a secret from the configuration; its text does not outlive the call.
    pub fn parse(text: String) -> Result<SystemSecret, SystemSecretError> {
        let text = Zeroizing::new(text);
        if text.chars().count() < SHORTEST_SECRET {
            return Err(SystemSecretError::TooShort);
        }
        let mut id = [0; 8];
        id.iter_mut().zip(*derive(text.as_bytes(), &[b"system secret id"])).for_each(|(to, from)| *to = from);
        let wrapping = SealingKey::new(&derive(text.as_bytes(), &[b"system secret wrapping"]));
        Ok(SystemSecret { id: SystemSecretId::from_bytes(id), wrapping })
    }

    /// The name that wrapped rows carry.
    pub fn id(&self) -> SystemSecretId {
        self.id
    }

    /// The form of `key` that may be stored.
    pub fn wrap(&self, key: &DataKey) -> Vec<u8> {
        self.wrapping.seal(&associated_data(key.id(), key.purpose()), key.bytes())
    }

    /// The key wrapped under this id and purpose; a row moved to another id or purpose does not open.
    pub fn unwrap(
        &self,
        id: DataKeyId,
        purpose: DataKeyPurpose,
        wrapped: &[u8],
    ) -> Result<DataKey, UnwrapError> {
        let opened = self.wrapping.open(&associated_data(id, purpose), wrapped);
        let bytes = opened.ok().and_then(|opened| <[u8; 32]>::try_from(opened.as_slice()).ok());
        bytes.map(|bytes| DataKey::new(id, purpose, Zeroizing::new(bytes))).ok_or(UnwrapError::Corrupt(id))
    }
}

impl fmt::Debug for SystemSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemSecret({})", self.id)
    }
}

/// The configured secrets: the first wraps, all unwrap.
#[derive(Debug)]
pub struct SystemSecrets {
    first: SystemSecret,
    others: Vec<SystemSecret>,
}

impl SystemSecrets {
    /// Takes the secrets in the order of the configuration.
    pub fn new(secrets: Vec<SystemSecret>) -> Result<SystemSecrets, SystemSecretError> {
        let mut others = secrets.into_iter();
        let first = others.next().ok_or(SystemSecretError::Missing)?;
        let secrets = SystemSecrets { first, others: others.collect() };
        let mut seen = Vec::new();
        for secret in secrets.all() {
            if seen.contains(&secret.id) {
                return Err(SystemSecretError::Repeated(secret.id));
            }
            seen.push(secret.id);
        }
        Ok(secrets)
    }

    /// The secret that wraps what is made or rewrapped now.
    pub fn first(&self) -> &SystemSecret {
        &self.first
    }

    /// Every secret, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &SystemSecret> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Unwraps with the secret that the row names; says which one is missing otherwise.
    pub fn unwrap(
        &self,
        wrapped_with: SystemSecretId,
        id: DataKeyId,
        purpose: DataKeyPurpose,
        wrapped: &[u8],
    ) -> Result<DataKey, UnwrapError> {
        let secret = self.all().find(|secret| secret.id == wrapped_with);
        secret
            .ok_or(UnwrapError::SecretMissing { key: id, secret: wrapped_with })?
            .unwrap(id, purpose, wrapped)
    }
}

fn associated_data(id: DataKeyId, purpose: DataKeyPurpose) -> Vec<u8> {
    framed(&[b"grantor data key v1", purpose.name().as_bytes(), id.bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SystemSecret {
        SystemSecret::parse(text.repeat(4)).unwrap()
    }

    #[test]
    fn a_system_secret_has_at_least_32_characters_and_a_stable_id() {
        assert_eq!(SystemSecret::parse("x".repeat(31)).unwrap_err(), SystemSecretError::TooShort);
        assert_eq!(secret("12345678").id(), secret("12345678").id());
        assert_ne!(secret("12345678").id(), secret("abcdefgh").id());
        assert_eq!(secret("12345678").id().to_string().len(), 16);
    }

    #[test]
    fn a_wrapped_key_opens_only_as_what_it_was() {
        let (ours, key) = (secret("12345678"), DataKey::generate(DataKeyPurpose::Tokens));
        let wrapped = ours.wrap(&key);
        let opened = ours.unwrap(key.id(), DataKeyPurpose::Tokens, &wrapped).unwrap();
        assert_eq!(opened.mac().tag(&[b"x"]), key.mac().tag(&[b"x"]));
        let corrupt = UnwrapError::Corrupt(key.id());
        assert_eq!(ours.unwrap(key.id(), DataKeyPurpose::Cookies, &wrapped).unwrap_err(), corrupt);
        assert_eq!(
            secret("abcdefgh").unwrap(key.id(), DataKeyPurpose::Tokens, &wrapped).unwrap_err(),
            corrupt
        );
        let other = DataKeyId::random();
        assert_eq!(
            ours.unwrap(other, DataKeyPurpose::Tokens, &wrapped).unwrap_err(),
            UnwrapError::Corrupt(other)
        );
    }

    #[test]
    fn rotating_keeps_old_keys_open_until_the_old_secret_goes() {
        let key = DataKey::generate(DataKeyPurpose::Cookies);
        let (old, wrapped) = (secret("12345678").id(), secret("12345678").wrap(&key));
        let rotating = SystemSecrets::new(vec![secret("abcdefgh"), secret("12345678")]).unwrap();
        assert_eq!(rotating.first().id(), secret("abcdefgh").id());
        let opened = rotating.unwrap(old, key.id(), key.purpose(), &wrapped).unwrap();
        let (new, rewrapped) = (rotating.first().id(), rotating.first().wrap(&opened));

        let rotated = SystemSecrets::new(vec![secret("abcdefgh")]).unwrap();
        assert!(rotated.unwrap(new, key.id(), key.purpose(), &rewrapped).is_ok());
        assert_eq!(
            rotated.unwrap(old, key.id(), key.purpose(), &wrapped).unwrap_err(),
            UnwrapError::SecretMissing { key: key.id(), secret: old }
        );
    }

    #[test]
    fn no_secret_or_one_secret_twice_is_refused() {
        assert_eq!(SystemSecrets::new(vec![]).unwrap_err(), SystemSecretError::Missing);
        let twice = SystemSecrets::new(vec![secret("12345678"), secret("12345678")]);
        assert_eq!(twice.unwrap_err(), SystemSecretError::Repeated(secret("12345678").id()));
    }
}
