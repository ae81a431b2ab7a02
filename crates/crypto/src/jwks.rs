//! Key sets (RFC 7517 section 5): the one we publish, public keys only and each with a name of its
//! own, and the ones that clients have us verify with.

use serde::Serialize;
use serde_json::Value;

use crate::{
    algorithm::Algorithm,
    jwe::{EncryptionKey, KeyManagement},
    jwk::{JwkError, VerificationKey},
};

/// A set of more keys is somebody's attempt to make us verify for a long time.
const MOST_KEYS: usize = 100;

/// What the JWKS endpoint serves: `{"keys": [..]}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct JwkSet {
    keys: Vec<Value>,
}

impl JwkSet {
    /// A set of these public JWKs, each for signatures or for encryption; refuses a private member, a nameless key or a
    /// name used twice, whatever was read from the database.
    pub fn new(jwks: impl IntoIterator<Item = Value>) -> Result<JwkSet, JwkError> {
        let keys: Vec<Value> = jwks.into_iter().collect();
        let mut names = Vec::new();
        for jwk in &keys {
            let name = published_kid(jwk)?.ok_or(JwkError::KidMissing)?;
            if names.contains(&name) {
                return Err(JwkError::KidRepeated(name));
            }
            names.push(name);
        }
        Ok(JwkSet { keys })
    }

    /// The keys in the order given.
    pub fn keys(&self) -> &[Value] {
        &self.keys
    }
}

/// The name of a key that we may publish: one that verifies, or one to encrypt for us with.
fn published_kid(jwk: &Value) -> Result<Option<String>, JwkError> {
    let encrypts = jwk.get("alg").and_then(Value::as_str).and_then(|name| name.parse::<KeyManagement>().ok());
    match encrypts {
        Some(algorithm) => Ok(EncryptionKey::from_jwk(jwk, algorithm)?.kid().map(str::to_owned)),
        None => Ok(VerificationKey::from_jwk(jwk)?.kid().map(str::to_owned)),
    }
}

/// The keys of a set as they stand in it.
pub(crate) fn members(jwks: &Value) -> Result<&[Value], JwkError> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or(JwkError::Malformed("no keys"))?;
    if keys.len() > MOST_KEYS { Err(JwkError::TooManyKeys) } else { Ok(keys) }
}

/// The keys of one owner.
#[derive(Debug, Default)]
pub struct VerificationKeys(Vec<VerificationKey>);

impl VerificationKeys {
    /// These keys.
    pub fn new(keys: Vec<VerificationKey>) -> VerificationKeys {
        VerificationKeys(keys)
    }

    /// The usable keys of a client's JWK set. Keys of kinds unknown to us are left out and, since its owner has other
    /// readers than us, keys that are broken, weak or private too (RFC 7517 section 5); where nothing else is left, the first
    /// of those is the error. With `algorithm`, keys that can be of that algorithm are pinned to it and others left out.
    pub fn from_jwks(jwks: &Value, algorithm: Option<Algorithm>) -> Result<VerificationKeys, JwkError> {
        match VerificationKeys::read(jwks, algorithm)? {
            (keys, Some(error)) if keys.is_empty() => Err(error),
            (keys, _) => Ok(keys),
        }
    }

    /// The same for a set that an operator configures, who should hear of every key that cannot be used.
    pub fn from_configured_jwks(jwks: &Value) -> Result<VerificationKeys, JwkError> {
        match VerificationKeys::read(jwks, None)? {
            (_, Some(error)) => Err(error),
            (keys, None) => Ok(keys),
        }
    }

    fn read(
        jwks: &Value,
        algorithm: Option<Algorithm>,
    ) -> Result<(VerificationKeys, Option<JwkError>), JwkError> {
        let (mut usable, mut first_error) = (Vec::new(), None);
        for jwk in members(jwks)? {
            match VerificationKey::read(jwk, algorithm) {
                Ok(key) => usable.push(key),
                Err(JwkError::NotForUs) => {}
                Err(JwkError::AlgorithmMismatch(_)) if algorithm.is_some() => {}
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Ok((VerificationKeys(usable), first_error))
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.0.iter()
    }

    /// Whether nothing can be verified.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys that a token naming `kid` may have been signed with; a key or token without a name fits all.
    pub(crate) fn named(&self, kid: Option<&str>) -> impl Iterator<Item = &VerificationKey> {
        self.0.iter().filter(move |key| key.kid().is_none_or(|own| kid.is_none_or(|asked| own == asked)))
    }
}

impl FromIterator<VerificationKey> for VerificationKeys {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        VerificationKeys(keys.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{decryption_key_pair, key_pair};

    fn jwk(algorithm: Algorithm) -> Value {
        key_pair(algorithm).public_jwk().clone()
    }

    fn with(member: &str, value: Value) -> Value {
        let mut jwk = jwk(Algorithm::ES256);
        jwk[member] = value;
        jwk
    }

    #[test]
    fn a_set_is_published_in_order_and_reads_back() {
        let set = JwkSet::new(Algorithm::ALL.map(jwk)).unwrap();
        let published = serde_json::to_value(&set).unwrap();
        assert_eq!(published, json!({"keys": Algorithm::ALL.map(jwk)}));
        assert_eq!(VerificationKeys::from_jwks(&published, None).unwrap().iter().count(), 4);
        assert_eq!(serde_json::to_string(&JwkSet::default()).unwrap(), r#"{"keys":[]}"#);
    }

    #[test]
    fn keys_to_encrypt_for_us_are_published_beside_those_that_verify() {
        let encrypts =
            KeyManagement::ALL.map(|algorithm| decryption_key_pair(algorithm).public_jwk().clone());
        let all: Vec<Value> = Algorithm::ALL.map(jwk).into_iter().chain(encrypts.clone()).collect();
        let published = serde_json::to_value(JwkSet::new(all).unwrap()).unwrap();
        // Whoever verifies with the set leaves them out.
        assert_eq!(VerificationKeys::from_jwks(&published, None).unwrap().iter().count(), 4);
        for mut encrypts in encrypts {
            let twice = [encrypts.clone(), encrypts.clone()];
            assert!(matches!(JwkSet::new(twice), Err(JwkError::KidRepeated(_))));
            encrypts["d"] = json!("AA");
            assert_eq!(JwkSet::new([encrypts]), Err(JwkError::Private));
        }
    }

    // T112, T113
    #[test]
    fn nothing_private_nameless_or_twice_is_published() {
        assert_eq!(JwkSet::new([with("d", json!("AA"))]), Err(JwkError::Private));
        assert_eq!(JwkSet::new([with("kid", json!(null))]), Err(JwkError::KidMissing));
        let kid = key_pair(Algorithm::ES256).kid().to_owned();
        let twice = [jwk(Algorithm::ES256), jwk(Algorithm::ES256)];
        assert_eq!(JwkSet::new(twice), Err(JwkError::KidRepeated(kid)));
    }

    #[test]
    fn a_set_leaves_out_what_is_not_for_us_and_what_is_broken() {
        let ours = jwk(Algorithm::ES256);
        let others = [
            json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
            json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
            with("use", json!("enc")),
            with("alg", json!("ECDH-ES")),
            with("key_ops", json!(["sign"])),
        ];
        for other in others {
            assert_eq!(VerificationKey::from_jwk(&other).unwrap_err(), JwkError::NotForUs, "{other}");
            let keys = VerificationKeys::from_jwks(&json!({"keys": [other, ours]}), None).unwrap();
            assert_eq!(keys.iter().count(), 1);
        }
        // RFC 7517 section 5: one bad key does not lock its owner out.
        let broken = [
            json!("x"),
            json!({"kty": "RSA", "n": "w".repeat(342)}),
            json!({"kty": "RSA", "n": "w".repeat(171), "e": "AQAB", "alg": "RS256"}),
            with("d", json!("AA")),
            with("x", json!("AA")),
        ];
        for broken in broken {
            let both = json!({"keys": [broken, ours]});
            for algorithm in [None, Some(Algorithm::ES256)] {
                assert_eq!(
                    VerificationKeys::from_jwks(&both, algorithm).unwrap().iter().count(),
                    1,
                    "{broken}"
                );
            }
            assert!(VerificationKeys::from_configured_jwks(&both).is_err(), "{broken}");
            let alone = json!({"keys": [broken]});
            assert!(VerificationKeys::from_jwks(&alone, None).is_err(), "{broken}");
        }
        assert_eq!(
            VerificationKeys::from_configured_jwks(&json!({"keys": [ours]})).unwrap().iter().count(),
            1
        );
        for broken in [json!({}), json!({"keys": {}}), json!([ours]), json!({"keys": ["x"]})] {
            assert!(VerificationKeys::from_jwks(&broken, None).is_err(), "{broken}");
        }
        let many = json!({"keys": vec![ours; 101]});
        assert_eq!(VerificationKeys::from_jwks(&many, None).unwrap_err(), JwkError::TooManyKeys);
    }

    #[test]
    fn a_set_read_for_an_algorithm_keeps_the_keys_of_that_algorithm() {
        let all = json!({"keys": Algorithm::ALL.map(|algorithm| key_pair(algorithm).public_jwk())});
        let keys = VerificationKeys::from_jwks(&all, Some(Algorithm::PS256)).unwrap();
        assert_eq!(keys.iter().map(VerificationKey::algorithm).collect::<Vec<_>>(), [Algorithm::PS256]);
    }
}
