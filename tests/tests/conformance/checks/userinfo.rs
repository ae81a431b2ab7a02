//! Claims about the user (conformance.md 2.4 and 3.1).

use grantor_tests::{Answer, Jws, claims_of_user};
use serde_json::Value;

use crate::checks::error::is_json;
use crate::request::Request;
use crate::suite::Suite;

/// A success, with the claims that were asked for and no others.
pub(crate) fn is_answer(suite: &Suite, request: &Request, answer: &Answer, id_token: &Value) -> Value {
    assert!(answer.status == 200, "expected 200\n{answer}");
    let claims = match suite.client.get("userinfo_signed_response_alg").and_then(Value::as_str) {
        None => {
            is_json(answer);
            answer.json.clone()
        }
        Some(algorithm) => signed(suite, answer, algorithm),
    };
    assert_eq!(claims["sub"], id_token["sub"], "sub\n{answer}");
    let mut asked = request.asked_claims("userinfo");
    asked.extend(request.scope_claims().iter().map(|&claim| claim.to_owned()));
    let of_user = claims_of_user();
    for (name, value) in claims.as_object().unwrap() {
        let of_answer = answer.json.is_null() && ["iss", "aud", "exp", "iat", "jti"].contains(&name.as_str());
        let known = name == "sub" || of_answer || asked.contains(name);
        assert!(known, "{name} was not asked for\n{answer}");
        is_typed(name, value);
    }
    for name in asked {
        // The user of the in-process server has an address for mail only.
        if suite.host.user.username == "suite" {
            assert_eq!(claims[&name], of_user[&name], "{name} was asked for\n{answer}");
        }
    }
    claims
}

/// `application/jwt` (OpenID Connect Core 1.0 section 5.3.2); gives the claims.
fn signed(suite: &Suite, answer: &Answer, algorithm: &str) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/jwt"), "{answer}");
    let jws = Jws::of(&answer.text);
    assert_eq!(jws.algorithm(), algorithm, "{}", jws.header);
    let key =
        suite.keys.iter().find(|key| key["kid"] == jws.header["kid"]).expect("kid names a published key");
    assert!(jws.is_signed_by(key), "signature by {key}");
    assert_eq!(jws.claims["iss"], suite.host.issuer.as_str(), "{answer}");
    let client = suite.client_id();
    let audience = &jws.claims["aud"];
    assert!(audience == client || audience[0] == client, "aud: {}", jws.claims);
    assert!(jws.claims.get("nonce").is_none(), "{}", jws.claims);
    jws.claims
}

/// Typed as OpenID Connect Core 1.0 section 5.1 says, and never empty.
pub(crate) fn is_typed(name: &str, value: &Value) {
    let good = match name {
        "email_verified" | "phone_number_verified" => value.is_boolean(),
        "updated_at" | "exp" | "iat" | "nbf" | "auth_time" => value.is_i64(),
        "address" => value.as_object().is_some_and(|members| {
            !members.is_empty() && members.values().all(|member| member.as_str().is_some_and(is_text))
        }),
        "amr" => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        "aud" => value.is_string() || value.is_array(),
        "birthdate" => value.as_str().is_some_and(is_birthdate),
        _ => value.as_str().is_some_and(is_text),
    };
    assert!(good, "{name} is not typed as the standard says: {value}");
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text != "null"
}

fn is_birthdate(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    digits && (lengths == [4] || lengths == [4, 2, 2])
}
