use grantor_store::{GrantFilter, RefreshOutcome, RefreshState, RefreshUse, RevocationReason, Store};

use crate::world::{END_SECONDS, Flow, IDLE_SECONDS, ISSUER, NOW, NOW_MS, World, at_once};

const RETRY_MS: i64 = 60_000;

/// A token of `generation`; `instance` stands for its random bytes.
fn token(flow: &Flow, generation: i64, instance: &'static [u8]) -> RefreshUse<'static> {
    RefreshUse {
        grant: flow.grant,
        client: flow.client.row,
        generation,
        instance,
        rotate: true,
        retry_ms: RETRY_MS,
        idle_seconds: IDLE_SECONDS,
        now_ms: NOW_MS + 10_000,
    }
}

async fn state(store: &Store, token: RefreshUse<'_>) -> RefreshState {
    match store.grants().refresh(&token).await.unwrap() {
        RefreshOutcome::Refreshed(_, state) => state,
        other => panic!("not refreshed: {other:?}"),
    }
}

async fn is_replay(world: &World, token: RefreshUse<'_>) -> bool {
    world.store.grants().refresh(&token).await.unwrap() == RefreshOutcome::Replayed
}

async fn is_dead(world: &World, token: RefreshUse<'_>) -> bool {
    world.store.grants().refresh(&token).await.unwrap() == RefreshOutcome::Dead
}

async fn generation_and_end(world: &World, flow: &Flow) -> (i64, Option<String>) {
    let filter = GrantFilter { client: Some(flow.client.row), limit: 1, ..GrantFilter::default() };
    let grant = world.store.grants().list(ISSUER, &filter).await.unwrap().remove(0);
    (grant.generation, grant.revocation.map(|revocation| revocation.because))
}

const ROTATED: fn(i64) -> RefreshState = |generation| RefreshState { generation, rotated: true };

pub(crate) async fn the_current_generation_advances(world: World) {
    let flow = world.redeemed().await;
    let before = world.store.statements();
    let RefreshOutcome::Refreshed(facts, first) =
        world.store.grants().refresh(&token(&flow, 0, b"a")).await.unwrap()
    else {
        panic!("not refreshed")
    };
    assert_eq!(world.store.statements() - before, 1, "the refresh rule is one statement");
    assert_eq!((first, facts.id), (ROTATED(1), flow.grant));
    assert_eq!(facts.user.unwrap().claims, flow.user.claims);
    assert_eq!(state(&world.store, token(&flow, 1, b"b")).await, ROTATED(2));
    assert_eq!(state(&world.store, token(&flow, 2, b"c")).await, ROTATED(3));
}

pub(crate) async fn a_lost_answer_is_repaired_within_the_retry_time(world: World) {
    let flow = world.redeemed().await;
    let lost = token(&flow, 0, b"a");
    assert_eq!(state(&world.store, lost).await, ROTATED(1));
    for later in [0, 1, RETRY_MS - 1] {
        let again = RefreshUse { now_ms: lost.now_ms + later, ..lost };
        assert_eq!(state(&world.store, again).await, ROTATED(1), "{later} ms later");
    }
    assert_eq!(generation_and_end(&world, &flow).await, (1, None));
    // Each of the instances of generation 1 that were given out may be the one that goes on.
    assert_eq!(state(&world.store, token(&flow, 1, b"second answer")).await, ROTATED(2));
}

pub(crate) async fn a_lost_answer_is_a_replay_after_the_retry_time(world: World) {
    let flow = world.redeemed().await;
    let first = token(&flow, 0, b"a");
    assert_eq!(state(&world.store, first).await, ROTATED(1));
    assert!(is_replay(&world, RefreshUse { now_ms: first.now_ms + RETRY_MS, ..first }).await);
    let because = RevocationReason::RefreshTokenReplayed.name().to_owned();
    assert_eq!(generation_and_end(&world, &flow).await, (1, Some(because)));
    assert!(is_dead(&world, token(&flow, 1, b"b")).await, "the honest copy ends, too");
}

pub(crate) async fn without_retry_time_every_second_use_is_a_replay(world: World) {
    let flow = world.redeemed().await;
    let first = RefreshUse { retry_ms: 0, ..token(&flow, 0, b"a") };
    assert_eq!(state(&world.store, first).await, ROTATED(1));
    // Not even a clock that lags behind makes it a repair.
    assert!(is_replay(&world, RefreshUse { now_ms: first.now_ms - 5, ..first }).await);
    assert!(is_dead(&world, RefreshUse { retry_ms: 0, ..token(&flow, 1, b"b") }).await);
}

pub(crate) async fn a_sibling_of_the_instance_that_advanced_is_a_replay(world: World) {
    let flow = world.redeemed().await;
    let first = token(&flow, 0, b"a");
    assert_eq!(state(&world.store, first).await, ROTATED(1));
    assert_eq!(state(&world.store, first).await, ROTATED(1), "repaired: two instances of 1 are out");
    assert_eq!(state(&world.store, token(&flow, 1, b"thief")).await, ROTATED(2));
    assert!(is_replay(&world, token(&flow, 1, b"owner")).await);
    assert!(is_dead(&world, token(&flow, 2, b"thief")).await);
}

pub(crate) async fn the_parent_is_a_replay_once_its_successor_was_used(world: World) {
    let flow = world.redeemed().await;
    assert_eq!(state(&world.store, token(&flow, 0, b"a")).await, ROTATED(1));
    assert_eq!(state(&world.store, token(&flow, 1, b"b")).await, ROTATED(2));
    assert!(is_replay(&world, token(&flow, 0, b"a")).await);
    assert!(is_dead(&world, token(&flow, 2, b"c")).await);
}

pub(crate) async fn a_generation_that_was_never_given_is_a_replay(world: World) {
    for generation in [1, 7, -1] {
        let flow = world.redeemed().await;
        assert!(is_replay(&world, token(&flow, generation, b"a")).await);
        assert!(is_dead(&world, token(&flow, 0, b"a")).await);
    }
}

/// RFC 6749 section 6: the refresh token was issued to the authenticated client.
pub(crate) async fn another_client_changes_nothing(world: World) {
    let flow = world.redeemed().await;
    let other = world.client("other").await;
    for generation in [0, 1, 5] {
        assert!(is_dead(&world, RefreshUse { client: other.row, ..token(&flow, generation, b"a") }).await);
    }
    assert_eq!(generation_and_end(&world, &flow).await, (0, None));
    assert_eq!(state(&world.store, token(&flow, 0, b"a")).await, ROTATED(1));
}

pub(crate) async fn a_client_that_does_not_rotate_keeps_its_generation(world: World) {
    let flow = world.redeemed().await;
    let kept = RefreshUse { rotate: false, ..token(&flow, 0, b"a") };
    for _ in 0..3 {
        let expected = RefreshState { generation: 0, rotated: false };
        assert_eq!(state(&world.store, kept).await, expected);
    }
    // The policy may change in between, either way.
    assert_eq!(state(&world.store, token(&flow, 0, b"a")).await, ROTATED(1));
    assert_eq!(state(&world.store, kept).await, ROTATED(1));
    assert!(is_replay(&world, RefreshUse { instance: b"other", ..kept }).await);
}

pub(crate) async fn use_extends_the_idle_time_up_to_the_end(world: World) {
    let flow = world.redeemed().await;
    let at = async |seconds: i64, generation, rotate| {
        let token = RefreshUse { now_ms: NOW_MS + seconds * 1000, rotate, ..token(&flow, generation, b"a") };
        match world.store.grants().refresh(&token).await.unwrap() {
            RefreshOutcome::Refreshed(facts, _) => Some(facts.expires_at.0 - NOW.0),
            _ => None,
        }
    };
    assert_eq!(at(900, 0, false).await, Some(900 + IDLE_SECONDS), "use counts without rotation, too");
    let mut generation = 0;
    for seconds in [1_800, 2_700, 3_600, 4_500, 5_400, 6_300, 7_200, 8_100, 9_000] {
        assert_eq!(at(seconds, generation, true).await, Some((seconds + IDLE_SECONDS).min(END_SECONDS)));
        generation += 1;
    }
    assert_eq!(at(9_900, generation, true).await, Some(END_SECONDS));
    assert_eq!(at(9_950, generation, true).await, Some(END_SECONDS), "a repair extends nothing");
    assert_eq!(at(END_SECONDS, generation + 1, true).await, None);
}

pub(crate) async fn a_dead_grant_is_not_refreshed(world: World) {
    let idle = world.redeemed().await;
    let late = NOW_MS + (1 + IDLE_SECONDS) * 1000;
    assert!(is_dead(&world, RefreshUse { now_ms: late, ..token(&idle, 0, b"a") }).await);

    let disabled = world.redeemed().await;
    world.store.users().disable(disabled.user.id, NOW).await.unwrap();
    assert!(is_dead(&world, token(&disabled, 0, b"a")).await);

    let raised = world.redeemed().await;
    world.store.clients().raise_epoch(raised.client.row).await.unwrap();
    assert!(is_dead(&world, token(&raised, 0, b"a")).await);

    let logged_out = world.redeemed().await;
    world.ends(&logged_out.session).await;
    assert_eq!(state(&world.store, token(&logged_out, 0, b"a")).await, ROTATED(1), "offline outlives it");
}

async fn race(world: &World, uses: Vec<RefreshUse<'static>>) -> Vec<RefreshOutcome> {
    let other = world.another_process().await;
    let tasks = uses.into_iter().enumerate().map(|(number, token)| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.grants().refresh(&token).await.unwrap() }
    });
    at_once(tasks).await
}

fn refreshed(outcomes: &[RefreshOutcome]) -> usize {
    outcomes.iter().filter(|one| matches!(one, RefreshOutcome::Refreshed(..))).count()
}

pub(crate) async fn thirty_two_uses_of_one_token_advance_once(world: World) {
    for _ in 0..5 {
        let flow = world.redeemed().await;
        let outcomes = race(&world, vec![token(&flow, 0, b"a"); 32]).await;
        assert_eq!(refreshed(&outcomes), 32, "every one but the first repairs a lost answer");
        assert_eq!(generation_and_end(&world, &flow).await, (1, None));
    }
}

pub(crate) async fn of_thirty_two_uses_without_retry_one_is_answered(world: World) {
    for _ in 0..5 {
        let flow = world.redeemed().await;
        let once = RefreshUse { retry_ms: 0, ..token(&flow, 0, b"a") };
        let outcomes = race(&world, vec![once; 32]).await;
        assert_eq!(refreshed(&outcomes), 1);
        assert_eq!(outcomes.iter().filter(|one| **one == RefreshOutcome::Replayed).count(), 1);
        let because = RevocationReason::RefreshTokenReplayed.name().to_owned();
        assert_eq!(generation_and_end(&world, &flow).await, (1, Some(because)));
    }
}

pub(crate) async fn of_thirty_two_siblings_one_advances_and_the_grant_ends(world: World) {
    static INSTANCES: [[u8; 1]; 32] = {
        let mut instances = [[0]; 32];
        let mut number = 0;
        while number < 32 {
            instances[number as usize] = [number];
            number += 1;
        }
        instances
    };
    for _ in 0..5 {
        let flow = world.redeemed().await;
        assert_eq!(state(&world.store, token(&flow, 0, b"a")).await, ROTATED(1));
        let siblings = INSTANCES.iter().map(|instance| token(&flow, 1, instance)).collect();
        let outcomes = race(&world, siblings).await;
        assert_eq!(refreshed(&outcomes), 1);
        assert_eq!(outcomes.iter().filter(|one| **one == RefreshOutcome::Replayed).count(), 1);
        assert_eq!(generation_and_end(&world, &flow).await.0, 2);
        assert!(is_dead(&world, token(&flow, 2, b"next")).await);
    }
}
