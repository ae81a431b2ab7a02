use grantor_crypto::Secret;
use grantor_protocol::Scope;
use grantor_store::{
    Client, Disconnected, Ending, GrantFilter, Inserted, LiveQuery, Revocation, RevocationReason,
};
use serde_json::json;

use crate::world::{ISSUER, NOW, NOW_MS, World, at_once, new_grant};

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
    let (user, why) = (flow.user.id, RevocationReason::User);
    let revoked = async |client: Option<&Client>| {
        let client = client.map(|client| client.row);
        grants.disconnect(user, client, why, NOW.plus(60), NOW_MS).await.unwrap().grants
    };
    assert_eq!(revoked(Some(&other_app)).await, 2);
    assert_eq!(revoked(Some(&other_app)).await, 0);
    assert_eq!(revoked(None).await, 2);
    assert_eq!(revoked(None).await, 0);
}

pub(crate) async fn all_grants_of_a_user_end_together_but_those_of_a_login_that_is_kept(world: World) {
    let flow = world.flow().await;
    let elsewhere = world.session(&flow.user).await;
    let grants = world.store.grants();
    let kept = grants.insert(&new_grant(&flow.client, &flow.user, &elsewhere)).await.unwrap();
    let mut of_no_login = new_grant(&flow.client, &flow.user, &flow.session);
    of_no_login.session = None;
    grants.insert(&of_no_login).await.unwrap();
    let (user, why) = (flow.user.id, RevocationReason::User);
    assert_eq!(grants.revoke_of_user(user, Some(elsewhere.id), why, NOW).await.unwrap(), 2);
    let Inserted::Inserted(kept) = kept else { panic!("{kept:?}") };
    assert!(grants.live(kept, NOW).await.unwrap().is_some());
    assert!(grants.live(flow.grant, NOW).await.unwrap().is_none());
    assert_eq!(grants.revoke_of_user(user, None, why, NOW).await.unwrap(), 1);
    assert_eq!(grants.revoke_of_user(user, None, why, NOW).await.unwrap(), 0);
}

/// Back-Channel Logout section 2.5: a client that lost a user is told of each of their sessions that it knows, once.
pub(crate) async fn a_client_that_is_disconnected_loses_consent_and_grants_and_is_told(world: World) {
    let user = world.user("alice").await;
    let (bob, quiet) = (world.user("bob").await, world.client("quiet").await);
    let app = world
        .client_with("app", |client| {
            client.backchannel_logout_uri = Some("https://app.example/logout".to_owned());
        })
        .await;
    let (one, two, ended) =
        (world.session(&user).await, world.session(&user).await, world.session(&user).await);
    let of_bob = world.session(&bob).await;
    let sessions = world.store.sessions();
    for session in [&one, &two, &ended, &of_bob] {
        for client in [&app, &quiet] {
            assert!(sessions.note_client(session.id, client.row, NOW).await.unwrap());
        }
    }
    assert_eq!(world.ends(&ended).await.notifications, 1);
    let scope = Scope::parse("openid").unwrap();
    for (user, client) in [(&user, &app), (&user, &quiet), (&bob, &app)] {
        world.store.consents().upsert_merge(user.id, client.row, &scope, NOW).await.unwrap();
    }
    let grants = world.store.grants();
    for (client, user, session) in [(&app, &user, &one), (&quiet, &user, &one), (&app, &bob, &of_bob)] {
        grants.insert(&new_grant(client, user, session)).await.unwrap();
    }
    let disconnect = async |client: &Client| {
        let why = RevocationReason::User;
        grants.disconnect(user.id, Some(client.row), why, NOW.plus(60), NOW_MS).await.unwrap()
    };
    let before = world.store.statements();
    assert_eq!(disconnect(&app).await, Disconnected { consents: 1, grants: 1, notifications: 2 });
    assert_eq!(world.store.statements() - before, 4);
    assert!(disconnect(&app).await.is_nothing());
    assert_eq!(world.ends(&one).await.notifications, 0, "it was told of this session");
    assert_eq!(disconnect(&quiet).await, Disconnected { consents: 1, grants: 1, notifications: 0 });
    assert_eq!(world.store.consents().list_of_user(bob.id, None, 10).await.unwrap().len(), 1);
    assert_eq!(world.ends(&of_bob).await.notifications, 1, "bob goes on until he ends it");
}

pub(crate) async fn clients_are_connected_by_consent_or_by_a_live_grant(world: World) {
    let flow = world.redeemed().await;
    let (user, session) = (&flow.user, &flow.session);
    let grants = world.store.grants();
    let (agreed, skips, expired) =
        (world.client("agreed").await, world.client("skips").await, world.client("expired").await);
    let scope = Scope::parse("openid profile").unwrap();
    world.store.consents().upsert_merge(user.id, agreed.row, &scope, NOW.plus(3)).await.unwrap();
    for at in [4, 5] {
        let mut grant = new_grant(&skips, user, session);
        grant.offline = false;
        grant.created_at = NOW.plus(at);
        grants.insert(&grant).await.unwrap();
    }
    let mut over = new_grant(&expired, user, session);
    over.expires_at = NOW.plus(5);
    grants.insert(&over).await.unwrap();

    let list =
        async |after, limit| grants.connected_clients(user.id, after, limit, NOW.plus(6)).await.unwrap();
    let all = list(None, 10).await;
    let mut expected = vec![flow.client.row, agreed.row, skips.row];
    expected.sort();
    assert_eq!(all.iter().map(|found| found.client).collect::<Vec<_>>(), expected);
    assert_eq!(list(None, 2).await, all[..2]);
    assert_eq!(list(Some(all[1].client), 2).await, all[2..]);
    let found = |client: &Client| all.iter().find(|found| found.client == client.row).unwrap();
    let (by_consent, by_grant, offline) = (found(&agreed), found(&skips), found(&flow.client));
    assert_eq!((&by_consent.scope, by_consent.since, by_consent.last_used_at), (&scope, NOW.plus(3), None));
    assert_eq!((by_grant.since, by_grant.last_used_at), (NOW.plus(4), Some(NOW.plus(5))));
    assert_eq!((by_grant.offline, offline.offline), (false, true));
    assert_eq!(by_grant.metadata, skips.metadata);
    assert_eq!(by_grant.client_id, skips.client_id);
    assert!(offline.scope.contains("offline_access"));
    assert!(grants.connected_clients(world.user("bob").await.id, None, 10, NOW).await.unwrap().is_empty());
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
