//! Redirect URIs, sectors and what the pages show of a client, in the dynamic plan: conformance.md 3.2.

use grantor_tests::Visit;
use serde_json::{Value, json};

use crate::checks::error;
use crate::plan::{ALL, each_dynamic};
use crate::scene::{CALLBACK, http, scene, suite_key};
use crate::suite::{Authentication, Suite, publish, register, registration};

#[tokio::test]
async fn oidcc_ensure_redirect_uri_in_authorization_request() {
    each_dynamic(ALL, |plan| async move {
        let both = json!({ "redirect_uris": [CALLBACK, format!("{CALLBACK}2")] });
        let suite = Suite::dynamic(plan, both).await;
        suite.sees_the_error_page(&suite.asks("openid").without("redirect_uri")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_redirect_uri_query_ok() {
    each_dynamic(ALL, |plan| async move {
        let with_query = json!({ "redirect_uris": [format!("{CALLBACK}?foo=bar")] });
        let suite = Suite::dynamic(plan, with_query).await.logged_in();
        suite.round(&suite.asks("openid")).await; // `checks` wants the query to be kept
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_redirect_uri_query_mismatch() {
    each_dynamic(ALL, |plan| async move {
        let with_query = json!({ "redirect_uris": [format!("{CALLBACK}?foo=bar")] });
        let suite = Suite::dynamic(plan, with_query).await;
        let other = format!("{CALLBACK}?bar=foo");
        suite.sees_the_error_page(&suite.asks("openid").with("redirect_uri", &other)).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_redirect_uri_query_added() {
    each_dynamic(ALL, |plan| async move {
        let suite = Suite::dynamic(plan, json!({})).await;
        let other = format!("{CALLBACK}?foo=bar");
        suite.sees_the_error_page(&suite.asks("openid").with("redirect_uri", &other)).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_redirect_uri_regfrag() {
    each_dynamic(ALL, |plan| async move {
        let members = json!({ "redirect_uris": [format!("{CALLBACK}#foobar")] });
        let document = registration(plan, Authentication::PrivateKeyJwt(suite_key()), &members);
        let answer = register(&http(), &scene().await.host, &document).await;
        error::is_registration_error(&answer, &["invalid_redirect_uri", "invalid_client_metadata"]);
    })
    .await;
}

/// The login page shows what was registered; the round goes on from it.
async fn shows(member: &'static str, value: &'static str, element: &'static str, attribute: &'static str) {
    each_dynamic(ALL, |plan| async move {
        let suite = Suite::dynamic(plan, json!({ member: value })).await;
        let request = suite.asks("openid");
        let page = suite.visits(&request).await.page();
        assert!(page.has("login") && page.has(element), "expected #{element} on the login page\n{page}");
        if attribute == "href" {
            assert!(page.body.contains(&format!("{attribute}=\"{value}\"")), "{attribute}\n{page}");
        }
        let left = suite.walks(Visit::Page(page)).await;
        suite.goes_on(&request, left).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_registration_policy_uri() {
    shows("policy_uri", "https://suite.example/policy", "policy-link", "href").await;
}

#[tokio::test]
async fn oidcc_registration_tos_uri() {
    shows("tos_uri", "https://suite.example/terms", "tos-link", "href").await;
}

/// A GIF of one pixel, all of it ASCII.
const LOGO: &str = "GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

#[tokio::test]
async fn oidcc_registration_logo_uri() {
    each_dynamic(ALL, |plan| async move {
        let address = publish("image/gif", LOGO);
        let suite = Suite::dynamic(plan, json!({ "logo_uri": address })).await;
        let request = suite.asks("openid");
        let page = suite.visits(&request).await.page();
        assert!(page.has("client-logo"), "expected #client-logo on the login page\n{page}");
        // The page's Content-Security-Policy lets it load from its own origin only.
        let (_, source) = page.body.split_once("src=\"/client-logo/").expect("a logo of our own origin");
        let source = format!("/client-logo/{}", source.split('"').next().unwrap_or_default());
        let picture = http().get(suite.host.url(&source)).send().await.unwrap();
        assert_eq!(picture.headers()["content-type"], "image/gif");
        assert_eq!(picture.text().await.unwrap(), LOGO);
        let left = suite.walks(Visit::Page(page)).await;
        suite.goes_on(&request, left).await;
        suite.ends().await;
    })
    .await;
}

/// Members of a pairwise client whose sector document lists these redirect URIs.
fn pairwise(listed: &[&str]) -> Value {
    let address = publish("application/json", &json!(listed).to_string());
    json!({ "subject_type": "pairwise", "sector_identifier_uri": address })
}

#[tokio::test]
async fn oidcc_registration_sector_uri() {
    each_dynamic(ALL, |plan| async move {
        let suite = Suite::dynamic(plan, pairwise(&[CALLBACK])).await.logged_in();
        let round = suite.round(&suite.asks("openid")).await;
        assert_ne!(round.id_token["sub"], suite.host.user.subject.as_str(), "pairwise, not public");
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_registration_sector_bad() {
    each_dynamic(ALL, |plan| async move {
        let members = pairwise(&["https://suite.example/another"]);
        let document = registration(plan, Authentication::PrivateKeyJwt(suite_key()), &members);
        let answer = register(&http(), &scene().await.host, &document).await;
        error::is_registration_error(&answer, &["invalid_client_metadata"]);
    })
    .await;
}
