//! How much is fetched at once: in all, and from one host, so that a slow host keeps waiting only those who want
//! something of it (security.md T143).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const IN_ALL: usize = 256;
const OF_A_HOST: usize = 4;

/// The places, shared by all fetches.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    host: String,
    semaphore: Option<Arc<Semaphore>>,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(IN_ALL)), hosts: Mutex::default() })
    }

    /// Waits for a place at `host`, then for one among all: whoever waits for a slow host takes none from the others.
    pub(super) async fn take(self: &Arc<Self>, host: String) -> Option<Place> {
        let semaphore = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(OF_A_HOST))))
        };
        let mut place = Place {
            places: Arc::clone(self),
            host,
            semaphore: Some(Arc::clone(&semaphore)),
            permits: Vec::with_capacity(2),
        };
        place.permits.push(semaphore.acquire_owned().await.ok()?);
        place.permits.push(Arc::clone(&self.all).acquire_owned().await.ok()?);
        Some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.permits.clear();
        let mut hosts = self.places.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.semaphore.take());
        // Whoever else fetches from the host or waits for it holds its semaphore too.
        if hosts.get(&self.host).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            hosts.remove(&self.host);
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
        let taken: Vec<_> =
            (0..OF_A_HOST).map(|_| at_once(places.take("slow".to_owned())).unwrap().unwrap()).collect();
        assert!(at_once(places.take("slow".to_owned())).is_none());
        assert!(at_once(places.take("other".to_owned())).is_some());
        drop(taken);
        assert!(at_once(places.take("slow".to_owned())).is_some());
        assert!(places.hosts.lock().unwrap().is_empty(), "nothing is left of hosts that nobody asks");
    }

    #[test]
    fn there_are_only_so_many_fetches_at_once() {
        let places = Places::new();
        let taken: Vec<_> = (0..IN_ALL).map(|n| at_once(places.take(n.to_string())).unwrap()).collect();
        assert!(at_once(places.take("one more".to_owned())).is_none());
        drop(taken);
        assert!(at_once(places.take("one more".to_owned())).is_some());
    }
}
