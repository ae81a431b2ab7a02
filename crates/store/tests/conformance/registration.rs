use grantor_crypto::{DataKey, DataKeyPurpose, Secret, SecretHash, StoredSecret};
use grantor_protocol::{
    ClientId, ClientMetadata, InitialTokenId, IssuerId, RegistrationLimits, RegistrationTerms, Scope,
};
use grantor_store::{
    Client, InitialToken, NewClient, NewInitialToken, NewRegistration, Registration, Replacement,
};

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

fn by_token(token: &StoredSecret) -> NewRegistration {
    NewRegistration {
        token: Some(token.clone()),
        terms: RegistrationTerms::default(),
        uses: None,
        reusable_as: None,
    }
}

async fn register(world: &World, name: &str, registration: NewRegistration) -> Client {
    match world.store.clients().register(new_client(name), registration).await.unwrap() {
        Registration::Registered(client) => *client,
        Registration::TokenUsedUp => panic!("the initial access token was used up"),
    }
}

async fn registered(world: &World, name: &str, token: &StoredSecret) -> Client {
    register(world, name, by_token(token)).await
}

fn terms() -> RegistrationTerms {
    let limits = RegistrationLimits { scopes: Some(Scope::parse("openid").unwrap()), ..Default::default() };
    RegistrationTerms { limits, ..RegistrationTerms::default() }
}

async fn gives_out(world: &World, max_uses: Option<i64>, seconds: Option<i64>) -> (SecretHash, InitialToken) {
    let secret_hash = Secret::generate().hash();
    let token = NewInitialToken {
        issuer: ISSUER,
        secret_hash,
        label: Some("for the pilot".to_owned()),
        limits: terms().limits,
        max_uses,
        expires_at: seconds.map(|seconds| NOW.plus(seconds)),
        now: NOW,
    };
    (secret_hash, world.store.initial_tokens().insert(token).await.unwrap())
}

fn using(token: InitialTokenId) -> NewRegistration {
    NewRegistration { uses: Some(token), ..by_token(&secret()) }
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
        assert_eq!((registered.at, registered.token), (NOW, Some(token.clone())));
    }
    assert!(clients.by_row(operators.row).await.unwrap().unwrap().registered.is_none());
    assert_eq!(clients.count_registered(ISSUER).await.unwrap(), 1);
    assert_eq!(clients.count_registered(IssuerId(2)).await.unwrap(), 0);
    assert!(clients.register(new_client("own"), by_token(&secret())).await.unwrap_err().is_conflict());
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
    let terms = terms();
    let replacement = Replacement {
        row: client.row,
        token: &token,
        new_token: &new_token,
        terms: &terms,
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
    assert_eq!((kept.at, kept.token, kept.terms), (NOW, Some(new_token.clone()), terms.clone()));
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
                terms: &RegistrationTerms::default(),
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

pub(crate) async fn an_initial_access_token_is_good_until_used_up_expired_or_revoked(world: World) {
    let tokens = world.store.initial_tokens();
    let (hash, token) = gives_out(&world, Some(1), None).await;
    assert_eq!(tokens.usable(ISSUER, &hash, NOW).await.unwrap(), Some(token.clone()));
    assert_eq!(tokens.usable(IssuerId(2), &hash, NOW).await.unwrap(), None);
    assert_eq!(tokens.usable(ISSUER, &Secret::generate().hash(), NOW).await.unwrap(), None);
    register(&world, "first", using(token.id)).await;
    let second = world.store.clients().register(new_client("second"), using(token.id)).await.unwrap();
    assert!(matches!(second, Registration::TokenUsedUp), "{second:?}");
    assert_eq!(tokens.usable(ISSUER, &hash, NOW).await.unwrap(), None);
    assert_eq!(tokens.list(ISSUER).await.unwrap(), [InitialToken { uses: 1, ..token.clone() }]);
    let second = ClientId::parse("second").unwrap();
    assert!(world.store.clients().by_client_id(ISSUER, &second).await.unwrap().is_none());

    let (hash, short) = gives_out(&world, None, Some(60)).await;
    assert!(tokens.usable(ISSUER, &hash, NOW.plus(59)).await.unwrap().is_some());
    assert_eq!(tokens.usable(ISSUER, &hash, NOW.plus(60)).await.unwrap(), None);

    let (hash, free) = gives_out(&world, None, None).await;
    for name in ["third", "fourth"] {
        register(&world, name, using(free.id)).await;
    }
    assert_eq!(tokens.usable(ISSUER, &hash, NOW).await.unwrap().unwrap().uses, 2);
    assert!(!tokens.revoke(IssuerId(2), free.id).await.unwrap());
    assert!(tokens.revoke(ISSUER, free.id).await.unwrap());
    assert!(!tokens.revoke(ISSUER, free.id).await.unwrap());
    assert_eq!(tokens.usable(ISSUER, &hash, NOW).await.unwrap(), None);
    let refused = world.store.clients().register(new_client("fifth"), using(free.id)).await.unwrap();
    assert!(matches!(refused, Registration::TokenUsedUp));
    let left: Vec<_> = tokens.list(ISSUER).await.unwrap().into_iter().map(|token| token.id).collect();
    assert_eq!(left, [token.id, short.id]);
}

pub(crate) async fn of_thirty_two_that_register_with_the_last_use_one_does(world: World) {
    let (_, token) = gives_out(&world, Some(1), None).await;
    let attempts = (0..32).map(|number| {
        let (store, token) = (world.store.clone(), token.id);
        async move {
            let made =
                store.clients().register(new_client(&format!("c{number}")), using(token)).await.unwrap();
            matches!(made, Registration::Registered(_))
        }
    });
    assert_eq!(at_once(attempts).await.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(world.store.clients().count_registered(ISSUER).await.unwrap(), 1);
}

pub(crate) async fn the_same_registered_twice_is_one_client_until_somebody_changes_it(world: World) {
    let clients = world.store.clients();
    let reusable =
        || NewRegistration { token: None, reusable_as: Some("same".to_owned()), ..by_token(&secret()) };
    assert!(clients.reuse(ISSUER, "same", NOW).await.unwrap().is_none());
    let client = register(&world, "one", reusable()).await;
    assert!(clients.register(new_client("two"), reusable()).await.unwrap_err().is_conflict());
    let found = clients.reuse(ISSUER, "same", NOW.plus(9)).await.unwrap().unwrap();
    let registered = found.registered.unwrap();
    assert_eq!((found.row, registered.at, found.created_at), (client.row, NOW.plus(9), NOW));
    assert!(registered.token.is_none(), "nobody may manage it");
    assert!(clients.reuse(IssuerId(2), "same", NOW).await.unwrap().is_none());
    assert!(clients.reuse(ISSUER, "other", NOW).await.unwrap().is_none());
    assert!(clients.update_metadata(client.row, &client.metadata, NOW).await.unwrap());
    assert!(clients.reuse(ISSUER, "same", NOW).await.unwrap().is_none());
}

pub(crate) async fn clients_without_a_sign_of_life_are_removed_in_batches(world: World) {
    let (clients, cleanup) = (world.store.clients(), world.store.cleanup());
    let operators = world.client("theirs").await;
    let unused = registered(&world, "unused", &secret()).await;
    let used = registered(&world, "used", &secret()).await;
    registered(&world, "unused-too", &secret()).await;
    assert!(clients.note_use(used.row, NOW.plus(10), NOW).await.unwrap());
    assert!(!clients.note_use(used.row, NOW.plus(20), NOW.plus(5)).await.unwrap(), "noted a moment ago");
    assert!(!clients.note_use(operators.row, NOW.plus(10), NOW).await.unwrap());
    let noted = clients.by_row(used.row).await.unwrap().unwrap().registered.unwrap();
    assert_eq!(noted.last_used_at, Some(NOW.plus(10)));

    let removes = async |unused: Option<i64>, silent: Option<i64>, limit| {
        let (unused, silent) = (unused.map(|at| NOW.plus(at)), silent.map(|at| NOW.plus(at)));
        cleanup.remove_silent_clients(unused, silent, limit).await.unwrap()
    };
    assert_eq!(removes(None, None, 10).await, 0);
    assert_eq!(removes(Some(-1), Some(9), 10).await, 0);
    assert_eq!(removes(Some(0), None, 1).await, 1, "a batch is bounded");
    assert_eq!(removes(Some(0), None, 10).await, 1);
    assert!(clients.by_row(unused.row).await.unwrap().is_none());
    assert!(clients.has_origin(ISSUER, "https://app.example.com").await.unwrap(), "of the others");
    assert_eq!(removes(Some(0), Some(9), 10).await, 0);
    assert_eq!(removes(Some(0), Some(10), 10).await, 1);
    assert!(clients.by_row(used.row).await.unwrap().is_none());
    assert_eq!(removes(Some(1_000_000), Some(1_000_000), 10).await, 0, "an operator's client stays");
    assert!(clients.by_row(operators.row).await.unwrap().is_some());
}

pub(crate) async fn a_younger_grant_is_a_sign_of_life(world: World) {
    let user = world.user("alice").await;
    let session = world.session(&user).await;
    let client = registered(&world, "own", &secret()).await;
    let row = client.row;
    world.flow_of(client, user, session, |_| {}).await;
    let cleanup = world.store.cleanup();
    assert_eq!(cleanup.remove_silent_clients(Some(NOW.plus(-1)), None, 10).await.unwrap(), 0);
    assert_eq!(cleanup.remove_silent_clients(Some(NOW), None, 10).await.unwrap(), 1, "it is not younger");
    assert!(world.store.clients().by_row(row).await.unwrap().is_none());
}
