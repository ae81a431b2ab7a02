//! The server before there is a login: its keys, and what it answers to a registration (conformance.md 2.1).

use std::collections::BTreeSet;

use grantor_tests::Answer;
use serde_json::{Value, json};

use crate::checks::error::is_json;
use crate::scene::Host;

/// The published keys, each of a kind that relying parties know.
pub(crate) async fn keys(http: &reqwest::Client, host: &Host) -> Vec<Value> {
    let url = host.url("/.well-known/jwks.json");
    let answer = Answer::of(format!("GET {url}"), http.get(&url)).await;
    assert!(answer.status == 200 && answer.json.is_object(), "{answer}");
    let keys = answer.json["keys"].as_array().unwrap_or_else(|| panic!("no keys\n{answer}")).clone();
    let mut ids = BTreeSet::new();
    for key in &keys {
        let members: &[&str] = match key["kty"].as_str().unwrap_or_default() {
            "RSA" => &["n", "e"],
            "EC" => &["crv", "x", "y"],
            "OKP" => &["crv", "x"],
            other => panic!("the suite does not know kty {other}: {key}"),
        };
        for member in members {
            assert!(key[*member].is_string(), "{member}: {key}");
        }
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "a private part is published: {key}");
        }
        for member in ["kid", "alg", "use"] {
            assert!(key[member].as_str().is_some_and(|value| !value.is_empty()), "{member}: {key}");
        }
        assert!(ids.insert(key["kid"].to_string()), "two keys have one kid: {answer}");
    }
    keys
}

/// RFC 7591 section 3.2.1, OpenID Connect Dynamic Client Registration section 3.2.
pub(crate) fn is_registration(host: &Host, answer: &Answer) {
    assert!(answer.status == 201, "expected 201\n{answer}");
    is_json(answer);
    answer.is_not_stored();
    let text = |name: &str| answer.json[name].as_str().filter(|value| !value.is_empty());
    assert!(text("client_id").is_some(), "client_id\n{answer}");
    if answer.json.get("client_secret").is_some() {
        assert!(text("client_secret").is_some(), "client_secret\n{answer}");
        assert!(answer.json["client_secret_expires_at"].is_i64(), "client_secret_expires_at\n{answer}");
    }
    let management = text("registration_client_uri").unwrap_or_else(|| panic!("no management\n{answer}"));
    assert!(management.starts_with(&host.issuer), "registration_client_uri\n{answer}");
    assert!(text("registration_access_token").is_some(), "registration_access_token\n{answer}");
    for (name, value) in answer.json.as_object().unwrap() {
        assert!(!value.is_null(), "{name} is null\n{answer}");
    }
}

/// What was registered is answered as it was sent.
pub(crate) fn echoes(answer: &Answer, members: &Value) {
    for (name, value) in members.as_object().unwrap() {
        if !value.is_null() {
            assert_eq!(&json!(answer.json[name]), value, "{name}\n{answer}");
        }
    }
}
