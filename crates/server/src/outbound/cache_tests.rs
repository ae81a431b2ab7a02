use axum::http::{HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

const MOST_BYTES: usize = 32 << 20;
const MOST_DOCUMENTS: usize = 4096;

fn cache() -> Cache {
    Cache::with_room(MOST_DOCUMENTS, MOST_BYTES)
}

fn key(name: &str) -> String {
    name.to_owned()
}

fn document(size: usize) -> Arc<Fetched> {
    Arc::new(Fetched::new(&HeaderMap::new(), vec![0; size].into()))
}

// RFC 9111 section 4.2
#[test]
fn a_document_is_used_as_long_as_its_host_says_within_bounds() {
    let now = date_ms("Wed, 25 Nov 2026 12:00:00 GMT").unwrap();
    for (pairs, seconds) in [
        (vec![], 300),
        (vec![(CACHE_CONTROL, "public, max-age=600")], 600),
        (vec![(CACHE_CONTROL, "max-age=600"), (AGE, "100")], 500),
        (vec![(CACHE_CONTROL, "max-age=600"), (EXPIRES, "0")], 600),
        (vec![(CACHE_CONTROL, "Max-Age=\"600\"")], 600),
        (vec![(CACHE_CONTROL, "max-age=1")], 30),
        (vec![(CACHE_CONTROL, "max-age=99999999999999999999")], 30),
        (vec![(CACHE_CONTROL, "max-age=9999999999")], 3600),
        (vec![(CACHE_CONTROL, "no-store, max-age=600")], 30),
        (vec![(CACHE_CONTROL, "no-cache")], 30),
        (vec![(CACHE_CONTROL, "public")], 300),
        (vec![(EXPIRES, "Wed, 25 Nov 2026 12:10:00 GMT")], 600),
        (vec![(EXPIRES, "Wed, 25 Nov 2026 12:10:00 GMT"), (DATE, "Wed, 25 Nov 2026 12:08:00 GMT")], 120),
        (vec![(EXPIRES, "0")], 30),
    ] {
        assert_eq!(fresh_ms(&headers(&pairs), now), seconds * 1000, "{pairs:?}");
    }
}

#[test]
fn a_document_is_served_until_it_is_stale_and_asked_for_again_after() {
    let mut cache = cache();
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, 0), None);
    let kept = cache.keep(key("a"), document(1), &HeaderMap::new(), 0);
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, DEFAULT_MS - 1), Some(Ok(Arc::clone(&kept))));
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, DEFAULT_MS), None);
    assert_eq!(cache.kept(&key("a")), Some(kept));
}

#[test]
fn the_newest_is_asked_for_at_most_once_in_ten_seconds() {
    let mut cache = cache();
    let kept = cache.keep(key("a"), document(1), &HeaderMap::new(), 0);
    assert_eq!(cache.answer(&key("a"), MaxAge::Newest, 9_999), Some(Ok(Arc::clone(&kept))));
    assert_eq!(cache.answer(&key("a"), MaxAge::Newest, 10_000), None);
    drop(cache.fail(key("a"), &FetchError::Status(503), 10_000));
    assert_eq!(cache.answer(&key("a"), MaxAge::Newest, 19_999), Some(Ok(kept)));
    assert_eq!(cache.answer(&key("a"), MaxAge::Newest, 20_000), None);
}

#[test]
fn while_a_host_is_away_its_document_is_used_for_a_day() {
    let mut cache = cache();
    let kept = cache.keep(key("a"), document(1), &HeaderMap::new(), 0);
    let away = FetchError::Connect("refused".to_owned());
    assert_eq!(cache.fail(key("a"), &away, OUTAGE_MS - 1), Ok(kept));
    assert_eq!(cache.fail(key("a"), &away, OUTAGE_MS), Err(away));
}

#[test]
fn a_host_that_takes_its_document_back_is_believed() {
    let mut cache = cache();
    cache.keep(key("a"), document(1), &HeaderMap::new(), 0);
    assert_eq!(cache.fail(key("a"), &FetchError::Status(404), 1), Err(FetchError::Status(404)));
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, 2), Some(Err(FetchError::Status(404))));
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, 1 + FAILURE_MS), None);
    assert_eq!(cache.bytes, 0);
}

#[test]
fn being_busy_is_not_held_against_a_host() {
    let mut cache = cache();
    assert_eq!(cache.fail(key("a"), &FetchError::Busy, 0), Err(FetchError::Busy));
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, 0), None);
}

// RFC 9111 section 4.2.4: whoever keeps us busy keeps no key alive that its owner took back.
#[test]
fn being_busy_makes_nothing_stale_good_and_forgets_nothing() {
    let mut cache = cache();
    let kept = cache.keep(key("a"), document(1), &HeaderMap::new(), 0);
    assert_eq!(cache.fail(key("a"), &FetchError::Busy, DEFAULT_MS), Err(FetchError::Busy));
    assert_eq!(cache.kept(&key("a")), Some(Arc::clone(&kept)), "what can be confirmed is still there");
    assert_eq!(cache.answer(&key("a"), MaxAge::AsServed, DEFAULT_MS - 1), Some(Ok(Arc::clone(&kept))));
    // A host that was away when it was last asked is taken to be away a while longer.
    let away = FetchError::Connect("refused".to_owned());
    assert_eq!(cache.fail(key("a"), &away, DEFAULT_MS), Ok(Arc::clone(&kept)));
    assert_eq!(cache.fail(key("a"), &FetchError::Busy, DEFAULT_MS + STILL_AWAY_MS - 1), Ok(kept));
    assert_eq!(cache.fail(key("a"), &FetchError::Busy, DEFAULT_MS + STILL_AWAY_MS), Err(FetchError::Busy));
}

// T141
#[test]
fn memory_is_bounded() {
    let mut cache = cache();
    for number in 0..100 {
        cache.keep(key(&number.to_string()), document(1 << 20), &HeaderMap::new(), 0);
        cache.keep(key(&number.to_string()), document(1 << 20), &HeaderMap::new(), 0);
    }
    assert_eq!((cache.bytes, cache.entries.len()), (MOST_BYTES, 32));
    for number in 0..10_000 {
        drop(cache.fail(key(&number.to_string()), &FetchError::Status(404), 0));
    }
    assert_eq!(cache.entries.len(), MOST_DOCUMENTS);
    assert_eq!(cache.bytes, 0);
}
