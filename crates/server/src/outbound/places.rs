//! How much is fetched at once: in all, from one host, and how many names are looked up, so that a slow host or slow name
//! servers keep waiting only those who want something of them (security.md T143). Who waits for something of its own holds
//! nothing that others need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once.
const IN_ALL: usize = 256;
/// Fetches at once of one host, those counted that gave up on a lookup which still runs.
const OF_A_HOST: usize = 4;
/// Names looked up at once: each takes a thread until the system's resolver gives up.
const LOOKUPS: usize = 128;
/// Of them, names of one zone, which mostly have the same name servers.
const OF_A_ZONE: usize = 8;

/// The places, shared by all fetches.
#[derive(Debug)]
pub(super) struct Places {
    connections: Arc<Semaphore>,
    hosts: Arc<Shares>,
    lookups: Arc<Semaphore>,
    zones: Arc<Shares>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            connections: Arc::new(Semaphore::new(IN_ALL)),
            hosts: Shares::of(OF_A_HOST),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            zones: Shares::of(OF_A_ZONE),
        }
    }

    /// Waits for a place at `host`.
    pub(super) async fn at_host(&self, host: String) -> Option<Share> {
        self.hosts.take(host).await
    }

    /// Waits until `name` may be looked up.
    pub(super) async fn to_look_up(&self, name: &str) -> Option<(Share, OwnedSemaphorePermit)> {
        let share = self.zones.take(zone(name).to_owned()).await?;
        Some((share, Arc::clone(&self.lookups).acquire_owned().await.ok()?))
    }

    /// Waits for a connection among all.
    pub(super) async fn to_connect(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).acquire_owned().await.ok()
    }
}

/// What a name was probably registered under: its last two labels, or three where the last but one is as short as those that
/// countries register under (`co.uk`). A guess that is wrong bounds too many names together or too few, and that is all.
fn zone(name: &str) -> &str {
    const LONGEST_CATEGORY: usize = 3;

    let mut labels = name.trim_end_matches('.').rsplit('.');
    let (Some(top), Some(second), third) = (labels.next(), labels.next(), labels.next()) else { return name };
    let mut length = top.len() + 1 + second.len();
    if let Some(third) = third.filter(|_| top.len() == 2 && second.len() <= LONGEST_CATEGORY) {
        length += 1 + third.len();
    }
    let name = name.trim_end_matches('.');
    name.get(name.len() - length..).unwrap_or(name)
}

/// So many at once of each name.
#[derive(Debug)]
struct Shares {
    most: usize,
    taken: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// One of them, which is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    name: String,
    semaphore: Option<Arc<Semaphore>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    async fn take(self: &Arc<Self>, name: String) -> Option<Share> {
        let semaphore = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(taken.entry(name.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
        };
        let mut share =
            Share { shares: Arc::clone(self), name, semaphore: Some(Arc::clone(&semaphore)), permit: None };
        share.permit = Some(semaphore.acquire_owned().await.ok()?);
        Some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.semaphore.take());
        // Whoever else has a share or waits for one holds the semaphore too.
        if taken.get(&self.name).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            taken.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    // T143
    #[test]
    fn a_host_that_keeps_its_places_leaves_the_others_theirs() {
        let places = Places::new();
        let at = |host: &str| at_once(places.at_host(host.to_owned()));
        let taken: Vec<_> = (0..OF_A_HOST).map(|_| at("slow").unwrap().unwrap()).collect();
        assert!(at("slow").is_none());
        assert!(at("other").is_some());
        drop(taken);
        assert!(at("slow").is_some());
        assert!(places.hosts.taken.lock().unwrap().is_empty(), "nothing is left of hosts that nobody asks");
    }

    // T143
    #[test]
    fn a_zone_that_keeps_its_lookups_leaves_the_others_theirs() {
        let places = Places::new();
        let look_up = |name: &str| at_once(places.to_look_up(name));
        let taken: Vec<_> =
            (0..OF_A_ZONE).map(|n| look_up(&format!("{n}.slow.example")).unwrap().unwrap()).collect();
        assert!(look_up("one.more.slow.example").is_none());
        assert!(look_up("other.example").is_some());
        drop(taken);
        assert!(look_up("one.more.slow.example").is_some());
        assert!(places.zones.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn there_are_only_so_many_fetches_and_lookups_at_once() {
        let places = Places::new();
        let taken: Vec<_> = (0..IN_ALL).map(|_| at_once(places.to_connect()).unwrap()).collect();
        assert!(at_once(places.to_connect()).is_none());
        drop(taken);
        assert!(at_once(places.to_connect()).is_some());
        let taken: Vec<_> =
            (0..LOOKUPS).map(|n| at_once(places.to_look_up(&format!("{n}.com"))).unwrap()).collect();
        assert!(at_once(places.to_look_up("one-more.com")).is_none());
        drop(taken);
        assert!(at_once(places.to_look_up("one-more.com")).is_some());
    }

    #[test]
    fn names_that_are_probably_one_owners_are_one_zone() {
        for (name, expected) in [
            ("example.com", "example.com"),
            ("a.b.example.com", "example.com"),
            ("a.example.com.", "example.com"),
            ("a.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("a.example.de", "example.de"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(zone(name), expected);
        }
    }
}
