//! Signing key pairs, parsed once and held ready: parsing PKCS#8 for every token would cost more
//! than an elliptic curve signature.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    error::Unspecified,
    rand,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use rsa::{
    pkcs8::EncodePrivateKey,
    rand_core::{TryCryptoRng, TryRng},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    algorithm::Algorithm,
    backend::required,
    base64url,
    jwk::{VerificationKey, thumbprint},
};

const RSA_BITS: usize = 2048;

/// Why there is no key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are damaged, or are a key for another algorithm.
    #[error("not a private key for {0}")]
    NotAPrivateKey(&'static str),
    /// The system could not make a key.
    #[error("a key for {0} could not be generated")]
    NotGenerated(&'static str),
}

/// A private key for one algorithm (RFC 8725 section 3.1: one key, one algorithm), with its public half.
pub struct SigningKeyPair {
    algorithm: Algorithm,
    kid: String,
    public_jwk: Value,
    private: PrivateKey,
}

enum PrivateKey {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKeyPair {
    /// A new key. RSA takes part of a second, so not on a thread that answers requests.
    pub fn generate(algorithm: Algorithm) -> Result<SigningKeyPair, KeyError> {
        let failed = |_| KeyError::NotGenerated(algorithm.name());
        match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => {
                let pkcs8 = generate_rsa_pkcs8().ok_or(KeyError::NotGenerated(algorithm.name()))?;
                Self::from_pkcs8(algorithm, &pkcs8)
            }
            Algorithm::ES256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                Self::new(algorithm, PrivateKey::Ecdsa(key))
            }
            Algorithm::EdDSA => {
                let key = Ed25519KeyPair::generate().map_err(failed)?;
                Self::new(algorithm, PrivateKey::Ed25519(key))
            }
        }
    }

    /// The key that `to_pkcs8` wrote. Whoever stored it compares `kid` with the one it was stored under.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<SigningKeyPair, KeyError> {
        let private = match algorithm {
            Algorithm::RS256 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(|key| PrivateKey::Rsa(key, &RSA_PKCS1_SHA256))
            }
            Algorithm::PS256 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(|key| PrivateKey::Rsa(key, &RSA_PSS_SHA256))
            }
            Algorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(PrivateKey::Ecdsa)
            }
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(pkcs8).map(PrivateKey::Ed25519),
        };
        Self::new(algorithm, private.map_err(|_| KeyError::NotAPrivateKey(algorithm.name()))?)
    }

    fn new(algorithm: Algorithm, private: PrivateKey) -> Result<SigningKeyPair, KeyError> {
        let mut public_jwk = private.public_members();
        let kid = thumbprint(&public_jwk).map_err(|_| KeyError::NotAPrivateKey(algorithm.name()))?;
        if let Some(members) = public_jwk.as_object_mut() {
            members.insert("use".to_owned(), json!("sig"));
            members.insert("alg".to_owned(), json!(algorithm));
            members.insert("kid".to_owned(), json!(kid));
        }
        Ok(SigningKeyPair { algorithm, kid, public_jwk, private })
    }

    /// The private key as PKCS#8 (RFC 5958), only ever to be sealed.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match &self.private {
            PrivateKey::Rsa(key, _) => required(key.as_der()).as_ref().to_vec(),
            PrivateKey::Ecdsa(key) => required(key.to_pkcs8v1()).as_ref().to_vec(),
            PrivateKey::Ed25519(key) => required(key.to_pkcs8()).as_ref().to_vec(),
        })
    }

    /// The only algorithm that this key signs with.
    pub fn algorithm(&self) -> Algorithm {
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

    /// The public half, ready to verify.
    pub fn verification_key(&self) -> Result<VerificationKey, crate::jwk::JwkError> {
        VerificationKey::from_jwk(&self.public_jwk)
    }

    /// The signature as JWS carries it (RFC 7518 section 3: ECDSA is r and s, never DER).
    pub fn sign(&self, signing_input: &[u8]) -> Vec<u8> {
        let random = rand::SystemRandom::new();
        match &self.private {
            PrivateKey::Rsa(key, padding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                required(key.sign(*padding, &random, signing_input, &mut signature));
                signature
            }
            PrivateKey::Ecdsa(key) => required(key.sign(&random, signing_input)).as_ref().to_vec(),
            PrivateKey::Ed25519(key) => key.sign(signing_input).as_ref().to_vec(),
        }
    }
}

impl fmt::Debug for SigningKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyPair({} {})", self.algorithm, self.kid)
    }
}

impl PrivateKey {
    fn public_members(&self) -> Value {
        match self {
            PrivateKey::Rsa(key, _) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": base64url::encode(public.n), "e": base64url::encode(public.e)})
            }
            PrivateKey::Ecdsa(key) => {
                // SEC 1 section 2.3.3, uncompressed: 4, x, y
                let point = key.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y)})
            }
            PrivateKey::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(key.public_key())})
            }
        }
    }
}

/// A new RSA private key, for whatever it is to be used.
pub(crate) fn generate_rsa_pkcs8() -> Option<Zeroizing<Vec<u8>>> {
    let key = rsa::PrivateKey::new(&mut SystemRandom, RSA_BITS).ok()?;
    Some(Zeroizing::new(key.to_pkcs8_der().ok()?.as_bytes().to_vec()))
}

/// The backend's generator as the `rsa` crate wants it, so that all randomness has one source.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = Unspecified;

    fn try_next_u32(&mut self) -> Result<u32, Unspecified> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Unspecified> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Unspecified> {
        rand::fill(bytes)
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key_pair;

    #[test]
    fn every_algorithm_signs_what_its_public_key_verifies() {
        for algorithm in Algorithm::ALL {
            let pair = key_pair(algorithm);
            assert_eq!(pair.algorithm(), algorithm);
            let signature = pair.sign(b"input");
            let public = pair.verification_key().unwrap();
            assert!(public.verify(b"input", &signature), "{algorithm}");
            assert!(!public.verify(b"inpux", &signature), "{algorithm}");
        }
    }

    #[test]
    fn a_key_survives_pkcs8_with_its_name() {
        for algorithm in Algorithm::ALL {
            let pair = key_pair(algorithm);
            let read = SigningKeyPair::from_pkcs8(algorithm, &pair.to_pkcs8()).unwrap();
            assert_eq!(read.kid(), pair.kid());
            assert!(pair.verification_key().unwrap().verify(b"x", &read.sign(b"x")));
        }
    }

    // T115
    #[test]
    fn a_damaged_or_foreign_private_key_is_refused() {
        for algorithm in Algorithm::ALL {
            let refused = Err(KeyError::NotAPrivateKey(algorithm.name()));
            let pkcs8 = key_pair(algorithm).to_pkcs8();
            let middle = pkcs8.len() / 2;
            for bytes in [&pkcs8[1..], &pkcs8[..middle], b""] {
                assert_eq!(SigningKeyPair::from_pkcs8(algorithm, bytes).map(|_| ()), refused);
            }
            let other = if algorithm == Algorithm::ES256 { Algorithm::EdDSA } else { Algorithm::ES256 };
            assert_eq!(
                SigningKeyPair::from_pkcs8(algorithm, &key_pair(other).to_pkcs8()).map(|_| ()),
                refused
            );
        }
    }

    // T113
    #[test]
    fn the_public_jwk_has_the_public_members_only() {
        let members = |algorithm| {
            let jwk = key_pair(algorithm).public_jwk().as_object().unwrap();
            assert_eq!(jwk["alg"], algorithm.name());
            assert_eq!(jwk["use"], "sig");
            assert_eq!(jwk["kid"], key_pair(algorithm).kid());
            jwk.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(members(Algorithm::RS256), "kty n e use alg kid");
        assert_eq!(members(Algorithm::PS256), "kty n e use alg kid");
        assert_eq!(members(Algorithm::ES256), "kty crv x y use alg kid");
        assert_eq!(members(Algorithm::EdDSA), "kty crv x use alg kid");
    }

    #[test]
    fn signatures_have_the_fixed_lengths_of_rfc_7518() {
        let length = |algorithm| key_pair(algorithm).sign(b"x").len();
        assert_eq!(Algorithm::ALL.map(length), [256, 256, 64, 64]);
    }

    #[test]
    fn an_ed25519_signature_is_the_one_of_rfc_8037() {
        // RFC 8037 appendix A.1 to A.4
        let seed = base64url::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let pair = SigningKeyPair::from_pkcs8(Algorithm::EdDSA, key.to_pkcs8().unwrap().as_ref()).unwrap();
        assert_eq!(pair.public_jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(pair.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signature = pair.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        assert_eq!(
            base64url::encode(signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn debug_shows_no_private_key() {
        let pair = key_pair(Algorithm::ES256);
        assert_eq!(format!("{pair:?}"), format!("SigningKeyPair(ES256 {})", pair.kid()));
    }
}
