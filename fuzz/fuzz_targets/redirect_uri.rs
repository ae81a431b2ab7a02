//! Registration and comparison of redirect URIs (RFC 6749 section 3.1.2.3, RFC 8252 section 7.3): what matches is the same
//! text, or differs in the port of a loopback address alone.
#![no_main]

use grantor_protocol::{ApplicationType, RedirectUri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (registered, requested) = data.split_once('\n').unwrap_or((data, data));
    for application in [ApplicationType::Web, ApplicationType::Native] {
        let Ok(uri) = RedirectUri::register(registered, application) else { continue };
        assert!(uri.matches(registered, application), "{registered} matches itself");
        assert!(!registered.contains(['#', '*', '\\', ' ', '@']) || !registered.contains('#'), "{registered}");
        let _ = (uri.origin(), uri.is_loopback_or_private_scheme());
        if uri.matches(requested, application) && requested != registered {
            assert_eq!(without_port(registered), without_port(requested), "{registered:?} {requested:?}");
            assert!(
                ["http://127.0.0.1", "http://[::1]", "http://localhost"]
                    .iter()
                    .any(|start| requested.starts_with(start)),
                "{requested}"
            );
        }
    }
});

/// The text with the digits after the host taken out.
fn without_port(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    };
    format!("{scheme}://{host}{path}")
}
