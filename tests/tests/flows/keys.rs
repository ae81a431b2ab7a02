//! Keys over their life: signing keys (published before they sign, kept while anything they signed is valid), system
//! secrets, and the switch that ends every token (design.md 2 and 4, security.md T113).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor_crypto::{Algorithm, KeyAlgorithm, KeyManagement};
use grantor_protocol::IssuerId;
use grantor_server::key_ring::{Rotation, Withdrawal};
use grantor_store::NewSigningKey;
use grantor_tests::{Credential, Engine, InProcess, Registrar, RelyingParty, Tokens};
use serde_json::json;
use tokio::task::JoinSet;

use crate::registration::{ON, document};
use crate::stage::{Stage, jws_part, published, trusted, trusted_with};

const SCOPE: &str = "openid offline_access";
const DAY: i64 = 86_400;
const OLD: &str = "tests only: this system secret is not one";
const NEW: &str = "tests only: neither is this other system secret";

async fn rotates(server: &InProcess, at_once: bool) -> Vec<Rotation> {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.rotate(Algorithm::RS256, policy, at_once, now_ms).await.unwrap()
}

async fn keeps_schedule(server: &InProcess) {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.keep_schedule(policy, now_ms).await.unwrap();
}

/// The key that signed an ID token; its signature is checked against the published set, as a relying party does it.
async fn signer(party: &RelyingParty, tokens: &Tokens) -> String {
    let token = tokens.id_token.as_deref().unwrap();
    let kid = jws_part(token, 0)["kid"].as_str().unwrap().to_owned();
    let jwks = party.reads("/.well-known/jwks.json").await;
    let keys = jwks.ok()["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == kid.as_str()).expect("what signs is published");
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let public =
        RsaPublicKeyComponents { n: bytes(key["n"].as_str().unwrap()), e: bytes(key["e"].as_str().unwrap()) };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)).unwrap();
    kid
}

#[tokio::test]
async fn a_key_is_published_for_a_day_before_it_signs() {
    let stage = Stage::new().await;
    let first = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    let done = rotates(&stage.server, false).await;
    let [Rotation::Published { kid: next }] = done.as_slice() else { panic!("published: {done:?}") };
    assert_eq!(published(&stage.app).await, [first.clone(), next.clone()]);
    assert_eq!(signer(&stage.app, &stage.tokens(SCOPE).await).await, first);

    stage.server.advance(DAY / 2);
    let done = rotates(&stage.server, false).await;
    assert!(matches!(done.as_slice(), [Rotation::Waiting { .. }]), "{done:?}");
    assert_eq!(signer(&stage.app, &stage.tokens(SCOPE).await).await, first);

    stage.server.advance(DAY / 2);
    let done = rotates(&stage.server, false).await;
    assert!(matches!(done.as_slice(), [Rotation::Promoted { .. }]), "{done:?}");
    stage.server.advance(5);
    assert_eq!(&signer(&stage.app, &stage.tokens(SCOPE).await).await, next);
    assert_eq!(published(&stage.app).await.len(), 2, "the old key stays");
}

#[tokio::test]
async fn in_an_emergency_a_key_signs_at_once_but_never_unpublished() {
    let stage = Stage::on(Engine::Postgres, "", trusted()).await;
    let other = stage.server.beside("").await;
    let there = stage.app.at(&other.origin());
    let first = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    let done = rotates(&stage.server, true).await;
    assert_eq!(done.len(), 2, "published and promoted: {done:?}");
    // Until every node has read it, the old one signs.
    assert_eq!(signer(&stage.app, &stage.tokens(SCOPE).await).await, first);
    stage.server.advance(1);
    assert_eq!(published(&there).await.len(), 2);
    stage.server.advance(3);
    let (request, code) = stage.code(SCOPE).await;
    let tokens = there.redeems(&code, &request).await.tokens();
    let second = signer(&stage.app, &tokens).await;
    assert_ne!(second, first);
    assert_eq!(signer(&there, &stage.tokens(SCOPE).await).await, second);
}

/// T113.
#[tokio::test]
async fn what_an_old_key_signed_is_good_until_it_expires() {
    let stage = Stage::with("tokens.access.format = 'jwt'", trusted()).await;
    let before = stage.tokens(SCOPE).await;
    rotates(&stage.server, true).await;
    stage.server.advance(5);
    let after = stage.tokens(SCOPE).await;
    assert_ne!(signer(&stage.app, &before).await, signer(&stage.app, &after).await);
    assert!(stage.counts(&before.access_token).await);
    let hint = before.id_token.as_deref().unwrap();
    let request = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", hint);
    stage.visits(&request).await.left().code();
    stage.server.advance(3600);
    assert!(!stage.counts(&before.access_token).await, "expired");
}

/// T113.
#[tokio::test]
async fn a_retired_key_is_removed_when_nothing_it_signed_is_valid() {
    let stage = Stage::with("tokens.access.format = 'jwt'", trusted()).await;
    let first = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    rotates(&stage.server, true).await;
    stage.server.advance(5);
    // The last moment at which anything of the old key can be valid: an hour, and five minutes of caching.
    stage.server.advance(3600);
    keeps_schedule(&stage.server).await;
    assert!(published(&stage.app).await.contains(&first));
    stage.server.advance(300);
    keeps_schedule(&stage.server).await;
    stage.server.advance(2);
    let left = published(&stage.app).await;
    assert_eq!(left.len(), 1);
    assert_ne!(left[0], first);
    assert_eq!(signer(&stage.app, &stage.tokens(SCOPE).await).await, left[0]);
}

/// OpenID Connect Core section 3.1.2.1: an ID token is a hint after it expired. A browser that is logged in may come with one
/// that a key signed which the key set has long been without.
#[tokio::test]
async fn an_id_token_is_a_hint_as_long_as_sessions_may_live() {
    let stage = Stage::with("session.idle = '7d'", trusted()).await;
    let hint = stage.tokens(SCOPE).await.id_token.unwrap();
    rotates(&stage.server, true).await;
    stage.server.advance(6 * DAY);
    keeps_schedule(&stage.server).await;
    stage.server.advance(2);
    assert_eq!(published(&stage.app).await.len(), 1, "the key set does not grow");
    let request = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", &hint);
    stage.visits(&request).await.left().code();
    // A remembered session may be thirty days old.
    stage.server.advance(24 * DAY - 10);
    keeps_schedule(&stage.server).await;
    stage.server.advance(2);
    stage.visits(&request).await.left().is_refused("login_required");
    stage.server.advance(20);
    keeps_schedule(&stage.server).await;
    assert_eq!(stage.server.store().keys().list(IssuerId::FIRST).await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_rotate_by_schedule_on_whichever_node_is_first() {
    let stage = Stage::on(Engine::Postgres, "", trusted()).await;
    let other = stage.server.beside("").await;
    let first = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    stage.server.advance(89 * DAY - 1200);
    keeps_schedule(&stage.server).await;
    assert_eq!(published(&stage.app).await, std::slice::from_ref(&first), "not due yet");
    stage.server.advance(1500);
    tokio::join!(keeps_schedule(&stage.server), keeps_schedule(&other));
    stage.server.advance(2);
    let keys = published(&stage.app).await;
    assert_eq!(keys.len(), 2, "one Next for both nodes");
    assert_eq!(signer(&stage.app, &stage.tokens(SCOPE).await).await, first);
    stage.server.advance(DAY);
    tokio::join!(keeps_schedule(&other), keeps_schedule(&stage.server));
    stage.server.advance(5);
    let there = stage.app.at(&other.origin());
    assert_eq!(signer(&there, &stage.tokens(SCOPE).await).await, keys[1]);
    stage.server.advance(2 * 3600);
    keeps_schedule(&other).await;
    stage.server.advance(2);
    assert_eq!(published(&stage.app).await, [keys[1].clone()]);
}

/// A node that has not yet noticed what another did promotes nothing twice, and makes no key for later.
#[tokio::test]
async fn a_node_that_is_late_to_a_rotation_changes_nothing() {
    let stage = Stage::new().await;
    let other = stage.server.beside("").await;
    let first = published(&stage.app).await;
    stage.server.advance(89 * DAY + 1200);
    for _ in ["publish", "promote"] {
        other.app.keys.reread(other.app.clock.now_ms()).await.unwrap();
        keeps_schedule(&stage.server).await;
        keeps_schedule(&other).await;
        // Nor when it has noticed, and the key that was promoted does not sign yet.
        stage.server.advance(1);
        keeps_schedule(&other).await;
        stage.server.advance(4);
        assert_eq!(published(&stage.app).await.len(), 2);
        stage.server.advance(DAY);
    }
    let tokens = stage.tokens(SCOPE).await;
    assert_ne!(signer(&stage.app, &tokens).await, first[0], "the second round promoted");
}

#[tokio::test]
async fn a_key_of_another_algorithm_is_made_on_demand() {
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let stage =
            Stage::with("", trusted_with(&json!({ "id_token_signed_response_alg": algorithm }))).await;
        let tokens = stage.tokens(SCOPE).await;
        let header = jws_part(tokens.id_token.as_deref().unwrap(), 0);
        assert_eq!(header["alg"], algorithm);
        let jwks = stage.app.reads("/.well-known/jwks.json").await;
        let keys = jwks.ok()["keys"].as_array().unwrap();
        assert!(keys.iter().any(|key| key["kid"] == header["kid"] && key["alg"] == algorithm), "{jwks}");
    }
}

/// The algorithm of every published key that signs.
async fn signing_algorithms(party: &RelyingParty) -> Vec<String> {
    let jwks = party.reads("/.well-known/jwks.json").await;
    let keys = jwks.ok()["keys"].as_array().unwrap();
    let signing = keys.iter().filter(|key| key["use"] == "sig");
    signing.map(|key| key["alg"].as_str().unwrap().to_owned()).collect()
}

/// The issue, item 6: keys appear when a client first needs them, published before they are used.
#[tokio::test]
async fn a_client_that_registers_finds_the_keys_that_will_sign_for_it_published() {
    let stage = Stage::with(ON, trusted()).await;
    let registrar = Registrar::at(&stage.server.origin());
    let client = registrar.client(&document(json!({ "id_token_signed_response_alg": "ES256" }))).await;
    assert_eq!(signing_algorithms(&stage.app).await, ["RS256", "ES256"]);
    let changed = document(json!({ "client_id": client.id, "userinfo_signed_response_alg": "EdDSA" }));
    let token = client.registration["registration_access_token"].as_str().unwrap();
    let path = format!("/oauth2/register/{}", client.id);
    registrar.asks(reqwest::Method::PUT, &path, Credential::Token(token), Some(&changed)).await.ok();
    assert_eq!(signing_algorithms(&stage.app).await, ["RS256", "ES256", "EdDSA"]);
    // What a client authenticates or is answered with by its secret is no key of ours.
    registrar.client(&document(json!({ "id_token_signed_response_alg": "HS256" }))).await;
    assert_eq!(signing_algorithms(&stage.app).await.len(), 3);
}

/// ADR 8: clocks may be ten seconds apart, and a first key signs when every node says so.
#[tokio::test]
async fn a_node_that_is_slow_by_its_clock_waits_until_the_first_key_signs() {
    let stage = Stage::with("", trusted_with(&json!({ "id_token_signed_response_alg": "ES256" }))).await;
    let (request, code) = stage.code(SCOPE).await;
    // By another node, whose clock is two seconds ahead.
    let there = stage.server.app.clock.now_ms() + 2000;
    stage.server.app.keys.make_first_key(Algorithm::ES256, there).await.unwrap();
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    assert_eq!(jws_part(tokens.id_token.as_deref().unwrap(), 0)["alg"], "ES256");
}

async fn rotates_es256(server: &InProcess) -> Vec<Rotation> {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.rotate(Algorithm::ES256, policy, false, now_ms).await.unwrap()
}

/// An operator may ask for a key of an algorithm before any client does.
#[tokio::test]
async fn rotating_an_algorithm_that_has_no_key_makes_one_that_signs() {
    let stage = Stage::with("", trusted_with(&json!({ "id_token_signed_response_alg": "ES256" }))).await;
    let done = rotates_es256(&stage.server).await;
    let [Rotation::Published { kid }, Rotation::Promoted { .. }] = done.as_slice() else {
        panic!("{done:?}")
    };
    stage.server.advance(5);
    let tokens = stage.tokens(SCOPE).await;
    assert_eq!(&jws_part(tokens.id_token.as_deref().unwrap(), 0)["kid"], kid.as_str());
    let done = rotates_es256(&stage.server).await;
    assert!(matches!(done.as_slice(), [Rotation::Published { .. }]), "from then on as ever: {done:?}");
}

/// A database in which a Next succeeds nobody: earlier versions made such, and whoever waits for its turn waits for ever.
#[tokio::test]
async fn a_next_key_without_a_predecessor_takes_its_turn() {
    for healer in ["a client", "the schedule", "the operator"] {
        let stage = Stage::with("", trusted_with(&json!({ "id_token_signed_response_alg": "ES256" }))).await;
        let keys = &stage.server.app.keys;
        keys.make_first_key(Algorithm::ES256, stage.server.app.clock.now_ms()).await.unwrap();
        rotates_es256(&stage.server).await;
        let rows = stage.server.store().keys().list(IssuerId::FIRST).await.unwrap();
        let of_it = || rows.iter().filter(|row| row.algorithm == Algorithm::ES256.into());
        let first = of_it().find(|row| row.signs_from.is_some()).unwrap();
        let next = of_it().find(|row| row.signs_from.is_none()).unwrap();
        stage.server.store().keys().delete(&first.kid).await.unwrap();
        stage.server.advance(100);
        match healer {
            "the schedule" => keeps_schedule(&stage.server).await,
            "the operator" => {
                let done = rotates_es256(&stage.server).await;
                assert!(matches!(done.as_slice(), [Rotation::Promoted { .. }]), "{done:?}");
            }
            _ => {}
        }
        if healer != "a client" {
            let rows = stage.server.store().keys().list(IssuerId::FIRST).await.unwrap();
            assert!(rows.iter().all(|row| row.signs_from.is_some()), "{healer}");
            stage.server.advance(5);
        }
        let tokens = stage.tokens(SCOPE).await;
        let signer = jws_part(tokens.id_token.as_deref().unwrap(), 0)["kid"].clone();
        assert_eq!(signer, next.kid.as_str(), "{healer}");
    }
}

/// However many nodes find out at once that a first key of an algorithm is needed, they agree on one.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_make_the_first_key_of_an_algorithm_once() {
    let metadata = trusted_with(&json!({ "id_token_signed_response_alg": "ES256" }));
    let stage = Stage::on(Engine::Postgres, "", metadata).await;
    let other = stage.server.beside("").await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(stage.code(SCOPE).await);
    }
    let mut redemptions = tokio::task::JoinSet::new();
    for (number, (request, code)) in codes.into_iter().enumerate() {
        let party = if number % 2 == 0 { stage.app.clone() } else { stage.app.at(&other.origin()) };
        redemptions.spawn(async move { party.redeems(&code, &request).await.tokens() });
    }
    let mut signers: Vec<String> = redemptions
        .join_all()
        .await
        .iter()
        .map(|tokens| jws_part(tokens.id_token.as_deref().unwrap(), 0)["kid"].as_str().unwrap().to_owned())
        .collect();
    signers.dedup();
    assert_eq!(signers.len(), 1, "{signers:?}");
    stage.server.advance(1);
    for party in [&stage.app, &stage.app.at(&other.origin())] {
        assert!(published(party).await.contains(&signers[0]));
    }
}

/// Making a key takes a core for a while: however many clients ask for an algorithm first, one key is made.
#[tokio::test(flavor = "multi_thread")]
async fn many_first_users_of_an_algorithm_make_one_key() {
    let server = InProcess::sqlite().await;
    let now_ms = server.app.clock.now_ms();
    server.app.keys.reread(now_ms).await.unwrap();
    let before = server.statements();
    let mut users = JoinSet::new();
    for _ in 0..16 {
        let app = server.app.clone();
        users.spawn(async move { app.keys.make_first_key(Algorithm::ES256, now_ms).await.unwrap() });
    }
    users.join_all().await;
    // One is inserted, and the keys are read again, which takes two. The background has its own few statements.
    assert!(server.statements() - before < 16, "{} statements", server.statements() - before);
    assert_eq!(server.store().keys().list(IssuerId::FIRST).await.unwrap().len(), 2);
}

/// T113: nothing private is published.
#[tokio::test]
async fn the_key_set_is_public_and_cacheable() {
    let stage = Stage::new().await;
    let jwks = stage.app.reads("/.well-known/jwks.json").await;
    for key in jwks.ok()["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key.get(private), None, "{jwks}");
        }
        assert_eq!(key["use"], "sig");
    }
    assert!(jwks.header("cache-control").unwrap().contains("max-age="), "{jwks}");
    assert!(jwks.header("etag").is_some(), "{jwks}");
}

fn secrets(list: &[&str]) -> String {
    format!("secrets.system = {}", json!(list))
}

/// design.md 2: the new one second, then first, then rewrap, then alone; two nodes, one after the other, and what was
/// issued before goes on working throughout.
#[tokio::test]
async fn system_secrets_are_rotated_under_a_running_pair_of_nodes() {
    let mut stage = Stage::on(Engine::Postgres, &secrets(&[OLD]), trusted()).await;
    let mut other = stage.server.beside(&secrets(&[OLD])).await;
    let mut tokens = stage.tokens(SCOPE).await;
    for (step, list) in [[OLD, NEW].as_slice(), &[NEW, OLD], &[NEW]].into_iter().enumerate() {
        stage.server = stage.server.restart(&secrets(list)).await;
        // One node is ahead of the other here: each takes what the other issued.
        tokens = stage.app.at(&other.origin()).refreshes(tokens.refresh()).await.tokens();
        assert!(stage.counts(&tokens.access_token).await, "step {step}");
        tokens = stage.app.refreshes(tokens.refresh()).await.tokens();
        other.app.keys.reread(other.app.clock.now_ms()).await.unwrap();
        other = other.restart(&secrets(list)).await;
        stage.app.at(&other.origin()).userinfo(&tokens.access_token).await.ok();
        if list == [NEW, OLD] {
            let now_ms = stage.server.app.clock.now_ms();
            assert_eq!(stage.server.app.keys.rewrap(now_ms).await.unwrap(), 5, "one data key per purpose");
            assert_eq!(stage.server.app.keys.rewrap(now_ms).await.unwrap(), 0);
            other.app.keys.reread(now_ms).await.unwrap();
        }
    }
    // Everything sealed before is still read: client secrets, tokens, private keys.
    stage.app.refreshes(tokens.refresh()).await.tokens();
    let refused = stage.server.try_beside(&secrets(&[OLD])).await.unwrap_err();
    assert!(refused.contains("secrets.system"), "{refused}");
}

/// A start without a secret that still wraps something would lose data.
#[tokio::test]
async fn a_start_without_a_secret_that_is_needed_is_refused_by_name() {
    let stage = Stage::with(&secrets(&[OLD]), trusted()).await;
    let refused = stage.server.try_beside(&secrets(&[NEW])).await.unwrap_err();
    let rows = stage.server.store().data_keys().list().await.unwrap();
    let missing = rows[0].wrapped_with.to_string();
    assert!(refused.contains(&missing) && refused.contains("secrets.system"), "{refused}");
    assert!(refused.contains("keys rewrap"), "what to do stands in it: {refused}");
    assert!(!refused.contains(OLD) && !refused.contains(NEW), "{refused}");
    // New secret first, old one gone, and nobody has rewrapped.
    stage.server.beside(&secrets(&[NEW, OLD])).await.stop().await;
    stage.server.try_beside(&secrets(&[NEW])).await.unwrap_err();
    stage.tokens(SCOPE).await;
}

/// T115: a key that does not open is somebody's loss or attack, and no reason to make another one in silence.
#[tokio::test]
async fn a_start_with_a_damaged_key_is_refused_by_its_name() {
    let algorithms: [KeyAlgorithm; 3] =
        [Algorithm::RS256.into(), KeyManagement::RsaOaep256.into(), KeyManagement::EcdhEs.into()];
    for algorithm in algorithms {
        let stage = Stage::new().await;
        let keys = stage.server.store().keys();
        let good = keys.list(IssuerId::FIRST).await.unwrap().remove(0);
        let damaged = NewSigningKey {
            kid: "damaged".to_owned(),
            issuer: IssuerId::FIRST,
            algorithm,
            public_jwk: good.public_jwk,
            // The private half of another row: right by itself, but sealed for that one.
            sealed: good.sealed,
            data_key: good.data_key,
            published_at: stage.server.now(),
        };
        let is_next = keys.insert_next(&damaged).await.unwrap();
        assert!(is_next || keys.insert_active(&damaged, damaged.published_at).await.unwrap());
        let refused = stage.server.try_beside("").await.unwrap_err();
        assert!(refused.contains("damaged") && refused.contains("does not open"), "{refused}");
        assert_eq!(keys.list(IssuerId::FIRST).await.unwrap().len(), 2, "none was made");
    }
}

/// The kill switch reaches every kind of token, on every node within the second that keys are held.
#[tokio::test]
async fn revoke_tokens_ends_every_access_token_and_refresh_token() {
    let stage = Stage::on(Engine::Postgres, "", trusted()).await;
    let other = stage.server.beside("").await;
    let there = stage.app.at(&other.origin());
    let jwt = stage.party(trusted_with(&json!({ "access_token_strategy": "jwt" }))).await;
    let request = jwt.asks(SCOPE);
    let left = stage.alice.authorizes(&stage.browser, &request.url()).await;
    let jwts = jwt.redeems(&request.receives(&left), &request).await.tokens();
    assert_eq!(jws_part(&jwts.access_token, 0)["typ"], "at+jwt");
    let opaque = stage.tokens(SCOPE).await;
    let own = stage.app.token(&[("grant_type", "client_credentials")]).await.tokens();
    assert!(stage.counts(&opaque.access_token).await);
    jwt.userinfo(&jwts.access_token).await.ok();

    stage.server.app.keys.revoke_tokens(stage.server.app.clock.now_ms()).await.unwrap();
    stage.server.advance(1);
    for party in [&stage.app, &there] {
        for token in [&opaque.access_token, &jwts.access_token, &own.access_token] {
            party.userinfo(token).await.is_refused("invalid_token");
            assert_eq!(party.introspects(token).await.ok(), &json!({ "active": false }));
        }
        party.refreshes(opaque.refresh()).await.is_refused("invalid_grant");
    }
    jwt.refreshes(jwts.refresh()).await.is_refused("invalid_grant");
    // Nothing else ended: clients authenticate, users are logged in, and new tokens are good on both nodes.
    let request = stage.app.asks(SCOPE).with("prompt", "none");
    let left = stage.visits(&request).await.left();
    let fresh = there.redeems(&request.receives(&left), &request).await.tokens();
    assert!(stage.counts(&fresh.access_token).await);
    stage.app.refreshes(fresh.refresh()).await.tokens();
}

/// The one that waits is published too, and would sign after `rotate --now`.
#[tokio::test]
async fn a_next_key_that_leaked_is_withdrawn_before_it_signs() {
    let stage = Stage::new().await;
    let first = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    let done = rotates(&stage.server, false).await;
    let [Rotation::Published { kid: leaked }] = done.as_slice() else { panic!("published: {done:?}") };
    let now_ms = stage.server.app.clock.now_ms();
    let withdrawn = stage.server.app.keys.withdraw(leaked, now_ms).await.unwrap();
    assert_eq!(withdrawn, Withdrawal::Withdrawn);
    assert_eq!(published(&stage.app).await, [first.as_str()]);
    let done = rotates(&stage.server, true).await;
    assert!(
        done.iter().any(|step| matches!(step, Rotation::Promoted { kid, .. } if kid != leaked)),
        "{done:?}"
    );
}

/// For a key that leaked: what is published is what relying parties believe.
#[tokio::test]
async fn a_key_is_withdrawn_once_another_has_taken_its_turn() {
    let stage = Stage::new().await;
    let leaked = signer(&stage.app, &stage.tokens(SCOPE).await).await;
    let withdraws = async || {
        let now_ms = stage.server.app.clock.now_ms();
        stage.server.app.keys.withdraw(&leaked, now_ms).await.unwrap()
    };
    assert!(matches!(withdraws().await, Withdrawal::InUse(_)), "nothing else signs");
    rotates(&stage.server, true).await;
    assert!(matches!(withdraws().await, Withdrawal::InUse(_)), "nodes go on signing with it for 3 seconds");
    stage.server.advance(4);
    assert_eq!(withdraws().await, Withdrawal::Withdrawn);
    assert!(!published(&stage.app).await.contains(&leaked));
    assert_ne!(signer(&stage.app, &stage.tokens(SCOPE).await).await, leaked);
    assert_eq!(withdraws().await, Withdrawal::Unknown);
}
