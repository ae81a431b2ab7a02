//! Clients held in memory: bounded, at most [`MAX_AGE_MS`] old, absence never remembered. A client that was deleted or
//! changed elsewhere is therefore served as it was for one second at most.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use grantor_crypto::{MacKey, Secret};
use grantor_protocol::{ClientId, ClientRowId, IssuerId};
use grantor_store::{Client, Fault, Store};
use lru::LruCache;

/// How old a held client may be.
pub(crate) const MAX_AGE_MS: i64 = 1000;
/// Secrets of one client that are verified or wait for it at once.
const TURNS_PER_CLIENT: usize = 4;
const CAPACITY: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// A client as the endpoints use it: its row with what is derived from it once.
#[derive(Debug)]
pub(crate) struct KnownClient {
    /// The row.
    pub row: Client,
    /// The origins its single-page applications call from.
    pub origins: Vec<String>,
}

impl KnownClient {
    fn new(row: Client) -> Self {
        let origins = row.metadata.cors_origins().collect();
        Self { row, origins }
    }
}

#[derive(Debug)]
struct Held {
    client: Arc<KnownClient>,
    read_at_ms: i64,
}

/// The clients in memory, and the chosen secrets that were verified once.
#[derive(Debug)]
pub(crate) struct ClientCache {
    store: Store,
    by_id: Mutex<LruCache<(IssuerId, ClientId), Held>>,
    ids: Mutex<LruCache<ClientRowId, (IssuerId, ClientId)>>,
    origins: Mutex<LruCache<String, i64>>,
    verified: Mutex<LruCache<[u8; 32], ()>>,
    verified_key: MacKey,
    turns: Mutex<HashMap<String, usize>>,
}

impl ClientCache {
    /// An empty cache over the store.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            by_id: Mutex::new(LruCache::new(CAPACITY)),
            ids: Mutex::new(LruCache::new(CAPACITY)),
            origins: Mutex::new(LruCache::new(CAPACITY)),
            verified: Mutex::new(LruCache::new(CAPACITY)),
            verified_key: MacKey::random(),
            turns: Mutex::new(HashMap::new()),
        }
    }

    /// The client with this identifier.
    pub(crate) async fn by_client_id(
        &self,
        issuer: IssuerId,
        client_id: &ClientId,
        now_ms: i64,
    ) -> Result<Option<Arc<KnownClient>>, Fault> {
        let key = (issuer, client_id.clone());
        if let Some(held) = lock(&self.by_id).get(&key)
            && (now_ms - held.read_at_ms).abs() < MAX_AGE_MS
        {
            return Ok(Some(Arc::clone(&held.client)));
        }
        self.reread(issuer, client_id, now_ms).await
    }

    /// The client of this row, by way of the identifier it was last seen under.
    pub(crate) async fn by_row(
        &self,
        row: ClientRowId,
        now_ms: i64,
    ) -> Result<Option<Arc<KnownClient>>, Fault> {
        let known = lock(&self.ids).get(&row).cloned();
        if let Some((issuer, client_id)) = known {
            let client = self.by_client_id(issuer, &client_id, now_ms).await?;
            return Ok(client.filter(|client| client.row.row == row));
        }
        Ok(self.store.clients().by_row(row).await?.map(|client| self.hold(client, now_ms)))
    }

    /// Reads past the cache: a secret that failed may have been changed a moment ago.
    pub(crate) async fn reread(
        &self,
        issuer: IssuerId,
        client_id: &ClientId,
        now_ms: i64,
    ) -> Result<Option<Arc<KnownClient>>, Fault> {
        let Some(client) = self.store.clients().by_client_id(issuer, client_id).await? else {
            lock(&self.by_id).pop(&(issuer, client_id.clone()));
            return Ok(None);
        };
        Ok(Some(self.hold(client, now_ms)))
    }

    /// Whether any client has this origin; a yes is held as long as a client.
    pub(crate) async fn origin_is_registered(
        &self,
        issuer: IssuerId,
        origin: &str,
        now_ms: i64,
    ) -> Result<bool, Fault> {
        let held =
            lock(&self.origins).get(origin).is_some_and(|read_at| (now_ms - read_at).abs() < MAX_AGE_MS);
        if held {
            return Ok(true);
        }
        let registered = self.store.clients().has_origin(issuer, origin).await?;
        if registered {
            lock(&self.origins).put(origin.to_owned(), now_ms);
        }
        Ok(registered)
    }

    /// Reads every client again when it is next asked for: another node changed one.
    pub(crate) fn forget_all(&self) {
        lock(&self.by_id).clear();
    }

    fn hold(&self, client: Client, now_ms: i64) -> Arc<KnownClient> {
        let key = (client.issuer, client.client_id.clone());
        lock(&self.ids).put(client.row, key.clone());
        let client = Arc::new(KnownClient::new(client));
        lock(&self.by_id).put(key, Held { client: Arc::clone(&client), read_at_ms: now_ms });
        client
    }

    /// Whether this chosen secret was verified against this hash before, in this process.
    pub(crate) fn was_verified(&self, hash: &str, secret: &Secret) -> bool {
        lock(&self.verified).get(&self.fingerprint(hash, secret)).is_some()
    }

    /// Remembers that this chosen secret matches this hash: argon2id runs once per secret, not once per token.
    pub(crate) fn remember_verified(&self, hash: &str, secret: &Secret) {
        lock(&self.verified).put(self.fingerprint(hash, secret), ());
    }

    /// A turn to verify a secret against this hash. A client has few at a time, so that guesses at one leave the
    /// hashing of the others alone.
    pub(crate) fn take_turn(&self, hash: &str) -> Option<Turn<'_>> {
        let mut turns = lock(&self.turns);
        let taken = turns.entry(hash.to_owned()).or_insert(0);
        if *taken >= TURNS_PER_CLIENT {
            return None;
        }
        *taken += 1;
        Some(Turn { cache: self, hash: hash.to_owned() })
    }

    fn fingerprint(&self, hash: &str, secret: &Secret) -> [u8; 32] {
        self.verified_key.tag(&[hash.as_bytes(), secret.expose().as_bytes()])
    }
}

/// A turn that is given back when it ends.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    cache: &'a ClientCache,
    hash: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = lock(&self.cache.turns);
        match turns.get_mut(&self.hash) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(turns.remove(&self.hash)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
