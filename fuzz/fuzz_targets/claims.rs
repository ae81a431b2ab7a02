//! The claims parameter (OpenID Connect Core section 5.5), and claims_locales.
#![no_main]

use grantor_protocol::{ClaimScopes, ClaimsRequest};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|data: &str| {
    let known = ClaimScopes::with(vec![("cars".to_owned(), vec!["car".to_owned()])]).expect("a scope");
    let (text, locales) = data.split_once('\n').unwrap_or((data, ""));
    let Ok(request) = ClaimsRequest::parse(text, &known) else { return };
    let request = request.in_languages(locales);
    for (name, claim) in request.userinfo.iter().chain(request.id_token.iter()) {
        assert!(!name.is_empty());
        for value in [Value::Null, json!("a"), json!([1])] {
            let _ = claim.allows(&value);
        }
        let _ = claim.only_text();
    }
    let claims = known.claims();
    for name in request.names() {
        assert!(claims.contains(&name), "{name} is nothing we know of users");
    }
    // It is kept as JSON between the request and the grant.
    let kept = serde_json::to_string(&request).expect("JSON");
    let read: ClaimsRequest = serde_json::from_str(&kept).expect("what was kept is read again");
    assert_eq!(read, request);
});
