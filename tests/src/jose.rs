//! JOSE as a relying party does it, over the primitives alone: the product is not checked against its own code.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256, SHA512};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::relying_party::random_text;

/// A key pair of a relying party.
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// A compact JWS in its parts, not verified.
#[derive(Debug, Clone)]
pub struct Jws {
    /// The protected header.
    pub header: Value,
    /// The payload, which must be a JSON object.
    pub claims: Value,
    input: String,
    signature: Vec<u8>,
}

impl SigningKey {
    /// An RSA key of 2048 bits, for RS256.
    pub fn rsa() -> Self {
        Self { kid: random_text(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    /// A key on P-256, for ES256.
    pub fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { kid: random_text(), pair: Pair::P256(pair) }
    }

    /// `alg` of what it signs.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
        }
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let components = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({ "kty": "RSA", "n": encode(&components.n), "e": encode(&components.e) })
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
            }
        };
        key["kid"] = json!(self.kid);
        key["use"] = json!("sig");
        key["alg"] = json!(self.algorithm());
        key
    }

    /// The key set that has this key alone.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// A compact JWS of these claims.
    pub fn signs(&self, claims: &Value) -> String {
        self.signs_with(json!({ "alg": self.algorithm(), "kid": self.kid }), claims)
    }

    /// The same with a header of the test's own.
    #[expect(clippy::needless_pass_by_value, reason = "every caller makes the header in place")]
    pub fn signs_with(&self, header: Value, claims: &Value) -> String {
        let input = input(&header, claims);
        let random = SystemRandom::new();
        let made = match &self.pair {
            Pair::Rsa(pair) => {
                let mut made = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, input.as_bytes(), &mut made).unwrap();
                made
            }
            Pair::P256(pair) => pair.sign(&random, input.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{input}.{}", encode(&made))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Jws {
    /// Reads a compact JWS; a panic that shows it otherwise.
    pub fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        assert!(parts.len() == 3, "a compact JWS has three parts: {token}");
        let document = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|_| panic!("not base64url: {token}"));
            serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|_| panic!("not JSON: {token}"))
        };
        Self {
            header: document(parts[0]),
            claims: document(parts[1]),
            input: format!("{}.{}", parts[0], parts[1]),
            signature: URL_SAFE_NO_PAD.decode(parts[2]).unwrap_or_else(|_| panic!("not base64url: {token}")),
        }
    }

    /// `alg` of the header.
    pub fn algorithm(&self) -> &str {
        self.header["alg"].as_str().unwrap_or_default()
    }

    /// Whether the token has no signature and says so.
    pub fn is_unsigned(&self) -> bool {
        self.algorithm() == "none" && self.signature.is_empty()
    }

    /// Whether the signature is this public key's.
    pub fn is_signed_by(&self, key: &Value) -> bool {
        let bytes = |member: &str| URL_SAFE_NO_PAD.decode(key[member].as_str().unwrap()).unwrap();
        let (input, signature) = (self.input.as_bytes(), self.signature.as_slice());
        let rsa = |parameters| {
            let components = PublicKeyComponents { n: bytes("n"), e: bytes("e") };
            components.verify(parameters, input, signature).is_ok()
        };
        match self.algorithm() {
            "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "ES256" => {
                let point = [&[4][..], &bytes("x"), &bytes("y")].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(input, signature)
                    .is_ok()
            }
            "EdDSA" => {
                UnparsedPublicKey::new(&signature::ED25519, bytes("x")).verify(input, signature).is_ok()
            }
            _ => false,
        }
    }

    /// Whether the signature is an HS256 made with this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        self.algorithm() == "HS256" && hmac::verify(&key, self.input.as_bytes(), &self.signature).is_ok()
    }

    /// What `at_hash`, `c_hash` or `s_hash` of this token must say of a value (OpenID Connect Core 1.0 section 3.3.2.11).
    pub fn half_hash(&self, value: &str) -> String {
        // Ed25519 hashes with SHA-512 inside, and so does what it signs.
        let algorithm = if self.algorithm() == "EdDSA" { &SHA512 } else { &SHA256 };
        let whole = digest::digest(algorithm, value.as_bytes());
        encode(&whole.as_ref()[..whole.as_ref().len() / 2])
    }
}

/// A compact JWS without a signature (RFC 7515 appendix A.5).
pub fn unsigned(claims: &Value) -> String {
    format!("{}.", input(&json!({ "alg": "none" }), claims))
}

/// A compact JWS by HS256 with a shared secret.
pub fn signed_with(secret: &str, claims: &Value) -> String {
    let input = input(&json!({ "alg": "HS256" }), claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", encode(tag.as_ref()))
}

fn input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_signed_verifies_with_its_own_public_key_and_no_other() {
        let claims = json!({ "a": 1 });
        for (key, other) in [(SigningKey::rsa(), SigningKey::rsa()), (SigningKey::p256(), SigningKey::p256())]
        {
            let jws = Jws::of(&key.signs(&claims));
            assert_eq!((jws.algorithm(), &jws.claims), (key.algorithm(), &claims));
            assert!(jws.is_signed_by(&key.jwk()) && !jws.is_signed_by(&other.jwk()));
        }
        let jws = Jws::of(&signed_with("secret", &claims));
        assert!(jws.is_signed_with("secret") && !jws.is_signed_with("other"));
        assert!(Jws::of(&unsigned(&claims)).is_unsigned());
    }

    /// The example of OpenID Connect Core 1.0 appendix A.3.
    #[test]
    fn half_hashes_are_those_of_the_standard() {
        let jws = Jws::of(&signed_with("secret", &json!({})));
        assert_eq!(jws.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
