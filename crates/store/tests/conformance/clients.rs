use grantor_crypto::{DataKey, DataKeyPurpose, Secret, StoredSecret};
use grantor_protocol::{ClientId, ClientMetadata, IssuerId, Scope};
use grantor_store::{LiveQuery, NewClient};

use crate::world::{ISSUER, NOW, World};

fn secret() -> StoredSecret {
    StoredSecret::keyed(&DataKey::generate(DataKeyPurpose::ClientSecrets), &Secret::generate())
}

pub(crate) async fn a_registered_client_is_found_by_its_name_and_its_row(world: World) {
    let registered = world.client("app").await;
    let by_name = world.store.clients().by_client_id(ISSUER, &registered.client_id).await.unwrap().unwrap();
    let by_row = world.store.clients().by_row(registered.row).await.unwrap().unwrap();
    for found in [by_name, by_row] {
        assert_eq!(found.row, registered.row);
        assert_eq!(found.metadata, registered.metadata);
        assert_eq!((found.epoch, found.created_at, found.updated_at), (0, NOW, NOW));
        assert!(found.secret.is_none() && found.previous_secret.is_none());
    }
    let unknown = ClientId::parse("nobody").unwrap();
    assert!(world.store.clients().by_client_id(ISSUER, &unknown).await.unwrap().is_none());
}

pub(crate) async fn a_name_is_registered_once_per_issuer(world: World) {
    let client = world.client("app").await;
    let again = |issuer| NewClient {
        issuer,
        client_id: client.client_id.clone(),
        metadata: ClientMetadata::default(),
        secret: None,
        now: NOW,
    };
    assert!(world.store.clients().insert(again(ISSUER)).await.unwrap_err().is_conflict());
    world.store.clients().insert(again(IssuerId(2))).await.unwrap();
}

pub(crate) async fn clients_are_listed_by_name_in_pages(world: World) {
    for name in ["b", "A", "a-1", "a_1", "B"] {
        world.client(name).await;
    }
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.clients().list(ISSUER, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.client_id.clone());
        names.extend(page.into_iter().map(|client| client.client_id.to_string()));
    }
    assert_eq!(names, ["A", "B", "a-1", "a_1", "b"]);
}

pub(crate) async fn metadata_is_replaced(world: World) {
    let client = world.client("app").await;
    let metadata = ClientMetadata { client_name: Some("App".to_owned()), ..client.metadata.clone() };
    assert!(world.store.clients().update_metadata(client.row, &metadata, NOW.plus(5)).await.unwrap());
    let found = world.store.clients().by_row(client.row).await.unwrap().unwrap();
    assert_eq!((found.metadata, found.updated_at), (metadata, NOW.plus(5)));
    world.store.clients().delete(client.row).await.unwrap();
    assert!(!world.store.clients().update_metadata(client.row, &client.metadata, NOW).await.unwrap());
}

pub(crate) async fn a_replaced_secret_is_good_until_its_overlap_ends(world: World) {
    let client = world.client("app").await;
    let (first, second, third) = (secret(), secret(), secret());
    let clients = world.store.clients();
    assert!(clients.set_secret(client.row, Some(&first), None, NOW).await.unwrap());
    assert!(clients.set_secret(client.row, Some(&second), Some(NOW.plus(60)), NOW).await.unwrap());
    let found = clients.by_row(client.row).await.unwrap().unwrap();
    assert_eq!(found.secret.unwrap().to_string(), second.to_string());
    let previous = found.previous_secret.unwrap();
    assert_eq!((previous.secret.to_string(), previous.expires_at), (first.to_string(), NOW.plus(60)));

    assert!(clients.set_secret(client.row, Some(&third), None, NOW).await.unwrap());
    assert!(clients.by_row(client.row).await.unwrap().unwrap().previous_secret.is_none());
}

pub(crate) async fn an_overlap_outlives_another_form_of_the_secret_and_is_ended_by_hand(world: World) {
    let client = world.client("app").await;
    let (first, second, refitted) = (secret(), secret(), secret());
    let clients = world.store.clients();
    assert!(clients.set_secret(client.row, Some(&first), None, NOW).await.unwrap());
    assert!(!clients.end_previous_secret(client.row, NOW).await.unwrap(), "there is none");
    assert!(clients.set_secret(client.row, Some(&second), Some(NOW.plus(60)), NOW).await.unwrap());
    assert!(!clients.refit_secret(client.row, &first, &refitted, NOW).await.unwrap(), "another by now");
    assert!(clients.refit_secret(client.row, &second, &refitted, NOW).await.unwrap());
    let found = clients.by_row(client.row).await.unwrap().unwrap();
    assert_eq!(found.secret.as_ref(), Some(&refitted));
    assert_eq!(found.overlap_until(NOW.plus(59)), Some(NOW.plus(60)));
    assert_eq!(found.overlap_until(NOW.plus(60)), None);

    assert!(clients.end_previous_secret(client.row, NOW).await.unwrap());
    let found = clients.by_row(client.row).await.unwrap().unwrap();
    assert!(found.previous_secret.is_none());
    assert_eq!(found.secret, Some(refitted));
}

pub(crate) async fn a_raised_epoch_ends_tokens_and_grants(world: World) {
    let flow = world.redeemed().await;
    let query = LiveQuery {
        grant: Some(flow.grant),
        client: flow.client.row,
        epoch: flow.client.epoch,
        token: grantor_protocol::TokenId::from_uuid(flow.grant.uuid()),
        now: NOW.plus(2),
    };
    let for_itself = LiveQuery { grant: None, ..query };
    assert!(world.store.tokens().live(query).await.unwrap().is_some());
    assert!(world.store.tokens().live(for_itself).await.unwrap().is_some());

    assert_eq!(world.store.clients().raise_epoch(flow.client.row).await.unwrap(), Some(1));
    assert!(world.store.tokens().live(query).await.unwrap().is_none());
    assert!(world.store.tokens().live(for_itself).await.unwrap().is_none());
    // A token that claims the new epoch still hangs on a grant of the old one.
    assert!(world.store.tokens().live(LiveQuery { epoch: 1, ..query }).await.unwrap().is_none());
    world.store.clients().delete(flow.client.row).await.unwrap();
    assert_eq!(world.store.clients().raise_epoch(flow.client.row).await.unwrap(), None);
}

pub(crate) async fn a_deleted_client_takes_consents_and_tokens_along(world: World) {
    let flow = world.redeemed().await;
    let scope = Scope::parse("openid").unwrap();
    world.store.consents().upsert_merge(flow.user.id, flow.client.row, &scope, NOW).await.unwrap();
    assert!(world.store.clients().delete(flow.client.row).await.unwrap());
    assert!(!world.store.clients().delete(flow.client.row).await.unwrap());
    assert!(world.store.consents().list_of_user(flow.user.id, None, 10).await.unwrap().is_empty());

    // The same name again is another client: nothing of the old one comes back to life.
    let again = world.client(flow.client.client_id.as_str()).await;
    assert_ne!(again.row, flow.client.row);
    for client in [flow.client.row, again.row] {
        let query = LiveQuery {
            grant: Some(flow.grant),
            client,
            epoch: 0,
            token: grantor_protocol::TokenId::from_uuid(flow.grant.uuid()),
            now: NOW.plus(2),
        };
        assert!(world.store.tokens().live(query).await.unwrap().is_none());
    }
}

pub(crate) async fn an_origin_is_known_while_a_client_has_it(world: World) {
    let clients = world.store.clients();
    let known = async |origin| clients.has_origin(ISSUER, origin).await.unwrap();
    let one = world.client("one").await;
    let other = world.client("other").await;
    assert!(known("https://app.example.com").await);
    assert!(!known("https://elsewhere.example.com").await);
    assert!(!clients.has_origin(IssuerId(2), "https://app.example.com").await.unwrap());

    let redirect_uris = vec!["https://elsewhere.example.com/callback".to_owned()];
    let moved = ClientMetadata { redirect_uris, ..one.metadata.clone() };
    assert!(clients.update_metadata(one.row, &moved, NOW).await.unwrap());
    assert!(known("https://elsewhere.example.com").await && known("https://app.example.com").await);
    clients.delete(other.row).await.unwrap();
    assert!(!known("https://app.example.com").await);
}
