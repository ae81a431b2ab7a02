use grantor_protocol::{ClientId, UserClaims, UserId};
use grantor_store::{
    IMPORT_BATCH, ImportChanges, ImportRefusal, ImportTerms, Imported, ImportedUser, PasswordImport, User,
};
use serde_json::json;

use crate::world::{ISSUER, NOW, World};

const TERMS: ImportTerms = ImportTerms { issuer: ISSUER, replace: false, dry_run: false, now: NOW };

fn user(name: &str) -> ImportedUser {
    ImportedUser {
        id: None,
        username: name.to_owned(),
        username_display: name.to_uppercase(),
        password: Some(format!("$2b$04$of-{name}")),
        claims: UserClaims::parse(json!({ "name": name })).unwrap(),
        removed_claims: Vec::new(),
        disabled: None,
    }
}

async fn import(world: &World, user: &ImportedUser, terms: ImportTerms) -> Imported {
    world.store.users().import(std::slice::from_ref(user), terms).await.unwrap().remove(0)
}

async fn found(world: &World, name: &str) -> Option<User> {
    world.store.users().by_username(ISSUER, name).await.unwrap()
}

fn changes(imported: &Imported) -> ImportChanges {
    let Imported::Present(_, changes) = imported else { panic!("{imported:?}") };
    *changes
}

pub(crate) async fn users_are_made_with_what_another_system_knew_of_them(world: World) {
    let id: UserId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let alice = ImportedUser { id: Some(id), disabled: Some(true), ..user("alice") };
    let bob = ImportedUser { password: None, disabled: Some(false), ..user("bob") };
    let made = world.store.users().import(&[alice, bob], TERMS).await.unwrap();
    assert_eq!(made[0], Imported::Created(id));
    let (alice, bob) = (found(&world, "alice").await.unwrap(), found(&world, "bob").await.unwrap());
    assert_eq!(made[1], Imported::Created(bob.id));
    assert_eq!((alice.id, alice.username_display.as_str()), (id, "ALICE"));
    assert_eq!(alice.password.as_deref(), Some("$2b$04$of-alice"));
    assert_eq!((alice.disabled_at, alice.created_at), (Some(NOW), NOW));
    assert_eq!(alice.claims.text("name"), Some("alice"));
    assert_eq!((bob.password, bob.disabled_at), (None, None));
    assert!(world.store.users().import(&[], TERMS).await.unwrap().is_empty());
}

pub(crate) async fn the_same_again_changes_nothing_and_what_is_named_is_changed(world: World) {
    let alice = user("alice");
    import(&world, &alice, TERMS).await;
    let later = ImportTerms { now: NOW.plus(60), ..TERMS };
    assert_eq!(changes(&import(&world, &alice, later).await), ImportChanges::default());
    assert_eq!(found(&world, "alice").await.unwrap().updated_at, NOW);

    let claims = UserClaims::parse(json!({ "email": "alice@example.com" })).unwrap();
    let changed =
        ImportedUser { claims, removed_claims: vec!["name".to_owned()], disabled: Some(true), ..alice };
    let expected = ImportChanges { profile: true, disable: true, ..ImportChanges::default() };
    assert_eq!(changes(&import(&world, &changed, later).await), expected);
    let alice = found(&world, "alice").await.unwrap();
    assert_eq!(serde_json::to_value(&alice.claims).unwrap(), json!({ "email": "alice@example.com" }));
    assert_eq!((alice.updated_at, alice.disabled_at), (NOW.plus(60), None), "disabling is the caller's");
}

pub(crate) async fn a_password_that_was_used_or_changed_here_is_kept_unless_told_otherwise(world: World) {
    let users = world.store.users();
    let first = user("alice");
    import(&world, &first, TERMS).await;
    let id = found(&world, "alice").await.unwrap().id;
    // Nobody has used it: another one of the other system's is taken.
    let second = ImportedUser { password: Some("$2b$04$second".to_owned()), ..first };
    assert_eq!(changes(&import(&world, &second, TERMS).await).password, PasswordImport::Set);
    assert_eq!(found(&world, "alice").await.unwrap().password.as_deref(), Some("$2b$04$second"));

    // A login replaced the hash.
    assert!(users.replace_password_hash_if(id, "$2b$04$second", "$argon2id$ours").await.unwrap());
    assert_eq!(changes(&import(&world, &second, TERMS).await), ImportChanges::default());
    let third = ImportedUser { password: Some("$2b$04$third".to_owned()), ..second.clone() };
    assert_eq!(changes(&import(&world, &third, TERMS).await).password, PasswordImport::Kept);
    assert_eq!(found(&world, "alice").await.unwrap().password.as_deref(), Some("$argon2id$ours"));

    let replace = ImportTerms { replace: true, ..TERMS };
    assert_eq!(changes(&import(&world, &third, replace).await).password, PasswordImport::Set);
    assert_eq!(changes(&import(&world, &third, replace).await).password, PasswordImport::Untouched);
    assert_eq!(found(&world, "alice").await.unwrap().password.as_deref(), Some("$2b$04$third"));

    // An account of ours that was never imported has its own password; one without gets one.
    world.user("bob").await;
    assert_eq!(changes(&import(&world, &user("bob"), TERMS).await).password, PasswordImport::Kept);
    import(&world, &ImportedUser { password: None, ..user("carol") }, TERMS).await;
    assert_eq!(changes(&import(&world, &user("carol"), TERMS).await).password, PasswordImport::Set);

    // That an account was disabled here is not undone either.
    users.disable(id, NOW).await.unwrap();
    let enabled = ImportedUser { disabled: Some(false), ..third };
    assert!(!changes(&import(&world, &enabled, TERMS).await).enable);
    assert!(changes(&import(&world, &enabled, replace).await).enable);
}

pub(crate) async fn what_cannot_be_taken_over_leaves_the_others(world: World) {
    let present = world.user("alice").await;
    let of_a_client: UserId = "22222222-2222-4333-8444-555555555555".parse().unwrap();
    world.client(&of_a_client.to_string()).await;
    assert!(ClientId::parse(&of_a_client.to_string()).is_ok());
    let other: UserId = "33333333-2222-4333-8444-555555555555".parse().unwrap();
    let all = [
        ImportedUser { id: Some(present.id), ..user("eve") },
        ImportedUser { id: Some(other), ..user("alice") },
        ImportedUser { id: Some(of_a_client), ..user("mallory") },
        user("bob"),
    ];
    let imported = world.store.users().import(&all, TERMS).await.unwrap();
    assert_eq!(imported[0], Imported::Refused(ImportRefusal::SubOfAnother));
    assert_eq!(imported[1], Imported::Refused(ImportRefusal::OtherSub(present.id)));
    assert_eq!(imported[2], Imported::Refused(ImportRefusal::SubOfClient));
    assert!(matches!(imported[3], Imported::Created(_)));
    for (name, is_there) in [("eve", false), ("mallory", false), ("bob", true)] {
        assert_eq!(found(&world, name).await.is_some(), is_there, "{name}");
    }
    assert_eq!(found(&world, "alice").await.unwrap().password, present.password);
}

pub(crate) async fn a_dry_run_says_the_same_and_writes_nothing(world: World) {
    import(&world, &user("alice"), TERMS).await;
    let dry = ImportTerms { dry_run: true, ..TERMS };
    let claims = UserClaims::parse(json!({ "name": "Alice" })).unwrap();
    let alice = ImportedUser { claims, password: Some("$2b$04$other".to_owned()), ..user("alice") };
    let all = [alice, user("bob")];
    let said = world.store.users().import(&all, dry).await.unwrap();
    let expected = ImportChanges { profile: true, password: PasswordImport::Set, ..ImportChanges::default() };
    assert_eq!(changes(&said[0]), expected);
    assert!(matches!(said[1], Imported::Created(_)));
    assert!(found(&world, "bob").await.is_none());
    assert_eq!(found(&world, "alice").await.unwrap().claims.text("name"), Some("alice"));
    assert_eq!(changes(&world.store.users().import(&all, TERMS).await.unwrap()[0]), expected);
}

pub(crate) async fn a_full_batch_is_made_and_changed_in_a_few_statements(world: World) {
    let mut all: Vec<_> = (0..IMPORT_BATCH).map(|number| user(&format!("user{number}"))).collect();
    let before = world.store.statements();
    let made = world.store.users().import(&all, TERMS).await.unwrap();
    assert!(made.iter().all(|made| matches!(made, Imported::Created(_))), "{made:?}");
    for user in &mut all {
        user.claims = UserClaims::parse(json!({ "nickname": user.username })).unwrap();
    }
    world.store.users().import(&all, TERMS).await.unwrap();
    assert!(world.store.statements() - before < 8, "{}", world.store.statements() - before);
    let last = found(&world, &format!("user{}", IMPORT_BATCH - 1)).await.unwrap();
    let (name, nickname) = (last.claims.text("name"), last.claims.text("nickname"));
    assert_eq!((name, nickname), (Some(last.username.as_str()), Some(last.username.as_str())));
}
