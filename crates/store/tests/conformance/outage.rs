//! Postgres goes away and comes back; nobody reopens anything.

use std::time::{Duration, Instant};

use grantor_protocol::TokenId;
use grantor_store::{CodeOutcome, Store};
use grantor_test_postgres::Cluster;

use crate::world::{ISSUER, NOW, World, at_once, config};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_comes_back_is_used_again_without_reopening() {
    let cluster = Cluster::private().unwrap();
    let world = World::in_cluster(&cluster).await;
    let store = &world.store;
    let flow = world.flow().await;
    // Several connections, each of which the crash breaks.
    let names = (0..24).map(|_| {
        let (store, row) = (store.clone(), flow.client.row);
        async move { store.clients().by_row(row).await.unwrap().unwrap().client_id }
    });
    at_once(names).await;
    assert!(store.pool_state().size > 1);

    cluster.kill().unwrap();
    let asked = Instant::now();
    let fault = store.clients().by_row(flow.client.row).await.unwrap_err();
    assert!(fault.is_unavailable(), "{fault:?}");
    assert!(asked.elapsed() < Duration::from_secs(8), "an answer, not a hang: {:?}", asked.elapsed());
    assert!(store.skew(NOW).await.unwrap_err().is_unavailable());
    let write = store.clients().raise_epoch(flow.client.row).await.unwrap_err();
    assert!(write.is_unavailable(), "{write:?}");

    cluster.start().unwrap();
    store.skew(NOW).await.unwrap();
    let reads = (0..24).map(|_| {
        let (store, row) = (store.clone(), flow.client.row);
        async move { store.clients().by_row(row).await }
    });
    for read in at_once(reads).await {
        read.unwrap().unwrap();
    }
    let redeemed = store.codes().redeem(&flow.code_use()).await.unwrap();
    assert!(matches!(redeemed, CodeOutcome::Redeemed(_)), "{redeemed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_requests_is_not_noticed() {
    let cluster = Cluster::private().unwrap();
    let world = World::in_cluster(&cluster).await;
    let store = &world.store;
    let flow = world.flow().await;
    let warm_up = (0..24).map(|_| {
        let store = store.clone();
        async move { store.clients().list(ISSUER, None, 10).await.unwrap().len() }
    });
    at_once(warm_up).await;

    cluster.kill().unwrap();
    cluster.start().unwrap();
    // Every connection of the pool is broken now. A read is run again, and so is a redemption.
    let redeemed = store.codes().redeem(&flow.code_use()).await.unwrap();
    assert!(matches!(redeemed, CodeOutcome::Redeemed(_)), "{redeemed:?}");
    // The first that broke put the others in doubt, so that a write, which is not run again, does not meet one.
    let client = world.client("after the restart").await;
    let reads = (0..24).map(|_| {
        let (store, row) = (store.clone(), client.row);
        async move { store.clients().by_row(row).await }
    });
    for read in at_once(reads).await {
        read.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_while_its_database_is_away() {
    let cluster = Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    cluster.kill().unwrap();
    let store = Store::open(&config(database.url())).await.unwrap();
    assert!(store.skew(NOW).await.unwrap_err().is_unavailable());
    assert!(store.migrate().await.unwrap_err().is_unavailable());
    cluster.start().unwrap();
    assert!(!store.is_migrated().await.unwrap());
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    assert!(store.clients().list(ISSUER, None, 10).await.unwrap().is_empty());
}

/// A failover can leave connections open to what is a standby now: they answer, and refuse every write.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_read_only_are_replaced_without_reopening() {
    let cluster = Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let name = database.url().rsplit('/').next().unwrap();
    let owner = format!("ALTER DATABASE {name} OWNER TO app");
    cluster.run(&["CREATE ROLE app LOGIN", &owner]).unwrap();
    let config = config(&database.url().replace("grantor@", "app@"));
    Store::open(&config).await.unwrap().migrate().await.unwrap();

    cluster.run(&["ALTER ROLE app SET default_transaction_read_only = on"]).unwrap();
    let store = Store::open(&config).await.unwrap();
    let revoked = TokenId::from_uuid(uuid::Uuid::now_v7());
    let fault = store.tokens().revoke_id(revoked, NOW).await.unwrap_err();
    assert!(fault.is_unavailable(), "{fault:?}");

    cluster.run(&["ALTER ROLE app RESET default_transaction_read_only"]).unwrap();
    store.tokens().revoke_id(revoked, NOW).await.unwrap();
}
