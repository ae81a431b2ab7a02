use std::time::Duration;

use grantor_protocol::ClientMetadata;
use grantor_store::{Change, Store};

use crate::world::{NOW, World};

/// design.md 2: caches are invalidated by notification on Postgres; SQLite has one node and nobody to tell.
pub(crate) async fn another_node_hears_of_a_change_at_once_where_there_can_be_one(world: World) {
    let client = world.client("app").await;
    let other = Store::open(&world.config).await.unwrap();
    let mut changes = other.changes().await.unwrap();
    assert!(
        world.store.clients().update_metadata(client.row, &ClientMetadata::default(), NOW).await.unwrap()
    );
    let heard = tokio::time::timeout(Duration::from_secs(2), changes.next()).await;
    if world.config.url.is_embedded() {
        assert!(heard.is_err(), "one node has nobody to hear from");
    } else {
        assert_eq!(heard.unwrap().unwrap(), Change::Clients);
        assert!(world.store.clients().delete(client.row).await.unwrap());
        let heard = tokio::time::timeout(Duration::from_secs(2), changes.next()).await;
        assert_eq!(heard.unwrap().unwrap(), Change::Clients);
    }
}
