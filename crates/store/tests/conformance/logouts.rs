//! The queue of logout tokens (Back-Channel Logout section 2.5).

use grantor_protocol::Timestamp;
use grantor_store::{
    Client, Ending, LogoutNotification, PendingLogouts, Retry, RevocationReason, Store, User,
};

use crate::store::execute;
use crate::world::{ISSUER, NOW, NOW_MS, World, at_once};

const LEASE_MS: i64 = 30_000;
const GIVE_UP_AT: Timestamp = Timestamp(NOW.0 + 3600);

impl World {
    async fn told_client(&self, name: &str) -> Client {
        let told = self.client_with(name, |client| {
            client.backchannel_logout_uri = Some(format!("https://{name}.example/logout"));
        });
        told.await
    }

    /// Sessions that ended, each of them known to all of these clients.
    async fn ended(&self, user: &User, clients: &[&Client], sessions: usize) {
        let mut ids = Vec::new();
        for _ in 0..sessions {
            let session = self.session(user).await;
            for client in clients {
                assert!(self.store.sessions().note_client(session.id, client.row, NOW).await.unwrap());
            }
            ids.push(session.id);
        }
        let ended = self.store.sessions().end(&Ending::Sessions(ids), GIVE_UP_AT, NOW_MS).await.unwrap();
        assert_eq!(ended.notifications, (clients.len() * sessions) as u64);
    }

    async fn claims(&self, at_ms: i64, limit: i64) -> Vec<LogoutNotification> {
        claims(&self.store, at_ms, limit).await
    }

    async fn pending(&self) -> i64 {
        self.store.logout_deliveries().pending(ISSUER, 10).await.unwrap().in_all
    }

    /// Delivered, failed, given up, pending and the last error of a client.
    async fn counts(&self, client: &Client) -> (i64, i64, i64, i64, Option<String>) {
        let all = self.store.logout_deliveries().list_deliveries(ISSUER, None, 100).await.unwrap();
        let found = all.into_iter().find(|delivery| delivery.client_id == client.client_id).unwrap();
        (found.delivered, found.failed, found.given_up, found.pending, found.last_error)
    }
}

async fn claims(store: &Store, at_ms: i64, limit: i64) -> Vec<LogoutNotification> {
    store.logout_notifications().claim(at_ms, at_ms + LEASE_MS, limit).await.unwrap()
}

fn of(claimed: &[LogoutNotification], client: &Client) -> usize {
    claimed.iter().filter(|notification| notification.client == client.row).count()
}

pub(crate) async fn of_thirty_two_who_claim_at_once_each_gets_other_rows(world: World) {
    let user = world.user("alice").await;
    let mut clients = Vec::new();
    for number in 0..40 {
        clients.push(world.told_client(&format!("app-{number}")).await);
    }
    world.ended(&user, &clients.iter().collect::<Vec<_>>(), 2).await;
    let other = world.another_process().await;
    let claimed = at_once((0..32).map(|number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move {
            let mut claimed = Vec::new();
            for _ in 0..4 {
                claimed.extend(claims(&store, NOW_MS, 3).await);
            }
            claimed
        }
    }));
    let mut claimed = claimed.await.concat();
    while let more = world.claims(NOW_MS, 32).await
        && !more.is_empty()
    {
        claimed.extend(more);
    }
    let mut keys: Vec<_> = claimed.iter().map(|claimed| (claimed.session, claimed.client)).collect();
    keys.sort_unstable_by_key(|(session, client)| (session.to_string(), client.to_string()));
    keys.dedup();
    assert_eq!((claimed.len(), keys.len()), (80, 80), "each row is leased, and to one");
    let first = &claimed[0];
    assert_eq!((first.attempt, first.user, first.issuer), (1, user.id, ISSUER));
    assert_eq!((first.created_at, first.expires_at), (NOW, GIVE_UP_AT));

    for told in &claimed {
        world.store.logout_notifications().delivered(told, NOW.plus(1)).await.unwrap();
    }
    assert_eq!(world.pending().await, 0);
    assert_eq!(world.counts(&clients[7]).await, (2, 0, 0, 0, None));
}

pub(crate) async fn a_lease_that_ends_is_taken_by_another_and_its_first_holder_changes_nothing(world: World) {
    let user = world.user("alice").await;
    let client = world.told_client("app").await;
    world.ended(&user, &[&client], 1).await;
    let first = world.claims(NOW_MS, 10).await.remove(0);
    assert!(world.claims(NOW_MS + LEASE_MS - 1, 10).await.is_empty());
    let second = world.claims(NOW_MS + LEASE_MS, 10).await.remove(0);
    assert_eq!(second, LogoutNotification { attempt: 2, ..first.clone() });

    let queue = world.store.logout_notifications();
    let retry = Retry { at_ms: NOW_MS, others_at_ms: None };
    queue.failed(&first, "late", retry, NOW).await.unwrap();
    queue.give_up(&first, "late", true, NOW).await.unwrap();
    assert_eq!(world.pending().await, 1);
    assert!(world.claims(NOW_MS + LEASE_MS, 10).await.is_empty(), "the second lease goes on");
    queue.delivered(&first, NOW).await.unwrap(); // told is told, whoever did it
    queue.delivered(&second, NOW).await.unwrap();
    assert_eq!(world.counts(&client).await, (1, 0, 0, 0, None));
}

pub(crate) async fn a_client_has_so_many_leases_on_all_nodes_together(world: World) {
    let user = world.user("alice").await;
    let (busy, other) = (world.told_client("busy").await, world.told_client("other").await);
    world.ended(&user, &[&busy], 10).await;
    world.ended(&user, &[&other], 1).await;
    let claimed = world.claims(NOW_MS, 32).await;
    assert_eq!((of(&claimed, &busy), of(&claimed, &other)), (4, 1));
    assert!(claims(&world.another_process().await, NOW_MS, 32).await.is_empty());
    world.store.logout_notifications().delivered(&claimed[0], NOW).await.unwrap();
    let told = claimed[0].client;
    assert_eq!(world.claims(NOW_MS, 32).await.len(), usize::from(told == busy.row));
    assert_eq!(world.claims(NOW_MS + LEASE_MS, 2).await.len(), 2, "no more than there is room for");
}

pub(crate) async fn a_client_that_does_not_answer_is_probed_by_one_and_the_rest_waits(world: World) {
    let user = world.user("alice").await;
    let (dead, alive) = (world.told_client("dead").await, world.told_client("alive").await);
    world.ended(&user, &[&dead], 10).await;
    let queue = world.store.logout_notifications();
    let first = world.claims(NOW_MS, 32).await;
    let retry = Retry { at_ms: NOW_MS + 30_000, others_at_ms: Some(NOW_MS + 20_000) };
    queue.failed(&first[0], "no answer", retry, NOW.plus(1)).await.unwrap();
    assert_eq!(world.counts(&dead).await, (0, 1, 0, 10, Some("no answer".to_owned())));
    assert!(world.claims(NOW_MS + 19_999, 32).await.is_empty(), "the six that were not tried wait as well");
    for failed in &first[1..] {
        queue.failed(failed, "no answer", retry, NOW.plus(1)).await.unwrap();
    }
    world.ended(&user, &[&dead, &alive], 2).await;
    let later = world.claims(NOW_MS + 20_000, 32).await;
    assert_eq!((of(&later, &dead), of(&later, &alive)), (1, 2));
    let probe = later.iter().find(|notification| notification.client == dead.row).unwrap();
    queue.delivered(probe, NOW.plus(2)).await.unwrap();
    assert_eq!(of(&world.claims(NOW_MS + 30_000, 32).await, &dead), 4, "it is back");
}

pub(crate) async fn a_refusal_puts_off_itself_alone(world: World) {
    let user = world.user("alice").await;
    let client = world.told_client("app").await;
    world.ended(&user, &[&client], 2).await;
    let first = world.claims(NOW_MS, 1).await.remove(0);
    let retry = Retry { at_ms: NOW_MS + 5000, others_at_ms: None };
    world.store.logout_notifications().failed(&first, "refused", retry, NOW).await.unwrap();
    let next = world.claims(NOW_MS, 32).await;
    assert_eq!(next.len(), 1);
    assert_ne!(next[0].session, first.session);
    world.store.logout_notifications().delivered(&next[0], NOW).await.unwrap();
    assert!(world.claims(NOW_MS + 4999, 32).await.is_empty());
    let again = world.claims(NOW_MS + 5000, 32).await.remove(0);
    assert_eq!(again, LogoutNotification { attempt: 2, ..first });
}

pub(crate) async fn what_is_given_up_is_gone_and_counted(world: World) {
    let user = world.user("alice").await;
    let client = world.told_client("app").await;
    world.ended(&user, &[&client], 2).await;
    let claimed = world.claims(NOW_MS, 32).await;
    let queue = world.store.logout_notifications();
    queue.give_up(&claimed[0], "refused to the end", true, NOW).await.unwrap();
    queue.give_up(&claimed[1], "too late", false, NOW).await.unwrap();
    assert_eq!(world.counts(&client).await, (0, 1, 2, 0, Some("too late".to_owned())));
    assert_eq!(world.pending().await, 0);
    assert!(world.claims(NOW_MS + LEASE_MS, 32).await.is_empty());
}

pub(crate) async fn the_counts_of_a_client_go_with_it(world: World) {
    let user = world.user("alice").await;
    let (gone, stays) = (world.told_client("gone").await, world.told_client("stays").await);
    world.ended(&user, &[&gone, &stays], 2).await;
    let claimed = world.claims(NOW_MS, 32).await;
    let pending = world.store.logout_deliveries().pending(ISSUER, 1).await.unwrap();
    assert_eq!(pending, PendingLogouts { in_all: 4, most: vec![(gone.client_id.clone(), 2)] });
    world.store.clients().delete(gone.row).await.unwrap();
    let retry = Retry { at_ms: NOW_MS, others_at_ms: None };
    for notification in &claimed {
        world.store.logout_notifications().failed(notification, "no", retry, NOW).await.unwrap();
    }
    let left = world.store.logout_deliveries().list_deliveries(ISSUER, None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0].client_id, left[0].failed, left[0].success_rate), (&stays.client_id, 2, Some(0.0)));
    let after = world.store.logout_deliveries().list_deliveries(ISSUER, Some(&stays.client_id), 10).await;
    assert_eq!(after.unwrap(), []);
}

/// A client that signs its user in again while it is being told of an earlier end is told of the next one too.
pub(crate) async fn what_happens_while_a_client_is_told_is_told_as_well(world: World) {
    let alice = world.user("alice").await;
    let app = world.told_client("app").await;
    let session = world.session(&alice).await;
    let note = async || assert!(world.store.sessions().note_client(session.id, app.row, NOW).await.unwrap());
    note().await;
    let taken = RevocationReason::User;
    let disconnect =
        world.store.grants().disconnect(alice.id, Some(app.row), taken, GIVE_UP_AT, NOW_MS).await.unwrap();
    assert_eq!(disconnect.notifications, 1);
    let [first] = &world.claims(NOW_MS, 32).await[..] else { panic!("one is due") };

    note().await;
    let which = Ending::Sessions(vec![session.id]);
    let ended = world.store.sessions().end(&which, GIVE_UP_AT, NOW_MS + 1000).await.unwrap();
    assert_eq!(ended.notifications, 1);
    world.store.logout_notifications().delivered(first, NOW.plus(1)).await.unwrap();
    let [second] = &world.claims(NOW_MS + 1000, 32).await[..] else { panic!("the next is due") };
    assert_eq!((second.session, second.client, second.attempt), (session.id, app.row, 1));
    world.store.logout_notifications().delivered(second, NOW.plus(2)).await.unwrap();
    assert_eq!(world.pending().await, 0);
}

/// A mass logout of one client, leased as far as it may be, costs the next who looks little time.
pub(crate) async fn ten_thousand_rows_of_one_client_keep_no_other_waiting(world: World) {
    let user = world.user("alice").await;
    let (many, one) = (world.told_client("many").await, world.told_client("one").await);
    world.ended(&user, &[&many], 1).await;
    let random = if world.config.url.is_embedded() { "randomblob(16)" } else { "gen_random_uuid()" };
    let multiply = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 10000)
         INSERT INTO logout_notification (session_id, client, issuer_id, user_id, attempts, next_attempt_at_ms,
           created_at, expires_at)
         SELECT {random}, client, issuer_id, user_id, attempts, next_attempt_at_ms, created_at, expires_at
           FROM logout_notification, number"
    );
    execute(&world, multiply.leak()).await;
    assert!(world.pending().await > 10_000);
    world.ended(&user, &[&one], 1).await;
    let begun = std::time::Instant::now();
    let claimed = world.claims(NOW_MS + 1, 32).await;
    let took = begun.elapsed();
    assert_eq!((of(&claimed, &many), of(&claimed, &one)), (4, 1));
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
}
