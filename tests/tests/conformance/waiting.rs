//! Modules that wait, over a server whose clock is moved instead; and the one that rotates the server's keys.

use grantor_crypto::Algorithm;
use grantor_tests::{Engine, InProcess, random_text};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::checks::{error, provider, response, token};
use crate::plan::{ALL, B, Mode, Plan, WITH_CODE, each, each_dynamic};
use crate::refresh;
use crate::scene::{Host, documents, http, profile, suite_key};
use crate::suite::{Authentication, Suite};

/// A server of the test's own, in its process; both last as long as the test process.
async fn in_process() -> (&'static InProcess, &'static Host) {
    let server = InProcess::start(Engine::Sqlite, &profile()).await;
    let host = Host::new(&server.issuer, server.create_user("alice").await);
    (Box::leak(Box::new(server)), Box::leak(Box::new(host)))
}

async fn client(host: &'static Host, plan: Plan) -> Suite {
    Suite::at(host, plan, Authentication::Basic, json!({})).await
}

#[tokio::test]
async fn oidcc_codereuse_30seconds() {
    each(WITH_CODE, |plan| async move {
        let (server, host) = in_process().await;
        let suite = client(host, plan).await;
        let request = suite.asks("openid");
        let left = suite.authorizes(&request).await;
        let code = response::is_answer(&suite, &request, &left).code.unwrap();
        let first = suite.redeems(&code).await;
        token::is_answer(&first);
        server.advance(30);
        error::is_token_error(&suite.redeems(&code).await, "invalid_grant");
        let dead = suite.userinfo_by_get(first.json["access_token"].as_str().unwrap()).await;
        dead.is_refused("invalid_token");
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_refresh_token_rp_key_rotation() {
    each_dynamic(WITH_CODE, |plan| async move {
        const SCOPE: &str = "openid offline_access";
        let (server, host) = in_process().await;
        let path = format!("/{}", random_text());
        let address = documents().publish(&path, "application/json", &suite_key().jwks().to_string());
        let mut members = refresh::members(plan);
        members["jwks"] = json!(null);
        members["jwks_uri"] = json!(address);
        let mut suite = Suite::at(host, plan, Authentication::PrivateKeyJwt(suite_key()), members).await;
        let first = suite.round(&suite.asks(SCOPE).with("prompt", "consent")).await;
        let refresh_token = first.refresh_token.clone().expect("a refresh token");

        let next = new_key().await;
        documents().publish(&path, "application/json", &next.jwks().to_string());
        suite.authentication = Authentication::PrivateKeyJwt(next);
        server.advance(60);
        refresh::goes_on(&suite, &first, &suite.refreshes(&refresh_token, SCOPE).await).await;
        suite.ends().await;
    })
    .await;
}

/// The key that the client changes to.
async fn new_key() -> &'static grantor_tests::SigningKey {
    static KEY: OnceCell<grantor_tests::SigningKey> = OnceCell::const_new();
    KEY.get_or_init(async || grantor_tests::SigningKey::rsa()).await
}

#[tokio::test]
async fn oidcc_server_rotate_keys() {
    let (server, host) = in_process().await;
    // One login by password for all: of six of one user at the same moment, one may be asked again and again.
    let door: &'static Suite = Box::leak(Box::new(client(host, Plan { flow: B, mode: Mode::Default }).await));
    door.round(&door.asks("openid")).await;
    let before = provider::keys(&http(), host).await;
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.rotate(Algorithm::RS256, policy, true, now_ms).await.unwrap(); // `keys rotate --now`
    server.advance(5); // published everywhere first, then it signs
    let after = provider::keys(&http(), host).await;
    let fresh: Vec<Value> = after.iter().filter(|key| !before.contains(key)).cloned().collect();
    assert!(fresh.iter().any(|key| key["alg"] == "RS256"), "a new key for RS256: {after:?}");
    assert!(before.iter().all(|key| after.contains(key)), "old keys stay: {after:?}");
    let fresh: &'static [Value] = Box::leak(fresh.into_boxed_slice());
    each_dynamic(ALL, |plan| async move {
        let authentication = Authentication::PrivateKeyJwt(suite_key());
        let mut suite = Suite::at(host, plan, authentication, json!({})).await;
        suite.browser = door.browser.twin(&suite.http);
        let round = suite.round(&suite.asks("openid")).await;
        let kid = &grantor_tests::Jws::of(&round.raw_id_token).header["kid"];
        assert!(fresh.iter().any(|key| &key["kid"] == kid), "signed with the new key");
        suite.ends().await;
    })
    .await;
}
