//! What we encrypt with: a client's public key, read from its JWKs, or a key made of its secret.

use std::fmt;

use aws_lc_rs::{
    digest,
    error::Unspecified,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    JweError,
    agreement::{Point, Purpose},
    algorithm::{ContentEncryption, KeyManagement},
    key_wrap,
};
use crate::{
    backend::required,
    jwk::{JwkError, PRIVATE_MEMBERS, rsa_components, text},
    jwks::members,
    secret::{Secret, random_bytes},
};

/// The name of [`EncryptionKey::from_secret`] in a header.
pub(super) const DIRECT: &str = "dir";

/// The longest content key, of A256CBC-HS512.
const LONGEST_KEY: usize = 64;

/// Whom a token is encrypted for, and the one way in which its content key is sent there.
pub struct EncryptionKey {
    kid: Option<String>,
    reader: Reader,
}

enum Reader {
    Rsa(OaepPublicEncryptingKey),
    Agreement(KeyManagement, Point),
    Secret(Secret),
}

/// A content key and how its reader comes to know it.
pub(super) struct ContentKey {
    pub(super) key: Zeroizing<Vec<u8>>,
    /// The second part of the token; empty where the reader derives the key.
    pub(super) encrypted: Vec<u8>,
    /// The public half of the key made for this message.
    pub(super) epk: Option<Value>,
}

impl EncryptionKey {
    /// Reads a public key for `algorithm`, which the registration of its owner names. A key of another type, or that says
    /// of itself that it is for something else, is [`JwkError::NotForUs`].
    pub fn from_jwk(jwk: &Value, algorithm: KeyManagement) -> Result<EncryptionKey, JwkError> {
        let jwk = jwk.as_object().ok_or(JwkError::Malformed("not an object"))?;
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return Err(JwkError::Private);
        }
        if !encrypts(jwk, algorithm)? {
            return Err(JwkError::NotForUs);
        }
        let kid = jwk.contains_key("kid").then(|| text(jwk, "kid")).transpose()?.map(str::to_owned);
        let reader = match algorithm {
            KeyManagement::RsaOaep256 => Reader::Rsa(rsa_key(jwk)?),
            KeyManagement::EcdhEs
            | KeyManagement::EcdhEsA128Kw
            | KeyManagement::EcdhEsA192Kw
            | KeyManagement::EcdhEsA256Kw => Reader::Agreement(algorithm, Point::from_jwk(jwk)?),
        };
        Ok(EncryptionKey { kid, reader })
    }

    /// The first key of a JWK set that can be used for `algorithm`; `None` when no key is for that. As with keys that verify,
    /// keys that are broken, weak or private are left out, and one of them is the error where nothing else is left.
    pub fn from_jwks(jwks: &Value, algorithm: KeyManagement) -> Result<Option<EncryptionKey>, JwkError> {
        let mut first_error = None;
        for jwk in members(jwks)? {
            match EncryptionKey::from_jwk(jwk, algorithm) {
                Ok(key) => return Ok(Some(key)),
                Err(JwkError::NotForUs) => {}
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    /// The key that a client's secret makes, for `dir` (OIDC Core 10.2).
    pub fn from_secret(secret: &Secret) -> Result<EncryptionKey, JweError> {
        // Refuses a secret that is too short before anybody counts on it.
        direct_key(secret, ContentEncryption::A128Gcm)?;
        Ok(EncryptionKey { kid: None, reader: Reader::Secret(secret.clone()) })
    }

    /// The name its owner gave it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `alg` of the tokens encrypted with it.
    pub fn algorithm_name(&self) -> &'static str {
        match &self.reader {
            Reader::Rsa(_) => KeyManagement::RsaOaep256.name(),
            Reader::Agreement(algorithm, _) => algorithm.name(),
            Reader::Secret(_) => DIRECT,
        }
    }

    pub(super) fn content_key(&self, encryption: ContentEncryption) -> Result<ContentKey, JweError> {
        match &self.reader {
            Reader::Rsa(public) => {
                let key = random_key(encryption);
                let encrypted = required(rsa_encrypt(public, &key));
                Ok(ContentKey { key, encrypted, epk: None })
            }
            Reader::Agreement(algorithm, reader) => Ok(required(agree(*algorithm, reader, encryption))),
            Reader::Secret(secret) => {
                Ok(ContentKey { key: direct_key(secret, encryption)?, encrypted: Vec::new(), epk: None })
            }
        }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({} {:?})", self.algorithm_name(), self.kid)
    }
}

/// What `use`, `key_ops` and `alg` of the key allow (RFC 7517 section 4); what they leave open is allowed.
fn encrypts(jwk: &Map<String, Value>, algorithm: KeyManagement) -> Result<bool, JwkError> {
    for (member, expected) in [("use", "enc"), ("alg", algorithm.name())] {
        if jwk.contains_key(member) && text(jwk, member)? != expected {
            return Ok(false);
        }
    }
    let Some(operations) = jwk.get("key_ops") else { return Ok(true) };
    let operations = operations.as_array().ok_or(JwkError::Malformed("key_ops is not an array"))?;
    Ok(match algorithm {
        KeyManagement::RsaOaep256 => operations.iter().any(|one| one == "wrapKey" || one == "encrypt"),
        // Web Cryptography writes an empty list for the public half, which takes part in no operation by itself.
        KeyManagement::EcdhEs
        | KeyManagement::EcdhEsA128Kw
        | KeyManagement::EcdhEsA192Kw
        | KeyManagement::EcdhEsA256Kw => {
            operations.is_empty() || operations.iter().any(|one| one == "deriveKey" || one == "deriveBits")
        }
    })
}

fn rsa_key(jwk: &Map<String, Value>) -> Result<OaepPublicEncryptingKey, JwkError> {
    if text(jwk, "kty")? != "RSA" {
        return Err(JwkError::NotForUs);
    }
    let unusable = JwkError::Malformed("not an RSA key");
    let components = rsa_components(text(jwk, "n")?, text(jwk, "e")?)?;
    let public: Result<PublicEncryptingKey, Unspecified> = components.try_into();
    public.and_then(OaepPublicEncryptingKey::new).map_err(|_| unusable)
}

fn rsa_encrypt(public: &OaepPublicEncryptingKey, key: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut encrypted = vec![0; public.ciphertext_size()];
    let length = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut encrypted, None)?.len();
    encrypted.truncate(length);
    Ok(encrypted)
}

fn agree(
    algorithm: KeyManagement,
    reader: &Point,
    encryption: ContentEncryption,
) -> Result<ContentKey, Unspecified> {
    let ephemeral = reader.curve.generate()?;
    let epk = Some(Point::of(reader.curve, &ephemeral)?.members());
    let derived = reader.derive(&ephemeral, &purpose(algorithm, encryption, [b"", b""]))?;
    if algorithm == KeyManagement::EcdhEs {
        return Ok(ContentKey { key: derived, encrypted: Vec::new(), epk });
    }
    let key = random_key(encryption);
    Ok(ContentKey { encrypted: key_wrap::wrap(&derived, &key)?, key, epk })
}

/// RFC 7518 section 4.6.2: a key used directly is derived for the content encryption, others for their own algorithm.
pub(super) fn purpose(
    algorithm: KeyManagement,
    encryption: ContentEncryption,
    parties: [&[u8]; 2],
) -> Purpose<'_> {
    let wraps = |length| Purpose { algorithm: algorithm.name(), parties, length };
    match algorithm {
        KeyManagement::EcdhEs | KeyManagement::RsaOaep256 => {
            Purpose { algorithm: encryption.name(), parties, length: encryption.key_length() }
        }
        KeyManagement::EcdhEsA128Kw => wraps(16),
        KeyManagement::EcdhEsA192Kw => wraps(24),
        KeyManagement::EcdhEsA256Kw => wraps(32),
    }
}

/// OIDC Core 10.2: the left bits of the shortest SHA-2 hash of the secret that has as many.
pub(super) fn direct_key(
    secret: &Secret,
    encryption: ContentEncryption,
) -> Result<Zeroizing<Vec<u8>>, JweError> {
    let bytes = secret.hmac_key().ok_or(JweError::SecretTooShort)?;
    let length = encryption.key_length();
    let hash = match length {
        ..=32 => &digest::SHA256,
        33..=48 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let mut key = Zeroizing::new(digest::digest(hash, bytes).as_ref().to_vec());
    key.truncate(length);
    Ok(key)
}

/// A content key that nobody knows.
pub(super) fn random_key(encryption: ContentEncryption) -> Zeroizing<Vec<u8>> {
    let bytes = Zeroizing::new(random_bytes::<LONGEST_KEY>());
    let mut key = Zeroizing::new(bytes.to_vec());
    key.truncate(encryption.key_length());
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{base64url, testing::decryption_key_pair};

    fn jwk(algorithm: KeyManagement) -> Value {
        decryption_key_pair(algorithm).public_jwk().clone()
    }

    fn with(algorithm: KeyManagement, member: &str, value: Value) -> JwkError {
        let mut jwk = jwk(algorithm);
        jwk[member] = value;
        EncryptionKey::from_jwk(&jwk, algorithm).unwrap_err()
    }

    #[test]
    fn a_key_is_read_for_what_it_says_it_is_for() {
        for algorithm in KeyManagement::ALL {
            let key = EncryptionKey::from_jwk(&jwk(algorithm), algorithm).unwrap();
            assert_eq!(key.algorithm_name(), algorithm.name());
            assert_eq!(key.kid(), Some(decryption_key_pair(algorithm).kid()));
            assert_eq!(with(algorithm, "use", json!("sig")), JwkError::NotForUs);
            assert_eq!(with(algorithm, "alg", json!("RSA1_5")), JwkError::NotForUs);
            assert_eq!(with(algorithm, "key_ops", json!(["verify"])), JwkError::NotForUs);
            assert_eq!(with(algorithm, "d", json!("AA")), JwkError::Private);
            assert!(matches!(with(algorithm, "kid", json!(1)), JwkError::Malformed(_)));
            assert!(matches!(with(algorithm, "kty", json!(null)), JwkError::Malformed(_)));
            assert!(matches!(with(algorithm, "key_ops", json!("encrypt")), JwkError::Malformed(_)));
        }
        let rsa = jwk(KeyManagement::RsaOaep256);
        assert_eq!(EncryptionKey::from_jwk(&rsa, KeyManagement::EcdhEs).unwrap_err(), JwkError::NotForUs);
        let short = json!(base64url::encode(vec![0xff; 128]));
        assert_eq!(with(KeyManagement::RsaOaep256, "n", short), JwkError::RsaSize);
    }

    #[test]
    fn a_key_that_says_nothing_of_its_use_is_for_every_algorithm_of_its_type() {
        let ec = json!({
            "kty": "EC", "crv": "P-256", "key_ops": [],
            "x": jwk(KeyManagement::EcdhEs)["x"], "y": jwk(KeyManagement::EcdhEs)["y"],
        });
        for algorithm in KeyManagement::ALL {
            let read = EncryptionKey::from_jwk(&ec, algorithm).map(|key| key.algorithm_name());
            let expected = match algorithm {
                KeyManagement::RsaOaep256 => Err(JwkError::NotForUs),
                other => Ok(other.name()),
            };
            assert_eq!(read, expected);
        }
    }

    // RFC 7517 section 5
    #[test]
    fn a_set_gives_its_first_key_that_fits_and_can_be_used() {
        let ours = jwk(KeyManagement::EcdhEs);
        let others = [
            json!({"kty": "AKP", "alg": "ML-KEM-768", "pub": "AA"}),
            json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "use": "enc"}),
            jwk(KeyManagement::RsaOaep256),
            crate::testing::key_pair(crate::Algorithm::ES256).public_jwk().clone(),
        ];
        for other in others {
            let set = json!({"keys": [other, ours]});
            let key = EncryptionKey::from_jwks(&set, KeyManagement::EcdhEs).unwrap().unwrap();
            assert_eq!(key.kid(), ours["kid"].as_str());
            let without = json!({"keys": [other]});
            assert!(EncryptionKey::from_jwks(&without, KeyManagement::EcdhEs).unwrap().is_none());
        }
        let private = json!({"kty": "oct", "k": "AA"});
        let key = EncryptionKey::from_jwks(&json!({"keys": ["x", private, ours]}), KeyManagement::EcdhEs);
        assert_eq!(key.unwrap().unwrap().kid(), ours["kid"].as_str());
        for broken in [json!({}), json!({"keys": ["x"]}), json!({"keys": [private]})] {
            assert!(EncryptionKey::from_jwks(&broken, KeyManagement::EcdhEs).is_err(), "{broken}");
        }
        let many = json!({"keys": vec![ours; 101]});
        let refused = EncryptionKey::from_jwks(&many, KeyManagement::EcdhEs).unwrap_err();
        assert_eq!(refused, JwkError::TooManyKeys);
    }

    // OIDC Core 10.2; the hashes are of Python's hashlib
    #[test]
    fn the_key_of_a_secret_is_its_hash_truncated() {
        let secret = Secret::from("a client secret of some forty bytes, yes");
        for (encryption, expected) in [
            (ContentEncryption::A128Gcm, "lc94Ng7qmCoAF1AlyinfuQ"),
            (ContentEncryption::A192Gcm, "lc94Ng7qmCoAF1AlyinfuRtYUq5ihciq"),
            (ContentEncryption::A256Gcm, "lc94Ng7qmCoAF1AlyinfuRtYUq5ihciqf_QX4N4dWgc"),
            (ContentEncryption::A128CbcHs256, "lc94Ng7qmCoAF1AlyinfuRtYUq5ihciqf_QX4N4dWgc"),
            (
                ContentEncryption::A192CbcHs384,
                "VohX7Pz6fLCLrRMvkPeY1WSIKZHlIAzHQcfY3zBgOD1W9Zf0f8pd-Ep-Wge0dbOG",
            ),
            (
                ContentEncryption::A256CbcHs512,
                "NmO_RCSaPinee5zq92A-zDyNUEV4D-3vJsUSVrBX0saJvxSXpS2XGKlP0GYWDaZ6JxXbwQtCfsAy7eD6dY11GQ",
            ),
        ] {
            assert_eq!(base64url::encode(&*direct_key(&secret, encryption).unwrap()), expected);
        }
        let short = Secret::from("x".repeat(31));
        assert_eq!(EncryptionKey::from_secret(&short).unwrap_err(), JweError::SecretTooShort);
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = EncryptionKey::from_secret(&Secret::generate()).unwrap();
        assert_eq!(format!("{key:?}"), "EncryptionKey(dir None)");
    }
}
