//! Documents that were fetched, kept by the rules of HTTP (RFC 9111) within bounds of our own.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, EXPIRES};
use lru::LruCache;

use super::error::FetchError;
use super::exchange::text_of;

/// Whatever its host says, a document is served this long without asking again: each request of ours would be one of
/// theirs otherwise.
const FLOOR_MS: i64 = 30_000;
/// Whatever its host says, it is asked again after this.
const CEILING_MS: i64 = 3_600_000;
/// What a host that says nothing means.
const DEFAULT_MS: i64 = 300_000;
/// How long a failure answers for further ones.
const FAILURE_MS: i64 = 10_000;
/// How long after it was last confirmed a document is used while its host is away.
const OUTAGE_MS: i64 = 86_400_000;
/// How long a host that was away when it was last asked is taken to be, while we are too busy to ask it.
const STILL_AWAY_MS: i64 = 60_000;

/// A document as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Its bytes.
    pub body: Bytes,
    /// What its host takes it for: the media type in lower case, without parameters.
    pub media_type: Option<String>,
    etag: Option<String>,
}

impl Fetched {
    pub(super) fn new(headers: &HeaderMap, body: Bytes) -> Self {
        let text = |name| text_of(headers, name).filter(|text| !text.is_empty());
        let media_type = text(CONTENT_TYPE).map(|text| text.split(';').next().unwrap_or_default());
        Self {
            body,
            media_type: media_type.map(|text| text.trim().to_ascii_lowercase()),
            etag: text(ETAG).filter(|etag| etag.len() <= 256).map(str::to_owned),
        }
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }
}

/// How old a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaxAge {
    /// As old as its host and our bounds permit.
    AsServed,
    /// At most as old as a failure is remembered: for a caller that has reason to believe there is a newer one, such as
    /// a key that is not in it. So nobody can make us ask more often than that.
    Newest,
}

#[derive(Debug)]
struct Kept {
    document: Arc<Fetched>,
    confirmed_at_ms: i64,
    fresh_ms: i64,
}

#[derive(Debug, Default)]
struct Entry {
    kept: Option<Kept>,
    failure: Option<(FetchError, i64)>,
}

/// What a document is for. Each kind has room of its own: anybody may ask for request objects, and whoever does must not
/// push out the keys of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Keys of clients, and what else they publish as JSON.
    Json,
    /// Request objects.
    Object,
    /// Logos.
    Picture,
}

/// What is kept of each kind.
#[derive(Debug)]
pub(super) struct Caches {
    json: Mutex<Cache>,
    objects: Mutex<Cache>,
    pictures: Mutex<Cache>,
}

impl Caches {
    pub(super) fn new() -> Self {
        let room = |documents, bytes| Mutex::new(Cache::with_room(documents, bytes));
        Self { json: room(4096, 32 << 20), objects: room(1024, 8 << 20), pictures: room(1024, 16 << 20) }
    }

    pub(super) fn of(&self, kind: Kind) -> MutexGuard<'_, Cache> {
        let cache = match kind {
            Kind::Json => &self.json,
            Kind::Object => &self.objects,
            Kind::Picture => &self.pictures,
        };
        cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Documents of one kind by their URLs without a fragment, the least recently asked for going first.
#[derive(Debug)]
pub(super) struct Cache {
    entries: LruCache<String, Entry>,
    bytes: usize,
    most_bytes: usize,
}

impl Cache {
    fn with_room(documents: usize, most_bytes: usize) -> Self {
        let documents = NonZeroUsize::new(documents).unwrap_or(NonZeroUsize::MIN);
        Self { entries: LruCache::new(documents), bytes: 0, most_bytes }
    }

    /// What is to be answered without asking the host; `None`: ask it.
    pub(super) fn answer(
        &mut self,
        key: &str,
        age: MaxAge,
        now_ms: i64,
    ) -> Option<Result<Arc<Fetched>, FetchError>> {
        let entry = self.entries.get(key)?;
        if let Some(kept) = &entry.kept {
            let good_for = match age {
                MaxAge::AsServed => kept.fresh_ms,
                MaxAge::Newest => FAILURE_MS,
            };
            if is_within(kept.confirmed_at_ms, good_for, now_ms) {
                return Some(Ok(Arc::clone(&kept.document)));
            }
        }
        let (error, failed_at_ms) = entry.failure.as_ref()?;
        if !is_within(*failed_at_ms, FAILURE_MS, now_ms) {
            return None;
        }
        Some(entry.in_outage(error, now_ms))
    }

    /// The document that a host may confirm instead of sending it again.
    pub(super) fn kept(&self, key: &str) -> Option<Arc<Fetched>> {
        self.entries.peek(key)?.kept.as_ref().map(|kept| Arc::clone(&kept.document))
    }

    /// Keeps what came, or confirms what was there, and answers with it.
    pub(super) fn keep(
        &mut self,
        key: String,
        document: Arc<Fetched>,
        headers: &HeaderMap,
        now_ms: i64,
    ) -> Arc<Fetched> {
        let kept = Kept {
            document: Arc::clone(&document),
            confirmed_at_ms: now_ms,
            fresh_ms: fresh_ms(headers, now_ms),
        };
        self.put(key, Entry { kept: Some(kept), failure: None });
        document
    }

    /// Remembers a failure, and answers with what can be used in spite of it. That we are busy says nothing of the host: it
    /// makes nothing good that is stale, unless the host was away when it was last asked, a moment ago.
    pub(super) fn fail(
        &mut self,
        key: String,
        error: &FetchError,
        now_ms: i64,
    ) -> Result<Arc<Fetched>, FetchError> {
        if *error == FetchError::Busy {
            return self.entries.peek(&key).map_or(Err(FetchError::Busy), |entry| entry.while_busy(now_ms));
        }
        let before = self.entries.peek_mut(&key).and_then(|entry| entry.kept.take());
        if let Some(kept) = &before {
            self.bytes = self.bytes.saturating_sub(kept.document.body.len());
        }
        let entry =
            Entry { kept: before.filter(|_| error.is_outage()), failure: Some((error.clone(), now_ms)) };
        let outcome = entry.in_outage(error, now_ms);
        self.put(key, entry);
        outcome
    }

    fn put(&mut self, key: String, entry: Entry) {
        self.bytes += entry.weight();
        if let Some((_, old)) = self.entries.push(key, entry) {
            self.bytes = self.bytes.saturating_sub(old.weight());
        }
        while self.bytes > self.most_bytes {
            let Some((_, old)) = self.entries.pop_lru() else { break };
            self.bytes = self.bytes.saturating_sub(old.weight());
        }
    }
}

impl Entry {
    fn weight(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.document.body.len())
    }

    fn while_busy(&self, now_ms: i64) -> Result<Arc<Fetched>, FetchError> {
        match &self.failure {
            Some((error, at_ms)) if error.is_outage() && is_within(*at_ms, STILL_AWAY_MS, now_ms) => {
                self.in_outage(&FetchError::Busy, now_ms)
            }
            Some(_) | None => Err(FetchError::Busy),
        }
    }

    fn in_outage(&self, error: &FetchError, now_ms: i64) -> Result<Arc<Fetched>, FetchError> {
        match &self.kept {
            Some(kept) if is_within(kept.confirmed_at_ms, OUTAGE_MS, now_ms) => {
                Ok(Arc::clone(&kept.document))
            }
            _ => Err(error.clone()),
        }
    }
}

fn is_within(since_ms: i64, length_ms: i64, now_ms: i64) -> bool {
    (now_ms - since_ms).abs() < length_ms
}

/// How long the answer may be used (RFC 9111 section 4.2), within our bounds. What must not be kept is kept for the least
/// time all the same: it is public, and asking for it at every request would make us a weapon against its host.
fn fresh_ms(headers: &HeaderMap, now_ms: i64) -> i64 {
    let said = text_of(headers, CACHE_CONTROL).and_then(max_age);
    let seconds = |name| text_of(headers, name).and_then(|text| text.trim().parse::<i64>().ok());
    let lifetime_ms = match said {
        Some(age) => age.saturating_sub(seconds(AGE).unwrap_or(0).max(0)).saturating_mul(1000),
        None => match text_of(headers, EXPIRES) {
            Some(text) => match date_ms(text) {
                Some(expires) => expires - text_of(headers, DATE).and_then(date_ms).unwrap_or(now_ms),
                None => 0, // "0" and the like mean that it has expired (RFC 9111 section 5.3)
            },
            None => DEFAULT_MS,
        },
    };
    lifetime_ms.clamp(FLOOR_MS, CEILING_MS)
}

/// The seconds of `max-age`, if anything is said of it; 0 where the answer is not to be reused.
fn max_age(directives: &str) -> Option<i64> {
    let mut age = None;
    for directive in directives.split(',') {
        let (name, value) = directive.trim().split_once('=').unwrap_or((directive.trim(), ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(0),
            "max-age" => age = Some(value.trim_matches('"').parse().unwrap_or(0)),
            _ => {}
        }
    }
    age
}

fn date_ms(text: &str) -> Option<i64> {
    let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok()
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
