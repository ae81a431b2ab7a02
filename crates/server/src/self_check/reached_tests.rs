use axum::body::Bytes;

use super::*;
use crate::config::testing::config;

const URL: &str = "https://id.example.com/.well-known/openid-configuration";

fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Answer {
    let headers = headers.iter().map(|(name, value)| {
        (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_str(value).unwrap())
    });
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: Bytes::from_static(body.as_bytes()),
        certificates: Vec::new(),
    }
}

fn found(settings: &str, answer: &Answer) -> String {
    metadata(&config(settings), URL, answer).map(|problem| problem.to_string()).unwrap_or_default()
}

#[test]
fn the_issuer_has_to_be_the_same_byte_for_byte() {
    assert_eq!(found("", &answer(200, &[], r#"{"issuer":"https://id.example.com"}"#)), "");
    for other in [
        r#"{"issuer":"https://id.example.com/"}"#,
        r#"{"issuer":"https://ID.example.com"}"#,
        r#"{"issuer":"http://id.example.com"}"#,
    ] {
        assert!(
            found("", &answer(200, &[], other)).starts_with("issuer: is \"https://id.example.com\" here")
        );
    }
    for no_metadata in ["", "<html>", "{}", r#"{"issuer":1}"#] {
        assert!(found("", &answer(200, &[], no_metadata)).contains("something else than Grantor"));
    }
}

/// A 404 of our own means that the path was changed on the way; one of somebody else's that it led elsewhere.
#[test]
fn who_refused_decides_what_mends_it() {
    let ours = [("x-trace-id", "0123456789abcdef")];
    for (status, headers, opening) in [
        (404, &ours[..], "reverse proxy: changes the path"),
        (404, &[], "issuer: https://id.example.com/.well-known/openid-configuration is answered 404"),
        (503, &ours, "issuer: the Grantor that answers"),
        (503, &[], "reverse proxy: does not reach Grantor (503)"),
        (301, &[("location", "https://www.example.com/")], "issuer: https://id.example.com/.well-known"),
        (403, &[], "issuer: https://id.example.com/.well-known/openid-configuration is answered 403"),
    ] {
        let line = found("", &answer(status, headers, ""));
        assert!(line.starts_with(opening), "{status} {headers:?}: {line}");
    }
    let with_path = found("issuer = 'https://id.example.com/auth'", &answer(404, &ours, ""));
    assert!(with_path.contains("exactly /auth off"), "{with_path}");
}

#[test]
fn clocks_may_differ_by_five_seconds() {
    let now = Now { ms: 1_700_000_000_000 };
    for (seconds, is_wrong) in [(0, false), (5, false), (-5, false), (6, true), (-3600, true)] {
        let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000_u64.saturating_add_signed(seconds));
        let date = httpdate::fmt_http_date(then);
        assert_eq!(super::date(&answer(200, &[("date", &date)], ""), now).is_some(), is_wrong, "{seconds}");
    }
    assert_eq!(super::date(&answer(200, &[("date", "yesterday")], ""), now), None);
}

#[test]
fn a_certificate_is_mended_where_tls_ends() {
    let line = |fault| unreached(&config(""), URL, &FetchError::Certificate(fault)).to_string();
    assert!(line(CertificateFault::UnknownIssuer).starts_with("outbound.ca_file: "));
    for fault in [CertificateFault::Expired, CertificateFault::NotYetValid, CertificateFault::OtherName] {
        assert!(line(fault.clone()).starts_with("reverse proxy: the certificate"), "{fault}");
    }
}

#[test]
fn only_what_may_come_up_by_itself_is_waited_for() {
    assert!(may_pass(&FetchError::Connect("refused".to_owned())));
    assert!(may_pass(&FetchError::Unresolved("none".to_owned())));
    assert!(!may_pass(&FetchError::Certificate(CertificateFault::Expired)));
    assert!(!may_pass(&FetchError::Redirect(301)));
}

/// Whoever answers writes into the log and on the terminal of the operator, so they write plain text, and not much.
#[test]
fn what_others_say_is_shown_on_one_short_line_without_control_characters() {
    let theirs = r#"{"issuer":"https://a\u001b[2J\u202e\r\nreverse proxy: all is well"}"#;
    let line = found("", &answer(200, &[], theirs));
    assert!(line.contains(r"https://a\u{1b}[2J\u{202e}\r\nreverse proxy: all is well"), "{line}");
    let far = format!("https://b.example/{}", "x".repeat(4000));
    let line = found("", &answer(302, &[("location", &far)], ""));
    assert!(line.len() < 400 && line.contains("https://b.example/xxx"), "{line}");
}
