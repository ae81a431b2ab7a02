use grantor_crypto::{DataKey, DataKeyPurpose, Secret, StoredSecret};
use grantor_protocol::{ClientId, ClientMetadata, IssuerId};
use grantor_store::{Client, NewClient, Replacement};

use crate::world::{ISSUER, NOW, World, at_once};

fn secret() -> StoredSecret {
    StoredSecret::keyed(&DataKey::generate(DataKeyPurpose::ClientSecrets), &Secret::generate())
}

fn new_client(name: &str) -> NewClient {
    let redirect_uris = vec!["https://app.example.com/callback".to_owned()];
    NewClient {
        issuer: ISSUER,
        client_id: ClientId::parse(name).unwrap(),
        metadata: ClientMetadata { redirect_uris, ..ClientMetadata::default() },
        secret: Some(secret()),
        now: NOW,
    }
}

async fn registered(world: &World, name: &str, token: &StoredSecret) -> Client {
    world.store.clients().register(new_client(name), token.clone()).await.unwrap()
}

pub(crate) async fn a_client_that_registers_itself_is_told_from_one_that_an_operator_registered(
    world: World,
) {
    let (clients, token) = (world.store.clients(), secret());
    let operators = world.client("theirs").await;
    assert_eq!(clients.count_registered(ISSUER).await.unwrap(), 0);
    let own = registered(&world, "own", &token).await;
    for found in [own.clone(), clients.by_row(own.row).await.unwrap().unwrap()] {
        let registered = found.registered.unwrap();
        assert_eq!((registered.at, registered.token), (NOW, token.clone()));
    }
    assert!(clients.by_row(operators.row).await.unwrap().unwrap().registered.is_none());
    assert_eq!(clients.count_registered(ISSUER).await.unwrap(), 1);
    assert_eq!(clients.count_registered(IssuerId(2)).await.unwrap(), 0);
    assert!(clients.register(new_client("own"), secret()).await.unwrap_err().is_conflict());
    assert!(clients.delete(own.row).await.unwrap());
    assert_eq!(clients.count_registered(ISSUER).await.unwrap(), 0);
}

pub(crate) async fn a_registration_is_replaced_as_a_whole_and_its_old_token_is_dead(world: World) {
    let (clients, token, new_token) = (world.store.clients(), secret(), secret());
    let client = registered(&world, "own", &token).await;
    let previous = secret();
    assert!(clients.set_secret(client.row, Some(&previous), Some(NOW.plus(60)), NOW).await.unwrap());
    let redirect_uris = vec!["https://elsewhere.example.com/callback".to_owned()];
    let metadata = ClientMetadata { redirect_uris, ..ClientMetadata::default() };
    let replacement = Replacement {
        row: client.row,
        token: &token,
        new_token: &new_token,
        metadata: &metadata,
        secret: Some(&previous),
        now: NOW.plus(5),
    };
    assert!(clients.replace_registration(replacement).await.unwrap());
    let found = clients.by_row(client.row).await.unwrap().unwrap();
    assert_eq!((&found.metadata, found.updated_at), (&metadata, NOW.plus(5)));
    assert_eq!(found.secret.as_ref(), Some(&previous));
    assert!(found.previous_secret.is_some(), "a secret that stays keeps its overlap");
    let kept = found.registered.unwrap();
    assert_eq!((kept.at, kept.token), (NOW, new_token.clone()));
    assert!(clients.has_origin(ISSUER, "https://elsewhere.example.com").await.unwrap());
    assert!(!clients.has_origin(ISSUER, "https://app.example.com").await.unwrap());

    assert!(!clients.replace_registration(replacement).await.unwrap(), "the old token is dead");
    let public = Replacement { token: &new_token, secret: None, ..replacement };
    assert!(clients.replace_registration(public).await.unwrap());
    let found = clients.by_row(client.row).await.unwrap().unwrap();
    assert!(found.secret.is_none() && found.previous_secret.is_none());

    let operators = world.client("theirs").await;
    let foreign = Replacement { row: operators.row, token: &new_token, ..replacement };
    assert!(!clients.replace_registration(foreign).await.unwrap(), "an operator's client has no token");
    clients.delete(client.row).await.unwrap();
    let gone = Replacement { token: &new_token, ..replacement };
    assert!(!clients.replace_registration(gone).await.unwrap());
}

pub(crate) async fn of_two_replacements_at_once_one_is_made(world: World) {
    let token = secret();
    let client = registered(&world, "own", &token).await;
    let attempts = (0..8).map(|_| {
        let (store, token, metadata, row) =
            (world.store.clone(), token.clone(), client.metadata.clone(), client.row);
        async move {
            let replacement = Replacement {
                row,
                token: &token,
                new_token: &secret(),
                metadata: &metadata,
                secret: None,
                now: NOW,
            };
            store.clients().replace_registration(replacement).await.unwrap()
        }
    });
    let made = at_once(attempts).await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
}
