//! Refresh tokens (RFC 6749 section 6, RFC 9700 section 4.14.2; security.md 1.5): the rule of design.md 2, case by
//! case, over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use grantor_store::RevocationReason;
use grantor_tests::{Answer, ClientAuthentication, Engine, InProcess, Tokens};
use serde_json::json;
use tokio::task::JoinSet;

use crate::stage::{CALLBACK, Stage, jws_part, public, refresh_with, trusted, trusted_with};

const SCOPE: &str = "openid offline_access";
const DAY: i64 = 86_400;

impl Stage {
    async fn refreshes(&self, tokens: &Tokens) -> Tokens {
        self.app.refreshes(tokens.refresh()).await.tokens()
    }

    /// Asserts that this use is a replay and that the family ended with it.
    async fn is_replay(&self, used: &Tokens, family: &[&Tokens]) {
        self.app.refreshes(used.refresh()).await.is_refused("invalid_grant");
        for member in family {
            self.app.refreshes(member.refresh()).await.is_refused("invalid_grant");
            assert!(!self.counts(&member.access_token).await);
        }
    }
}

/// Case 1.
#[tokio::test]
async fn the_newest_token_gives_the_next() {
    let stage = Stage::new().await;
    let mut tokens = stage.tokens(SCOPE).await;
    for _ in 0..5 {
        stage.server.advance(3600);
        let next = stage.refreshes(&tokens).await;
        assert_ne!(next.refresh_token, tokens.refresh_token);
        assert_ne!(next.access_token, tokens.access_token);
        assert_eq!(next.scope, tokens.scope);
        assert!(stage.counts(&next.access_token).await);
        tokens = next;
    }
}

/// Case 2, T072: the answer was lost, and the client tries again.
#[tokio::test]
async fn a_lost_answer_is_repaired() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let lost = stage.refreshes(&first).await;
    stage.server.advance(50);
    let repaired = stage.refreshes(&first).await;
    assert_ne!(lost.refresh_token, repaired.refresh_token);
    assert!(stage.counts(&lost.access_token).await, "nothing was revoked");
    let next = stage.refreshes(&repaired).await;
    stage.refreshes(&next).await;
}

/// Case 2, T072: wherever the connection was cut, trying again works.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_while_refreshing_can_try_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Two connections: if a cut request kept one, the third would wait in vain.
        let stage = Stage::on(engine, "database.max_connections = 2", trusted()).await;
        let mut repaired = Vec::new();
        for round in 0..40 {
            let tokens = stage.tokens(SCOPE).await;
            let patience = Duration::from_micros(100 * round);
            drop(tokio::time::timeout(patience, stage.app.refreshes(tokens.refresh())).await);
            repaired.push(stage.refreshes(&tokens).await);
        }
        // Used only now: what was cut off may still be running, and after the use of its successor it is a replay.
        for tokens in repaired {
            let tokens = stage.refreshes(&tokens).await;
            assert!(stage.counts(&tokens.access_token).await);
        }
    }
}

/// Case 2: the retry time counts from the use that advanced, so that retrying does not prolong it.
#[tokio::test]
async fn retries_do_not_prolong_the_retry_time() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    stage.refreshes(&first).await;
    stage.server.advance(40);
    let second = stage.refreshes(&first).await;
    stage.server.advance(40);
    stage.is_replay(&first, &[&second]).await;
}

/// Case 3: two holders of one generation show as soon as both have been used.
#[tokio::test]
async fn the_sibling_of_the_instance_that_advanced_is_a_replay() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let one = stage.refreshes(&first).await;
    let sibling = stage.refreshes(&first).await;
    let next = stage.refreshes(&one).await;
    stage.is_replay(&sibling, &[&next, &one, &first]).await;
}

/// Case 3, T070: the parent, once its successor was used.
#[tokio::test]
async fn the_parent_is_a_replay_once_its_successor_was_used() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    let third = stage.refreshes(&second).await;
    stage.is_replay(&first, &[&third, &second]).await;
}

/// Case 3, T070, T072: the parent, once the retry time is over.
#[tokio::test]
async fn the_parent_is_a_replay_after_the_retry_time() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    stage.server.advance(60);
    stage.is_replay(&first, &[&second]).await;
}

/// Case 3: with `retry = "0s"` there is no second use at all.
#[tokio::test]
async fn without_a_retry_time_the_second_use_is_a_replay() {
    let stage = Stage::with("tokens.refresh.retry = '0s'", trusted()).await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    stage.is_replay(&first, &[&second]).await;
}

/// A replay in one browser does not end what the user allowed on another device.
#[tokio::test]
async fn a_replay_ends_its_own_grant_only() {
    let stage = Stage::new().await;
    let other_device = stage.tokens(SCOPE).await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    stage.refreshes(&second).await;
    stage.is_replay(&first, &[&second]).await;
    stage.refreshes(&other_device).await;
}

fn outcomes(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for answer in answers {
        let outcome = format!("{} {}", answer.status, answer.error().unwrap_or("tokens"));
        *counted.entry(outcome).or_default() += 1;
    }
    counted
}

async fn at_once(stage: &Stage, other: &InProcess, token: &str) -> Vec<Answer> {
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let party = if number % 2 == 0 { stage.app.clone() } else { stage.app.at(&other.origin()) };
        let token = token.to_owned();
        tasks.spawn(async move { party.refreshes(&token).await });
    }
    tasks.join_all().await
}

/// T071.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_uses_at_once_on_two_nodes_the_family_advances_once() {
    let stage = Stage::on(Engine::Postgres, "", trusted()).await;
    let other = stage.server.beside("").await;
    let first = stage.tokens(SCOPE).await;
    let answers = at_once(&stage, &other, first.refresh()).await;
    assert_eq!(outcomes(&answers), BTreeMap::from([("200 tokens".to_owned(), 64)]));
    let next: Vec<Tokens> = answers.iter().map(Answer::tokens).collect();
    let used = stage.refreshes(&next[0]).await;
    stage.is_replay(&next[1], &[&used, &next[2]]).await;
}

/// T071.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_uses_at_once_without_a_retry_time_one_wins_and_the_family_ends() {
    let config = "tokens.refresh.retry = '0s'";
    let stage = Stage::on(Engine::Postgres, config, trusted()).await;
    let other = stage.server.beside(config).await;
    let first = stage.tokens(SCOPE).await;
    let answers = at_once(&stage, &other, first.refresh()).await;
    let expected = BTreeMap::from([("200 tokens".to_owned(), 1), ("400 invalid_grant".to_owned(), 63)]);
    assert_eq!(outcomes(&answers), expected);
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap().tokens();
    stage.app.refreshes(winner.refresh()).await.is_refused("invalid_grant");
    assert!(!stage.counts(&winner.access_token).await);
}

/// T073.
#[tokio::test]
async fn another_clients_attempt_changes_nothing() {
    let stage = Stage::new().await;
    let others = [stage.party(trusted()).await, stage.party(public()).await];
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    for other in &others {
        for token in [first.refresh(), second.refresh()] {
            other.refreshes(token).await.is_refused("invalid_grant");
        }
    }
    let mut nobody = stage.app.clone();
    nobody.secret = None;
    nobody.refreshes(second.refresh()).await.is_refused("invalid_client");
    let mut unproven = stage.app.clone();
    unproven.authentication = ClientAuthentication::None;
    unproven.refreshes(second.refresh()).await.is_refused("invalid_client");
    assert!(stage.counts(&second.access_token).await);
    stage.refreshes(&second).await;
}

/// T073 for public clients, whose name is all there is.
#[tokio::test]
async fn another_public_clients_attempt_changes_nothing() {
    let stage = Stage::with("", public()).await;
    let other = stage.party(public()).await;
    let first = stage.tokens(SCOPE).await;
    other.refreshes(first.refresh()).await.is_refused("invalid_grant");
    stage.refreshes(&first).await;
}

/// T074.
#[tokio::test]
async fn the_scope_may_shrink_and_return_but_never_grow() {
    let stage = Stage::new().await;
    let mut tokens = stage.tokens("openid offline_access email").await;
    for wider in ["openid offline_access email profile", "openid admin", "profile"] {
        refresh_with(&stage.app, tokens.refresh(), &[("scope", wider)]).await.is_refused("invalid_scope");
    }
    let narrow = refresh_with(&stage.app, tokens.refresh(), &[("scope", "openid")]).await.tokens();
    assert_eq!(narrow.scope.as_deref(), Some("openid"));
    let claims = stage.app.userinfo(&narrow.access_token).await;
    assert_eq!(claims.ok().get("email"), None, "{claims}");
    tokens = stage.refreshes(&narrow).await;
    assert_eq!(tokens.scope.as_deref(), Some("openid offline_access email"));
}

/// T074: RFC 8707 section 2.2.
#[tokio::test]
async fn the_resources_may_shrink_and_return_but_never_grow() {
    let audience = ["https://a.example", "https://b.example", "https://c.example"];
    let stage = Stage::with("", trusted_with(&json!({ "audience": audience }))).await;
    let mut request = stage.app.asks(SCOPE).with("resource", "https://a.example");
    request.parameters.push(("resource".to_owned(), "https://b.example".to_owned()));
    let code = request.receives(&stage.authorizes(&request).await);
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    let wider = [("resource", "https://c.example")];
    refresh_with(&stage.app, tokens.refresh(), &wider).await.is_refused("invalid_target");
    let narrow = [("resource", "https://a.example")];
    let narrow = refresh_with(&stage.app, tokens.refresh(), &narrow).await.tokens();
    let audience = stage.app.introspects(&narrow.access_token).await.ok()["aud"].clone();
    assert_eq!(audience, json!(["https://a.example"]));
    let tokens = stage.refreshes(&narrow).await;
    let audience = stage.app.introspects(&tokens.access_token).await.ok()["aud"].clone();
    assert_eq!(audience, json!(["https://a.example", "https://b.example"]));
}

/// T075.
#[tokio::test]
async fn refreshing_never_goes_past_the_absolute_end() {
    let config = "tokens.refresh = { lifetime = '10d', max_lifetime = '25d' }";
    let stage = Stage::with(config, trusted()).await;
    let mut tokens = stage.tokens(SCOPE).await;
    for _ in 0..3 {
        stage.server.advance(8 * DAY);
        tokens = stage.refreshes(&tokens).await;
    }
    // 24 days after the login: what is issued now ends with the family.
    stage.server.advance(DAY - 600);
    tokens = stage.refreshes(&tokens).await;
    assert!(tokens.expires_in <= 600, "an access token does not outlive its grant: {}", tokens.expires_in);
    stage.server.advance(700);
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);
}

/// T075.
#[tokio::test]
async fn a_refresh_token_that_rests_too_long_ends() {
    let stage = Stage::with("tokens.refresh.lifetime = '10d'", trusted()).await;
    let tokens = stage.tokens(SCOPE).await;
    stage.server.advance(9 * DAY);
    let tokens = stage.refreshes(&tokens).await;
    stage.server.advance(9 * DAY);
    let tokens = stage.refreshes(&tokens).await;
    stage.server.advance(10 * DAY);
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
}

/// T076.
#[tokio::test]
async fn refreshing_ends_with_the_user() {
    let stage = Stage::new().await;
    let tokens = stage.tokens(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    let users = stage.server.store().users();
    users.disable(alice, stage.server.now()).await.unwrap();
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);
    users.enable(alice).await.unwrap();
    let tokens = stage.refreshes(&tokens).await;
    users.delete(alice).await.unwrap();
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
}

/// T076: what `grants revoke` and a changed password do.
#[tokio::test]
async fn refreshing_ends_when_the_grant_is_revoked() {
    let stage = Stage::new().await;
    let tokens = stage.tokens(SCOPE).await;
    let grants = stage.server.store().grants();
    let alice = InProcess::user_id(&stage.alice);
    grants.revoke_of_user(alice, None, RevocationReason::Operator, stage.server.now()).await.unwrap();
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);
}

/// T076, T069.
#[tokio::test]
async fn refreshing_ends_with_the_client_its_epoch_or_its_grant_type() {
    let stage = Stage::new().await;
    let tokens = stage.tokens(SCOPE).await;
    let row = stage.server.client_row(&stage.client.id).await.row;
    stage.server.store().clients().raise_epoch(row).await.unwrap();
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);

    stage.server.advance(2);
    let tokens = stage.tokens(SCOPE).await;
    stage
        .server
        .update_client(&stage.client.id, |metadata| {
            metadata.grant_types.retain(|grant| grant.name() != "refresh_token");
        })
        .await;
    stage.server.advance(2);
    stage.app.refreshes(tokens.refresh()).await.is_refused("unauthorized_client");
}

/// T076: what an operator takes from a client is not handed out again from an old grant.
#[tokio::test]
async fn a_scope_that_the_client_lost_is_not_refreshed() {
    let stage = Stage::new().await;
    let tokens = stage.tokens("openid offline_access email").await;
    stage
        .server
        .update_client(&stage.client.id, |metadata| {
            metadata.scope = "openid offline_access".parse().unwrap();
        })
        .await;
    stage.server.advance(2);
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_scope");
    let less = [("scope", "openid")];
    let tokens = refresh_with(&stage.app, tokens.refresh(), &less).await.tokens();
    assert_eq!(tokens.scope.as_deref(), Some("openid"));
}

/// T077.
#[tokio::test]
async fn a_replay_is_seen_after_a_restart() {
    let mut stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    let third = stage.refreshes(&second).await;
    stage.server = stage.server.restart("").await;
    stage.is_replay(&first, &[&third]).await;
}

/// T078: FAPI 2.0 section 5.3.2.1 forbids rotation for confidential clients, and an operator may.
#[tokio::test]
async fn a_client_that_does_not_rotate_keeps_its_token() {
    let stage = Stage::with("", trusted_with(&json!({ "refresh_token_rotation": false }))).await;
    let tokens = stage.tokens(SCOPE).await;
    for _ in 0..3 {
        stage.server.advance(DAY);
        let answer = stage.app.refreshes(tokens.refresh()).await;
        assert_eq!(answer.tokens().refresh_token, None, "{answer}");
        assert!(stage.counts(&answer.tokens().access_token).await);
    }
    stage.server.advance(31 * DAY);
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
}

/// RFC 9700 section 4.14: a public client rotates whatever it was registered for.
#[tokio::test]
async fn a_public_client_rotates_always() {
    let mut metadata = public();
    metadata["refresh_token_rotation"] = json!(false);
    let stage = Stage::with("", metadata).await;
    let first = stage.tokens(SCOPE).await;
    let second = stage.refreshes(&first).await;
    let third = stage.refreshes(&second).await;
    stage.app.refreshes(first.refresh()).await.is_refused("invalid_grant");
    stage.app.refreshes(third.refresh()).await.is_refused("invalid_grant");
}

/// T080 beside the matrix of T010: in a header as in a form.
#[tokio::test]
async fn a_refresh_token_is_no_bearer_token() {
    let stage = Stage::new().await;
    let tokens = stage.tokens(SCOPE).await;
    stage.app.userinfo(tokens.refresh()).await.is_refused("invalid_token");
    stage.app.refreshes(&tokens.access_token).await.is_refused("invalid_grant");
    stage.refreshes(&tokens).await;
}

/// T081.
#[tokio::test]
async fn offline_grants_outlive_the_login_and_others_do_not() {
    let stage = Stage::new().await;
    let online = stage.tokens("openid").await;
    let offline = stage.tokens(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    stage.server.ends_sessions_of(alice).await;
    assert!(!stage.counts(&online.access_token).await);
    assert!(stage.counts(&offline.access_token).await);
    stage.refreshes(&offline).await;
}

/// T082: OpenID Connect Core section 12.2.
#[tokio::test]
async fn the_id_token_of_a_refresh_is_about_the_same_login() {
    let stage = Stage::new().await;
    let first = stage.tokens(SCOPE).await;
    let before = first.id_token_claims();
    stage.server.advance(1000);
    let policy = stage.server.app.config.key_policy();
    let now_ms = stage.server.app.clock.now_ms();
    stage.server.app.keys.rotate(grantor_crypto::Algorithm::RS256, policy, true, now_ms).await.unwrap();
    stage.server.advance(5);
    let second = stage.refreshes(&first).await;
    let after = second.id_token_claims();
    for claim in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(after[claim], before[claim], "{claim}");
    }
    assert_eq!(after.get("nonce"), None);
    assert!(after["iat"].as_i64().unwrap() >= before["iat"].as_i64().unwrap() + 1000);
    let kid = |tokens: &Tokens| jws_part(tokens.id_token.as_deref().unwrap(), 0)["kid"].clone();
    assert_ne!(kid(&first), kid(&second), "signed with the key of now");

    stage
        .server
        .update_client(&stage.client.id, |metadata| {
            metadata.id_token_signed_response_alg = grantor_protocol::SigningAlgorithm::ES256;
        })
        .await;
    stage.server.advance(2);
    let third = stage.refreshes(&second).await;
    let header = jws_part(third.id_token.as_deref().unwrap(), 0);
    assert_eq!(header["alg"], "ES256");
    assert!(crate::stage::published(&stage.app).await.contains(&header["kid"].as_str().unwrap().to_owned()));
    assert_eq!(third.id_token_claims()["auth_time"], before["auth_time"]);
}

/// RFC 6749 section 6: asked for without a refresh token there is nothing to do.
#[tokio::test]
async fn a_request_without_refresh_token_is_malformed() {
    let stage = Stage::new().await;
    stage.app.token(&[("grant_type", "refresh_token")]).await.is_refused("invalid_request");
    let tokens = stage.tokens(SCOPE).await;
    let twice = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("refresh_token", tokens.refresh()),
    ];
    stage.app.token(&twice).await.is_refused("invalid_request");
    let more = [("redirect_uri", CALLBACK)];
    refresh_with(&stage.app, tokens.refresh(), &more).await.tokens();
}
