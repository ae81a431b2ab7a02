//! JWKs and JWK sets of clients (RFC 7517), read for every algorithm.
#![no_main]

use grantor_crypto::{Algorithm, EncryptionKey, JwkSet, KeyManagement, VerificationKey, VerificationKeys};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let verifying = VerificationKeys::from_jwks(&document, None);
    for algorithm in Algorithm::ALL {
        let pinned = VerificationKeys::from_jwks(&document, Some(algorithm));
        if let Ok(pinned) = &pinned {
            assert!(pinned.iter().all(|key| key.algorithm() == algorithm));
        }
    }
    for algorithm in KeyManagement::ALL {
        if let Ok(Some(key)) = EncryptionKey::from_jwks(&document, algorithm) {
            assert_eq!(key.algorithm_name(), algorithm.name());
        }
        let _ = EncryptionKey::from_jwk(&document, algorithm);
    }
    let _ = (VerificationKey::from_jwk(&document), grantor_crypto::thumbprint(&document));
    if let Some(keys) = document.get("keys").and_then(Value::as_array)
        && let Ok(published) = JwkSet::new(keys.iter().cloned())
    {
        let text = serde_json::to_string(&published).expect("JSON");
        for private in ["\"d\":", "\"k\":", "\"p\":", "\"q\":"] {
            let nested = keys.iter().any(|key| key.as_object().is_some_and(|key| key.values().any(nests)));
            assert!(nested || !text.contains(private), "{private} in {text}");
        }
    }
    drop(verifying);
});

fn nests(value: &Value) -> bool {
    value.is_object() || value.is_array() || value.as_str().is_some_and(|text| text.contains('"'))
}
