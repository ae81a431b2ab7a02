use grantor_store::{Attempt, Expiring};

use crate::world::{NOW, World, at_once};

const ID: [u8; 32] = [1; 32];

/// RFC 7523 section 3, security.md T057.
pub(crate) async fn a_jwt_counts_once_and_its_own_attempt_may_be_repeated(world: World) {
    let (jwts, winner) = (world.store.used_jwts(), Attempt::new());
    for _ in 0..2 {
        assert!(jwts.use_once(&ID, winner, NOW.plus(60)).await.unwrap());
    }
    assert!(!jwts.use_once(&ID, Attempt::new(), NOW.plus(60)).await.unwrap());
    assert!(jwts.use_once(&ID, winner, NOW.plus(60)).await.unwrap(), "a loser changes nothing");
    assert!(jwts.use_once(&[2; 32], Attempt::new(), NOW.plus(60)).await.unwrap(), "another one");
}

pub(crate) async fn of_thirty_two_uses_of_one_jwt_one_counts(world: World) {
    let other = world.another_process().await;
    for round in 0..10 {
        let uses =
            (0..32).map(|number| {
                let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
                async move {
                    store.used_jwts().use_once(&[round; 32], Attempt::new(), NOW.plus(60)).await.unwrap()
                }
            });
        let first = at_once(uses).await.into_iter().filter(|first| *first).count();
        assert_eq!(first, 1);
    }
}

/// security.md T204: what the fastest clock removed must not count again on the slowest.
pub(crate) async fn a_used_jwt_is_remembered_longer_than_anybody_accepts_it(world: World) {
    let (jwts, cleanup) = (world.store.used_jwts(), world.store.cleanup());
    assert!(jwts.use_once(&ID, Attempt::new(), NOW).await.unwrap());
    assert_eq!(cleanup.remove_expired(Expiring::UsedJwts, NOW.plus(20), 10).await.unwrap(), 0);
    assert!(!jwts.use_once(&ID, Attempt::new(), NOW).await.unwrap());
    assert_eq!(cleanup.remove_expired(Expiring::UsedJwts, NOW.plus(60), 10).await.unwrap(), 1);
}
