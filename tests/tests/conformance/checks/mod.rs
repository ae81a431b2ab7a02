//! What every module checks (conformance.md 2).

pub(crate) mod error;
pub(crate) mod id_token;
pub(crate) mod provider;
pub(crate) mod response;
pub(crate) mod token;
pub(crate) mod userinfo;

use std::collections::BTreeMap;
use std::time::SystemTime;

/// Seconds since 1970, for the suite.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::UNIX_EPOCH.elapsed().expect("the clock is past 1970");
    i64::try_from(elapsed.as_secs()).unwrap()
}

/// 2.2: long enough, and more than 96 bits by the entropy of its characters.
pub(crate) fn is_unguessable(secret: &str) {
    let mut counted: BTreeMap<char, f64> = BTreeMap::new();
    let mut length = 0.0;
    for character in secret.chars() {
        *counted.entry(character).or_default() += 1.0;
        length += 1.0;
    }
    let bits: f64 = counted.values().map(|count| -count * (count / length).log2()).sum();
    assert!(secret.len() >= 16 && bits > 96.0, "{secret}: {bits} bits");
}
