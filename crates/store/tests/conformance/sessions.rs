use grantor_crypto::Secret;
use grantor_protocol::Scope;
use grantor_store::{
    Authentication, Ended, Ending, Expiring, NewSession, Reauthentication, RevocationReason, Session, User,
};

use crate::world::{ISSUER, NOW, NOW_MS, World, at_once, new_session};

fn renewal() -> Reauthentication {
    Reauthentication {
        secret_hash: Secret::generate().hash(),
        authentication: Authentication {
            acr: "2".to_owned(),
            amr: vec!["otp".to_owned()],
            at_ms: NOW_MS + 5_500,
        },
        remembered: false,
        idle_seconds: 60,
        expires_at: NOW.plus(600),
    }
}

async fn only_session(world: &World, user: &User) -> Session {
    let mut alive = world.store.sessions().list_of_user(user.id, None, 10, NOW).await.unwrap();
    assert_eq!(alive.len(), 1);
    alive.remove(0)
}

pub(crate) async fn a_browsers_sessions_come_in_the_order_given(world: World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (of_alice, of_bob) = (world.session(&alice).await, world.session(&bob).await);
    let client = world.client("app").await;
    let scope = Scope::parse("openid email").unwrap();
    world.store.consents().upsert_merge(alice.id, client.row, &scope, NOW).await.unwrap();

    let secrets = [of_bob.secret_hash, Secret::generate().hash(), of_alice.secret_hash];
    let before = world.store.statements();
    let alive = world.store.sessions().alive(ISSUER, &secrets, Some(client.row), NOW).await.unwrap();
    assert_eq!(world.store.statements() - before, 1);
    assert_eq!(alive.len(), 2);
    assert_eq!((&alive[0].session, &alive[1].session), (&of_bob, &of_alice));
    assert_eq!(alive[0].consented_scope, None);
    assert_eq!(alive[1].consented_scope, Some(scope));
    assert_eq!(alive[1].user.username_display, "ALICE");
    assert_eq!(alive[1].user.claims, alice.claims);

    assert!(world.store.sessions().alive(ISSUER, &[], None, NOW).await.unwrap().is_empty());
    let mut seven: Vec<_> = (0..6).map(|_| Secret::generate().hash()).collect();
    seven.push(of_alice.secret_hash);
    assert!(world.store.sessions().alive(ISSUER, &seven, None, NOW).await.unwrap().is_empty());
}

pub(crate) async fn ended_expired_idle_and_disabled_sessions_are_not_alive(world: World) {
    let user = world.user("alice").await;
    let sessions = world.store.sessions();
    let count_at = async |session: &Session, now| {
        let alive = sessions.alive(ISSUER, &[session.secret_hash], None, now).await.unwrap().len();
        assert_eq!(alive, sessions.list_of_user(user.id, None, 10, now).await.unwrap().len());
        alive
    };
    let session = world.session(&user).await;
    assert_eq!(count_at(&session, NOW.plus(3599)).await, 1);
    assert_eq!(count_at(&session, NOW.plus(3600)).await, 0, "idle");
    sessions.touch(session.id, NOW.plus(86_399)).await.unwrap();
    assert_eq!(count_at(&session, NOW.plus(86_399)).await, 1);
    assert_eq!(count_at(&session, NOW.plus(86_400)).await, 0, "expired");
    assert_eq!(world.ends(&session).await.sessions, [session.id]);
    assert_eq!(world.ends(&session).await, Ended::default());
    assert_eq!(count_at(&session, NOW.plus(86_399)).await, 0, "ended");

    let other = world.session(&user).await;
    world.store.users().disable(user.id, NOW).await.unwrap();
    assert!(sessions.alive(ISSUER, &[other.secret_hash], None, NOW).await.unwrap().is_empty());
}

pub(crate) async fn authenticating_again_changes_the_secret_once(world: World) {
    let user = world.user("alice").await;
    let session = world.session(&user).await;
    let attempts = (0..8).map(|_| {
        let (store, session) = (world.store.clone(), session.clone());
        async move { store.sessions().reauthenticate(&session, &renewal()).await.unwrap() }
    });
    let winners = at_once(attempts).await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1);

    assert!(
        world.store.sessions().alive(ISSUER, &[session.secret_hash], None, NOW).await.unwrap().is_empty()
    );
    let found = only_session(&world, &user).await;
    assert_eq!((found.authenticated_at_ms, found.acr.as_str()), (NOW_MS + 5_500, "2"));
    assert_eq!((found.last_seen_at, found.expires_at), (NOW.plus(5), NOW.plus(600)));
    assert_eq!((found.remembered, found.idle_seconds), (false, 60));
    assert_eq!(found.authentications.len(), 2);
    assert_eq!(found.authentications[0], session.authentications[0]);

    world.ends(&session).await;
    assert!(!world.store.sessions().reauthenticate(&found, &renewal()).await.unwrap());
}

pub(crate) async fn a_session_remembers_the_first_and_the_latest_authentications(world: World) {
    let user = world.user("alice").await;
    let mut session = world.session(&user).await;
    for step in 1..=12 {
        let mut renewal = renewal();
        renewal.authentication.at_ms = NOW_MS + step;
        assert!(world.store.sessions().reauthenticate(&session, &renewal).await.unwrap());
        session = only_session(&world, &user).await;
    }
    let instants: Vec<_> = session.authentications.iter().map(|one| one.at_ms - NOW_MS).collect();
    assert_eq!(instants, [0, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

pub(crate) async fn using_a_session_keeps_it_from_idling_out(world: World) {
    let user = world.user("alice").await;
    let session = world.session(&user).await;
    world.store.sessions().touch(session.id, NOW.plus(100)).await.unwrap();
    world.store.sessions().touch(session.id, NOW.plus(50)).await.unwrap();
    let found = only_session(&world, &user).await;
    assert_eq!(found.last_seen_at, NOW.plus(100));
}

pub(crate) async fn every_session_of_a_user_ends_at_once(world: World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    for _ in 0..3 {
        world.session(&alice).await;
    }
    let of_bob = world.session(&bob).await;
    let kept = world.session(&alice).await;
    let ended = world.ends_all(&Ending::OfUser(alice.id, Some(kept.id))).await;
    assert_eq!(ended.sessions.len(), 3);
    assert_eq!(
        world.store.sessions().list_of_user(alice.id, None, 10, NOW).await.unwrap(),
        std::slice::from_ref(&kept)
    );
    assert_eq!(world.ends_all(&Ending::OfUser(alice.id, None)).await.sessions, [kept.id]);
    assert!(world.store.sessions().list_of_user(alice.id, None, 10, NOW).await.unwrap().is_empty());
    assert_eq!(world.store.sessions().list_of_user(bob.id, None, 10, NOW).await.unwrap(), [of_bob]);
}

pub(crate) async fn the_sessions_of_a_browser_end_together(world: World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (of_alice, of_bob) = (world.session(&alice).await, world.session(&bob).await);
    let elsewhere = world.session(&alice).await;
    let mut all = vec![of_alice.id, of_bob.id];
    for _ in 0..5 {
        all.push(world.session(&bob).await.id);
    }
    let which = Ending::Sessions(all.clone());
    let ended = at_once((0..4).map(|_| {
        let (store, which) = (world.store.clone(), which.clone());
        async move { store.sessions().end(&which, NOW.plus(60), NOW_MS).await.unwrap().sessions }
    }))
    .await
    .concat();
    assert_eq!(ended.len(), all.len(), "each is ended by one of those who end it at once");
    assert!(all.iter().all(|session| ended.contains(session)));
    assert_eq!(world.ends_all(&Ending::Sessions(Vec::new())).await, Ended::default());
    assert_eq!(world.store.sessions().list_of_user(alice.id, None, 10, NOW).await.unwrap(), [elsewhere]);
}

/// Back-Channel and Front-Channel Logout: who asked to be told is told, once, whoever else is in the session.
pub(crate) async fn an_ending_notes_each_client_that_asked_to_be_told(world: World) {
    let user = world.user("alice").await;
    let (session, other) = (world.session(&user).await, world.session(&user).await);
    let back = world.client_with("back", |client| {
        client.backchannel_logout_uri = Some("https://back.example/logout".to_owned());
    });
    let front = world.client_with("front", |client| {
        client.frontchannel_logout_uri = Some("https://front.example/logout".to_owned());
    });
    let (back, front, quiet) = (back.await, front.await, world.client("quiet").await);
    let sessions = world.store.sessions();
    for client in [&back, &front, &quiet, &back] {
        assert!(sessions.note_client(session.id, client.row, NOW).await.unwrap());
    }
    let secrets = [session.secret_hash, other.secret_hash];
    let alive = sessions.alive(ISSUER, &secrets, Some(back.row), NOW).await.unwrap();
    assert_eq!(alive.iter().map(|found| found.tells_client).collect::<Vec<_>>(), [true, false]);

    let before = world.store.statements();
    let ended = world.ends_all(&Ending::Sessions(vec![session.id, other.id])).await;
    assert_eq!(world.store.statements() - before, 2);
    assert_eq!((ended.sessions.len(), ended.notifications), (2, 1));
    assert_eq!(world.ends(&session).await.notifications, 0);
    assert!(!sessions.note_client(session.id, back.row, NOW).await.unwrap(), "nobody would tell it");

    let told = sessions.front_channel_clients(&[session.id, other.id]).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].session, told[0].client, &told[0].metadata),
        (session.id, front.row, &front.metadata)
    );
}
pub(crate) async fn the_sessions_of_a_user_are_listed_in_pages_the_newest_first(world: World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.session(&alice).await);
        world.session(&bob).await;
    }
    made.sort_by_key(|session| std::cmp::Reverse(session.id));
    let sessions = world.store.sessions();
    let first = sessions.list_of_user(alice.id, None, 3, NOW).await.unwrap();
    assert_eq!(first, made[..3]);
    assert_eq!(sessions.list_of_user(alice.id, Some(first[2].id), 3, NOW).await.unwrap(), made[3..]);

    assert_eq!(sessions.by_id(made[0].id, NOW).await.unwrap().as_ref(), Some(&made[0]));
    assert_eq!(sessions.by_id(made[0].id, NOW.plus(86_400)).await.unwrap(), None, "expired");
    world.ends(&made[0]).await;
    assert_eq!(sessions.by_id(made[0].id, NOW).await.unwrap(), None, "ended");
}

/// A login that was checked against a password which was replaced meanwhile is too late; so is one of a disabled account.
pub(crate) async fn a_login_by_a_password_that_is_no_more_begins_no_session(world: World) {
    let user = world.user("alice").await;
    let (sessions, users) = (world.store.sessions(), world.store.users());
    let by = |password: &str| NewSession { password: Some(password.to_owned()), ..new_session(&user) };
    let current = user.password.clone().unwrap();
    assert!(sessions.insert(by(&current)).await.unwrap().is_some());
    users.set_password(user.id, Some("$argon2id$new")).await.unwrap();
    assert_eq!(sessions.insert(by(&current)).await.unwrap(), None);
    assert!(sessions.insert(by("$argon2id$new")).await.unwrap().is_some());
    users.disable(user.id, NOW).await.unwrap();
    assert_eq!(sessions.insert(by("$argon2id$new")).await.unwrap(), None);
}

/// Whichever sessions a batch takes, it takes what was noted with these and no others.
pub(crate) async fn the_clients_of_a_session_are_forgotten_with_it(world: World) {
    let user = world.user("alice").await;
    let front = world.client_with("front", |client| {
        client.frontchannel_logout_uri = Some("https://front.example/logout".to_owned());
    });
    let front = front.await;
    let mut sessions = Vec::new();
    for _ in 0..25 {
        let session = world.session(&user).await;
        assert!(world.store.sessions().note_client(session.id, front.row, NOW).await.unwrap());
        sessions.push(session.id);
    }
    let after = NOW.plus(90_000);
    let noted = async || {
        let mut noted = 0;
        for sessions in sessions.chunks(6) {
            noted += world.store.sessions().front_channel_clients(sessions).await.unwrap().len();
        }
        noted
    };
    assert_eq!(world.store.cleanup().remove_expired(Expiring::Sessions, after, 12).await.unwrap(), 12);
    assert_eq!(noted().await, 13);
    assert_eq!(world.store.cleanup().remove_expired(Expiring::Sessions, after, 50).await.unwrap(), 13);
    assert_eq!(noted().await, 0);
}

/// Disconnecting tells over the back channel; a browser that is to tell a client has not yet.
pub(crate) async fn a_disconnected_client_is_still_told_by_the_browser(world: World) {
    let user = world.user("alice").await;
    let front = world.client_with("front", |client| {
        client.frontchannel_logout_uri = Some("https://front.example/logout".to_owned());
    });
    let front = front.await;
    let session = world.session(&user).await;
    assert!(world.store.sessions().note_client(session.id, front.row, NOW).await.unwrap());
    let grants = world.store.grants();
    grants.disconnect(user.id, Some(front.row), RevocationReason::User, NOW.plus(60), NOW_MS).await.unwrap();
    assert_eq!(world.store.sessions().front_channel_clients(&[session.id]).await.unwrap().len(), 1);
}
