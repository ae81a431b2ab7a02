use grantor_crypto::Secret;
use grantor_store::{Ending, GrantFilter, Inserted, LiveQuery, Revocation, RevocationReason};
use serde_json::json;

use crate::world::{ISSUER, NOW, World, at_once, new_grant};

pub(crate) async fn a_grant_comes_back_as_it_was_given(world: World) {
    let flow = world.flow().await;
    let mut given = new_grant(&flow.client, &flow.user, &flow.session);
    given.authorization_details = Some(json!([{ "type": "payment" }]));
    given.act = Some(json!({ "sub": "admin" }));
    given.confirmation = Some(json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }));
    let Inserted::Inserted(id) = world.store.grants().insert(&given).await.unwrap() else {
        panic!("not inserted");
    };
    let query = LiveQuery {
        grant: Some(id),
        client: flow.client.row,
        epoch: 0,
        token: grantor_protocol::TokenId::from_uuid(id.uuid()),
        now: NOW,
    };
    let facts = world.store.tokens().live(query).await.unwrap().unwrap().grant.unwrap();
    assert_eq!((facts.id, facts.client, facts.client_epoch), (id, given.client, given.client_epoch));
    assert_eq!((facts.subject, facts.scope, facts.audience), (given.subject, given.scope, given.audience));
    assert_eq!((facts.session, facts.offline), (given.session, given.offline));
    assert_eq!((facts.claims, facts.act), (given.claims, given.act));
    assert_eq!(facts.authorization_details, given.authorization_details);
    assert_eq!(facts.confirmation, given.confirmation);
    assert_eq!((facts.authenticated_at, facts.acr), (given.authenticated_at, given.acr));
    assert_eq!((facts.amr, facts.nonce), (given.amr, given.nonce));
    assert_eq!(facts.created_at, given.created_at);
    assert_eq!((facts.ends_at, facts.expires_at), (given.ends_at, given.expires_at));
    let user = facts.user.unwrap();
    assert_eq!((user.id, user.claims, user.updated_at), (flow.user.id, flow.user.claims, NOW));
}

pub(crate) async fn an_interaction_gives_one_grant(world: World) {
    let flow = world.flow().await;
    for _ in 0..5 {
        let interaction = world.interaction(&flow.client).await;
        let grant = {
            let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
            grant.interaction = Some(interaction);
            grant
        };
        let submissions = (0..32).map(|_| {
            let (store, grant) = (world.store.clone(), grant.clone());
            async move { store.grants().insert(&grant).await.unwrap() }
        });
        let outcomes = at_once(submissions).await;
        let inserted = outcomes.iter().filter(|outcome| matches!(outcome, Inserted::Inserted(_))).count();
        assert_eq!(inserted, 1);
    }
}

pub(crate) async fn an_expired_or_missing_interaction_gives_none(world: World) {
    let flow = world.flow().await;
    let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
    grant.interaction = Some(Secret::generate().hash());
    assert_eq!(world.store.grants().insert(&grant).await.unwrap(), Inserted::AlreadyConcluded);
    grant.interaction = Some(world.interaction(&flow.client).await);
    grant.created_at = NOW.plus(3600);
    assert_eq!(world.store.grants().insert(&grant).await.unwrap(), Inserted::AlreadyConcluded);
    grant.created_at = NOW.plus(3599);
    assert!(matches!(world.store.grants().insert(&grant).await.unwrap(), Inserted::Inserted(_)));
}

pub(crate) async fn a_grant_is_revoked_once_and_only_by_its_client(world: World) {
    let flow = world.redeemed().await;
    let other = world.client("other").await;
    let grants = world.store.grants();
    let at = NOW.plus(3);
    assert!(!grants.revoke(flow.grant, Some(other.row), RevocationReason::Client, at).await.unwrap());
    assert!(grants.revoke(flow.grant, Some(flow.client.row), RevocationReason::Client, at).await.unwrap());
    assert!(!grants.revoke(flow.grant, None, RevocationReason::Operator, at).await.unwrap());
    let listed = grants.list(ISSUER, &GrantFilter { limit: 1, ..GrantFilter::default() }).await.unwrap();
    assert_eq!(listed[0].revocation, Some(Revocation { at, because: "client".to_owned() }));
}

pub(crate) async fn all_grants_of_a_user_or_of_an_app_end_together(world: World) {
    let flow = world.flow().await;
    let other_app = world.client("other").await;
    let grants = world.store.grants();
    for client in [&flow.client, &other_app, &other_app] {
        grants.insert(&new_grant(client, &flow.user, &flow.session)).await.unwrap();
    }
    let (client, user, why) = (other_app.row, flow.user.id, RevocationReason::User);
    assert_eq!(grants.revoke_of_client_and_user(client, user, why, NOW).await.unwrap(), 2);
    assert_eq!(grants.revoke_of_client_and_user(client, user, why, NOW).await.unwrap(), 0);
    assert_eq!(grants.revoke_of_user(user, why, NOW).await.unwrap(), 2);
    assert_eq!(grants.revoke_of_user(user, why, NOW).await.unwrap(), 0);
}

pub(crate) async fn grants_are_listed_by_what_they_belong_to(world: World) {
    let (one, other) = (world.flow().await, world.flow().await);
    let grants = world.store.grants();
    let list = async |filter: GrantFilter| -> Vec<_> {
        let filter = GrantFilter { limit: 10, ..filter };
        grants.list(ISSUER, &filter).await.unwrap().into_iter().map(|grant| grant.facts.id).collect()
    };
    let any = GrantFilter::default;
    assert_eq!(list(any()).await, [one.grant, other.grant]);
    assert_eq!(list(GrantFilter { user: Some(one.user.id), ..any() }).await, [one.grant]);
    assert_eq!(list(GrantFilter { client: Some(other.client.row), ..any() }).await, [other.grant]);
    assert_eq!(list(GrantFilter { session: Some(one.session.id), ..any() }).await, [one.grant]);
    assert_eq!(list(GrantFilter { after: Some(one.grant), ..any() }).await, [other.grant]);
    grants.revoke(one.grant, None, RevocationReason::Operator, NOW).await.unwrap();
    assert_eq!(list(GrantFilter { current_at: Some(NOW), ..any() }).await, [other.grant]);
    assert!(list(GrantFilter { current_at: Some(NOW.plus(60)), ..any() }).await.is_empty());
}

pub(crate) async fn a_dead_grant_is_not_found_alive(world: World) {
    let flow = world.redeemed().await;
    let grants = world.store.grants();
    let live = grants.live(flow.grant, NOW.plus(2)).await.unwrap().unwrap();
    assert_eq!((live.facts.id, live.generation, live.revocation), (flow.grant, 0, None));
    assert!(grants.live(flow.grant, NOW.plus(100_000)).await.unwrap().is_none(), "expired");
    world.store.users().disable(flow.user.id, NOW).await.unwrap();
    assert!(grants.live(flow.grant, NOW.plus(2)).await.unwrap().is_none(), "its user is disabled");
    world.store.users().enable(flow.user.id).await.unwrap();
    grants.revoke(flow.grant, None, RevocationReason::Operator, NOW).await.unwrap();
    assert!(grants.live(flow.grant, NOW.plus(2)).await.unwrap().is_none(), "revoked");
}

/// A login that ended between its reading and the grant gives none: an offline grant would outlive the password reset
/// that ended it.
pub(crate) async fn a_session_that_has_ended_gives_no_grant(world: World) {
    let flow = world.flow().await;
    let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
    (grant.code, grant.interaction, grant.offline) = (None, None, true);
    assert!(matches!(world.store.grants().insert(&grant).await.unwrap(), Inserted::Inserted(_)));
    world.ends_all(&Ending::OfUser(flow.user.id, None)).await;
    assert_eq!(world.store.grants().insert(&grant).await.unwrap(), Inserted::AlreadyConcluded);
}
