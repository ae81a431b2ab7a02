//! Public keys that verify, read from JWKs (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
//! Each is pinned to one algorithm when it is read, so a token's header never chooses how its
//! signature is checked (RFC 8725 section 3.1).

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents,
};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse, RSAKeyParameters,
    ThumbprintHash,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{algorithm::Algorithm, base64url};

/// Members that only a private or a shared key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
pub(crate) const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JWK is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It is not a JWK of its `kty`.
    #[error("not a JSON Web Key: {0}")]
    Malformed(&'static str),
    /// It is no secret any more, or never was public.
    #[error("the key has private or symmetric members")]
    Private,
    /// RFC 7518 section 3.3 asks for 2048 bits; past 8192 verifying is an attack on us.
    #[error("the RSA modulus has not 2048 to 8192 bits")]
    RsaSize,
    /// An RSA key fits two of our algorithms, and nothing says which.
    #[error("the RSA key names no algorithm")]
    AlgorithmMissing,
    /// `alg` is for another type of key, or another than asked for.
    #[error("the key is not for the algorithm {0}")]
    AlgorithmMismatch(Algorithm),
    /// Two keys with one name.
    #[error("the key id {0:?} occurs twice")]
    KidRepeated(String),
    /// A published key needs a name (RFC 7517 section 4.5).
    #[error("the key has no key id")]
    KidMissing,
    /// Nobody needs as many, and each could cost us a verification.
    #[error("the set has more than 100 keys")]
    TooManyKeys,
    /// A key we cannot use, which is no error in a set of several (RFC 7517 section 5).
    #[error("the key is of a type or algorithm that is not supported, or is for something else")]
    NotForUs,
}

/// A public key and the one algorithm it may be used with.
pub struct VerificationKey {
    algorithm: Algorithm,
    kid: Option<String>,
    key: ParsedPublicKey,
}

impl VerificationKey {
    /// Reads a key that says itself what it is for: by `alg`, or by a curve that fits one algorithm only.
    pub fn from_jwk(jwk: &Value) -> Result<VerificationKey, JwkError> {
        Self::read(jwk, None)
    }

    /// Reads a key for `algorithm`, which the registration of its owner names.
    pub fn from_jwk_for(jwk: &Value, algorithm: Algorithm) -> Result<VerificationKey, JwkError> {
        Self::read(jwk, Some(algorithm))
    }

    /// The only algorithm that this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name its owner gave it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether `signature` is this key's over `signing_input`.
    pub fn verify(&self, signing_input: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(signing_input, signature).is_ok()
    }

    pub(crate) fn read(jwk: &Value, wanted: Option<Algorithm>) -> Result<VerificationKey, JwkError> {
        let members = jwk.as_object().ok_or(JwkError::Malformed("not an object"))?;
        if PRIVATE_MEMBERS.iter().any(|member| members.contains_key(*member)) {
            return Err(JwkError::Private);
        }
        let Jwk { common, algorithm: parameters } =
            Jwk::deserialize(jwk).map_err(|_| JwkError::Malformed("a member has a wrong type"))?;
        let named = named_algorithm(&common)?;
        let fitting = fitting(&parameters, jwk)?;
        let only = if let [only] = fitting { Some(*only) } else { None };
        let algorithm = wanted.or(named).or(only).ok_or(JwkError::AlgorithmMissing)?;
        if !fitting.contains(&algorithm) || named.is_some_and(|named| named != algorithm) {
            return Err(JwkError::AlgorithmMismatch(algorithm));
        }
        let key = public_key(&parameters, algorithm)?;
        Ok(VerificationKey { algorithm, kid: common.key_id, key })
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({} {:?})", self.algorithm, self.kid)
    }
}

/// The key's RFC 7638 thumbprint with SHA-256: over the required members only, so a label changes nothing.
pub fn thumbprint(jwk: &Value) -> Result<String, JwkError> {
    let jwk = Jwk::deserialize(jwk).map_err(|_| JwkError::Malformed("a member has a wrong type"))?;
    jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| JwkError::NotForUs)
}

fn named_algorithm(common: &CommonParameters) -> Result<Option<Algorithm>, JwkError> {
    let signs = match &common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
    };
    let verifies = common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !signs || !verifies {
        return Err(JwkError::NotForUs);
    }
    let name = common.key_algorithm.map(|name| name.to_string().parse());
    name.transpose().map_err(|_| JwkError::NotForUs)
}

/// The algorithms that a key of this type and curve can be used with.
fn fitting(parameters: &AlgorithmParameters, jwk: &Value) -> Result<&'static [Algorithm], JwkError> {
    match parameters {
        AlgorithmParameters::RSA(_) => Ok(&[Algorithm::RS256, Algorithm::PS256]),
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => Ok(&[Algorithm::ES256]),
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            Ok(&[Algorithm::EdDSA])
        }
        // A key of a type we know comes here when it lacks a member; its owner should hear of that.
        AlgorithmParameters::Other(_)
            if jwk["kty"] == "RSA" || jwk["crv"] == "P-256" || jwk["crv"] == "Ed25519" =>
        {
            Err(JwkError::Malformed("a required member is missing"))
        }
        _ => Err(JwkError::NotForUs),
    }
}

fn public_key(parameters: &AlgorithmParameters, algorithm: Algorithm) -> Result<ParsedPublicKey, JwkError> {
    match parameters {
        AlgorithmParameters::RSA(rsa) if algorithm == Algorithm::PS256 => {
            rsa_key(rsa, &RSA_PSS_2048_8192_SHA256)
        }
        AlgorithmParameters::RSA(rsa) => rsa_key(rsa, &RSA_PKCS1_2048_8192_SHA256),
        AlgorithmParameters::EllipticCurve(ec) => {
            // SEC 1 section 2.3.3, uncompressed: 4, x, y
            let point = [vec![4], coordinate(&ec.x)?, coordinate(&ec.y)?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .map_err(|_| JwkError::Malformed("not a point on P-256"))
        }
        AlgorithmParameters::OctetKeyPair(okp) => ParsedPublicKey::new(&ED25519, coordinate(&okp.x)?)
            .map_err(|_| JwkError::Malformed("not an Ed25519 key")),
        _ => Err(JwkError::NotForUs),
    }
}

fn rsa_key(rsa: &RSAKeyParameters, padding: &'static RsaParameters) -> Result<ParsedPublicKey, JwkError> {
    let components = rsa_components(&rsa.n, &rsa.e)?;
    components.to_parsed_public_key(padding).map_err(|_| JwkError::Malformed("not an RSA key"))
}

/// Modulus and exponent of a size that is neither weak nor a way to keep us busy.
pub(crate) fn rsa_components(n: &str, e: &str) -> Result<RsaPublicKeyComponents<Vec<u8>>, JwkError> {
    let (n, e) = (number(n)?, number(e)?);
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(JwkError::RsaSize);
    }
    // An even exponent has no inverse, 1 signs nothing, and a long one is slow to no gain.
    if e.len() > 4 || e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
        return Err(JwkError::Malformed("not an RSA exponent"));
    }
    Ok(RsaPublicKeyComponents { n, e })
}

/// A member that has to be a string.
pub(crate) fn text<'a>(jwk: &'a Map<String, Value>, member: &str) -> Result<&'a str, JwkError> {
    jwk.get(member).and_then(Value::as_str).ok_or(JwkError::Malformed("a member is missing or no string"))
}

/// RFC 7518 section 2, `Base64urlUInt`: no leading zero byte.
fn number(text: &str) -> Result<Vec<u8>, JwkError> {
    let bytes = base64url::decode(text).map_err(|_| JwkError::Malformed("not base64url"))?;
    if bytes.first().is_none_or(|first| *first == 0) {
        return Err(JwkError::Malformed("not a minimal number"));
    }
    Ok(bytes)
}

/// RFC 7518 section 6.2.1.2, RFC 8037 section 2: the full 32 bytes of the curve, leading zeros included.
pub(crate) fn coordinate(text: &str) -> Result<Vec<u8>, JwkError> {
    let bytes = base64url::decode(text).map_err(|_| JwkError::Malformed("not base64url"))?;
    if bytes.len() != 32 {
        return Err(JwkError::Malformed("not a coordinate of 32 bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::key_pair;

    fn with(jwk: &Value, member: &str, value: Value) -> Value {
        let mut jwk = jwk.clone();
        jwk[member] = value;
        jwk
    }

    fn without(jwk: &Value, member: &str) -> Value {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().remove(member);
        jwk
    }

    fn refusal(jwk: &Value) -> JwkError {
        VerificationKey::from_jwk(jwk).unwrap_err()
    }

    #[test]
    fn the_thumbprint_of_rfc_7638() {
        // RFC 7638 section 3.1
        let jwk = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": concat!(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPeb",
                "WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368Q",
                "QMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2",
                "NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
            ),
        });
        assert_eq!(thumbprint(&jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(thumbprint(&without(&jwk, "alg")).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(VerificationKey::from_jwk(&jwk).is_ok());
    }

    // T102
    #[test]
    fn an_rsa_key_is_read_only_with_a_decent_size_and_exponent() {
        let jwk = key_pair(Algorithm::RS256).public_jwk();
        let modulus = |bits: usize| with(jwk, "n", json!(base64url::encode(vec![0xff; bits / 8])));
        assert_eq!(refusal(&modulus(1024)), JwkError::RsaSize);
        assert_eq!(refusal(&modulus(2040)), JwkError::RsaSize);
        assert_eq!(refusal(&modulus(8200)), JwkError::RsaSize);
        for exponent in ["AQ", "Ag", "AQAA", "AAEAAQ", "", "AQAAAAE"] {
            assert!(
                matches!(refusal(&with(jwk, "e", json!(exponent))), JwkError::Malformed(_)),
                "{exponent}"
            );
        }
        let zero_in_front = format!("AAAA{}", jwk["n"].as_str().unwrap());
        assert_eq!(
            refusal(&with(jwk, "n", json!(zero_in_front))),
            JwkError::Malformed("not a minimal number")
        );
    }

    // T102
    #[test]
    fn a_key_is_for_one_algorithm() {
        let rsa = key_pair(Algorithm::RS256).public_jwk();
        let unlabelled = without(rsa, "alg");
        assert_eq!(refusal(&unlabelled), JwkError::AlgorithmMissing);
        let pinned = VerificationKey::from_jwk_for(&unlabelled, Algorithm::PS256).unwrap();
        assert_eq!(pinned.algorithm(), Algorithm::PS256);
        assert!(!pinned.verify(b"x", &key_pair(Algorithm::RS256).sign(b"x")));
        assert_eq!(
            VerificationKey::from_jwk_for(rsa, Algorithm::PS256).unwrap_err(),
            JwkError::AlgorithmMismatch(Algorithm::PS256)
        );
        assert_eq!(refusal(&with(rsa, "alg", json!("ES256"))), JwkError::AlgorithmMismatch(Algorithm::ES256));
        let ec = without(key_pair(Algorithm::ES256).public_jwk(), "alg");
        assert_eq!(VerificationKey::from_jwk(&ec).unwrap().algorithm(), Algorithm::ES256);
    }

    #[test]
    fn points_off_the_curve_and_odd_lengths_are_refused() {
        let ec = key_pair(Algorithm::ES256).public_jwk();
        let y = |bytes: &[u8]| with(ec, "y", json!(base64url::encode(bytes)));
        assert_eq!(refusal(&y(&[1; 32])), JwkError::Malformed("not a point on P-256"));
        assert_eq!(refusal(&y(&[1; 31])), JwkError::Malformed("not a coordinate of 32 bytes"));
        assert_eq!(refusal(&y(&[1; 33])), JwkError::Malformed("not a coordinate of 32 bytes"));
        let ed = key_pair(Algorithm::EdDSA).public_jwk();
        assert_eq!(refusal(&with(ed, "x", json!("AA"))), JwkError::Malformed("not a coordinate of 32 bytes"));
    }

    // T113
    #[test]
    fn private_and_shared_keys_are_refused() {
        for algorithm in Algorithm::ALL {
            assert_eq!(refusal(&with(key_pair(algorithm).public_jwk(), "d", json!("AA"))), JwkError::Private);
        }
        assert_eq!(refusal(&json!({"kty": "oct", "k": "c2VjcmV0"})), JwkError::Private);
    }
}
