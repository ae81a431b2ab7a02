use grantor_crypto::{
    Algorithm, DataKeyId, DataKeyPurpose, KeyAlgorithm, KeyManagement, Secret, SystemSecretId,
};
use grantor_protocol::IssuerId;
use grantor_store::{NewDataKey, NewSigningKey};
use serde_json::json;

use crate::world::{ISSUER, NOW, World, at_once};

fn signing_key(algorithm: impl Into<KeyAlgorithm>) -> NewSigningKey {
    let kid = Secret::generate().expose().to_owned();
    NewSigningKey {
        public_jwk: json!({ "kid": kid, "kty": "OKP" }),
        kid,
        issuer: ISSUER,
        algorithm: algorithm.into(),
        sealed: vec![0, 1, 255],
        data_key: DataKeyId::from_bytes([7; 8]),
        published_at: NOW,
    }
}

fn data_key(purpose: DataKeyPurpose) -> NewDataKey {
    NewDataKey {
        id: DataKeyId::from_bytes(grantor_crypto::random_bytes()),
        purpose,
        wrapped: vec![9; 60],
        wrapped_with: SystemSecretId::from_bytes([1; 8]),
        created_at: NOW,
    }
}

pub(crate) async fn of_nodes_that_start_at_once_one_makes_the_first_key(world: World) {
    let nodes = (0..16).map(|_| {
        let store = world.store.clone();
        async move { store.keys().insert_active(&signing_key(Algorithm::ES256), NOW).await.unwrap() }
    });
    assert_eq!(at_once(nodes).await.into_iter().filter(|made| *made).count(), 1);
    assert!(world.store.keys().insert_active(&signing_key(Algorithm::EdDSA), NOW).await.unwrap());
    // A key of the same type that decrypts is another key.
    assert!(world.store.keys().insert_active(&signing_key(KeyManagement::EcdhEs), NOW).await.unwrap());
    assert!(!world.store.keys().insert_active(&signing_key(KeyManagement::EcdhEs), NOW).await.unwrap());
    let listed = world.store.keys().list(ISSUER).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|key| key.algorithm).collect();
    assert_eq!(listed, [KeyManagement::EcdhEs.into(), Algorithm::ES256.into(), Algorithm::EdDSA.into()]);
    assert!(world.store.keys().list(IssuerId(2)).await.unwrap().is_empty());
}

pub(crate) async fn an_algorithm_has_one_next_key_which_is_promoted_once(world: World) {
    let keys = world.store.keys();
    let first = signing_key(Algorithm::RS256);
    assert!(!keys.insert_next(&signing_key(Algorithm::RS256)).await.unwrap(), "next to none");
    assert!(keys.insert_active(&first, NOW).await.unwrap());
    let nodes = (0..8).map(|_| {
        let store = world.store.clone();
        async move { store.keys().insert_next(&signing_key(Algorithm::RS256)).await.unwrap() }
    });
    assert_eq!(at_once(nodes).await.into_iter().filter(|made| *made).count(), 1);

    let listed = keys.list(ISSUER).await.unwrap();
    assert_eq!((listed[0].kid.as_str(), listed[0].signs_from), (first.kid.as_str(), Some(NOW)));
    assert_eq!(listed[0].public_jwk, first.public_jwk);
    assert_eq!((listed[0].sealed.as_slice(), listed[0].data_key), ([0, 1, 255].as_slice(), first.data_key));
    assert_eq!((listed[0].algorithm, listed[0].published_at), (Algorithm::RS256.into(), NOW));
    let next = listed[1].kid.clone();
    assert_eq!(listed[1].signs_from, None);
    let nodes = (0..8).map(|node| {
        let (store, next) = (world.store.clone(), next.clone());
        async move { store.keys().promote(&next, NOW.plus(node)).await.unwrap() }
    });
    assert_eq!(at_once(nodes).await.into_iter().filter(|promoted| *promoted).count(), 1);

    assert!(keys.insert_next(&signing_key(Algorithm::RS256)).await.unwrap(), "the place is free again");
    assert!(keys.delete(&first.kid).await.unwrap());
    assert!(!keys.delete(&first.kid).await.unwrap());
    assert_eq!(keys.list(ISSUER).await.unwrap().len(), 2);
}

pub(crate) async fn a_next_key_is_either_promoted_or_deleted(world: World) {
    let keys = world.store.keys();
    let (first, leaked) = (signing_key(Algorithm::RS256), signing_key(Algorithm::RS256));
    assert!(keys.insert_active(&first, NOW).await.unwrap());
    assert!(!keys.delete_next(&first.kid).await.unwrap(), "it signs");
    assert!(keys.insert_next(&leaked).await.unwrap());
    let nodes = (0..8).map(|node| {
        let (store, kid) = (world.store.clone(), leaked.kid.clone());
        async move {
            match node % 2 {
                0 => store.keys().promote(&kid, NOW).await.unwrap(),
                _ => store.keys().delete_next(&kid).await.unwrap(),
            }
        }
    });
    assert_eq!(at_once(nodes).await.into_iter().filter(|done| *done).count(), 1);
    let is_there = keys.list(ISSUER).await.unwrap().iter().any(|key| key.kid == leaked.kid);
    assert_eq!(keys.delete(&leaked.kid).await.unwrap(), is_there, "one that was promoted stays");
    let another = signing_key(Algorithm::RS256);
    assert!(keys.insert_next(&another).await.unwrap(), "the place is free again");
    assert!(keys.delete_next(&another.kid).await.unwrap());
    assert!(!keys.delete_next(&another.kid).await.unwrap());
}

pub(crate) async fn of_nodes_that_start_at_once_one_makes_a_data_key(world: World) {
    for purpose in DataKeyPurpose::ALL {
        let nodes = (0..8).map(|_| {
            let store = world.store.clone();
            async move { store.data_keys().insert_first(&data_key(purpose)).await.unwrap() }
        });
        assert_eq!(at_once(nodes).await.into_iter().filter(|made| *made).count(), 1);
    }
    assert_eq!(world.store.data_keys().list().await.unwrap().len(), DataKeyPurpose::ALL.len());
}

pub(crate) async fn a_data_key_is_rewrapped_once(world: World) {
    let keys = world.store.data_keys();
    let key = data_key(DataKeyPurpose::Pairwise);
    keys.insert_first(&key).await.unwrap();
    let newer = SystemSecretId::from_bytes([2; 8]);
    assert!(keys.rewrap(key.id, key.wrapped_with, &[3; 60], newer).await.unwrap());
    assert!(!keys.rewrap(key.id, key.wrapped_with, &[4; 60], newer).await.unwrap());
    let found = keys.list().await.unwrap().remove(0);
    assert_eq!((found.id, found.purpose, found.ordinal), (key.id, key.purpose, 1));
    assert_eq!((found.wrapped, found.wrapped_with, found.created_at), (vec![3; 60], newer, NOW));
}

pub(crate) async fn the_kill_switch_leaves_one_new_key(world: World) {
    let keys = world.store.data_keys();
    let (old, kept) = (data_key(DataKeyPurpose::Tokens), data_key(DataKeyPurpose::Cookies));
    keys.insert_first(&old).await.unwrap();
    keys.insert_first(&kept).await.unwrap();
    let pulls = (0..8).map(|_| {
        let store = world.store.clone();
        async move { store.data_keys().replace(&data_key(DataKeyPurpose::Tokens)).await.unwrap() }
    });
    assert!(at_once(pulls).await.contains(&true));
    let left = keys.list().await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(left[0].id, kept.id);
    assert_ne!(left[1].id, old.id);
}
