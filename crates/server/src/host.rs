//! The `Host` header (RFC 9112 section 3.2). What it says has no effect, since the issuer comes from configuration only;
//! but one that a proxy in front could read differently is refused (security.md T173).

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{Version, header};
use grantor_protocol::ErrorCode;

use crate::error::Failure;

/// Why a request is refused that has no host, several, or one that is none.
pub(crate) fn refusal(request: &Request) -> Option<Failure> {
    if is_well_formed(request) {
        return None;
    }
    let expected = "one Host header with a host, and maybe a port";
    let received = "none, several, or something else";
    Some(Failure::refused(ErrorCode::InvalidRequest, "host header", expected, received))
}

fn is_well_formed<B>(request: &axum::http::Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11, // HTTP/2 has :authority, and HTTP/1.0 did without
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    }
}

fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let host = authority.host();
    match text.strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest)) {
        _ if host.is_empty() => false,
        Some("") => true,
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
        None => false, // a user name stands before the host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_address_with_or_without_a_port() {
        for good in
            ["id.example", "ID.example.", "localhost:4444", "10.0.0.1:80", "[::1]", "[::1]:4444", "a_b", "x:"]
        {
            assert!(is_host(good), "{good}");
        }
        for bad in
            ["", ":80", "a b", "a@b", "a/b", "a?b", "a#b", "a:99999", "a:+1", "a:b", "::1", "a,b:1:2", "[::1"]
        {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn only_http_1_1_needs_the_header_and_nobody_two_of_them() {
        let request = |version, hosts: &[&str]| {
            let mut request = axum::http::Request::builder().version(version);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            is_well_formed(&request.body(()).unwrap())
        };
        assert!(request(Version::HTTP_11, &["a"]));
        assert!(!request(Version::HTTP_11, &[]));
        assert!(request(Version::HTTP_2, &[]) && request(Version::HTTP_10, &[]));
        assert!(!request(Version::HTTP_11, &["a", "a"]));
    }
}
