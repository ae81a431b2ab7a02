use grantor_crypto::{Secret, SecretHash};
use grantor_protocol::Scope;
use grantor_store::{Inserted, OpenInteraction};

use crate::world::{ISSUER, NOW, NOW_MS, World, at_once, new_grant, request};

async fn opened(world: &World, id: &SecretHash) -> OpenInteraction {
    let resumed = world.store.interactions().resume(ISSUER, id, &[], NOW).await.unwrap();
    resumed.unwrap().interaction
}

pub(crate) async fn an_interaction_comes_back_as_it_was_stored(world: World) {
    let client = world.client("app").await;
    let id = world.interaction(&client).await;
    let open = opened(&world, &id).await;
    assert_eq!((open.id, open.issuer), (id, ISSUER));
    assert_eq!(open.request, request(&client));
    assert_eq!((open.created_at_ms, open.expires_at), (NOW_MS, NOW.plus(3600)));
    assert!(!open.authenticated_here && !open.chosen);
    assert_eq!(open.session, None);
}

pub(crate) async fn an_interaction_belongs_to_the_first_browser(world: World) {
    let client = world.client("app").await;
    let id = world.interaction(&client).await;
    let (ours, theirs) = (Secret::generate().hash(), Secret::generate().hash());
    let interactions = world.store.interactions();
    assert!(interactions.bind_browser(&id, &ours).await.unwrap());
    assert!(interactions.bind_browser(&id, &ours).await.unwrap());
    assert!(!interactions.bind_browser(&id, &theirs).await.unwrap());
    let resumed = interactions.resume(ISSUER, &id, &[], NOW).await.unwrap().unwrap();
    assert_eq!(resumed.browser, Some(ours));
}

pub(crate) async fn that_a_login_was_authenticated_here_is_forgotten_with_it(world: World) {
    let client = world.client("app").await;
    let user = world.user("alice").await;
    let (one, other) = (world.session(&user).await.id, world.session(&user).await.id);
    let id = world.interaction(&client).await;
    let interactions = world.store.interactions();
    for (session, here, expected) in
        [(one, false, false), (one, true, true), (one, false, true), (other, false, false)]
    {
        assert!(interactions.bind_session(&id, session, here).await.unwrap());
        let open = opened(&world, &id).await;
        assert_eq!((open.session, open.authenticated_here, open.chosen), (Some(session), expected, true));
    }
}

pub(crate) async fn a_refusal_concludes_once(world: World) {
    let client = world.client("app").await;
    let id = world.interaction(&client).await;
    let refusals = (0..16).map(|_| {
        let store = world.store.clone();
        async move { store.interactions().delete(&id).await.unwrap() }
    });
    assert_eq!(at_once(refusals).await.into_iter().filter(|first| *first).count(), 1);
    let session = world.session(&world.user("alice").await).await;
    assert!(!world.store.interactions().bind_session(&id, session.id, true).await.unwrap());
}

pub(crate) async fn an_interaction_that_gave_a_grant_cannot_be_refused(world: World) {
    let flow = world.flow().await;
    let id = world.interaction(&flow.client).await;
    let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
    grant.interaction = Some(id);
    assert!(matches!(world.store.grants().insert(&grant).await.unwrap(), Inserted::Inserted(_)));
    assert!(!world.store.interactions().delete(&id).await.unwrap());
}

pub(crate) async fn an_interaction_is_resumed_with_the_browsers_sessions_in_one_statement(world: World) {
    let flow = world.flow().await;
    let disabled = world.user("disabled").await;
    let of_disabled = world.session(&disabled).await;
    world.store.users().disable(disabled.id, NOW).await.unwrap();
    let id = world.interaction(&flow.client).await;
    let interactions = world.store.interactions();
    let without = interactions.resume(ISSUER, &id, &[], NOW).await.unwrap().unwrap();
    assert_eq!(without.interaction.request, request(&flow.client));
    assert_eq!((without.browser, without.concluded, without.sessions.len()), (None, false, 0));

    let browser = Secret::generate().hash();
    interactions.bind_browser(&id, &browser).await.unwrap();
    let scope = Scope::parse("openid").unwrap();
    world.store.consents().upsert_merge(flow.user.id, flow.client.row, &scope, NOW).await.unwrap();
    let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
    grant.interaction = Some(id);
    world.store.grants().insert(&grant).await.unwrap();
    let second = world.session(&flow.user).await;

    let secrets = [second.secret_hash, of_disabled.secret_hash, flow.session.secret_hash];
    let before = world.store.statements();
    let resumed = interactions.resume(ISSUER, &id, &secrets, NOW).await.unwrap().unwrap();
    assert_eq!(world.store.statements() - before, 1);
    assert_eq!((resumed.browser, resumed.concluded), (Some(browser), true));
    let found: Vec<_> = resumed.sessions.iter().map(|found| found.session.id).collect();
    assert_eq!(found, [second.id, flow.session.id]);
    assert_eq!(resumed.sessions[0].consented_scope, Some(scope));
    assert!(interactions.resume(ISSUER, &id, &secrets, NOW.plus(3600)).await.unwrap().is_none());
}
