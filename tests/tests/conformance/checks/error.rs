//! Refusals (conformance.md 2.3 and 2.5).

use grantor_tests::{Answer, Arrival, Left};

use crate::checks::response::arrives;
use crate::request::Request;
use crate::suite::Suite;

/// Errors of RFC 6749 section 5.2 and what builds on it.
const TOKEN_ERRORS: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
];

/// An error at the redirect URI, in the way that this plan is answered.
pub(crate) fn is_redirect(suite: &Suite, request: &Request, left: &Left, errors: &[&str]) {
    is_redirect_by(suite, request, left, errors, arrives(suite.plan));
}

/// An error at the redirect URI, that came so.
pub(crate) fn is_redirect_by(
    suite: &Suite,
    request: &Request,
    left: &Left,
    errors: &[&str],
    arrival: Arrival,
) {
    assert_eq!(left.arrival, arrival, "{left}");
    let error = left.get("error").unwrap_or_else(|| panic!("no error: {left}"));
    assert!(errors.contains(&error), "expected one of {errors:?}: {left}");
    assert_eq!(left.get("state"), request.get("state"), "state: {left}");
    assert_eq!(left.get("iss"), Some(suite.host.issuer.as_str()), "iss: {left}");
    for (name, value) in &left.parameters {
        let known = ["error", "error_description", "error_uri", "state", "session_state", "iss"];
        assert!(known.contains(&name.as_str()), "{name}: {left}");
        if name == "error_description" {
            is_description(value);
        }
    }
}

/// A refusal of the token endpoint with this code.
pub(crate) fn is_token_error(answer: &Answer, error: &str) {
    assert!(TOKEN_ERRORS.contains(&error), "{error} is registered");
    answer.is_refused(error);
    answer.is_not_stored();
    is_json(answer);
    is_description(answer.json["error_description"].as_str().unwrap_or_default());
}

/// A refusal of the registration endpoint with this code (RFC 7591 section 3.2.2).
pub(crate) fn is_registration_error(answer: &Answer, errors: &[&str]) {
    is_json(answer);
    let error = answer.error().unwrap_or_default();
    assert!(answer.status == 400 && errors.contains(&error), "expected 400 and one of {errors:?}\n{answer}");
    is_description(answer.json["error_description"].as_str().unwrap_or_default());
}

pub(crate) fn is_json(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.split(';').next() == Some("application/json") && answer.json.is_object(), "{answer}");
}

/// The alphabet of RFC 6749 section 5.2.
fn is_description(text: &str) {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.bytes().all(allowed), "error_description: {text:?}");
}
