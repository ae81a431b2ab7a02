//! Client metadata (RFC 7591 section 2), from an operator's file and from anybody who registers: what is accepted is written
//! and read again as the same client, and a client gives itself nothing that only an operator may give.
#![no_main]

use grantor_protocol::{ClientMetadata, registration};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    if let Ok(metadata) = ClientMetadata::from_json(document.clone()) {
        let written = serde_json::to_value(&metadata).expect("metadata is JSON");
        let read = ClientMetadata::from_json(written.clone()).expect("what was accepted is accepted again");
        assert_eq!(written, serde_json::to_value(&read).expect("metadata is JSON"));
        for uri in &metadata.redirect_uris {
            assert!(metadata.matching_redirect_uri(uri).is_some(), "{uri}");
        }
    }
    if let Ok(metadata) = registration::new_registration(document) {
        assert!(!metadata.skip_consent);
        let mut without = metadata.clone();
        without.clear_operator_members();
        assert_eq!(serde_json::to_value(&metadata).ok(), serde_json::to_value(&without).ok());
    }
});
