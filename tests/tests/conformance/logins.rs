//! Sessions and re-authentication: conformance.md 3.1.

use std::time::Duration;

use grantor_tests::Visit;

use crate::checks::error;
use crate::plan::{ALL, each};
use crate::request::{Request, long_state};
use crate::suite::{Round, Suite};

/// What a request without pages may be refused with.
const NEEDS_A_PAGE: &[&str] =
    &["interaction_required", "login_required", "account_selection_required", "consent_required"];

/// The user is asked for the password once more.
async fn asked_again(suite: &Suite, request: &Request) -> Round {
    let page = suite.visits(request).await.page();
    assert!(page.has("login") && page.has("password") && page.has("submit-login"), "{page}");
    let left = suite.walks(Visit::Page(page)).await;
    suite.goes_on(request, left).await
}

/// Nothing is asked.
async fn silently(suite: &Suite, request: &Request) -> Round {
    let left = suite.visits(request).await.left();
    suite.goes_on(request, left).await
}

#[tokio::test]
async fn oidcc_prompt_login() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let first = suite.round(&suite.asks("openid")).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let second = asked_again(&suite, &suite.asks("openid").with("prompt", "login")).await;
        assert_eq!(first.id_token["sub"], second.id_token["sub"]);
        assert!(second.auth_time() > first.auth_time(), "{} {}", first.id_token, second.id_token);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let request = suite.asks("openid").with("prompt", "none").with("state", &long_state());
        let left = suite.visits(&request).await.left();
        error::is_redirect(&suite, &request, &left, NEEDS_A_PAGE);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let first = suite.round(&suite.asks("openid")).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let second = silently(&suite, &suite.asks("openid").with("prompt", "none")).await;
        for claim in ["sub", "auth_time"] {
            assert_eq!(first.id_token[claim], second.id_token[claim], "{claim}");
        }
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_max_age_1() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let first = suite.round(&suite.asks("openid")).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let second = asked_again(&suite, &suite.asks("openid").with("max_age", "1")).await;
        assert!(second.auth_time() > first.auth_time(), "{} {}", first.id_token, second.id_token);
        assert!(crate::checks::now() - second.auth_time() < 300, "{}", second.id_token);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let first = suite.round(&suite.asks("openid").with("max_age", "15000")).await;
        let second = silently(&suite, &suite.asks("openid").with("max_age", "10000")).await;
        assert_eq!(first.auth_time(), second.auth_time());
        assert_eq!(first.id_token["sub"], second.id_token["sub"]);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let first = suite.round(&suite.asks("openid")).await;
        let request = suite.asks("openid").with("prompt", "none").with("id_token_hint", &first.raw_id_token);
        let second = silently(&suite, &request).await;
        assert_eq!(first.id_token["sub"], second.id_token["sub"]);
        suite.ends().await;
    })
    .await;
}
