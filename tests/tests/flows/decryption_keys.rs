//! The keys that clients encrypt their request objects for: made when such a client is registered, published before they are
//! used, rotated as the keys that sign (design.md 4, OpenID Connect Core section 10.2).

use grantor_crypto::{Content, ContentEncryption, EncryptionKey, JweError, KeyManagement, encrypt_compact};
use grantor_tests::{Engine, InProcess, Registrar, RelyingParty};
use serde_json::{Value, json};

use crate::registration::{ON, document};
use crate::stage::{Stage, trusted};

const PLAIN: &str = r#"{"scope":"openid"}"#;

async fn registers(server: &InProcess, algorithm: KeyManagement) {
    let metadata = document(json!({ "request_object_encryption_alg": algorithm.name() }));
    Registrar::at(&server.origin()).client(&metadata).await;
}

/// What the published set has for `algorithm`.
async fn published(party: &RelyingParty, algorithm: KeyManagement) -> Vec<Value> {
    let jwks = party.reads("/.well-known/jwks.json").await;
    let keys = jwks.ok()["keys"].as_array().unwrap();
    keys.iter().filter(|key| key["alg"] == algorithm.name()).cloned().collect()
}

fn encrypted(jwk: &Value, algorithm: KeyManagement) -> String {
    let key = EncryptionKey::from_jwk(jwk, algorithm).unwrap();
    encrypt_compact(&key, ContentEncryption::A256Gcm, Content::Claims, PLAIN).unwrap()
}

async fn opens(server: &InProcess, token: &str) -> Result<String, JweError> {
    let now_ms = server.app.clock.now_ms();
    let (algorithms, encryptions) = (&KeyManagement::ALL, &ContentEncryption::ALL);
    let opened = server.app.keys.decrypt(token, algorithms, encryptions, now_ms).await.unwrap();
    opened.map(|plain| plain.to_string())
}

async fn rotates(server: &InProcess, algorithm: KeyManagement, at_once: bool) {
    let (policy, now_ms) = (server.app.config.key_policy(), server.app.clock.now_ms());
    server.app.keys.rotate(algorithm, policy, at_once, now_ms).await.unwrap();
}

async fn stage(engine: Engine) -> Stage {
    Stage::on(engine, ON, trusted()).await
}

#[tokio::test]
async fn a_client_that_registers_finds_the_one_key_to_encrypt_for_published() {
    let stage = stage(Engine::Sqlite).await;
    for algorithm in KeyManagement::ALL {
        assert_eq!(published(&stage.app, algorithm).await, [] as [Value; 0]);
        registers(&stage.server, algorithm).await;
        let keys = published(&stage.app, algorithm).await;
        registers(&stage.server, algorithm).await;
        assert_eq!(published(&stage.app, algorithm).await, keys, "the second client made none");
        let [key] = keys.as_slice() else { panic!("one key of {algorithm}: {keys:?}") };
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        let of_its_type: &[_] = match algorithm {
            KeyManagement::RsaOaep256 => &["n", "e"],
            _ => &["crv", "x", "y"],
        };
        let expected = [&["kty"], of_its_type, &["use", "alg", "kid"]].concat();
        assert_eq!(members, expected, "complete, and nothing private (T113)");
        assert_eq!(key["use"], "enc");
        assert_eq!(opens(&stage.server, &encrypted(key, algorithm)).await.as_deref(), Ok(PLAIN));
    }
}

/// RFC 7592 section 2.2: a client may ask for it later.
#[tokio::test]
async fn a_replaced_registration_makes_the_key_too() {
    let stage = stage(Engine::Sqlite).await;
    let registrar = Registrar::at(&stage.server.origin());
    let client = registrar.client(&document(json!({}))).await;
    let token = client.registration["registration_access_token"].as_str().unwrap();
    let algorithm = KeyManagement::EcdhEsA128Kw;
    let changed = document(json!({
        "client_id": client.id, "request_object_encryption_alg": algorithm.name(),
    }));
    let path = format!("/oauth2/register/{}", client.id);
    let credential = grantor_tests::Credential::Token(token);
    registrar.asks(reqwest::Method::PUT, &path, credential, Some(&changed)).await.ok();
    assert_eq!(published(&stage.app, algorithm).await.len(), 1);
}

/// The node that registers the client is not the one that is asked next.
#[tokio::test]
async fn another_node_opens_what_was_encrypted_for_a_key_it_has_not_read() {
    let stage = stage(Engine::Postgres).await;
    let other = stage.server.beside(ON).await;
    let algorithm = KeyManagement::EcdhEs;
    other.app.keys.reread(other.app.clock.now_ms()).await.unwrap();
    registers(&stage.server, algorithm).await;
    let key = published(&stage.app, algorithm).await.remove(0);
    // Both clocks are one: by it, what the other node read is as new as can be.
    stage.server.advance(1);
    assert_eq!(opens(&other, &encrypted(&key, algorithm)).await.as_deref(), Ok(PLAIN));
}

/// T113: the old one goes from the set when its successor's turn comes, and opens as long as an old key verifies.
#[tokio::test]
async fn a_key_that_was_replaced_opens_for_a_while_what_it_was_used_for() {
    const DAY: i64 = 86_400;

    let stage = stage(Engine::Sqlite).await;
    let algorithm = KeyManagement::RsaOaep256;
    registers(&stage.server, algorithm).await;
    let first = published(&stage.app, algorithm).await.remove(0);
    let token = encrypted(&first, algorithm);
    stage.server.advance(10);
    rotates(&stage.server, algorithm, false).await;
    let keys = published(&stage.app, algorithm).await;
    assert!(keys.len() == 2 && keys[0] == first, "the next one is announced: {keys:?}");
    assert_eq!(opens(&stage.server, &encrypted(&keys[1], algorithm)).await.as_deref(), Ok(PLAIN));
    stage.server.advance(DAY);
    rotates(&stage.server, algorithm, false).await;
    stage.server.advance(5);
    assert_eq!(published(&stage.app, algorithm).await, [keys[1].clone()]);
    assert_eq!(opens(&stage.server, &token).await.as_deref(), Ok(PLAIN));

    let policy = stage.server.app.config.key_policy();
    stage.server.advance(policy.keep_after - 10);
    stage.server.app.keys.keep_schedule(policy, stage.server.app.clock.now_ms()).await.unwrap();
    stage.server.advance(2);
    assert_eq!(opens(&stage.server, &token).await.as_deref(), Ok(PLAIN));
    stage.server.advance(10);
    stage.server.app.keys.keep_schedule(policy, stage.server.app.clock.now_ms()).await.unwrap();
    stage.server.advance(2);
    assert_eq!(opens(&stage.server, &token).await, Err(JweError::UnknownKey));
}

/// By schedule, with the keys that sign.
#[tokio::test]
async fn keys_that_decrypt_rotate_by_the_schedule_of_keys_that_sign() {
    let stage = stage(Engine::Sqlite).await;
    let algorithm = KeyManagement::EcdhEsA256Kw;
    registers(&stage.server, algorithm).await;
    let first = published(&stage.app, algorithm).await.remove(0);
    let policy = stage.server.app.config.key_policy();
    for seconds in [policy.interval - policy.publish_ahead + 10, policy.publish_ahead] {
        stage.server.advance(seconds);
        stage.server.app.keys.keep_schedule(policy, stage.server.app.clock.now_ms()).await.unwrap();
        stage.server.advance(5);
    }
    let keys = published(&stage.app, algorithm).await;
    assert!(keys.len() == 1 && keys[0] != first, "{keys:?}");
}

/// security.md 3.3: anybody may send what is to be decrypted, and a private operation of RSA takes a while.
#[tokio::test]
async fn a_flood_of_encrypted_objects_is_turned_away_and_keeps_nobody_waiting() {
    let stage = stage(Engine::Sqlite).await;
    let algorithm = KeyManagement::RsaOaep256;
    registers(&stage.server, algorithm).await;
    let token = encrypted(&published(&stage.app, algorithm).await.remove(0), algorithm);
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let (app, token) = (stage.server.app.clone(), token.clone());
        flood.spawn(async move {
            let (algorithms, encryptions) = (&KeyManagement::ALL, &ContentEncryption::ALL);
            let now_ms = app.clock.now_ms();
            app.keys
                .decrypt(&token, algorithms, encryptions, now_ms)
                .await
                .map(|opened| opened.unwrap().to_string())
        });
    }
    let (opened, refused): (Vec<_>, Vec<_>) = flood.join_all().await.into_iter().partition(Result::is_ok);
    assert!(!opened.is_empty() && opened.iter().flatten().all(|plain| plain == PLAIN));
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|error| matches!(error, Err(grantor_server::key_ring::KeyRingError::Busy))));
    assert_eq!(opens(&stage.server, &token).await.as_deref(), Ok(PLAIN), "there is room again");
}

/// RFC 7517 section 4.2: a key has one use. The key that signs has no say in what it decrypts, whatever a token calls it.
#[tokio::test]
async fn a_key_that_signs_decrypts_nothing() {
    let stage = stage(Engine::Sqlite).await;
    let algorithm = KeyManagement::RsaOaep256;
    registers(&stage.server, algorithm).await;
    let jwks = stage.app.reads("/.well-known/jwks.json").await;
    let mut key = jwks.ok()["keys"][0].clone();
    assert_eq!((&key["use"], &key["kty"]), (&json!("sig"), &json!("RSA")));
    assert!(EncryptionKey::from_jwk(&key, algorithm).is_err());
    let members = key.as_object_mut().unwrap();
    members.remove("use");
    members.remove("alg");
    assert_eq!(opens(&stage.server, &encrypted(&key, algorithm)).await, Err(JweError::UnknownKey));
    key.as_object_mut().unwrap().remove("kid");
    assert_eq!(opens(&stage.server, &encrypted(&key, algorithm)).await, Err(JweError::Undecryptable));
}
