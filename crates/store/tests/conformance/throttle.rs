use grantor_store::{Attempt, ThrottleEntry, ThrottleState};

use crate::world::{NOW, World, at_once};

const ACCOUNT: [u8; 32] = [1; 32];
const ADDRESS: [u8; 32] = [0; 32];
const EVERYWHERE: [u8; 32] = [2; 32];

fn entries(account: i64, address: i64) -> [ThrottleEntry; 3] {
    [
        ThrottleEntry { key: ACCOUNT, allowance: account },
        ThrottleEntry { key: ADDRESS, allowance: address },
        ThrottleEntry { key: EVERYWHERE, allowance: 1000 },
    ]
}

async fn charge(world: &World, entries: [ThrottleEntry; 3], seconds: i64) -> (bool, i64) {
    let states = world.store.throttle().charge(entries, Attempt::new(), NOW.plus(seconds)).await.unwrap();
    assert_eq!(states.len(), 3);
    (states.iter().all(|state| state.allowed), states.iter().map(|state| state.retry_after).max().unwrap())
}

pub(crate) async fn parallel_tries_do_not_get_past_the_allowance(world: World) {
    let other = world.another_process().await;
    let tries = (0..32).map(|number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        // The same two rows named in either order must not make tries wait for each other.
        let mut entries = entries(5, 100);
        if number % 3 == 0 {
            entries.reverse();
        }
        async move { store.throttle().charge(entries, Attempt::new(), NOW).await.unwrap() }
    });
    let allowed = |states: &Vec<ThrottleState>| states.iter().all(|state| state.allowed);
    assert_eq!(at_once(tries).await.iter().filter(|states| allowed(states)).count(), 5);
}

pub(crate) async fn delays_grow_up_to_thirty_seconds(world: World) {
    let mut at = 0;
    for _ in 0..2 {
        assert_eq!(charge(&world, entries(3, 100), at).await, (true, 0));
    }
    for delay in [1, 2, 4, 8, 16, 30, 30, 30] {
        assert_eq!(charge(&world, entries(3, 100), at).await, (true, delay));
        at += delay;
    }
}

pub(crate) async fn while_blocked_nothing_advances(world: World) {
    for _ in 0..3 {
        charge(&world, entries(3, 100), 0).await;
    }
    for _ in 0..20 {
        assert_eq!(charge(&world, entries(3, 100), 0).await, (false, 1));
    }
    assert_eq!(charge(&world, entries(3, 100), 1).await, (true, 2), "the twenty did not count");

    // Nor does the address, when only the account is blocked: its own allowance is untouched.
    let [_, address, _] = entries(3, 6);
    let others = [8, 7].map(|byte| ThrottleEntry { key: [byte; 32], allowance: 100 });
    let address = [address, others[0], others[1]];
    let states = world.store.throttle().charge(address, Attempt::new(), NOW.plus(1)).await.unwrap();
    assert_eq!(states[0], ThrottleState { allowed: true, retry_after: 0 }, "five, of six");
}

pub(crate) async fn a_success_clears_the_account_and_gives_back_the_address(world: World) {
    let throttle = world.store.throttle();
    for _ in 0..2 {
        charge(&world, entries(3, 4), 0).await;
    }
    let attempt = Attempt::new();
    let states = throttle.charge(entries(3, 4), attempt, NOW).await.unwrap();
    assert!(states.iter().all(|state| state.allowed));
    throttle.clear(&ACCOUNT, [&ADDRESS, &EVERYWHERE], attempt, NOW).await.unwrap();
    // The account starts over; the address has two failures left of its four.
    assert_eq!(charge(&world, entries(3, 4), 0).await, (true, 0));
    assert_eq!(charge(&world, entries(3, 4), 0).await, (true, 1));

    // A success that was itself the last free try lifts the block it set.
    let last = Attempt::new();
    throttle.charge(entries(100, 4), last, NOW.plus(1)).await.unwrap();
    assert!(!charge(&world, entries(100, 4), 1).await.0);
    throttle.clear(&ACCOUNT, [&ADDRESS, &EVERYWHERE], last, NOW.plus(1)).await.unwrap();
    assert!(charge(&world, entries(100, 4), 1).await.0);
}

pub(crate) async fn failures_are_forgotten_after_the_window(world: World) {
    for _ in 0..3 {
        charge(&world, entries(3, 100), 0).await;
    }
    assert_eq!(charge(&world, entries(3, 100), 899).await, (true, 2));
    assert_eq!(charge(&world, entries(3, 100), 899 + 900).await, (true, 0));
}
