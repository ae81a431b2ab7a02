use grantor_crypto::Secret;
use grantor_protocol::{ClientId, TokenId};
use grantor_store::{BackUpError, Expiring, Fault, Inserted, Store};
use sqlx::Connection as _;

use crate::world::{ISSUER, NOW, World, at_once, new_grant};

pub(crate) async fn a_new_database_is_ready_after_migrating(world: World) {
    assert_eq!(world.store.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert!(world.store.is_migrated().await.unwrap());
    let machine = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let skew = world.store.skew(grantor_protocol::Timestamp(machine.try_into().unwrap())).await.unwrap();
    assert!(skew.abs() <= 1, "{skew}");
    let state = world.store.pool_state();
    assert!(state.size >= 1 && state.idle + state.in_use == state.size, "{state:?}");
    world.store.close().await;
    assert!(world.store.skew(NOW).await.unwrap_err().is_unavailable());
    assert!(
        world.store.is_migrated().await.unwrap(),
        "asked once, for a readiness that is asked for all the time"
    );
}

pub(crate) async fn processes_that_migrate_at_once_do_it_once(world: World) {
    // The world is migrated already; a file beside it, or the same database, is opened by several at once.
    let mut config = world.config.clone();
    if config.url.is_embedded() {
        config = crate::world::config(&format!("{}.other", world.url));
    }
    let opened = at_once((0..8).map(|_| {
        let config = config.clone();
        async move {
            let store = Store::open(&config).await?;
            store.migrate().await?;
            store.pending_migrations().await
        }
    }));
    for pending in opened.await {
        assert_eq!(pending.unwrap(), Vec::<String>::new());
    }
}

/// A rolling upgrade: the new version has migrated, nodes of this one still start, serve and are ready.
pub(crate) async fn a_database_that_a_newer_version_migrated_is_opened_and_left_as_it_is(world: World) {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'of a newer version', TRUE, '', 0)";
    execute(&world, newer).await;
    let older = world.another_process().await;
    older.migrate().await.unwrap();
    assert_eq!(older.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert!(older.is_migrated().await.unwrap());
    assert!(older.clients().list(ISSUER, None, 10).await.unwrap().is_empty());
}

pub(crate) async fn an_embedded_database_is_copied_while_it_is_written_to(world: World) {
    use std::ffi::OsStr;
    use std::os::unix::{ffi::OsStrExt, fs::PermissionsExt};

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    if !world.config.url.is_embedded() {
        let refused = world.store.back_up(&copy).await.unwrap_err();
        assert!(matches!(refused, BackUpError::NotEmbedded) && !copy.exists(), "{refused:?}");
        return;
    }
    let client = world.client("before").await;
    let writing = async {
        for number in 0..20 {
            world.client(&format!("meanwhile-{number}")).await;
        }
    };
    let (copied, ()) = tokio::join!(world.store.back_up(&copy), writing);
    copied.unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o077, 0);
    let url = format!("sqlite:{}", copy.display());
    let restored = Store::open(&crate::world::config(&url)).await.unwrap();
    assert_eq!(restored.clients().by_row(client.row).await.unwrap().unwrap().client_id, client.client_id);

    let again = world.store.back_up(&copy).await.unwrap_err();
    assert!(matches!(again, BackUpError::File(_)), "a backup is never overwritten: {again:?}");
    let odd = folder.path().join(OsStr::from_bytes(b"copy-\xff.db"));
    let refused = world.store.back_up(&odd).await.unwrap_err();
    assert!(matches!(refused, BackUpError::File(_)), "{refused:?}");
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| name.as_bytes().starts_with(b"copy.db")), "nothing is left of it");
}

pub(crate) async fn statements_are_counted(world: World) {
    let client = world.client("counted").await;
    let before = world.store.statements();
    world.store.clients().by_row(client.row).await.unwrap();
    world.store.clients().raise_epoch(client.row).await.unwrap();
    world.store.skew(NOW).await.unwrap();
    world.store.pending_migrations().await.unwrap();
    assert_eq!(world.store.statements() - before, 2);
}

pub(crate) async fn a_corrupt_value_names_its_statement_and_column(world: World) {
    let client = world.client("corrupt").await;
    execute(&world, "UPDATE client SET metadata = '{not json'").await;
    let fault = world.store.clients().by_row(client.row).await.unwrap_err();
    assert!(
        matches!(fault, Fault::Corrupt { statement: "clients.by_row", column: "metadata", .. }),
        "{fault:?}"
    );
}

pub(crate) async fn what_has_expired_is_removed_in_batches(world: World) {
    let flow = world.flow().await;
    world.interaction(&flow.client).await;
    world.store.tokens().revoke_id(TokenId::from_uuid(flow.grant.uuid()), NOW.plus(10)).await.unwrap();
    world.store.tokens().revoke_id(TokenId::from_uuid(flow.user.id.uuid()), NOW.plus(10)).await.unwrap();
    let entries = [1, 2, 3].map(|byte| grantor_store::ThrottleEntry { key: [byte; 32], allowance: 5 });
    world.store.throttle().charge(entries, grantor_store::Attempt::new(), NOW).await.unwrap();

    let token = grantor_store::NewInitialToken {
        issuer: ISSUER,
        secret_hash: Secret::generate().hash(),
        label: None,
        limits: grantor_protocol::RegistrationLimits::default(),
        max_uses: None,
        expires_at: Some(NOW.plus(10)),
        now: NOW,
    };
    world.store.initial_tokens().insert(token).await.unwrap();
    world.store.used_jwts().use_once(&[7; 32], grantor_store::Attempt::new(), NOW.plus(10)).await.unwrap();

    for what in Expiring::ALL {
        let removed = world.store.cleanup().remove_expired(what, NOW, 10).await.unwrap();
        assert_eq!(removed, 0, "{} that have not expired", what.name());
    }
    let later = NOW.plus(100_000);
    let one = world.store.cleanup().remove_expired(Expiring::RevokedTokens, later, 1).await.unwrap();
    assert_eq!(one, 1, "a batch is bounded");
    for (what, left) in Expiring::ALL.into_iter().zip([1, 1, 1, 1, 3, 1]) {
        let removed = world.store.cleanup().remove_expired(what, later, 10).await.unwrap();
        assert_eq!(removed, left, "{}", what.name());
    }
}

pub(crate) async fn a_grant_is_kept_while_its_interaction_could_be_concluded_again(world: World) {
    let flow = world.flow().await;
    let interaction = world.interaction(&flow.client).await;
    let mut grant = new_grant(&flow.client, &flow.user, &flow.session);
    grant.interaction = Some(interaction);
    grant.expires_at = NOW.plus(60);
    assert!(matches!(world.store.grants().insert(&grant).await.unwrap(), Inserted::Inserted(_)));

    let cleanup = world.store.cleanup();
    let later = NOW.plus(120);
    assert_eq!(cleanup.remove_expired(Expiring::Interactions, later, 10).await.unwrap(), 0);
    // The other grant of this world has no interaction and goes.
    assert_eq!(cleanup.remove_expired(Expiring::Grants, later, 10).await.unwrap(), 1);
    assert_eq!(world.store.grants().insert(&grant).await.unwrap(), Inserted::AlreadyConcluded);

    let much_later = NOW.plus(4000);
    assert_eq!(cleanup.remove_expired(Expiring::Interactions, much_later, 10).await.unwrap(), 1);
    assert_eq!(cleanup.remove_expired(Expiring::Grants, much_later, 10).await.unwrap(), 1);
}

/// SQL behind the store's back.
pub(crate) async fn execute(world: &World, sql: &'static str) {
    if world.config.url.is_embedded() {
        let mut connection = sqlx::SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(&world.url).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_writers_waits_instead_of_failing() {
    let world = World::sqlite().await;
    let other = world.another_process().await;
    let writers = (0..128).map(|number| {
        // Sixty-four through this process' queue, sixty-four through another's, on the same file.
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move {
            let client = grantor_store::NewClient {
                issuer: ISSUER,
                client_id: ClientId::parse(Secret::generate().expose()).unwrap(),
                metadata: grantor_protocol::ClientMetadata::default(),
                secret: None,
                now: NOW,
            };
            let client = store.clients().insert(client).await?;
            for _ in 0..4 {
                store.clients().raise_epoch(client.row).await?;
            }
            store.clients().by_row(client.row).await
        }
    });
    for client in at_once(writers).await {
        assert_eq!(client.unwrap().unwrap().epoch, 4);
    }
    assert_eq!(world.store.clients().list(ISSUER, None, 1000).await.unwrap().len(), 128);
}

#[tokio::test]
async fn the_file_of_an_embedded_database_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::sqlite().await;
    let path = world.url.replace("sqlite:", "");
    for file in [path.clone(), format!("{path}-wal")] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
}

#[test]
fn an_address_shows_no_password_and_names_its_mistake() {
    let url: grantor_store::DatabaseUrl = "postgres://u:hunter2@db.example.com/grantor".parse().unwrap();
    assert_eq!(format!("{url} {url:?}").matches("hunter2").count(), 0);
    assert_eq!(url.to_string(), "postgres://db.example.com:5432/grantor");
    for wrong in ["", "mysql://h/d", "sqlite:", "sqlite::memory:", "postgres://h:port/d"] {
        assert!(wrong.parse::<grantor_store::DatabaseUrl>().is_err(), "{wrong}");
    }
}
