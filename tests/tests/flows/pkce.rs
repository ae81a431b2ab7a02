//! PKCE (RFC 7636, RFC 9700 section 2.1.1; security.md 1.3): S256 only, always for public clients, and never dropped
//! between request and redemption.

use grantor_tests::{Arrival, Authorization, Choice, random_text};
use serde_json::json;

use crate::stage::{CALLBACK, Stage, public, redeem_with, trusted, trusted_with};

const SCOPE: &str = "openid offline_access";

/// The challenge that a request sends.
fn challenge_of(request: &Authorization) -> String {
    request.parameters.iter().find(|(name, _)| name == "code_challenge").unwrap().1.clone()
}

fn without_challenge(request: Authorization) -> Authorization {
    request.without("code_challenge").without("code_challenge_method")
}

/// T040.
#[tokio::test]
async fn a_public_client_without_challenge_is_refused() {
    let stage = Stage::with("", public()).await;
    let request = without_challenge(stage.app.asks(SCOPE));
    let left = stage.visits(&request).await.left();
    left.is_refused("invalid_request");
    assert_eq!(left.get("state"), Some(request.state.as_str()));
    assert_eq!(left.get("iss"), Some(stage.server.issuer.as_str()));
}

/// `clients.pkce`: OAuth 2.1 section 7.5.1 lets a confidential client use the nonce of OpenID Connect in its place.
#[tokio::test]
async fn the_configured_rule_says_which_confidential_clients_need_a_challenge() {
    for (rule, with_nonce, with_neither) in
        [("nonce", true, false), ("always", false, false), ("public", true, true)]
    {
        let stage = Stage::with(&format!("clients.pkce = '{rule}'"), trusted()).await;
        let plain = without_challenge(stage.app.asks("openid"));
        for (request, allowed) in [(plain.clone(), with_nonce), (plain.without("nonce"), with_neither)] {
            if allowed {
                let code = request.receives(&stage.authorizes(&request).await);
                redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.tokens();
            } else {
                stage.visits(&request).await.left().is_refused("invalid_request");
            }
        }
    }
}

/// T041.
#[tokio::test]
async fn only_s256_is_a_method() {
    let stage = Stage::new().await;
    for method in ["plain", "PLAIN", "s256", "S512", "", "S256 "] {
        let request = stage.app.asks(SCOPE).with("code_challenge_method", method);
        stage.visits(&request).await.left().is_refused("invalid_request");
    }
    let request = stage.app.asks(SCOPE).without("code_challenge_method");
    stage.visits(&request).await.left().is_refused("invalid_request");
    let request = stage.app.asks(SCOPE).without("code_challenge");
    stage.visits(&request).await.left().is_refused("invalid_request");
}

/// T042.
#[tokio::test]
async fn a_challenge_is_43_characters_of_base64url() {
    let stage = Stage::new().await;
    let good = challenge_of(&stage.app.asks(SCOPE));
    for bad in [
        good[..42].to_owned(),
        "a".repeat(129),
        format!("{}=", &good[..42]),
        format!("{good}="),
        format!("{}+", &good[..42]),
        format!("{}/", &good[..42]),
        format!("{}é", &good[..42]),
        format!("{} ", &good[..42]),
    ] {
        let request = stage.app.asks(SCOPE).with("code_challenge", &bad);
        stage.visits(&request).await.left().is_refused("invalid_request");
    }
}

/// T043.
#[tokio::test]
async fn a_wrong_verifier_does_not_use_the_code_up() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    for _ in 0..4 {
        let wrong = [("redirect_uri", CALLBACK), ("code_verifier", &random_text())];
        redeem_with(&stage.app, &code, &wrong).await.is_refused("invalid_grant");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T043.
#[tokio::test]
async fn the_fifth_wrong_verifier_burns_the_code() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    for _ in 0..5 {
        let wrong = [("redirect_uri", CALLBACK), ("code_verifier", &random_text())];
        redeem_with(&stage.app, &code, &wrong).await.is_refused("invalid_grant");
    }
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// T043: leaving the verifier out is a mistake and no guess.
#[tokio::test]
async fn a_missing_verifier_is_refused_and_not_counted() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    for _ in 0..6 {
        redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.is_refused("invalid_grant");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T044: RFC 9700 section 4.8.2.
#[tokio::test]
async fn a_verifier_without_challenge_is_refused() {
    let stage = Stage::new().await;
    let request = without_challenge(stage.app.asks(SCOPE));
    let code = request.receives(&stage.authorizes(&request).await);
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
    redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.tokens();
}

/// T045.
#[tokio::test]
async fn a_verifier_is_43_to_128_unreserved_characters() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let good = &request.verifier;
    let malformed = ["a".to_owned(), good[..42].to_owned(), "a".repeat(129), format!("{} ", &good[..42])];
    for bad in malformed {
        let answer =
            redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK), ("code_verifier", &bad)]).await;
        assert!(matches!(answer.error(), Some("invalid_request" | "invalid_grant")), "{answer}");
        assert_eq!(answer.status, 400, "{answer}");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T045: the trick of whoever takes S256 for plain.
#[tokio::test]
async fn the_challenge_is_no_verifier() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let trick = [("redirect_uri", CALLBACK), ("code_verifier", &challenge_of(&request))];
    redeem_with(&stage.app, &code, &trick).await.is_refused("invalid_grant");
}

/// T046, and T181 for it.
#[tokio::test]
async fn a_challenge_that_is_sent_twice_is_refused() {
    let stage = Stage::new().await;
    let mut request = stage.app.asks(SCOPE);
    request.parameters.push(("code_challenge".to_owned(), challenge_of(&stage.app.asks(SCOPE))));
    stage.visits(&request).await.left().is_refused("invalid_request");
}

/// T048.
#[tokio::test]
async fn a_challenge_binds_however_the_code_arrives() {
    let stage = Stage::new().await;
    for (mode, arrival) in
        [("query", Arrival::Query), ("fragment", Arrival::Fragment), ("form_post", Arrival::FormPost)]
    {
        let request = stage.app.asks(SCOPE).with("response_mode", mode);
        let left = stage.authorizes(&request).await;
        assert_eq!(left.arrival, arrival);
        let code = request.receives(&left);
        redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.is_refused("invalid_grant");
        stage.app.redeems(&code, &request).await.tokens();
    }
}

/// T049.
#[tokio::test]
async fn a_challenge_survives_a_failed_login_and_the_consent_page() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let request = stage.app.asks(SCOPE);
    let page = stage.visits(&request).await.page();
    let wrong = [("login", "alice"), ("password", "not hers at all")];
    let page = stage.browser.submit(&page, "submit-login", &wrong).await.page();
    assert!(page.has("login-error"), "{page}");
    let consent = stage.alice.logs_in(&stage.browser, &page).await;
    let left = stage.alice.walks(&stage.browser, consent, Choice::Accept).await;
    let code = request.receives(&left);
    redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.is_refused("invalid_grant");
    stage.app.redeems(&code, &request).await.tokens();
}

/// T049: a request posted across sites is parked before anybody is asked anything.
#[tokio::test]
async fn a_challenge_survives_a_posted_request() {
    let stage = Stage::new().await;
    let request = stage.app.asks(SCOPE);
    let form: Vec<(&str, &str)> =
        request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let visit = stage.browser.post_form(&stage.server.url("/oauth2/auth"), &form).await;
    let left = stage.alice.walks(&stage.browser, visit, Choice::Accept).await;
    let code = request.receives(&left);
    redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.is_refused("invalid_grant");
    stage.app.redeems(&code, &request).await.tokens();
}
