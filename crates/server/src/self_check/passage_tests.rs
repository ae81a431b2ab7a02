use super::*;
use crate::config::testing::config;

const PROXY_ADDRESS: &str = "10.0.0.5";

/// A request that came through a proxy which does everything right.
fn seen() -> Seen {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    Seen {
        connection: address(PROXY_ADDRESS),
        is_trusted: true,
        ended_tls: false,
        client: address("203.0.113.9"),
        sent: Sent::XForwarded,
        hops: vec!["203.0.113.9".to_owned()],
        proto: Some("https".to_owned()),
        has_cookie: true,
        has_spoofed_trace: false,
    }
}

fn found(seen: &Seen) -> Vec<String> {
    forwarding(&config(""), seen).iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_asked_of_a_proxy_that_is_not_there() {
    let direct = Seen { sent: Sent::Neither, hops: Vec::new(), proto: None, is_trusted: false, ..seen() };
    assert_eq!(found(&Seen { ended_tls: true, ..direct.clone() }), [""; 0]);
    let loopback = config("issuer = 'http://localhost:4444'");
    assert_eq!(forwarding(&loopback, &direct), []);
    assert_eq!(found(&direct).len(), 3, "TLS ended somewhere in front, and nothing is said of it");
}

#[test]
fn each_mistake_of_a_proxy_is_one_line_with_what_mends_it() {
    assert_eq!(found(&seen()), [""; 0]);
    for (mistaken, opening, setting) in [
        (Seen { is_trusted: false, ..seen() }, "trusted_proxies: lacks \"10.0.0.5\"", "added"),
        (
            Seen { hops: Vec::new(), ..seen() },
            "reverse proxy: does not say who",
            "X-Forwarded-For $remote_addr;",
        ),
        (
            Seen { hops: vec!["unknown".into()], ..seen() },
            "reverse proxy: sends",
            "X-Forwarded-For $remote_addr;",
        ),
        (Seen { proto: None, ..seen() }, "reverse proxy: does not say that", "X-Forwarded-Proto $scheme;"),
        (Seen { proto: Some("http".into()), ..seen() }, "reverse proxy: says", "X-Forwarded-Proto https;"),
        (
            Seen { sent: Sent::Both, hops: Vec::new(), proto: None, ..seen() },
            "reverse proxy: sends both",
            "Forwarded",
        ),
    ] {
        let lines = found(&mistaken);
        assert!(
            lines.len() == 1 && lines[0].starts_with(opening) && lines[0].contains(setting),
            "{lines:#?}"
        );
    }
}

#[test]
fn a_proxy_that_appends_is_as_good_as_one_that_replaces() {
    let appended = Seen { hops: vec![SPOOFED_ADDRESS.to_owned(), "203.0.113.9".to_owned()], ..seen() };
    assert_eq!(spoofing(&config(""), &seen(), &appended), []);
    let passed_on = Seen { hops: vec![SPOOFED_ADDRESS.to_owned()], ..seen() };
    assert_eq!(spoofing(&config(""), &seen(), &passed_on).len(), 1);
}

#[test]
fn a_limit_of_ours_is_not_blamed_on_the_proxy() {
    let refusal = || {
        Ok(Answer {
            status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            headers: axum::http::HeaderMap::new(),
            body: axum::body::Bytes::new(),
            certificates: Vec::new(),
        })
    };
    let ours = too_long(&config("limits.header_bytes = 8192"), Long::Cookies, &refusal());
    assert_eq!(ours.path, "limits.header_bytes");
    let theirs = too_long(&config(""), Long::Cookies, &refusal());
    assert_eq!(theirs.path, "reverse proxy");
}

/// Strangers would decide what is sampled; where nothing is traced it does no harm.
#[test]
fn a_trace_that_a_client_made_up_is_looked_for_where_traces_are_sent() {
    let passed_on = Seen { has_spoofed_trace: true, ..seen() };
    assert_eq!(spoofing(&config(""), &seen(), &passed_on), []);
    let traced = config("traces.endpoint = 'http://collector:4318'");
    assert_eq!(spoofing(&traced, &seen(), &seen()), []);
    let problems = spoofing(&traced, &seen(), &passed_on);
    assert!(problems.len() == 1 && problems[0].message.contains("traceparent"), "{problems:?}");
}
