//! The lines of security.md 1.2, by their number.

use super::*;
use ApplicationType::{Native, Web};
use proptest::prelude::*;

const REGISTERED: &str = "https://app.example/cb";

fn registered(uri: &str, application: ApplicationType) -> RedirectUri {
    RedirectUri::register(uri, application).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

fn none_matches(uri: &str, application: ApplicationType, requests: &[&str]) {
    let redirect_uri = registered(uri, application);
    assert!(redirect_uri.matches(uri, application), "{uri} matches itself");
    for request in requests {
        assert!(!redirect_uri.matches(request, application), "{request:?} must not match {uri}");
    }
}

fn none_registers(application: ApplicationType, cases: &[(&str, RedirectUriError)]) {
    for (uri, error) in cases {
        assert_eq!(RedirectUri::register(uri, application), Err(*error), "{uri:?}");
    }
}

#[test]
fn t018_a_path_matches_byte_for_byte() {
    let variants = [
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb?",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://app.example/cb;p",
        "https://app.example/cb/../cb",
        "https://app.example/./cb",
        "https://app.example/%63b",
        "https://app.example/cb%2f",
        "https://app.example/cb%00",
        "https://app.example/cb%0d%0a",
        "https://app.example//cb",
        "",
    ];
    for application in [Web, Native] {
        none_matches(REGISTERED, application, &variants);
    }
}

#[test]
fn t019_a_scheme_matches_byte_for_byte() {
    let variants = [
        "http://app.example/cb",
        "HTTPS://app.example/cb",
        "//app.example/cb",
        "app.example/cb",
        "https:app.example/cb",
        "https:///app.example/cb",
        "https:/app.example/cb",
    ];
    none_matches(REGISTERED, Web, &variants);
    none_registers(
        Web,
        &[
            ("HTTPS://app.example/cb", RedirectUriError::Relative),
            ("//app.example/cb", RedirectUriError::Relative),
            ("app.example/cb", RedirectUriError::Relative),
            ("https:app.example/cb", RedirectUriError::Host),
            ("https:///app.example/cb", RedirectUriError::Host),
            ("http://app.example/cb", RedirectUriError::PlainHttp),
        ],
    );
}

#[test]
fn t020_a_user_name_does_not_pose_as_the_host() {
    let variants = [
        "https://app.example@evil.example/cb",
        "https://evil.example\\@app.example/cb",
        "https://app.example:80@evil/",
        "https://evil@app.example/cb",
        "https://@app.example/cb",
    ];
    none_matches(REGISTERED, Web, &variants);
    none_registers(
        Web,
        &[
            ("https://app.example@evil.example/cb", RedirectUriError::UserInfo),
            ("https://app.example:80@evil/", RedirectUriError::UserInfo),
            ("https://@app.example/cb", RedirectUriError::UserInfo),
            ("https://evil.example\\@app.example/cb", RedirectUriError::Alphabet),
        ],
    );
}

#[test]
fn t021_a_host_matches_byte_for_byte() {
    let variants = [
        "https://app.example.evil.example/cb",
        "https://app.exampleevil/cb",
        "https://app.example./cb",
        "https://APP.EXAMPLE/cb",
        "https://app.example:443/cb",
        "https://evil.app.example/cb",
    ];
    none_matches(REGISTERED, Web, &variants);
}

#[test]
fn t022_a_host_hidden_in_another_part_does_not_match() {
    let variants = [
        "https://evil.example/https://app.example/cb",
        "https://app.example\\.evil.example/cb",
        "https://app.example%2eevil/cb",
        "https://app.example%23@evil/cb",
    ];
    none_matches(REGISTERED, Web, &variants);
    none_registers(
        Web,
        &[
            ("https://app.example%2eevil/cb", RedirectUriError::Host),
            ("https://app.example\\.evil.example/cb", RedirectUriError::Alphabet),
            ("https://app.example%23@evil/cb", RedirectUriError::UserInfo),
        ],
    );
}

#[test]
fn t023_look_alikes_are_other_uris() {
    none_matches(
        "https://xn--bcher-kva.example/cb",
        Web,
        &["https://b\u{fc}cher.example/cb", "https://XN--BCHER-KVA.example/cb"],
    );
    none_matches("https://kelvin.example/cb", Web, &["https://\u{212a}elvin.example/cb"]);
    none_matches(
        REGISTERED,
        Web,
        &[
            "https://app\u{3002}example/cb",
            "https://app\u{ff0e}example/cb",
            "https://app\u{ad}.example/cb",
            "https://app.example/c\u{ad}b",
        ],
    );
    none_matches(
        "https://app.example/caf%C3%A9",
        Web,
        &["https://app.example/caf\u{e9}", "https://app.example/cafe\u{301}"],
    );
    none_registers(
        Web,
        &[
            ("https://b\u{fc}cher.example/cb", RedirectUriError::Alphabet),
            ("https://app.example/caf\u{e9}", RedirectUriError::Alphabet),
        ],
    );
}

#[test]
fn t024_control_characters_and_spaces_never_match_or_register() {
    let variants = [
        "\thttps://app.example/cb",
        "https://app.example/cb\r\n",
        "https://app.example/cb\n",
        "https://app.example/cb\0",
        " https://app.example/cb",
        "https://app.example/cb ",
        "\u{feff}https://app.example/cb",
        "https://app.ex\tample/cb",
    ];
    none_matches(REGISTERED, Web, &variants);
    for uri in variants {
        assert_eq!(RedirectUri::register(uri, Web), Err(RedirectUriError::Alphabet), "{uri:?}");
    }
    none_registers(
        Web,
        &[
            ("https://app.example/cb%0d%0aSet-Cookie:x", RedirectUriError::Alphabet),
            ("https://app.example/cb%00", RedirectUriError::Alphabet),
            ("https://app.example/cb%2", RedirectUriError::Alphabet),
        ],
    );
}

#[test]
fn t025_schemes_that_run_code_are_refused() {
    let variants = [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "about:blank",
        "blob:https://a/b",
        "intent://x",
    ];
    for application in [Web, Native] {
        none_matches(REGISTERED, application, &variants);
        for uri in variants {
            let refused = RedirectUri::register(uri, application);
            assert_eq!(refused, Err(RedirectUriError::DangerousScheme), "{uri}");
        }
    }
}

#[test]
fn t027_a_registered_query_is_part_of_the_uri() {
    let variants = [
        "https://app.example/cb",
        "https://app.example/cb?a=b&c=d",
        "https://app.example/cb?a=b&state=evil",
        "https://app.example/cb?code=evil&a=b",
        "https://app.example/cb?a=b&",
        "https://app.example/cb?a=B",
        "https://app.example/cb?a=b&code=evil",
    ];
    none_matches("https://app.example/cb?a=b", Web, &variants);
    none_matches("https://app.example/cb?a=b&c=d", Web, &["https://app.example/cb?c=d&a=b"]);
}

#[test]
fn t028_native_clients_choose_the_port_on_the_ipv4_loopback_literal() {
    let uri = "http://127.0.0.1/cb";
    let redirect_uri = registered(uri, Native);
    for port in ["1", "51000", "65535"] {
        let request = format!("http://127.0.0.1:{port}/cb");
        assert!(redirect_uri.matches(&request, Native), "{request}");
        assert!(!redirect_uri.matches(&request, Web), "only native clients: {request}");
        assert!(registered(&request, Native).matches(uri, Native), "a registered port is any port too");
    }
    let variants = [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:08080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80a/cb",
        "http://localhost/cb",
        "http://localhost:80/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://0x7f.1/cb",
        "http://127.0.0.1.evil/cb",
        "http://127.0.0.1.evil:80/cb",
        "http://127.0.0.1:80@evil/cb",
        "http://127.0.0.1:80:80/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.1:99999999999999999999/cb",
        "http://127.0.0.1@evil/cb",
        "http://127.0.0.2/cb",
    ];
    none_matches(uri, Native, &variants);
    for uri in ["http://127.1/cb", "http://2130706433/cb", "http://0x7f.1/cb"] {
        assert_eq!(RedirectUri::register(uri, Native), Err(RedirectUriError::Host), "{uri}");
    }
}

#[test]
fn t029_the_port_is_the_only_freedom() {
    none_matches(
        "http://127.0.0.1/cb",
        Native,
        &[
            "http://127.0.0.1:80/cb?bar=foo",
            "http://127.0.0.1:80/other",
            "http://127.0.0.1:80",
            "http://127.0.0.1:80/cb/",
        ],
    );
    none_matches(REGISTERED, Native, &["http://127.0.0.1:4000/cb", "https://app.example:4000/cb"]);
    none_matches("http://localhost/cb", Native, &["http://localhost:4000/cb", "http://127.0.0.1/cb"]);
    none_matches(
        "http://127.0.0.1/cb?a=b",
        Native,
        &["http://127.0.0.1:80/cb", "http://127.0.0.1:80/cb?a=b&c=d"],
    );
    assert!(registered("http://127.0.0.1/cb?a=b", Native).matches("http://127.0.0.1:80/cb?a=b", Native));
    assert!(registered("http://127.0.0.1", Native).matches("http://127.0.0.1:80", Native));
}

#[test]
fn t030_native_clients_choose_the_port_on_the_ipv6_loopback_literal() {
    let uri = "http://[::1]/cb";
    assert!(registered(uri, Native).matches("http://[::1]:4000/cb", Native));
    let variants = [
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[0:0:0:0:0:0:0:1]:4000/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[::1%25lo]/cb",
        "http://::1/cb",
        "http://::1:4000/cb",
        "http://127.0.0.1:4000/cb",
        "http://[::1]:0/cb",
        "http://[::1].evil/cb",
    ];
    none_matches(uri, Native, &variants);
    for uri in ["http://[0:0:0:0:0:0:0:1]/cb", "http://[::1%25lo]/cb", "http://::1/cb"] {
        assert!(RedirectUri::register(uri, Native).is_err(), "{uri}");
    }
    assert_eq!(RedirectUri::register("http://[::ffff:127.0.0.1]/cb", Native), Err(RedirectUriError::Host));
}

#[test]
fn t031_patterns_and_relative_uris_are_refused() {
    none_registers(
        Web,
        &[
            ("*", RedirectUriError::Wildcard),
            ("https://*.example/cb", RedirectUriError::Wildcard),
            ("https://app.example/*", RedirectUriError::Wildcard),
            (".*", RedirectUriError::Wildcard),
            ("https://app.example/.*", RedirectUriError::Wildcard),
            ("", RedirectUriError::Length),
            ("/cb", RedirectUriError::Relative),
            ("cb", RedirectUriError::Relative),
            ("https://", RedirectUriError::Host),
            ("https://?a", RedirectUriError::Host),
        ],
    );
}

#[test]
fn t032_fragments_user_names_dot_segments_and_long_uris_are_refused() {
    let long = format!("https://app.example/{}", "a".repeat(2048));
    none_registers(
        Web,
        &[
            ("https://app.example/cb#f", RedirectUriError::Fragment),
            ("https://app.example/cb#", RedirectUriError::Fragment),
            ("https://user:pw@app.example/cb", RedirectUriError::UserInfo),
            ("https://app.example/a/../cb", RedirectUriError::DotSegments),
            ("https://app.example/./cb", RedirectUriError::DotSegments),
            ("https://app.example/..", RedirectUriError::DotSegments),
            ("https://app.example/%2e%2E/cb", RedirectUriError::DotSegments),
            ("https://app.example/.%2e/cb", RedirectUriError::DotSegments),
            ("https://app.example:0/cb", RedirectUriError::Port),
            ("https://app.example:65536/cb", RedirectUriError::Port),
            ("https://app.example:/cb", RedirectUriError::Port),
            (&long, RedirectUriError::Length),
        ],
    );
}

#[test]
fn t033_a_private_use_scheme_needs_a_dot_and_a_native_client() {
    none_registers(
        Native,
        &[
            ("myapp:/cb", RedirectUriError::SchemeWithoutDot),
            ("com.example.app:", RedirectUriError::NoPath),
            ("com.example.app:cb", RedirectUriError::NoPath),
            ("com.example.app://user@host/cb", RedirectUriError::UserInfo),
        ],
    );
    none_registers(Web, &[("com.example.app:/cb", RedirectUriError::SchemeOfNativeClients)]);
    none_matches(
        "com.example.app:/cb",
        Native,
        &["com.example.app://cb", "com.example.app:/cb/", "COM.example.app:/cb", "com.example.app:/cb?x"],
    );
}

#[test]
fn ordinary_uris_register() {
    for (uri, application) in [
        ("https://app.example", Web),
        ("https://app.example:8443/a/b?c=d%20e", Web),
        ("https://xn--bcher-kva.example/cb", Web),
        ("https://192.0.2.1/cb", Web),
        ("https://App.Example/cb", Web),
        ("http://localhost:5173/callback", Web),
        ("http://127.0.0.1:8080/cb", Web),
        ("http://[::1]:8080/cb", Native),
        ("https://app.example/cb", Native),
        ("com.example.app:/oauth2redirect/example-provider", Native),
    ] {
        assert_eq!(registered(uri, application).as_str(), uri);
    }
}

#[test]
fn origins_are_those_of_the_web() {
    for (uri, application, origin) in [
        ("https://app.example/cb", Web, Some("https://app.example")),
        ("https://App.Example:443/cb", Web, Some("https://app.example")),
        ("http://localhost:5173/cb", Web, Some("http://localhost:5173")),
        ("com.example.app:/cb", Native, None),
    ] {
        assert_eq!(registered(uri, application).origin().as_deref(), origin, "{uri}");
    }
    assert!(registered("http://127.0.0.1/cb", Native).is_loopback_or_private_scheme());
    assert!(registered("com.example.app:/cb", Native).is_loopback_or_private_scheme());
    assert!(!registered("https://app.example/cb", Native).is_loopback_or_private_scheme());
}

proptest! {
    #[test]
    fn nothing_but_itself_matches_an_https_uri(request in "\\PC{0,60}") {
        let redirect_uri = registered(REGISTERED, Native);
        prop_assert_eq!(redirect_uri.matches(&request, Native), request == REGISTERED);
    }

    #[test]
    fn what_matches_a_loopback_uri_goes_to_that_loopback_address(rest in "[:/@.#?0-9a-z\\\\]{0,20}") {
        let request = format!("http://127.0.0.1{rest}");
        if registered("http://127.0.0.1/cb", Native).matches(&request, Native) {
            let url = Url::parse(&request).unwrap();
            prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
            prop_assert_eq!(url.path(), "/cb");
            prop_assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none());
        }
    }

    #[test]
    fn registering_never_panics_and_what_it_accepts_browsers_read_alike(uri in "(https?://)?\\PC{0,40}") {
        if let Ok(accepted) = RedirectUri::register(&uri, Web) {
            let url = Url::parse(accepted.as_str()).unwrap();
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert!(url.scheme() == "https" || is_loopback_host(url.host_str().unwrap()));
        }
    }
}
