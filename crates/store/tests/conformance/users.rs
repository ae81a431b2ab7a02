use grantor_protocol::{IssuerId, Scope, UserClaims, UserId};
use grantor_store::{LiveQuery, NewUser};

use crate::world::{ISSUER, NOW, World};

pub(crate) async fn an_account_is_found_by_its_name_and_its_id(world: World) {
    let made = world.user("alice").await;
    let by_name = world.store.users().by_username(ISSUER, "alice").await.unwrap().unwrap();
    let by_id = world.store.users().by_id(made.id).await.unwrap().unwrap();
    for found in [by_name, by_id] {
        assert_eq!(found.id, made.id);
        assert_eq!((found.username.as_str(), found.username_display.as_str()), ("alice", "ALICE"));
        assert_eq!(found.claims, made.claims);
        assert_eq!(found.password, made.password);
        assert_eq!((found.disabled_at, found.created_at, found.updated_at), (None, NOW, NOW));
    }
    assert!(world.store.users().by_username(ISSUER, "ALICE").await.unwrap().is_none());
}

pub(crate) async fn a_name_is_given_once_per_issuer(world: World) {
    world.user("alice").await;
    let again = |issuer| NewUser {
        id: None,
        issuer,
        username: "alice".to_owned(),
        username_display: "alice".to_owned(),
        password: None,
        claims: UserClaims::default(),
        now: NOW,
    };
    assert!(world.store.users().insert(again(ISSUER)).await.unwrap_err().is_conflict());
    world.store.users().insert(again(IssuerId(2))).await.unwrap();
}

pub(crate) async fn an_imported_account_keeps_its_id(world: World) {
    let id: UserId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let imported = NewUser {
        id: Some(id),
        issuer: ISSUER,
        username: "imported".to_owned(),
        username_display: "Imported".to_owned(),
        password: None,
        claims: UserClaims::default(),
        now: NOW,
    };
    assert_eq!(world.store.users().insert(imported.clone()).await.unwrap().id, id);
    assert_eq!(world.store.users().by_id(id).await.unwrap().unwrap().password, None);
    let other_name = NewUser { username: "other".to_owned(), ..imported };
    assert!(world.store.users().insert(other_name).await.unwrap_err().is_conflict());
}

pub(crate) async fn accounts_are_listed_in_pages(world: World) {
    let mut made = Vec::new();
    for name in ["carol", "alice", "bob"] {
        made.push(world.user(name).await.id);
    }
    made.sort();
    let first = world.store.users().list(ISSUER, None, 2).await.unwrap();
    let rest = world.store.users().list(ISSUER, Some(first[1].id), 2).await.unwrap();
    let listed: Vec<_> = first.iter().chain(&rest).map(|user| user.id).collect();
    assert_eq!(listed, made);
}

pub(crate) async fn a_newer_hash_never_undoes_a_changed_password(world: World) {
    let user = world.user("alice").await;
    let users = world.store.users();
    assert!(users.replace_password_hash_if(user.id, "$argon2id$old", "$argon2id$newer").await.unwrap());
    assert!(users.set_password(user.id, Some("$argon2id$changed")).await.unwrap());
    assert!(!users.replace_password_hash_if(user.id, "$argon2id$newer", "$argon2id$newest").await.unwrap());
    let password = users.by_id(user.id).await.unwrap().unwrap().password;
    assert_eq!(password.as_deref(), Some("$argon2id$changed"));
}

pub(crate) async fn a_disabled_account_is_dead_until_enabled(world: World) {
    let flow = world.redeemed().await;
    let query = LiveQuery {
        grant: Some(flow.grant),
        client: flow.client.row,
        epoch: 0,
        token: grantor_protocol::TokenId::from_uuid(flow.grant.uuid()),
        now: NOW.plus(2),
    };
    assert!(world.store.users().disable(flow.user.id, NOW.plus(1)).await.unwrap());
    assert!(world.store.users().disable(flow.user.id, NOW.plus(7)).await.unwrap());
    let disabled = world.store.users().by_id(flow.user.id).await.unwrap().unwrap();
    assert_eq!(disabled.disabled_at, Some(NOW.plus(1)), "the first time counts");
    assert!(world.store.tokens().live(query).await.unwrap().is_none());
    assert!(world.store.users().enable(flow.user.id).await.unwrap());
    assert!(world.store.tokens().live(query).await.unwrap().is_some());
}

pub(crate) async fn a_deleted_account_takes_consents_sessions_and_grants_along(world: World) {
    let flow = world.redeemed().await;
    let scope = Scope::parse("openid").unwrap();
    world.store.consents().upsert_merge(flow.user.id, flow.client.row, &scope, NOW).await.unwrap();
    assert!(world.store.users().delete(flow.user.id).await.unwrap());
    assert!(!world.store.users().delete(flow.user.id).await.unwrap());
    assert!(world.store.consents().list_of_user(flow.user.id, None, 10).await.unwrap().is_empty());
    let secrets = [flow.session.secret_hash];
    assert!(world.store.sessions().alive(ISSUER, &secrets, None, NOW).await.unwrap().is_empty());
    let query = LiveQuery {
        grant: Some(flow.grant),
        client: flow.client.row,
        epoch: 0,
        token: grantor_protocol::TokenId::from_uuid(flow.grant.uuid()),
        now: NOW.plus(2),
    };
    assert!(world.store.tokens().live(query).await.unwrap().is_none());
    // The grant is still listed, without a user to describe.
    let filter = grantor_store::GrantFilter { limit: 10, ..Default::default() };
    let listed = world.store.grants().list(ISSUER, &filter).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].facts.user, None);
}
