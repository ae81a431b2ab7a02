//! Unsecured tokens (RFC 7519 section 6): for clients registered so, whose tokens come over TLS from us, and for
//! request objects that are worth no more than the parameters of the same request.

use serde_json::Value;

use super::{Header, JwsError, UnverifiedJws};
use crate::{algorithm::Protection, base64url, verified_claims::Claims};

/// A compact JWS of `claims` that nobody signs: `alg` is `none` and the last part is empty.
pub fn unsigned_compact(claims: &Value) -> String {
    let header = Header { alg: Protection::Unsigned.name(), typ: "JWT", kid: None };
    let header = serde_json::to_string(&header).unwrap_or_default();
    format!("{}.{}.", base64url::encode(header), base64url::encode(claims.to_string()))
}

/// The claims of an unsigned token of one of the kinds `typ` (see [`NO_TYP`](super::NO_TYP)), which anybody may have
/// made: hence not `VerifiedClaims`. A token with another `alg` or with a signature part is refused.
pub fn read_unsigned(token: &str, typ: &[&str]) -> Result<Claims, JwsError> {
    let jws = UnverifiedJws::parse_any(token)?;
    jws.require_type(typ)?;
    match jws.protection {
        Protection::Unsigned => {}
        Protection::Signature(_) | Protection::Hmac => return Err(jws.other_protection()),
    }
    if !jws.signature.is_empty() {
        return Err(JwsError::Signature);
    }
    Claims::read(&jws.payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Algorithm, NO_TYP, Secret, hmac_sign_compact, jws::sign_compact, testing::key_pair};

    #[test]
    fn an_unsigned_token_has_an_empty_last_part_and_reads_back() {
        let token = unsigned_compact(&json!({"sub": "alice"}));
        let header = base64url::encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(token, format!("{header}.{}.", base64url::encode(r#"{"sub":"alice"}"#)));
        assert_eq!(read_unsigned(&token, &["JWT"]).unwrap().required_text("sub"), Ok("alice"));
        assert_eq!(read_unsigned(&token, &["at+jwt"]).unwrap_err(), JwsError::Type("JWT".to_owned()));
    }

    #[test]
    fn the_example_of_rfc_7519_reads() {
        // RFC 7519 section 6.1
        let token = concat!(
            "eyJhbGciOiJub25lIn0.",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
        );
        assert_eq!(read_unsigned(token, &[NO_TYP]).unwrap().required_text("iss"), Ok("joe"));
    }

    // T099
    #[test]
    fn the_verifying_calls_refuse_what_is_unsigned() {
        let refused = UnverifiedJws::parse(&unsigned_compact(&json!({}))).unwrap_err();
        assert_eq!(refused, JwsError::Algorithm("none".to_owned()));
    }

    // T099: what claims to be signed is never read as unsigned, nor with a signature nobody looks at
    #[test]
    fn a_signed_token_or_one_with_a_last_part_is_not_unsigned() {
        let signed = sign_compact(key_pair(Algorithm::EdDSA), "JWT", &json!({})).unwrap();
        assert_eq!(read_unsigned(&signed, &["JWT"]).unwrap_err(), JwsError::Algorithm("EdDSA".to_owned()));
        let hmac = hmac_sign_compact(&Secret::generate(), "JWT", &json!({})).unwrap();
        assert_eq!(read_unsigned(&hmac, &["JWT"]).unwrap_err(), JwsError::Algorithm("HS256".to_owned()));
        let token = unsigned_compact(&json!({}));
        assert_eq!(read_unsigned(&format!("{token}AA"), &["JWT"]).unwrap_err(), JwsError::Signature);
        assert_eq!(read_unsigned(&format!("{token}."), &["JWT"]).unwrap_err(), JwsError::NotCompact);
        assert_eq!(read_unsigned(token.trim_end_matches('.'), &["JWT"]).unwrap_err(), JwsError::NotCompact);
        for name in ["None", "NONE", "nOnE", ""] {
            let header = base64url::encode(json!({"alg": name, "typ": "JWT"}).to_string());
            let token = format!("{header}.{}.", base64url::encode("{}"));
            assert_eq!(read_unsigned(&token, &["JWT"]).unwrap_err(), JwsError::Algorithm(name.to_owned()));
        }
    }

    // T105
    #[test]
    fn claims_of_a_wrong_type_are_refused_although_nobody_vouches_for_them() {
        assert!(read_unsigned(&unsigned_compact(&json!({"exp": "1"})), &["JWT"]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text: String) {
            prop_assert!(read_unsigned(&text, &["JWT", NO_TYP]).is_err());
        }
    }
}
