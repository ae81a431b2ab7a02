//! `oidcc-discovery-endpoint-verification`, which is the Config plan: conformance.md 3.4 and 3.5.

use grantor_tests::Answer;
use serde_json::{Map, Value};

use crate::checks::{error, provider};
use crate::scene::{Host, http, scene};

/// Members that the suite knows and this server may have, by type.
const TEXTS: &[&str] = &["issuer", "jwks_uri", "op_policy_uri", "op_tos_uri", "service_documentation"];
const LISTS: &[&str] = &[
    "acr_values_supported",
    "authorization_details_types_supported",
    "authorization_encryption_alg_values_supported",
    "authorization_encryption_enc_values_supported",
    "authorization_signing_alg_values_supported",
    "claim_types_supported",
    "claims_locales_supported",
    "claims_supported",
    "code_challenge_methods_supported",
    "display_values_supported",
    "dpop_signing_alg_values_supported",
    "grant_types_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "id_token_signing_alg_values_supported",
    "introspection_encryption_alg_values_supported",
    "introspection_encryption_enc_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "introspection_signing_alg_values_supported",
    "prompt_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "request_object_signing_alg_values_supported",
    "response_modes_supported",
    "response_types_supported",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "scopes_supported",
    "subject_types_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "ui_locales_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
];
const FLAGS: &[&str] = &[
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_session_supported",
    "backchannel_logout_supported",
    "claims_parameter_supported",
    "frontchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_pushed_authorization_requests",
    "require_request_uri_registration",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
];
const ENDPOINTS: &[&str] = &[
    "authorization_endpoint",
    "check_session_iframe",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
];

async fn document(host: &Host) -> Map<String, Value> {
    let url = host.url("/.well-known/openid-configuration");
    let answer = Answer::of(format!("GET {url}"), http().get(&url)).await;
    assert!(answer.status == 200, "expected 200\n{answer}");
    error::is_json(&answer);
    answer.json.as_object().unwrap().clone()
}

/// Asserts that the document names an address of the server by this member.
pub(crate) async fn names_an_address(member: &str) {
    let host = &scene().await.host;
    let document = document(host).await;
    let address = document.get(member).and_then(Value::as_str).unwrap_or_else(|| panic!("no {member}"));
    assert!(address.starts_with(&host.issuer), "{member}: {address}");
}

/// Asserts that the document promises this.
pub(crate) async fn promises(member: &str) {
    assert_eq!(document(&scene().await.host).await.get(member), Some(&Value::Bool(true)), "{member}");
}

fn list<'a>(document: &'a Map<String, Value>, member: &str) -> Vec<&'a str> {
    let list = document.get(member).unwrap_or_else(|| panic!("{member} is missing"));
    list.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// A language tag of the simple shape that servers use, in canonical letter case (RFC 5646 section 2.1.1).
fn is_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(number, part)| {
        let canonical = match (number, part.len()) {
            (0, _) | (_, 3 | 5..=8) => part.to_ascii_lowercase(),
            (_, 2) => part.to_ascii_uppercase(),
            (_, 4) => format!("{}{}", part[..1].to_ascii_uppercase(), part[1..].to_ascii_lowercase()),
            _ => return false,
        };
        part == canonical && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let host = &scene().await.host;
    let document = document(host).await;
    for (name, value) in &document {
        let name = name.as_str();
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        if TEXTS.contains(&name) || ENDPOINTS.contains(&name) {
            assert!(text(value), "{name}: {value}");
        } else if LISTS.contains(&name) {
            let values = value.as_array().unwrap_or_else(|| panic!("{name} is no list: {value}"));
            assert!(!values.is_empty() && values.iter().all(text), "{name}: {value}");
        } else if FLAGS.contains(&name) {
            assert!(value.is_boolean(), "{name}: {value}");
        } else {
            panic!("the suite does not know the member {name}");
        }
    }
    assert_eq!(document["issuer"], host.issuer.as_str());
    let ours = ENDPOINTS.iter().copied().chain(["jwks_uri"]);
    for (name, address) in ours.filter_map(|name| Some((name, document.get(name)?.as_str().unwrap()))) {
        assert!(
            address.starts_with(&host.issuer) && address.parse::<url::Url>().is_ok(),
            "{name}: {address}"
        );
    }
    for name in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "userinfo_endpoint"] {
        assert!(document.contains_key(name), "{name} is missing");
    }
    for tag in [list(&document, "ui_locales_supported"), claims_locales(&document)].concat() {
        assert!(is_language(tag), "{tag}");
    }
    for scope in list(&document, "scopes_supported") {
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(scope.bytes().all(allowed), "{scope}");
    }
    provider::keys(&http(), host).await;
}

fn claims_locales(document: &Map<String, Value>) -> Vec<&str> {
    if document.contains_key("claims_locales_supported") {
        list(document, "claims_locales_supported")
    } else {
        Vec::new()
    }
}

/// What no module must skip over (conformance.md 3.1 to 3.4 and 10.1).
#[tokio::test]
async fn discovery_offers_all_that_the_plans_need() {
    let document = document(&scene().await.host).await;
    let expected: &[(&str, &[&str])] = &[
        (
            "response_types_supported",
            &[
                "code",
                "id_token",
                "id_token token",
                "code id_token",
                "code token",
                "code id_token token",
                "none",
            ],
        ),
        ("response_modes_supported", &["query", "fragment", "form_post"]),
        ("grant_types_supported", &["authorization_code", "implicit", "refresh_token"]),
        ("subject_types_supported", &["public", "pairwise"]),
        ("id_token_signing_alg_values_supported", &["RS256", "PS256", "ES256", "EdDSA", "none"]),
        ("userinfo_signing_alg_values_supported", &["RS256"]),
        ("request_object_signing_alg_values_supported", &["RS256", "none"]),
        (
            "token_endpoint_auth_methods_supported",
            &["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
        ),
        ("token_endpoint_auth_signing_alg_values_supported", &["RS256", "HS256"]),
        ("scopes_supported", &["openid", "offline_access", "profile", "email", "address", "phone"]),
        ("claims_supported", &["sub", "name", "email", "address", "phone_number"]),
        ("acr_values_supported", &[]),
        ("code_challenge_methods_supported", &["S256"]),
        ("ui_locales_supported", &["en", "de", "fr", "es", "ar"]),
    ];
    let mut missing = Vec::new();
    for (member, values) in expected {
        let offered = document.get(*member).and_then(Value::as_array).cloned().unwrap_or_default();
        if values.is_empty() && offered.is_empty() {
            missing.push((*member).to_owned());
        }
        missing.extend(
            values
                .iter()
                .filter(|value| !offered.iter().any(|known| known == *value))
                .map(|value| format!("{member} {value}")),
        );
    }
    for flag in
        ["claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"]
    {
        if document.get(flag) != Some(&Value::Bool(true)) {
            missing.push(flag.to_owned());
        }
    }
    assert!(missing.is_empty(), "discovery lacks {missing:?}");
}
