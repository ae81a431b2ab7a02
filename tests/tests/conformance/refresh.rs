//! `oidcc-refresh-token`: conformance.md 3.3.

use grantor_tests::Answer;
use serde_json::json;

use crate::checks;
use crate::plan::{Plan, WITH_CODE, each};
use crate::suite::{Round, Suite};

/// What a client registers to refresh.
pub(crate) fn members(plan: Plan) -> serde_json::Value {
    let mut grants = plan.flow.grant_types();
    grants.push("refresh_token");
    json!({ "grant_types": grants })
}

/// The answer to a refresh goes on with the login that it came from.
pub(crate) async fn goes_on(suite: &Suite, first: &Round, answer: &Answer) {
    checks::token::is_answer(answer);
    assert_ne!(answer.json["access_token"].as_str(), first.access_token.as_deref());
    if let Some(id_token) = answer.json["id_token"].as_str() {
        let claims = checks::id_token::claims(id_token);
        for claim in ["iss", "sub", "aud", "azp", "auth_time"] {
            assert_eq!(claims.get(claim), first.id_token.get(claim), "{claim}");
        }
        assert!(claims["iat"].as_i64() >= first.id_token["iat"].as_i64(), "{claims}");
        let nonce = claims.get("nonce");
        assert!(nonce.is_none() || nonce == first.id_token.get("nonce"), "{claims}");
    }
    let access_token = answer.json["access_token"].as_str().unwrap();
    assert_eq!(suite.userinfo_by_get(access_token).await.ok()["sub"], first.id_token["sub"]);
}

/// The whole module, for clients of any authentication.
pub(crate) async fn refreshes(first_client: Suite, second_client: Suite) {
    const SCOPE: &str = "openid offline_access";
    let request = first_client.asks(SCOPE).with("prompt", "consent");
    let first = first_client.round(&request).await;
    let token = first.refresh_token.as_deref().expect("a refresh token");
    let answer = first_client.refreshes(token, SCOPE).await;
    goes_on(&first_client, &first, &answer).await;

    let last = answer.json["refresh_token"].as_str().unwrap_or(token);
    checks::error::is_token_error(&second_client.refreshes(last, SCOPE).await, "invalid_grant");
    checks::token::is_answer(&first_client.refreshes(last, SCOPE).await);
    first_client.ends().await;
    second_client.ends().await;
}

#[tokio::test]
async fn oidcc_refresh_token() {
    each(WITH_CODE, |plan| async move {
        let first = Suite::with(plan, members(plan)).await.logged_in();
        let second = Suite::with(plan, members(plan)).await;
        refreshes(first, second).await;
    })
    .await;
}
