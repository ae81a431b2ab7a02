//! Request objects (OpenID Connect Core section 6, RFC 9101): a query, a line feed, and the claims of an object. Whatever they
//! are, what is in the object is never taken from the query, and the client is the one that the query names.
#![no_main]

use grantor_protocol::Params;
use grantor_protocol::request_object::{ObjectRules, effective};
use grantor_protocol::resource::REPEATABLE;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Null and nothing are not said.
fn is_said(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fuzz_target!(|data: &[u8]| {
    let Some(line) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (query, object) = (&data[..line], &data[line + 1..]);
    let Ok(outside) = Params::parse(query) else { return };
    let Ok(Value::Object(claims)) = serde_json::from_slice(object) else { return };
    for rules in [ObjectRules::OpenId, ObjectRules::SignedRequest] {
        let Ok(merged) = effective(&outside, &claims, rules) else { continue };
        assert!(!merged.contains("request") && !merged.contains("request_uri"));
        if outside.check_no_repeats(REPEATABLE).is_ok() {
            assert!(merged.check_no_repeats(REPEATABLE).is_ok());
        }
        if is_said(claims.get("client_id")).is_some() {
            assert_eq!(merged.many("client_id"), outside.many("client_id"));
        }
        // Sent without a value is not sent (RFC 6749 section 3.1).
        for (name, value) in merged.iter().filter(|(_, value)| !value.is_empty()) {
            match is_said(claims.get(name)) {
                Some(Value::String(text)) => assert_eq!(text, value, "{name}"),
                // As JSON, or one of a list.
                Some(_) => {}
                None => {
                    assert_eq!(rules, ObjectRules::OpenId, "{name} is only outside");
                    assert!(outside.many(name).contains(&value), "{name}");
                }
            }
        }
    }
});
