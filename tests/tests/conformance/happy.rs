//! The response types themselves: conformance.md 3.1 from `oidcc-server` on.

use grantor_tests::{Arrival, Visit, http_client, random_text};
use serde_json::json;

use crate::checks::error;
use crate::plan::{ALL, B, H1, H2, H3, I1, I2, Mode, WITH_CODE, each};
use crate::scene::CALLBACK;
use crate::suite::{Authentication, Suite};

#[tokio::test]
async fn oidcc_server() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let round = suite.round(&suite.asks("openid")).await;
        assert_eq!(round.id_token["sub"], suite.host.user.subject.as_str());
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    each(&[B, I2, H1], |plan| async move {
        let suite = Suite::new(plan).await;
        let request = suite.asks("openid").without("response_type");
        let left = suite.visits(&request).await.left();
        let arrival = if plan.mode == Mode::FormPost { Arrival::FormPost } else { Arrival::Query };
        let errors = ["invalid_request", "unsupported_response_type"];
        error::is_redirect_by(&suite, &request, &left, &errors, arrival);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_idtoken_signature() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        assert!(matches!(suite.client["id_token_signed_response_alg"].as_str(), None | Some("RS256")));
        suite.round(&suite.asks("openid")).await; // every round checks the signature and its algorithm
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    each(&[B], |plan| async move {
        let suite = Suite::with(plan, json!({ "id_token_signed_response_alg": "none" })).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    each(&[B, H2], |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let round = suite.round(&suite.asks("openid").without("nonce")).await;
        assert_eq!(round.id_token.get("nonce"), None);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_fails() {
    each(&[I1, I2, H1, H3], |plan| async move {
        let suite = Suite::new(plan).await;
        let request = suite.asks("openid").without("nonce");
        let left = suite.visits(&request).await.left();
        error::is_redirect(&suite, &request, &left, &["invalid_request"]);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_alternate_happy_flow() {
    each(&[B, I1, I2, H1], |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let mut request = suite.asks("email openid");
        request.parameters.reverse();
        suite.round(&request).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    each(WITH_CODE, |plan| async move {
        let host = &crate::scene::scene().await.host;
        let suite = Suite::at(host, plan, Authentication::Post, json!({})).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

/// `oidcc-server` in the suite's variant `client_secret_jwt`.
#[tokio::test]
async fn oidcc_server_client_secret_jwt() {
    each(WITH_CODE, |plan| async move {
        let host = &crate::scene::scene().await.host;
        let suite = Suite::at(host, plan, Authentication::SecretJwt, json!({})).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    each(&[B, H1], |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let verifier = random_text();
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let challenge = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, challenge);
        let request =
            suite.asks("openid").with("code_challenge", &challenge).with("code_challenge_method", "S256");
        let left = suite.authorizes(&request).await;
        suite.goes_on_with(&request, left, &[("code_verifier", &verifier)]).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    each(&[B], |plan| async move {
        // The suite's own browser, which knows no SameSite.
        let suite = Suite::new(plan).await;
        let request = suite.asks("openid");
        let form: Vec<(&str, &str)> =
            request.wire().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let at = suite.browser.post_form(&suite.host.url("/oauth2/auth"), &form).await;
        let left = suite.walks(at).await;
        suite.goes_on(&request, left).await;

        // A real one, from another site: without Lax cookies, then a GET with them.
        let suite = suite.logged_in();
        let request = suite.asks("openid").with("prompt", "none");
        let parked = http_client()
            .post(suite.host.url("/oauth2/auth"))
            .header("origin", "https://suite.example")
            .header("sec-fetch-site", "cross-site")
            .form(&request.wire())
            .send()
            .await
            .unwrap();
        assert_eq!(parked.status(), 303);
        let to = suite.host.url("/").parse::<url::Url>().unwrap();
        let to = to.join(parked.headers()["location"].to_str().unwrap()).unwrap();
        assert!(matches!(suite.browser.get(to.as_str()).await, Visit::Left(_)));
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await;
        let other = format!("{CALLBACK}/{}", random_text());
        suite.sees_the_error_page(&suite.asks("openid").with("redirect_uri", &other)).await;
        suite.ends().await;
    })
    .await;
}
