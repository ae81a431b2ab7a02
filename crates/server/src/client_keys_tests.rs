use std::sync::atomic::{AtomicBool, Ordering};

use grantor_crypto::SigningKeyPair;
use grantor_protocol::{ClientId, ClientMetadata, IssuerId, Timestamp};
use grantor_store::Client;
use serde_json::json;

use super::*;
use crate::outbound::testing::{Peer, answer, fetcher};

fn at(seconds: i64) -> Now {
    Now { ms: 1_000_000_000 + seconds * 1000 }
}

fn client(metadata: ClientMetadata) -> KnownClient {
    let row = Client {
        row: ClientRowId::from_uuid(uuid::Uuid::from_u128(1)),
        issuer: IssuerId::FIRST,
        client_id: ClientId::parse("app").unwrap(),
        metadata,
        secret: None,
        previous_secret: None,
        registered: None,
        epoch: 0,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    KnownClient { row, origins: Vec::new() }
}

fn publishing(uri: String) -> KnownClient {
    client(ClientMetadata { jwks_uri: Some(uri), ..ClientMetadata::default() })
}

fn key() -> SigningKeyPair {
    SigningKeyPair::generate(Algorithm::ES256).unwrap()
}

fn set(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A host that publishes `before`, and `after` from when the flag is set.
async fn rotating(before: String, after: String) -> (Peer, Arc<AtomicBool>) {
    let rotated = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&rotated);
    let host = Peer::plain(move |_| {
        let body = if flag.load(Ordering::SeqCst) { &after } else { &before };
        answer("200 OK\r\nCache-Control: max-age=3600", body.as_bytes())
    })
    .await;
    (host, rotated)
}

#[tokio::test]
async fn registered_keys_are_parsed_once_and_never_asked_for_elsewhere() {
    let key = key();
    let keys = ClientKeys::new(fetcher());
    let jwks = json!({ "keys": [key.public_jwk()] });
    let client = client(ClientMetadata { jwks: Some(jwks), ..ClientMetadata::default() });
    let first = keys.verifying(&client, Some(key.kid()), Algorithm::ES256, at(0)).await.unwrap();
    let again = keys.verifying(&client, Some("unknown"), Algorithm::ES256, at(1)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(first.iter().count(), 1);
    assert!(keys.verifying(&client, None, Algorithm::EdDSA, at(0)).await.unwrap().is_empty());
}

// OpenID Connect Core section 10.1.1; the certification module oidcc-refresh-token-rp-key-rotation
#[tokio::test]
async fn a_key_id_that_is_not_there_has_the_document_fetched_again() {
    let (old, new) = (key(), key());
    let (host, rotated) = rotating(set(&[old.public_jwk()]), set(&[new.public_jwk()])).await;
    let (keys, client) = (ClientKeys::new(fetcher()), publishing(host.url("/jwks")));
    let verifying = async |kid: &str, now| {
        let keys = keys.verifying(&client, Some(kid), Algorithm::ES256, now).await.unwrap();
        keys.iter().any(|key| key.kid() == Some(kid))
    };
    assert!(verifying(old.kid(), at(0)).await);
    rotated.store(true, Ordering::SeqCst);
    assert!(verifying(old.kid(), at(60)).await, "the document at hand is good enough");
    assert_eq!(host.heard().len(), 1);
    assert!(verifying(new.kid(), at(60)).await);
    assert_eq!(host.heard().len(), 2);
    assert!(!verifying(old.kid(), at(60)).await, "what its owner took back is no key any more");
}

// T114
#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_in_ten_seconds() {
    let key = key();
    let (host, _) = rotating(set(&[key.public_jwk()]), String::new()).await;
    let (keys, client) = (ClientKeys::new(fetcher()), publishing(host.url("/jwks")));
    for millisecond in 0..50 {
        let kid = format!("unknown-{millisecond}");
        let now = Now { ms: at(0).ms + millisecond * 199 };
        let keys = keys.verifying(&client, Some(&kid), Algorithm::ES256, now).await.unwrap();
        assert_eq!(keys.iter().next().unwrap().kid(), Some(key.kid()));
    }
    assert_eq!(host.heard().len(), 1);
    drop(keys.verifying(&client, Some("unknown"), Algorithm::ES256, at(10)).await.unwrap());
    assert_eq!(host.heard().len(), 2);
}

#[tokio::test]
async fn a_signature_that_fits_no_key_can_have_the_newest_asked_for() {
    let unnamed = |key: &SigningKeyPair| {
        let mut jwk = key.public_jwk().clone();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let (old, new) = (key(), key());
    let (host, rotated) = rotating(set(&[&unnamed(&old)]), set(&[&unnamed(&new)])).await;
    let (keys, client) = (ClientKeys::new(fetcher()), publishing(host.url("/jwks")));
    let verifies = |keys: &VerificationKeys, key: &SigningKeyPair| {
        keys.iter().any(|public| public.verify(b"x", &key.sign(b"x")))
    };
    let found = keys.verifying(&client, None, Algorithm::ES256, at(0)).await.unwrap();
    assert!(verifies(&found, &old));
    rotated.store(true, Ordering::SeqCst);
    let found = keys.verifying(&client, None, Algorithm::ES256, at(60)).await.unwrap();
    assert!(!verifies(&found, &new));
    let found = keys.newest_verifying(&client, Algorithm::ES256, at(60)).await.unwrap();
    assert!(verifies(&found, &new));
}

#[tokio::test]
async fn keys_for_encryption_do_not_verify_and_private_ones_spoil_the_set() {
    let key = key();
    let with = |member: &str, value: &str| {
        let mut jwk = key.public_jwk().clone();
        jwk[member] = json!(value);
        client(ClientMetadata { jwks: Some(json!({ "keys": [jwk] })), ..ClientMetadata::default() })
    };
    let keys = ClientKeys::new(fetcher());
    assert!(keys.verifying(&with("use", "enc"), None, Algorithm::ES256, at(0)).await.unwrap().is_empty());
    let failure = keys.verifying(&with("d", "AA"), None, Algorithm::ES256, at(0)).await.unwrap_err();
    assert_eq!(failure.code(), ErrorCode::InvalidClient);
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_the_clients_failure() {
    let keys = ClientKeys::new(fetcher());
    let verifying = async |uri: String| {
        keys.verifying(&publishing(uri), Some("a"), Algorithm::ES256, at(0)).await.unwrap_err()
    };
    let host = Peer::plain(|_| answer("200 OK", b"<html>")).await;
    let nowhere = verifying("https://10.0.0.1/jwks".to_owned()).await;
    for failure in [verifying(host.url("/")).await, nowhere.clone()] {
        assert_eq!(failure.code(), ErrorCode::InvalidClient);
        assert_eq!(failure.status(), axum::http::StatusCode::UNAUTHORIZED);
    }
    let Failure::Refused(refusal) = nowhere else { panic!("not refused") };
    assert_eq!(refusal.setting, Some("outbound.allow_private"));
    let none = keys.verifying(&client(ClientMetadata::default()), None, Algorithm::ES256, at(0)).await;
    assert_eq!(none.unwrap_err().code(), ErrorCode::InvalidClient);
}
