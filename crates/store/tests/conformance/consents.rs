use grantor_protocol::Scope;
use grantor_store::Consent;

use crate::world::{NOW, World};

pub(crate) async fn a_consent_is_remembered_per_user_and_client(world: World) {
    let (alice, app) = (world.user("alice").await.id, world.client("app").await.row);
    let (openid, more) = (Scope::parse("openid").unwrap(), Scope::parse("openid email").unwrap());
    let consents = world.store.consents();
    consents.upsert_merge(alice, app, &openid, NOW).await.unwrap();
    consents.upsert_merge(alice, app, &more, NOW.plus(8)).await.unwrap();
    let expected =
        Consent { user: alice, client: app, scope: more, granted_at: NOW, updated_at: NOW.plus(8) };
    assert_eq!(consents.list_of_user(alice, None, 10).await.unwrap(), [expected]);

    let mut clients = vec![app];
    for name in ["b", "c"] {
        clients.push(world.client(name).await.row);
        consents.upsert_merge(alice, *clients.last().unwrap(), &openid, NOW).await.unwrap();
    }
    clients.sort();
    let first = consents.list_of_user(alice, None, 2).await.unwrap();
    let rest = consents.list_of_user(alice, Some(first[1].client), 2).await.unwrap();
    let listed: Vec<_> = first.iter().chain(&rest).map(|consent| consent.client).collect();
    assert_eq!(listed, clients);
}
