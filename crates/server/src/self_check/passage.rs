//! What became of a request on its way through the proxy: who it seems to come from, what of it was changed, and how
//! large it may be.

use std::net::IpAddr;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;

use super::probe::{Long, SPOOFED_ADDRESS, SPOOFED_SCHEME, Seen, Sent};
use super::reached::PROXY;
use crate::config::{Config, Problem};
use crate::extract::{Issuer, probe_cookie};
use crate::outbound::{Answer, FetchError, shown};

/// What a head of 16 KB of cookies, or a URL of 8 KB, is with everything else in it.
const HEADER_BYTES_NEEDED: usize = 20 * 1024;

/// Whether the proxy is believed, and says who its clients are and how they come.
pub(super) fn forwarding(config: &Config, seen: &Seen) -> Vec<Problem> {
    let is_https = config.issuer.is_https();
    let has_any = seen.sent != Sent::Neither;
    // Where TLS ended, or nobody should have ended any, and nothing was said on the way, there is no proxy.
    let is_direct = (seen.ended_tls || !is_https) && !has_any;
    if is_direct {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if !seen.is_trusted {
        problems.push(Problem::new(
            "trusted_proxies",
            format!(
                "lacks \"{}\", from where the proxy connects: until it is added all users share this address, and one \
                 allowance of failed logins",
                seen.connection
            ),
        ));
    }
    let mut proxy = |message: &str| problems.push(Problem::new(PROXY, message));
    if seen.sent == Sent::Both {
        proxy(
            "sends both Forwarded and X-Forwarded-For, of which neither is believed: leave one out (nginx: \
             proxy_set_header Forwarded \"\";)",
        );
        return problems;
    }
    if !seen.hops.iter().any(|hop| !hop.is_empty()) {
        proxy(
            "does not say who its clients are: have it set X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For \
             $remote_addr;)",
        );
    } else if seen.hops.last().is_none_or(|hop| hop.parse::<IpAddr>().is_err()) {
        proxy(
            "sends an X-Forwarded-For that ends in no address (nginx: proxy_set_header X-Forwarded-For $remote_addr;)",
        );
    }
    match seen.proto.as_deref() {
        Some("https") => {}
        _ if !is_https => {}
        None => proxy(
            "does not say that users come by https, so that a secret sent in clear cannot be refused: have it set \
             X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme;)",
        ),
        Some(other) => proxy(&format!(
            "says that users come by {}, although the issuer is https, and so clients are refused: let \
             X-Forwarded-Proto be set where TLS ends, and passed on behind (nginx: proxy_set_header X-Forwarded-Proto \
             https;)",
            shown(other)
        )),
    }
    problems
}

/// Whether what a client says of itself stops at the proxy. `plain` is a request that said nothing.
pub(super) fn spoofing(config: &Config, plain: &Seen, spoofed: &Seen) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut proxy = |message: &str| problems.push(Problem::new(PROXY, message));
    if plain.sent == Sent::Neither {
        return problems;
    }
    if plain.sent == Sent::XForwarded && spoofed.sent == Sent::Both {
        proxy(
            "passes on the Forwarded header of clients, who can hide behind its address by it: take it away (nginx: \
             proxy_set_header Forwarded \"\";)",
        );
    }
    if plain.sent == Sent::Forwarded && spoofed.sent == Sent::Both {
        proxy(
            "passes on the X-Forwarded-For or X-Forwarded-Proto of clients, who can hide behind its address by it: take \
             both away (nginx: proxy_set_header X-Forwarded-For \"\";)",
        );
    }
    if spoofed.hops == [SPOOFED_ADDRESS] {
        proxy(
            "passes on X-Forwarded-For as clients send it, who can be anybody by it: have it set its own (nginx: \
             proxy_set_header X-Forwarded-For $remote_addr;)",
        );
    }
    if spoofed.proto.as_deref() == Some(SPOOFED_SCHEME) {
        proxy(
            "passes on X-Forwarded-Proto as clients send it: have it set its own (nginx: proxy_set_header \
             X-Forwarded-Proto $scheme;)",
        );
    }
    if config.traces.is_some() && spoofed.has_spoofed_trace {
        proxy(
            "passes on the traceparent of clients, who decide by it which traces are sent to the collector: take it away \
             (nginx: proxy_set_header traceparent \"\";)",
        );
    }
    problems
}

/// Whether cookies come through as they are set. `__Host-` cookies that get a path or a domain are dropped by browsers.
pub(super) fn cookie(issuer: &Issuer, answer: &Answer, seen: &Seen) -> Option<Problem> {
    let (set, _) = probe_cookie(issuer);
    let arrived: Vec<&str> =
        answer.headers.get_all(SET_COOKIE).into_iter().filter_map(|line| line.to_str().ok()).collect();
    let message = if arrived.contains(&set.as_str()) {
        if seen.has_cookie {
            return None;
        }
        "takes the Cookie header out of requests: let it pass".to_owned()
    } else if arrived.is_empty() {
        "takes the Set-Cookie header out of answers: let it pass (nginx: no proxy_hide_header)".to_owned()
    } else {
        format!(
            "changes cookies: \"{set}\" becomes \"{}\", which browsers drop; let them be (nginx: no proxy_cookie_path, \
             proxy_cookie_domain or proxy_cookie_flags)",
            shown(&arrived.join(", "))
        )
    };
    Some(Problem::new(PROXY, message))
}

/// What was longer than usual did not come through.
pub(super) fn too_long(config: &Config, long: Long, answer: &Result<Answer, FetchError>) -> Problem {
    let status = match answer {
        Ok(answer) => answer.status.as_u16().to_string(),
        Err(error) => error.to_string(),
    };
    let is_refusal = |answer: &Answer| {
        matches!(answer.status, StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    };
    let is_ours = answer.as_ref().is_ok_and(is_refusal) && config.limits.header_bytes < HEADER_BYTES_NEEDED;
    let (what, directive) = match long {
        Long::Url => ("a URL of 8 KB", "large_client_header_buffers 4 32k;"),
        Long::Cookies => ("16 KB of cookies", "large_client_header_buffers 4 32k;"),
        Long::Answer => ("an answer with a header of 8 KB", "proxy_buffer_size 32k; proxy_buffers 8 32k;"),
    };
    if is_ours && long != Long::Answer {
        return Problem::new("limits.header_bytes", format!("is too small for {what} ({status})"));
    }
    Problem::new(
        PROXY,
        format!("does not let {what} through ({status}): raise its limit (nginx: {directive})"),
    )
}

#[cfg(test)]
#[path = "passage_tests.rs"]
mod tests;
