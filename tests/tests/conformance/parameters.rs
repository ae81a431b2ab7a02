//! Parameters that must not fail a request: conformance.md 3.1.

use grantor_tests::Answer;
use serde_json::Value;

use crate::plan::{ALL, each};
use crate::suite::Suite;

/// A round with this parameter, from the login page on.
async fn with(name: &'static str, value: &'static str) {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        suite.round(&suite.asks("openid").with(name, value)).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_display_page() {
    with("display", "page").await;
}

#[tokio::test]
async fn oidcc_display_popup() {
    with("display", "popup").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    with("extra", "foobar").await;
}

#[tokio::test]
async fn oidcc_login_hint() {
    with("login_hint", "buffy@localhost").await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    with("ui_locales", "se").await;
}

#[tokio::test]
async fn oidcc_claims_locales() {
    with("claims_locales", "se").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let url = suite.host.url("/.well-known/openid-configuration");
        let document = Answer::of(format!("GET {url}"), suite.http.get(&url)).await;
        let supported =
            document.ok()["acr_values_supported"].as_array().expect("acr_values_supported").clone();
        let all: Vec<&str> = supported.iter().filter_map(Value::as_str).collect();
        let round = suite.round(&suite.asks("openid").with("acr_values", &all.join(" "))).await;
        let acr = round.id_token["acr"].as_str().unwrap_or_else(|| panic!("no acr: {}", round.id_token));
        assert!(all.contains(&acr), "{acr}");
        suite.ends().await;
    })
    .await;
}
