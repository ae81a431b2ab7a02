//! Keys and signatures of the dynamic plan, whose clients authenticate by `private_key_jwt`: conformance.md 3.2.

use serde_json::json;

use crate::checks::{response, token};
use crate::plan::{ALL, B, H2, WITH_ACCESS_TOKEN, WITH_CODE, each_dynamic};
use crate::refresh;
use crate::scene::suite_key;
use crate::suite::{Suite, publish};

#[tokio::test]
async fn oidcc_server() {
    each_dynamic(ALL, |plan| async move {
        let suite = Suite::dynamic(plan, json!({})).await;
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_idtoken_rs256() {
    each_dynamic(ALL, |plan| async move {
        let suite =
            Suite::dynamic(plan, json!({ "id_token_signed_response_alg": "RS256" })).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    each_dynamic(&[B, H2], |plan| async move {
        let suite = Suite::dynamic(plan, json!({ "id_token_signed_response_alg": "none" })).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_userinfo_rs256() {
    each_dynamic(WITH_ACCESS_TOKEN, |plan| async move {
        let suite =
            Suite::dynamic(plan, json!({ "userinfo_signed_response_alg": "RS256" })).await.logged_in();
        suite.round(&suite.asks("openid email")).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_registration_jwks_uri() {
    each_dynamic(WITH_CODE, |plan| async move {
        let address = publish("application/json", &suite_key().jwks().to_string());
        let suite = Suite::dynamic(plan, json!({ "jwks": null, "jwks_uri": address })).await.logged_in();
        suite.round(&suite.asks("openid")).await;
        suite.ends().await;
    })
    .await;
}

/// Every other module's assertions are for the token endpoint.
#[tokio::test]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    each_dynamic(WITH_CODE, |plan| async move {
        let suite = Suite::dynamic(plan, json!({})).await.logged_in();
        let request = suite.asks("openid");
        let left = suite.authorizes(&request).await;
        let code = response::is_answer(&suite, &request, &left).code.unwrap();
        let form =
            [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &suite.redirect_uri)];
        token::is_answer(&suite.token_as(suite.authentication, &suite.host.issuer, &form).await);
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_refresh_token() {
    each_dynamic(WITH_CODE, |plan| async move {
        let first = Suite::dynamic(plan, refresh::members(plan)).await.logged_in();
        let second = Suite::dynamic(plan, refresh::members(plan)).await;
        refresh::refreshes(first, second).await;
    })
    .await;
}
