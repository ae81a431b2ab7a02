use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);
const ISSUER: &str = "https://id.example";

fn params(text: &str) -> Params {
    Params::parse(text.as_bytes()).unwrap()
}

fn members(claims: Value) -> Map<String, Value> {
    let Value::Object(members) = claims else { panic!("not an object") };
    members
}

fn merged(outside: &str, claims: Value, rules: ObjectRules) -> Result<Vec<(String, String)>, RequestRefusal> {
    let merged = effective(&params(outside), &members(claims), rules)?;
    let mut pairs: Vec<_> = merged.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.sort();
    Ok(pairs)
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

// OpenID Connect Core section 6.1
#[test]
fn in_openid_connect_what_is_inside_supersedes_and_what_is_outside_goes_on_counting() {
    let outside =
        "client_id=c&response_type=code&scope=openid&state=out&redirect_uri=https://bad.example&request=x";
    let claims = json!({
        "iss": "c", "aud": ISSUER, "exp": 5, "client_id": "c", "redirect_uri": "https://good.example",
        "max_age": 60, "claims": {"userinfo": {"name": null}}, "nonce": null, "state": "",
    });
    let expected = pairs(&[
        ("claims", r#"{"userinfo":{"name":null}}"#),
        ("client_id", "c"),
        ("max_age", "60"),
        ("redirect_uri", "https://good.example"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "out"),
    ]);
    assert_eq!(merged(outside, claims, ObjectRules::OpenId), Ok(expected));
}

// RFC 9101 section 6.3, T123
#[test]
fn t123_of_a_signed_request_only_what_is_inside_counts() {
    let outside = "client_id=c&response_type=token&scope=admin&state=out&redirect_uri=https://bad.example";
    let claims = json!({ "client_id": "c", "response_type": "code", "resource": ["https://a.example", "https://b.example"] });
    let expected = pairs(&[
        ("client_id", "c"),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
        ("response_type", "code"),
    ]);
    assert_eq!(merged(outside, claims, ObjectRules::SignedRequest), Ok(expected));
    let error = merged(outside, json!({ "response_type": "code" }), ObjectRules::SignedRequest).unwrap_err();
    assert_eq!((error.code, error.check), (ErrorCode::InvalidRequestObject, "client_id"));
}

// OpenID Connect Core section 6.1, RFC 9101 section 5
#[test]
fn client_and_response_type_must_agree_and_be_outside() {
    let outside = "client_id=c&response_type=code%20id_token&scope=openid";
    for (claims, verdict) in [
        (json!({ "response_type": "id_token code", "client_id": "c" }), Ok(())),
        (json!({ "response_type": "code" }), Err("response_type")),
        (json!({ "client_id": "d" }), Err("client_id")),
        (json!({ "client_id": 7 }), Err("client_id")),
    ] {
        let merged = merged(outside, claims.clone(), ObjectRules::OpenId);
        assert_eq!(merged.map(drop).map_err(|error| error.check), verdict, "{claims}");
    }
    let error = merged("client_id=a%20b", json!({ "client_id": "b a" }), ObjectRules::SignedRequest);
    assert_eq!(error.unwrap_err().check, "client_id", "a name is no set");
    let error = merged("client_id=c&scope=openid", json!({ "response_type": "code" }), ObjectRules::OpenId);
    assert_eq!(error.unwrap_err().code, ErrorCode::InvalidRequest);
    let error = merged("client_id=c", json!({ "client_id": "d" }), ObjectRules::SignedRequest);
    assert_eq!(error.unwrap_err().code, ErrorCode::InvalidRequestObject);
}

// OpenID Connect Core section 6.1, RFC 9101 section 4
#[test]
fn t122_an_object_in_an_object_is_refused() {
    for rules in [ObjectRules::OpenId, ObjectRules::SignedRequest] {
        for name in ["request", "request_uri"] {
            let claims = json!({ "client_id": "c", name: "x" });
            let error = merged("client_id=c&response_type=code&scope=openid", claims, rules).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequestObject);
        }
    }
}

#[test]
fn the_rules_are_those_of_openid_connect_unless_the_object_or_the_request_is_of_plain_oauth() {
    for (outside, typ, rules) in [
        ("scope=openid", None, ObjectRules::OpenId),
        ("scope=email+openid", Some("JWT"), ObjectRules::OpenId),
        ("scope=openid", Some("oauth-authz-req+jwt"), ObjectRules::SignedRequest),
        ("scope=openid", Some("application/OAuth-authz-req+JWT"), ObjectRules::SignedRequest),
        ("scope=openid2", None, ObjectRules::SignedRequest),
        ("", Some("JWT"), ObjectRules::SignedRequest),
    ] {
        let of = |client: &ClientMetadata| ObjectRules::of(&params(outside), typ, client);
        assert_eq!(of(&ClientMetadata::default()), rules, "{outside} {typ:?}");
        let signs = ClientMetadata { require_signed_request_object: true, ..ClientMetadata::default() };
        assert_eq!(of(&signs), ObjectRules::SignedRequest, "{outside} {typ:?}");
    }
}

// T122
#[test]
fn t122_an_object_is_of_this_client_for_us_and_young() {
    let good =
        || JwtClaims { iss: Some("c"), aud: vec![ISSUER], exp: Some(NOW.0 + 60), ..JwtClaims::default() };
    let check = |claims: &JwtClaims<'_>| {
        let verdict = check_object(claims, ObjectRules::OpenId, "c", ISSUER, NOW).map(drop);
        // What OpenID Connect refuses RFC 9101 refuses too.
        let signed = check_object(claims, ObjectRules::SignedRequest, "c", ISSUER, NOW).map(drop);
        assert!(verdict.is_ok() || signed.is_err());
        verdict
    };
    assert_eq!(check(&good()), Ok(()));
    assert_eq!(check(&JwtClaims::default()), Ok(()), "none of them is required (OpenID Connect Core 6.1)");
    let signed =
        |claims: &JwtClaims<'_>| check_object(claims, ObjectRules::SignedRequest, "c", ISSUER, NOW).map(drop);
    assert_eq!(signed(&good()), Ok(()));
    for incomplete in [JwtClaims { aud: Vec::new(), ..good() }, JwtClaims { exp: None, ..good() }] {
        assert_eq!(check(&incomplete), Ok(()));
        assert_eq!(signed(&incomplete).unwrap_err().code, ErrorCode::InvalidRequestObject, "{incomplete:?}");
    }
    assert_eq!(check(&JwtClaims { aud: vec!["x", ISSUER], aud_is_list: true, ..good() }), Ok(()));
    for wrong in [
        JwtClaims { iss: Some("d"), ..good() },
        JwtClaims { sub: Some("c"), ..good() },
        JwtClaims { aud: vec!["https://other.example"], ..good() },
        JwtClaims { aud: vec!["https://id.example/oauth2/auth"], ..good() },
        JwtClaims { exp: Some(NOW.0 - 60), ..good() },
        JwtClaims { exp: Some(NOW.0 + 3700), ..good() },
        JwtClaims { nbf: Some(NOW.0 - 3700), ..good() },
        JwtClaims { nbf: Some(NOW.0 + 61), ..good() },
        JwtClaims { iat: Some(NOW.0 + 61), ..good() },
        JwtClaims { iat: Some(NOW.0 - 3700), exp: None, ..good() },
    ] {
        assert_eq!(check(&wrong).unwrap_err().code, ErrorCode::InvalidRequestObject, "{wrong:?}");
    }
}

// T124
#[test]
fn t124_an_id_is_remembered_longer_than_its_object_is_accepted() {
    let until = |claims: JwtClaims<'static>| {
        let claims = JwtClaims { jti: Some("1"), ..claims };
        check_object(&claims, ObjectRules::OpenId, "c", ISSUER, NOW).unwrap().unwrap().1.0
    };
    assert!(until(JwtClaims { exp: Some(NOW.0 + 60), ..JwtClaims::default() }) > NOW.0 + 60 + LEEWAY);
    assert!(until(JwtClaims { iat: Some(NOW.0), ..JwtClaims::default() }) > NOW.0 + LONGEST + LEEWAY);
    assert!(until(JwtClaims::default()) > NOW.0 + LONGEST);
    assert_eq!(check_object(&JwtClaims::default(), ObjectRules::OpenId, "c", ISSUER, NOW), Ok(None));
}

// OpenID Connect Registration section 2: without request_object_signing_alg any that both support; T122
#[test]
fn the_algorithm_is_the_registered_one_or_any_that_is_offered() {
    use SigningAlgorithm::{ES256, HS256, RS256, Unsigned};
    let by_value = Carried::Value(String::new());
    let check = |registered, algorithm, allowed| {
        let client = ClientMetadata { request_object_signing_alg: registered, ..ClientMetadata::default() };
        check_algorithm(algorithm, &client, allowed, &by_value).map_err(|refusal| refusal.code)
    };
    let invalid = Err(ErrorCode::InvalidRequestObject);
    for (registered, algorithm, allowed, verdict) in [
        (None, RS256, false, Ok(())),
        (None, ES256, false, Ok(())),
        (None, HS256, true, invalid),
        (None, Unsigned, false, Err(ErrorCode::RequestNotSupported)),
        (None, Unsigned, true, Ok(())),
        (Some(RS256), RS256, false, Ok(())),
        (Some(RS256), ES256, true, invalid),
        (Some(RS256), Unsigned, true, invalid),
        (Some(HS256), HS256, false, Ok(())),
        (Some(HS256), RS256, false, invalid),
        (Some(Unsigned), Unsigned, true, Ok(())),
        (Some(Unsigned), Unsigned, false, Err(ErrorCode::RequestNotSupported)),
        (Some(Unsigned), RS256, true, invalid),
    ] {
        assert_eq!(check(registered, algorithm, allowed), verdict, "{registered:?} {algorithm} {allowed}");
    }
    let by_reference = Carried::Reference(String::new());
    let refused = check_algorithm(Unsigned, &ClientMetadata::default(), false, &by_reference).unwrap_err();
    assert_eq!(refused.code, ErrorCode::RequestUriNotSupported);
}

// OpenID Connect Core section 6.2, T125
#[test]
fn t125_a_reference_is_registered_short_and_https() {
    let client = ClientMetadata {
        request_uris: vec!["https://app.example/object#old".to_owned(), "http://127.0.0.1/object".to_owned()],
        ..ClientMetadata::default()
    };
    let check =
        |uri: &str, registered| check_reference(uri, &client, registered).map_err(|refusal| refusal.code);
    let hash = "x".repeat(43);
    let uri = format!("https://app.example/object#{hash}");
    let found = check(&uri, true).unwrap();
    assert_eq!(found, ObjectReference { url: "https://app.example/object".to_owned(), hash: Some(hash) });
    let with_it = ClientMetadata { request_uris: vec![uri.clone()], ..ClientMetadata::default() };
    assert_eq!(check_reference(&uri, &with_it, true).unwrap().hash, None, "registered with the fragment");
    assert_eq!(check("https://app.example/object#v2", true).unwrap().hash, None);
    assert!(check("http://127.0.0.1/object", true).is_ok());
    let refused = Err(ErrorCode::InvalidRequestUri);
    assert_eq!(check("https://app.example/other", true), refused);
    assert!(check("https://app.example/other", false).is_ok());
    for uri in ["http://app.example/object", "urn:ietf:params:oauth:request_uri:x", "file:///etc/passwd"] {
        assert_eq!(check(uri, false), refused, "{uri}");
    }
    assert_eq!(check(&format!("https://app.example/{}", "a".repeat(512)), false), refused);
}

#[test]
fn both_at_once_are_left_to_the_checks_of_the_request() {
    assert_eq!(Carried::read(&params("request=a&request_uri=b")), None);
    assert_eq!(Carried::read(&params("request=a")), Some(Carried::Value("a".to_owned())));
    assert_eq!(Carried::read(&params("request=&request_uri=b")), Some(Carried::Reference("b".to_owned())));
    assert_eq!(Carried::read(&params("client_id=c")), None);
}

proptest! {
    /// Whatever is in an object, no parameter of it and of the query stands twice.
    #[test]
    fn no_parameter_that_is_inside_is_taken_from_outside(
        inside in proptest::collection::btree_map("[a-f]", "[a-z]{1,3}", 0..6),
        outside in proptest::collection::btree_map("[a-f]", "[A-Z]{1,3}", 0..6),
    ) {
        let claims = inside.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut beside: Vec<(String, String)> = outside.clone().into_iter().collect();
        beside.push(("response_type".to_owned(), "code".to_owned()));
        let merged = effective(&beside.into_iter().collect(), &claims, ObjectRules::OpenId).unwrap();
        prop_assert!(merged.check_no_repeats(&[]).is_ok());
        for (name, value) in &inside {
            prop_assert_eq!(merged.single(name).unwrap(), Some(value.as_str()));
        }
        for (name, value) in outside.iter().filter(|(name, _)| !inside.contains_key(*name)) {
            prop_assert_eq!(merged.single(name).unwrap(), Some(value.as_str()));
        }
    }
}
