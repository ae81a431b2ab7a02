//! ID tokens, wherever they came from (conformance.md 2.4).

use std::collections::BTreeMap;

use grantor_tests::Jws;
use serde_json::Value;

use crate::checks::{now, userinfo};
use crate::plan::I1;
use crate::request::Request;
use crate::suite::Suite;

/// Claims that an ID token may carry without being asked.
const TOLERATED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "nbf",
    "jti",
    "sid",
    "txn",
];
const YEAR: i64 = 31_536_000;

/// Claims, not verified.
pub(crate) fn claims(token: &str) -> Value {
    Jws::of(token).claims
}

/// Every check; `hashed` holds what `at_hash` and `c_hash` are of.
pub(crate) fn is_good(suite: &Suite, request: &Request, token: &str, hashed: &BTreeMap<&str, &str>) -> Value {
    let jws = Jws::of(token);
    is_signed(suite, &jws);
    let claims = &jws.claims;
    is_for_this_login(suite, request, claims);
    let mut hashed = hashed.clone();
    if let Some(state) = request.get("state") {
        hashed.insert("s_hash", state);
    }
    for name in ["at_hash", "c_hash", "s_hash"] {
        if let Some(hash) = claims.get(name) {
            let of = hashed.get(name).unwrap_or_else(|| panic!("{name} of nothing: {claims}"));
            assert_eq!(hash, &Value::from(jws.half_hash(of)), "{name}");
        }
    }
    has_what_was_asked_for(suite, request, claims);
    jws.claims
}

/// By the algorithm that was registered, with a key that was published before.
fn is_signed(suite: &Suite, jws: &Jws) {
    let registered = suite.client.get("id_token_signed_response_alg").and_then(Value::as_str);
    let algorithm = registered.unwrap_or("RS256");
    assert_eq!(jws.algorithm(), algorithm, "{}", jws.header);
    match algorithm {
        "none" => assert!(jws.is_unsigned(), "{jws:?}"),
        "HS256" => assert!(jws.is_signed_with(suite.member("client_secret")), "{jws:?}"),
        _ => {
            let key = suite.keys.iter().find(|key| key["kid"] == jws.header["kid"]);
            let key = key.unwrap_or_else(|| panic!("kid names no published key: {}", jws.header));
            assert!(jws.is_signed_by(key), "signature by {key}");
        }
    }
}

fn is_for_this_login(suite: &Suite, request: &Request, claims: &Value) {
    let client = suite.client_id();
    assert_eq!(claims["iss"], suite.host.issuer.as_str(), "{claims}");
    let named = |audience: &Value| audience == client;
    let is_audience =
        named(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(named));
    assert!(is_audience, "aud: {claims}");
    let subject = claims["sub"].as_str().unwrap_or_else(|| panic!("sub: {claims}"));
    assert!(subject.is_ascii() && (1..=255).contains(&subject.len()), "sub: {claims}");
    let number =
        |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("{name} is no number: {claims}"));
    let now = now();
    assert!(number("exp") > now && number("exp") < now + 50 * YEAR, "exp: {claims}");
    assert!((number("iat") - now).abs() <= 300, "iat: {claims}");
    assert_eq!(
        claims.get("nonce").and_then(Value::as_str),
        request.get("nonce"),
        "nonce is echoed iff sent: {claims}"
    );
    if claims.get("auth_time").is_some() {
        assert!((now - YEAR..=now + 300).contains(&number("auth_time")), "auth_time: {claims}");
    }
    if let Some(acr) = claims.get("acr") {
        assert!(acr.as_str().is_some_and(|acr| !acr.is_empty()), "acr: {claims}");
    }
    if let Some(azp) = claims.get("azp") {
        assert_eq!(azp, client, "azp: {claims}");
    }
}

/// OpenID Connect Core 1.0 section 5.4: claims of the scope are here where no access token could fetch them.
fn has_what_was_asked_for(suite: &Suite, request: &Request, claims: &Value) {
    let mut asked = request.asked_claims("id_token");
    if suite.plan.flow == I1 {
        asked.extend(request.scope_claims().iter().map(|&claim| claim.to_owned()));
    }
    let object = claims.as_object().unwrap();
    for (name, value) in object {
        let known = TOLERATED.contains(&name.as_str()) || asked.contains(name);
        assert!(known, "{name} was not asked for: {claims}");
        userinfo::is_typed(name, value);
    }
    for name in asked {
        assert!(object.contains_key(&name), "{name} was asked for: {claims}");
    }
}
