//! Our own key pairs for what others encrypt for us, parsed once and held ready.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::PrivateKey,
    encoding::{AsDer, Pkcs8V1Der},
    error::Unspecified,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature::{KeyPair, RsaKeyPair, RsaPublicKeyComponents},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    agreement::{Curve, Point},
    algorithm::{ContentEncryption, KeyManagement},
    encryption_key::purpose,
    key_wrap,
};
use crate::{
    backend::required,
    base64url,
    jwk::thumbprint,
    keys::{KeyError, generate_rsa_pkcs8},
};

/// No token makes us try more keys than this, newest first.
const MOST_TRIED: usize = 4;

/// A private key for one algorithm, with its public half: RSA, or P-256 for the ways of Diffie-Hellman.
pub struct DecryptionKeyPair {
    algorithm: KeyManagement,
    kid: String,
    public_jwk: Value,
    private: Private,
}

enum Private {
    Rsa(PrivateDecryptingKey),
    Agreement(PrivateKey),
}

/// What a token brings along for its content key.
pub(super) struct Envelope<'a> {
    pub(super) encryption: ContentEncryption,
    pub(super) encrypted_key: &'a [u8],
    pub(super) epk: Option<&'a Point>,
    pub(super) parties: [&'a [u8]; 2],
}

impl DecryptionKeyPair {
    /// A new key. RSA takes part of a second, so not on a thread that answers requests.
    pub fn generate(algorithm: KeyManagement) -> Result<DecryptionKeyPair, KeyError> {
        let failed = KeyError::NotGenerated(algorithm.name());
        match algorithm {
            KeyManagement::RsaOaep256 => Self::from_pkcs8(algorithm, &generate_rsa_pkcs8().ok_or(failed)?),
            KeyManagement::EcdhEs
            | KeyManagement::EcdhEsA128Kw
            | KeyManagement::EcdhEsA192Kw
            | KeyManagement::EcdhEsA256Kw => {
                let private = Curve::P256.generate().map_err(|_| failed)?;
                Self::agreement(algorithm, private)
            }
        }
    }

    /// The key that `to_pkcs8` wrote. Whoever stored it compares `kid` with the one it was stored under.
    pub fn from_pkcs8(algorithm: KeyManagement, pkcs8: &[u8]) -> Result<DecryptionKeyPair, KeyError> {
        let other = |_| KeyError::NotAPrivateKey(algorithm.name());
        match algorithm {
            KeyManagement::RsaOaep256 => {
                let signs = RsaKeyPair::from_pkcs8(pkcs8).map_err(other)?;
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(signs.public_key());
                let members =
                    json!({"kty": "RSA", "n": base64url::encode(public.n), "e": base64url::encode(public.e)});
                let private = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(other)?;
                Self::new(algorithm, Private::Rsa(private), members)
            }
            KeyManagement::EcdhEs
            | KeyManagement::EcdhEsA128Kw
            | KeyManagement::EcdhEsA192Kw
            | KeyManagement::EcdhEsA256Kw => {
                let private = Curve::P256.read(pkcs8).map_err(other)?;
                Self::agreement(algorithm, private)
            }
        }
    }

    fn agreement(algorithm: KeyManagement, private: PrivateKey) -> Result<DecryptionKeyPair, KeyError> {
        let public = Point::of(Curve::P256, &private);
        let members = public.map_err(|_| KeyError::NotAPrivateKey(algorithm.name()))?.members();
        Self::new(algorithm, Private::Agreement(private), members)
    }

    fn new(
        algorithm: KeyManagement,
        private: Private,
        mut public_jwk: Value,
    ) -> Result<DecryptionKeyPair, KeyError> {
        let kid = thumbprint(&public_jwk).map_err(|_| KeyError::NotAPrivateKey(algorithm.name()))?;
        if let Some(members) = public_jwk.as_object_mut() {
            members.insert("use".to_owned(), json!("enc"));
            members.insert("alg".to_owned(), json!(algorithm.name()));
            members.insert("kid".to_owned(), json!(kid));
        }
        Ok(DecryptionKeyPair { algorithm, kid, public_jwk, private })
    }

    /// The private key as PKCS#8 (RFC 5958), only ever to be sealed.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let der: Result<Pkcs8V1Der<'_>, Unspecified> = match &self.private {
            Private::Rsa(key) => key.as_der(),
            Private::Agreement(key) => key.as_der(),
        };
        Zeroizing::new(required(der).as_ref().to_vec())
    }

    /// The only algorithm that this key decrypts.
    pub fn algorithm(&self) -> KeyManagement {
        self.algorithm
    }

    /// The key's name: its RFC 7638 thumbprint, so that no two nodes can give two keys one name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half (RFC 7517): `kty` and its members, `use`, `alg` and `kid`.
    pub fn public_jwk(&self) -> &Value {
        &self.public_jwk
    }

    pub(super) fn content_key(&self, envelope: &Envelope<'_>) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        match &self.private {
            Private::Rsa(key) => {
                let private = OaepPrivateDecryptingKey::new(key.clone())?;
                let mut plain = Zeroizing::new(vec![0; private.min_output_size()]);
                let encrypted = envelope.encrypted_key;
                let length = private.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut plain, None)?.len();
                plain.truncate(length);
                Ok(plain)
            }
            Private::Agreement(key) => {
                let epk = envelope.epk.ok_or(Unspecified)?;
                let purpose = purpose(self.algorithm, envelope.encryption, envelope.parties);
                let derived = epk.derive(key, &purpose)?;
                if self.algorithm != KeyManagement::EcdhEs {
                    return key_wrap::unwrap(&derived, envelope.encrypted_key);
                }
                // RFC 7516 section 5.2, step 10
                if envelope.encrypted_key.is_empty() { Ok(derived) } else { Err(Unspecified) }
            }
        }
    }
}

impl fmt::Debug for DecryptionKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKeyPair({} {})", self.algorithm, self.kid)
    }
}

/// The keys that a token to us may have been encrypted for.
#[derive(Debug, Default, Clone)]
pub struct DecryptionKeys(Vec<Arc<DecryptionKeyPair>>);

impl DecryptionKeys {
    /// These keys, the newest first.
    pub fn new(keys: Vec<Arc<DecryptionKeyPair>>) -> DecryptionKeys {
        DecryptionKeys(keys)
    }

    /// The keys of `algorithm` that `kid` may mean: the one of that name or, for a token that names none, the newest few.
    pub(super) fn fitting(
        &self,
        kid: Option<&str>,
        algorithm: KeyManagement,
    ) -> impl Iterator<Item = &DecryptionKeyPair> {
        let named = self.0.iter().filter(move |key| kid.is_none_or(|kid| key.kid() == kid));
        named.filter(move |key| key.algorithm() == algorithm).map(AsRef::as_ref).take(MOST_TRIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::decryption_key_pair;

    #[test]
    fn a_key_survives_pkcs8_with_its_name() {
        for algorithm in KeyManagement::ALL {
            let pair = decryption_key_pair(algorithm);
            let read = DecryptionKeyPair::from_pkcs8(algorithm, &pair.to_pkcs8()).unwrap();
            assert_eq!((read.kid(), read.algorithm()), (pair.kid(), algorithm));
            assert_eq!(read.public_jwk(), pair.public_jwk());
        }
    }

    // T115
    #[test]
    fn a_damaged_or_foreign_private_key_is_refused() {
        for algorithm in KeyManagement::ALL {
            let refused = Err(KeyError::NotAPrivateKey(algorithm.name()));
            let pkcs8 = decryption_key_pair(algorithm).to_pkcs8();
            let middle = pkcs8.len() / 2;
            for bytes in [&pkcs8[1..], &pkcs8[..middle], b""] {
                assert_eq!(DecryptionKeyPair::from_pkcs8(algorithm, bytes).map(|_| ()), refused);
            }
            let other = match algorithm {
                KeyManagement::RsaOaep256 => KeyManagement::EcdhEs,
                _ => KeyManagement::RsaOaep256,
            };
            let other = decryption_key_pair(other).to_pkcs8();
            assert_eq!(DecryptionKeyPair::from_pkcs8(algorithm, &other).map(|_| ()), refused);
        }
    }

    // T113
    #[test]
    fn the_public_jwk_has_the_public_members_only() {
        for algorithm in KeyManagement::ALL {
            let jwk = decryption_key_pair(algorithm).public_jwk().as_object().unwrap();
            let members = jwk.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
            let expected = match algorithm {
                KeyManagement::RsaOaep256 => "kty n e use alg kid",
                _ => "kty crv x y use alg kid",
            };
            assert_eq!(members, expected);
            assert_eq!((&jwk["use"], &jwk["alg"]), (&json!("enc"), &json!(algorithm.name())));
        }
    }

    #[test]
    fn debug_shows_no_private_key() {
        let pair = decryption_key_pair(KeyManagement::EcdhEs);
        assert_eq!(format!("{pair:?}"), format!("DecryptionKeyPair(ECDH-ES {})", pair.kid()));
    }
}
