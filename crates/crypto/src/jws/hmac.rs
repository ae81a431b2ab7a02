//! HS256 (RFC 7518 section 3.2): client and server share a secret, so either could have made the token. Only ever
//! between a client and us, never for tokens that a third party reads.

use aws_lc_rs::hmac;
use serde::Serialize;

use super::{Header, JwsError, UnverifiedJws, signing_input};
use crate::{algorithm::Protection, base64url, secret::Secret, verified_claims::VerifiedClaims};

/// A compact JWS of `claims` with an HMAC, its key the bytes of the client's secret (OIDC Core 10.1) and its header
/// exactly `alg` and `typ`.
pub fn hmac_sign_compact(secret: &Secret, typ: &str, claims: &impl Serialize) -> Result<String, JwsError> {
    let key = key(secret)?;
    let header = Header { alg: Protection::Hmac.name(), typ, kid: None };
    let signing_input = signing_input(&header, claims)?;
    let tag = hmac::sign(&key, signing_input.as_bytes());
    Ok(format!("{signing_input}.{}", base64url::encode(tag)))
}

impl UnverifiedJws<'_> {
    /// The claims, if the token is an HS256 one of whoever knows `secret` and of one of the kinds `typ` (see
    /// [`NO_TYP`](super::NO_TYP)). To be called because the client is registered so, never because the header asks.
    pub fn verify_hmac(&self, secret: &Secret, typ: &[&str]) -> Result<VerifiedClaims, JwsError> {
        self.require_type(typ)?;
        match self.protection {
            Protection::Hmac => {}
            Protection::Signature(_) | Protection::Unsigned => return Err(self.other_protection()),
        }
        hmac::verify(&key(secret)?, self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| JwsError::Signature)?;
        self.verified()
    }
}

fn key(secret: &Secret) -> Result<hmac::Key, JwsError> {
    let bytes = secret.hmac_key().ok_or(JwsError::SecretTooShort)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        Algorithm, NO_TYP, VerificationKeys, jws::sign_compact, testing::key_pair, unsigned_compact,
    };

    const TYP: &str = "JWT";

    fn read(token: &str, secret: &Secret) -> Result<VerifiedClaims, JwsError> {
        UnverifiedJws::parse(token)?.verify_hmac(secret, &[TYP])
    }

    #[test]
    fn whoever_knows_the_secret_reads_what_the_other_wrote() {
        let secret = Secret::generate();
        let token = hmac_sign_compact(&secret, TYP, &json!({"sub": "alice"})).unwrap();
        assert_eq!(token.split('.').next().unwrap(), base64url::encode(r#"{"alg":"HS256","typ":"JWT"}"#));
        let claims = read(&token, &secret).unwrap();
        assert_eq!(claims.required_text("sub"), Ok("alice"));
        assert_eq!((claims.protection(), claims.kid()), (Protection::Hmac, None));
        assert_eq!(read(&token, &Secret::generate()).unwrap_err(), JwsError::Signature);
        let unverified = UnverifiedJws::parse(&token).unwrap();
        assert_eq!(unverified.verify_hmac(&secret, &["at+jwt"]).unwrap_err(), JwsError::Type(TYP.to_owned()));
    }

    // RFC 7515 section 5.1: the key is what the text says, byte for byte. Made by Python's hmac.
    #[test]
    fn a_token_made_elsewhere_verifies() {
        let secret = Secret::from("a client secret of some forty bytes, yes");
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
            "eyJzdWIiOiJhbGljZSJ9.",
            "kBYtqevPApnu4pgLEsbhvxej-B63mRvvcWuC8avIIG4",
        );
        assert_eq!(read(token, &secret).unwrap().required_text("sub"), Ok("alice"));
    }

    // RFC 7518 section 3.2
    #[test]
    fn a_short_secret_signs_and_verifies_nothing() {
        let (short, enough) = (Secret::from("x".repeat(31)), Secret::from("x".repeat(32)));
        assert_eq!(hmac_sign_compact(&short, TYP, &json!({})).unwrap_err(), JwsError::SecretTooShort);
        let token = hmac_sign_compact(&enough, TYP, &json!({})).unwrap();
        assert!(read(&token, &enough).is_ok());
        assert_eq!(read(&token, &short).unwrap_err(), JwsError::SecretTooShort);
        assert_eq!(read(&token, &Secret::from("")).unwrap_err(), JwsError::SecretTooShort);
    }

    // T099, T100
    #[test]
    fn neither_call_accepts_the_tokens_of_the_other() {
        let pair = key_pair(Algorithm::RS256);
        let keys: VerificationKeys = [pair.verification_key().unwrap()].into_iter().collect();
        let secret = Secret::from(pair.public_jwk().to_string());
        let hmac = hmac_sign_compact(&secret, TYP, &json!({})).unwrap();
        let refused = UnverifiedJws::parse(&hmac).unwrap().verify(&keys, &[TYP]).unwrap_err();
        assert_eq!(refused, JwsError::Algorithm("HS256".to_owned()));
        assert_eq!(UnverifiedJws::parse(&hmac).unwrap().algorithm().unwrap_err(), refused);
        let signed = sign_compact(pair, TYP, &json!({})).unwrap();
        assert_eq!(read(&signed, &secret).unwrap_err(), JwsError::Algorithm("RS256".to_owned()));
        let unsigned = unsigned_compact(&json!({}));
        assert_eq!(read(&unsigned, &secret).unwrap_err(), JwsError::Algorithm("none".to_owned()));
        for name in ["HS384", "HS512", "hs256", "HS256 "] {
            let header = base64url::encode(json!({"alg": name, "typ": TYP}).to_string());
            let input = format!("{header}.{}", base64url::encode("{}"));
            let tag = hmac::sign(&key(&secret).unwrap(), input.as_bytes());
            let forged = format!("{input}.{}", base64url::encode(tag));
            assert_eq!(read(&forged, &secret).unwrap_err(), JwsError::Algorithm(name.to_owned()));
        }
    }

    #[test]
    fn an_empty_or_shortened_tag_is_refused() {
        let secret = Secret::generate();
        let token = hmac_sign_compact(&secret, TYP, &json!({"sub": "alice"})).unwrap();
        let (input, tag) = token.rsplit_once('.').unwrap();
        let tag = base64url::decode(tag).unwrap();
        for length in [0, 1, 16, 31] {
            let forged = format!("{input}.{}", base64url::encode(&tag[..length]));
            assert_eq!(read(&forged, &secret).unwrap_err(), JwsError::Signature, "{length}");
        }
        let untyped = UnverifiedJws::parse(&token).unwrap();
        assert_eq!(untyped.verify_hmac(&secret, &[NO_TYP]).unwrap_err(), JwsError::Type(TYP.to_owned()));
    }

    proptest! {
        #[test]
        fn one_changed_character_is_refused(at: prop::sample::Index, to in "[A-Za-z0-9_.-]") {
            let secret = Secret::generate();
            let token = hmac_sign_compact(&secret, TYP, &json!({"sub": "alice"})).unwrap();
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(read(&changed, &secret).is_ok(), changed == token);
        }
    }
}
