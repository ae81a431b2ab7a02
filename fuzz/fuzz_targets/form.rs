//! Form bodies and queries, and the credentials of a client in them and in the Authorization header (RFC 6749 section 2.3.1).
#![no_main]

use grantor_protocol::{Params, PresentedCredentials};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (form, header) = (parts.next().unwrap_or_default(), parts.next());
    let header = header.and_then(|header| std::str::from_utf8(header).ok());
    let Ok(params) = Params::parse(form) else { return };
    for (name, _) in params.iter() {
        assert!(params.contains(name));
        let times = params.iter().filter(|(other, _)| *other == name).count();
        assert_eq!(params.single(name).is_err(), times > 1, "{name}");
    }
    if let Ok(credentials) = PresentedCredentials::read(header, &params) {
        let shown = format!("{credentials:?}");
        if let Some(secret) = credentials.secret().map(|secret| secret.expose()).filter(|secret| secret.len() > 24) {
            let of_id = credentials.client_id().is_some_and(|id| id.as_str().contains(secret));
            assert!(of_id || !shown.contains(secret), "{shown}");
        }
    }
});
