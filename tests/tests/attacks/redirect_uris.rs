//! Redirect URIs (security.md 1.2): what is not registered byte for byte never gets an answer, not
//! even an error.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grantor_tests::{Document, RelyingParty};
use serde_json::json;

use crate::scene::{CALLBACK, Reply, Shared};

static SCENE: Shared = Shared::new("attacks-redirect-uris");

async fn all_stay(app: &RelyingParty, variants: &[&str]) {
    for variant in variants {
        let url = app.asks("openid").with("redirect_uri", variant).url();
        Reply::get(&url).await.stays_on_the_error_page(variant);
        let failing = app.asks("openid").with("redirect_uri", variant).with("prompt", "none");
        Reply::get(&failing.url()).await.stays_on_the_error_page(variant);
    }
}

/// Asserts that a request is answered at exactly this address.
async fn is_answered_at(app: &RelyingParty, redirect_uri: &str) {
    let request = app.asks("openid").with("redirect_uri", redirect_uri).with("prompt", "none");
    let reply = Reply::get(&request.url()).await;
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    assert!(
        reply.status == 303
            && reply
                .header("location")
                .starts_with(&format!("{redirect_uri}{separator}error=login_required")),
        "{redirect_uri}: {} {}",
        reply.status,
        reply.header("location")
    );
}

async fn native(redirect_uri: &str) -> RelyingParty {
    let metadata = json!({
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "skip_consent": false,
        "redirect_uris": [redirect_uri],
    });
    SCENE.get().await.client(&[], metadata).await
}

// T017
#[tokio::test]
async fn only_a_plain_oauth_request_may_leave_the_redirect_uri_to_its_default() {
    let app = SCENE.get().await.app();
    let without = app.asks("openid").without("redirect_uri");
    Reply::get(&without.url()).await.stays_on_the_error_page("openid");
    let plain = app.asks("api").without("redirect_uri").with("prompt", "none");
    let reply = Reply::get(&plain.url()).await;
    assert!(reply.header("location").starts_with("https://app.example/cb?error=login_required"), "{reply:?}");
    let both = [CALLBACK, "https://app.example/other"];
    let two = SCENE.get().await.client(&[], json!({ "redirect_uris": both })).await;
    let which = two.asks("openid").without("redirect_uri").with("scope", "profile");
    Reply::get(&which.url()).await.stays_on_the_error_page("two registered");
}

// T018
#[tokio::test]
async fn a_path_that_differs_in_any_byte_is_refused() {
    let variants = [
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb?",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://app.example/cb#",
        "https://app.example/cb;p",
        "https://app.example/cb/../cb",
        "https://app.example/./cb",
        "https://app.example/%63b",
        "https://app.example/cb%2f",
        "https://app.example/cb%00",
        "https://app.example/cb%0d%0a",
        "https://app.example//cb",
        "https://app.example",
        "https://app.example/",
        "https://app.example/c",
    ];
    all_stay(&SCENE.get().await.app(), &variants).await;
}

// T019
#[tokio::test]
async fn another_scheme_or_none_is_refused() {
    let variants = [
        "http://app.example/cb",
        "HTTPS://app.example/cb",
        "//app.example/cb",
        "app.example/cb",
        "/cb",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https:///app.example/cb",
        "https:\\\\app.example\\cb",
    ];
    all_stay(&SCENE.get().await.app(), &variants).await;
}

// T020
#[tokio::test]
async fn a_user_part_cannot_disguise_another_host() {
    let variants = [
        "https://app.example@evil.example/cb",
        "https://evil.example\\@app.example/cb",
        "https://app.example:80@evil/",
        "https://app.example:443@evil.example/cb",
        "https://user@app.example/cb",
        "https://@app.example/cb",
        "https://app.example%40evil.example/cb",
    ];
    all_stay(&SCENE.get().await.app(), &variants).await;
}

// T021
#[tokio::test]
async fn a_host_that_only_looks_like_the_registered_one_is_refused() {
    let variants = [
        "https://app.example.evil.example/cb",
        "https://app.exampleevil/cb",
        "https://app.example./cb",
        "https://APP.EXAMPLE/cb",
        "https://app.example:443/cb",
        "https://app.example:/cb",
        "https://www.app.example/cb",
        "https://pp.example/cb",
    ];
    all_stay(&SCENE.get().await.app(), &variants).await;
}

// T022
#[tokio::test]
async fn the_registered_uri_inside_another_one_is_refused() {
    let variants = [
        "https://evil.example/https://app.example/cb",
        "https://evil.example/?https://app.example/cb",
        "https://evil.example#https://app.example/cb",
        "https://app.example\\.evil.example/cb",
        "https://app.example%2eevil/cb",
        "https://app.example%23@evil/cb",
        "https://app.example%2f@evil.example/cb",
        "https://app.example/cb,https://evil.example/cb",
        "https://app.example/cb https://evil.example/cb",
    ];
    all_stay(&SCENE.get().await.app(), &variants).await;
}

// T023
#[tokio::test]
async fn unicode_that_browsers_would_fold_into_the_registered_uri_is_refused() {
    let registered = ["https://xn--bcher-kva.example/cb", "https://app.example/caf%C3%A9", CALLBACK];
    let app = SCENE.get().await.client(&[], json!({ "redirect_uris": registered })).await;
    for uri in registered {
        is_answered_at(&app, uri).await;
    }
    let variants = [
        "https://b\u{fc}cher.example/cb",
        "https://bu\u{308}cher.example/cb",
        "https://XN--BCHER-KVA.example/cb",
        "https://app\u{3002}example/cb",
        "https://app\u{ff0e}example/cb",
        "https://app\u{ff61}example/cb",
        "https://a\u{ad}pp.example/cb",
        "https://app.example/caf\u{e9}",
        "https://app.example/cafe\u{301}",
        "https://app.example/caf%c3%a9",
        "https://app.example/cafe%CC%81",
        "https://app.e\u{212a}ample/cb",
        "https://\u{24d0}pp.example/cb",
    ];
    all_stay(&app, &variants).await;
}

// T024
#[tokio::test]
async fn control_characters_and_spaces_are_refused_and_split_no_header() {
    let variants = [
        "https://app.example/cb\t",
        "https://app.example/c\tb",
        "https://app.example/cb\r",
        "https://app.example/cb\n",
        "https://app.example/cb\r\nSet-Cookie: a=b",
        "https://app.example/cb\0",
        " https://app.example/cb",
        "https://app.example/cb ",
        "\u{feff}https://app.example/cb",
        "https://app.example/cb\u{200b}",
        "https://app.example/cb\u{85}",
    ];
    let app = SCENE.get().await.app();
    for variant in variants {
        let reply = Reply::get(&app.asks("openid").with("redirect_uri", variant).url()).await;
        reply.stays_on_the_error_page(variant);
        assert!(!reply.header("set-cookie").contains("a=b"), "{variant:?}");
    }
    all_stay(&app, &variants).await;
}

// T025
#[tokio::test]
async fn schemes_that_run_code_or_read_files_are_refused_at_request_and_registration() {
    let scene = SCENE.get().await;
    let variants = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "about:blank",
        "blob:https://app.example/1",
        "intent://app.example/#Intent;end",
        "view-source:https://app.example/cb",
    ];
    all_stay(&scene.app(), &variants).await;
    for variant in variants {
        for kind in ["web", "native"] {
            let file = scene.server.directory().join("dangerous.json");
            let metadata = json!({ "redirect_uris": [variant], "application_type": kind });
            std::fs::write(&file, metadata.to_string()).unwrap();
            let refused =
                scene.server.cli(&["clients", "create", "--metadata", file.to_str().unwrap()]).await.failed();
            assert!(refused.contains("redirect_uris"), "{variant} as {kind}: {refused}");
        }
    }
}

// T026
#[tokio::test]
async fn a_second_redirect_uri_parameter_is_refused_in_either_order() {
    let app = SCENE.get().await.app();
    let base = app.asks("openid").without("redirect_uri").url();
    let good = "https%3A%2F%2Fapp.example%2Fcb";
    let evil = "https%3A%2F%2Fevil.example%2Fcb";
    for more in [
        format!("redirect_uri={good}&redirect_uri={evil}"),
        format!("redirect_uri={evil}&redirect_uri={good}"),
        format!("redirect_uri={good}&redirect_uri={good}"),
        format!("redirect_uri={good}&redirect_uri="),
        format!("redirect_uri={good}&redirect%5Furi={evil}"),
        format!("redirect_uri[]={good}"),
        format!("Redirect_Uri={good}"),
        format!("redirect_uri={good}&client_id=app&client_id=other"),
        format!("redirect_uri%00={good}"),
        format!(";redirect_uri={good}"),
    ] {
        Reply::get(&format!("{base}&{more}")).await.stays_on_the_error_page(&more);
    }
}

// T027
#[tokio::test]
async fn a_registered_query_matches_only_as_it_was_registered() {
    let uri = "https://app.example/cb?a=b&c=d";
    let app = SCENE.get().await.client(&[], json!({ "redirect_uris": [uri] })).await;
    is_answered_at(&app, uri).await;
    let variants = [
        "https://app.example/cb",
        "https://app.example/cb?",
        "https://app.example/cb?a=b",
        "https://app.example/cb?a=b&c=d&e=f",
        "https://app.example/cb?c=d&a=b",
        "https://app.example/cb?a=b&c=d&state=evil",
        "https://app.example/cb?a=b&c=d&code=evil",
        "https://app.example/cb?a=b&amp;c=d",
        "https://app.example/cb?a=b;c=d",
        "https://app.example/cb?a=%62&c=d",
    ];
    all_stay(&app, &variants).await;
}

// T028
#[tokio::test]
async fn a_native_client_chooses_only_the_port_of_its_loopback_uri() {
    let app = native("http://127.0.0.1/cb").await;
    for port in ["", ":1", ":51000", ":65535"] {
        is_answered_at(&app, &format!("http://127.0.0.1{port}/cb")).await;
    }
    let variants = [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:08080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80:80/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://localhost/cb",
        "http://localhost:51000/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://0x7f.1/cb",
        "http://0177.0.0.1/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1.evil/cb",
        "http://[::1]/cb",
        "https://127.0.0.1/cb",
    ];
    all_stay(&app, &variants).await;
}

// T029
#[tokio::test]
async fn loopback_frees_nothing_but_the_port_and_no_web_client() {
    let app = native("http://127.0.0.1/cb").await;
    let variants = [
        "http://127.0.0.1:51000/cb?bar=foo",
        "http://127.0.0.1:51000/cb#f",
        "http://127.0.0.1:51000/other",
        "http://127.0.0.1:51000/cb/",
        "http://127.0.0.1:51000",
        "http://user@127.0.0.1:51000/cb",
    ];
    all_stay(&app, &variants).await;
    all_stay(&SCENE.get().await.app(), &["http://127.0.0.1/cb", "http://127.0.0.1:51000/cb"]).await;
    let web = json!({ "redirect_uris": ["http://127.0.0.1:3000/cb"] });
    let web = SCENE.get().await.client(&[], web).await;
    is_answered_at(&web, "http://127.0.0.1:3000/cb").await;
    all_stay(&web, &["http://127.0.0.1:3001/cb", "http://127.0.0.1/cb"]).await;
}

// T030
#[tokio::test]
async fn ipv6_loopback_is_written_in_one_way() {
    let app = native("http://[::1]/cb").await;
    is_answered_at(&app, "http://[::1]:4000/cb").await;
    let variants = [
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[0:0:0:0:0:0:0:1]:4000/cb",
        "http://[::ffff:127.0.0.1]:4000/cb",
        "http://[::1%25lo]:4000/cb",
        "http://[::1%lo]:4000/cb",
        "http://::1/cb",
        "http://::1:4000/cb",
        "http://[::01]:4000/cb",
        "http://127.0.0.1:4000/cb",
    ];
    all_stay(&app, &variants).await;
}

// T033
#[tokio::test]
async fn a_private_use_scheme_matches_whole() {
    let app = native("com.example.app:/cb").await;
    is_answered_at(&app, "com.example.app:/cb").await;
    let variants = ["com.example.app://cb", "com.example.app:cb", "COM.example.app:/cb", "com.example:/cb"];
    all_stay(&app, &variants).await;
}

// T034
#[tokio::test]
async fn an_error_goes_to_a_registered_uri_with_state_and_iss_and_to_no_other() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let wrong = [
        ("scope", "openid made-up", "invalid_scope"),
        ("response_type", "made-up", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("response_mode", "made-up", "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://evil.example/r", "invalid_request_uri"),
    ];
    for (name, value, error) in wrong {
        let request = app.asks("openid").with(name, value);
        let reply = Reply::get(&request.url()).await;
        let location: url::Url =
            reply.header("location").parse().unwrap_or_else(|_| panic!("{name}: {reply:?}"));
        assert!(location.as_str().starts_with("https://app.example/cb?"), "{location}");
        let said: std::collections::BTreeMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(said.get("error").map(String::as_str), Some(error), "{name}: {location}");
        assert_eq!(said.get("state"), Some(&request.state), "{location}");
        assert_eq!(said.get("iss"), Some(&scene.server.issuer), "{location}");
        assert!(!said.contains_key("code"), "{location}");
        let unregistered = request.with("redirect_uri", "https://evil.example/cb");
        Reply::get(&unregistered.url()).await.stays_on_the_error_page(name);
    }
}

// T035
#[tokio::test]
async fn an_unknown_client_looks_like_a_known_one_with_a_wrong_redirect_uri() {
    let app = SCENE.get().await.app();
    let known = Reply::get(&app.asks("openid").with("redirect_uri", "https://evil.example/").url()).await;
    let unknown = Reply::get(&app.asks("openid").with("client_id", "nobody").url()).await;
    known.stays_on_the_error_page("known client");
    unknown.stays_on_the_error_page("unknown client");
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.constant_headers(), unknown.constant_headers());
    let ids = |reply: &Reply| reply.document().elements.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&known), ids(&unknown), "the shape of the page");
}

// T036
#[tokio::test]
async fn a_failed_silent_login_is_reported_to_the_registered_uri_alone() {
    let app = SCENE.get().await.app();
    is_answered_at(&app, CALLBACK).await;
    all_stay(&app, &["https://evil.example/cb"]).await;
}

// T037
#[tokio::test]
async fn a_form_post_answer_escapes_every_value_and_runs_one_script() {
    let app = SCENE.get().await.app();
    let state = "\"><script>alert(1)</script>'&<img src=x onerror=alert(2)>";
    let request =
        app.asks("openid").with("state", state).with("prompt", "none").with("response_mode", "form_post");
    let reply = Reply::get(&request.url()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    for tag in ["<script>alert", "<img src=x"] {
        assert!(!reply.body.contains(tag), "{}", reply.body);
    }
    let page = Document::read(&request.url().parse().unwrap(), &reply.body);
    assert_eq!(page.forms.len(), 1);
    assert_eq!(page.forms[0].action.as_str(), CALLBACK);
    assert_eq!(page.forms[0].value("state"), Some(state));
    assert_eq!(page.forms[0].value("error"), Some("login_required"));
    let scripts: Vec<&str> = reply.body.split("<script").skip(1).collect();
    assert_eq!(scripts.len(), 1, "{}", reply.body);
    let text = scripts[0].strip_prefix('>').unwrap().split("</script>").next().unwrap();
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let policy = reply.header("content-security-policy");
    assert!(policy.contains(&format!("script-src 'sha256-{hash}'")), "{policy}");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
}
