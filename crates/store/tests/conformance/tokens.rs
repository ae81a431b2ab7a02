use grantor_protocol::TokenId;
use grantor_store::{Expiring, LiveQuery, RevocationReason};

use crate::world::{Flow, NOW, World};

fn query(flow: &Flow) -> LiveQuery {
    LiveQuery {
        grant: Some(flow.grant),
        client: flow.client.row,
        epoch: flow.client.epoch,
        token: TokenId::from_uuid(flow.session.id.uuid()),
        now: NOW.plus(2),
    }
}

async fn lives(world: &World, query: LiveQuery) -> bool {
    world.store.tokens().live(query).await.unwrap().is_some()
}

pub(crate) async fn a_token_lives_as_long_as_all_it_depends_on(world: World) {
    let flow = world.redeemed().await;
    let token = world.store.tokens().live(query(&flow)).await.unwrap().unwrap();
    assert_eq!(token.client_id, flow.client.client_id);
    let facts = token.grant.unwrap();
    assert_eq!(
        (facts.id, facts.user.unwrap().username_display),
        (flow.grant, flow.user.username_display.clone())
    );

    let other = world.client("other").await;
    assert!(!lives(&world, LiveQuery { client: other.row, ..query(&flow) }).await, "of another client");
    assert!(!lives(&world, LiveQuery { epoch: 1, ..query(&flow) }).await, "of another epoch");
    assert!(!lives(&world, LiveQuery { now: NOW.plus(100_000), ..query(&flow) }).await, "expired");

    world.store.tokens().revoke_id(query(&flow).token, NOW.plus(60)).await.unwrap();
    assert!(!lives(&world, query(&flow)).await, "its id is revoked");
    let sibling = LiveQuery { token: TokenId::from_uuid(flow.user.id.uuid()), ..query(&flow) };
    assert!(lives(&world, sibling).await);
    world.store.grants().revoke(flow.grant, None, RevocationReason::User, NOW).await.unwrap();
    assert!(!lives(&world, sibling).await, "its grant is revoked");

    let online = world.flow_with(|grant| grant.offline = false).await;
    assert!(lives(&world, query(&online)).await);
    world.ends(&online.session).await;
    assert!(!lives(&world, query(&online)).await, "its session has ended");
}

pub(crate) async fn a_token_of_a_client_for_itself_lives_until_its_id_is_revoked(world: World) {
    let flow = world.redeemed().await;
    let for_itself = LiveQuery { grant: None, ..query(&flow) };
    let token = world.store.tokens().live(for_itself).await.unwrap().unwrap();
    assert_eq!((token.client_id, token.grant), (flow.client.client_id, None));
    for _ in 0..2 {
        world.store.tokens().revoke_id(for_itself.token, NOW.plus(60)).await.unwrap();
    }
    assert!(!lives(&world, for_itself).await);
    let other = LiveQuery { token: TokenId::from_uuid(flow.user.id.uuid()), ..for_itself };
    assert!(lives(&world, other).await);
    world.store.clients().delete(flow.client.row).await.unwrap();
    assert!(!lives(&world, other).await);
}

/// security.md T204: the fastest clock cleans up, and the slowest must not take what it removed for unrevoked.
pub(crate) async fn a_revocation_outlives_its_token_on_the_slowest_clock(world: World) {
    let flow = world.redeemed().await;
    let ends = NOW.plus(60);
    let for_itself = LiveQuery { grant: None, now: ends.plus(-1), ..query(&flow) };
    world.store.tokens().revoke_id(for_itself.token, ends).await.unwrap();
    let cleanup = world.store.cleanup();
    for fastest in [ends, ends.plus(20)] {
        assert_eq!(cleanup.remove_expired(Expiring::RevokedTokens, fastest, 10).await.unwrap(), 0);
        assert!(!lives(&world, for_itself).await, "a node that is behind accepts a revoked token");
    }
    assert_eq!(cleanup.remove_expired(Expiring::RevokedTokens, ends.plus(60), 10).await.unwrap(), 1);
}

pub(crate) async fn a_token_is_read_in_one_statement(world: World) {
    let flow = world.redeemed().await;
    let before = world.store.statements();
    assert!(lives(&world, query(&flow)).await);
    assert!(lives(&world, LiveQuery { grant: None, ..query(&flow) }).await);
    assert_eq!(world.store.statements() - before, 2);
}
