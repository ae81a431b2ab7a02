//! A newer version has migrated the database, nodes of this one go on until they are replaced (security.md 3.2 row 20).

use grantor_tests::{Database, Options, Server};

use crate::dice::seed;
use crate::load::{Load, World};

/// As a migration that only adds: a column, an index, a table, and its own mark.
const NEWER: [&str; 4] = [
    "ALTER TABLE oauth_grant ADD COLUMN of_a_newer_version BIGINT",
    "CREATE INDEX session_of_a_newer_version ON session (last_seen_at)",
    "CREATE TABLE of_a_newer_version (id UUID NOT NULL PRIMARY KEY)",
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     VALUES (9999, 'of a newer version', TRUE, '', 0)",
];

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_this_version_serve_and_start_over_the_schema_of_a_newer_one() {
    let seed = seed();
    let database = grantor_test_postgres::database();
    let options = Options::new("faults-upgrade", Database::Postgres(database.url().to_owned())).nodes(2);
    let options = options.config("registration.enabled = true\nregistration.rate_limit = 0");
    let world =
        World::on(Server::start(options.config("database.migrate_on_start = true")).await, None).await;
    let load = Load::start(&world, seed);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    tokio::task::block_in_place(|| database.run(&NEWER)).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.audit().await;
    world.server.cli(&["migrate"]).await.succeeded();
    assert!(world.server.nodes[1].terminate().await.success());
    world.server.restart(1).await;
    world.audit().await;
    load.stop().await;
    world.final_audit().await;
    world.ledger.close("a newer version migrated under two nodes of this one");
}
