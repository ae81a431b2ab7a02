//! The keys of clients: registered with them (`jwks`) or published by them (`jwks_uri`). What was parsed is kept as long as
//! the document it came from.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use grantor_crypto::{Algorithm, EncryptionKey, KeyManagement, VerificationKeys};
use grantor_protocol::{ClientRowId, ErrorCode};
use lru::LruCache;
use serde_json::Value;

use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;
use crate::outbound::{Fetched, Fetcher, MaxAge, Wanted};

const CAPACITY: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// What keys are parsed from; the same again means the same keys.
#[derive(Clone, Debug)]
enum Source {
    Registered(Value),
    Published(Arc<Fetched>),
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Registered(own), Self::Registered(other)) => own == other,
            (Self::Published(own), Self::Published(other)) => Arc::ptr_eq(own, other),
            (Self::Registered(_), Self::Published(_)) | (Self::Published(_), Self::Registered(_)) => false,
        }
    }
}

impl Source {
    fn jwks(&self) -> Result<Value, String> {
        match self {
            Self::Registered(jwks) => Ok(jwks.clone()),
            Self::Published(document) => {
                serde_json::from_slice(&document.body).map_err(|error| format!("not JSON: {error}"))
            }
        }
    }
}

type Parsed<K, T> = Mutex<LruCache<(ClientRowId, K), (Source, Arc<T>)>>;

/// The keys that were parsed.
#[derive(Debug)]
pub(crate) struct ClientKeys {
    fetcher: Fetcher,
    verifying: Parsed<Algorithm, VerificationKeys>,
    encrypting: Parsed<KeyManagement, EncryptionKey>,
}

impl ClientKeys {
    /// Nothing parsed yet.
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            verifying: Mutex::new(LruCache::new(CAPACITY)),
            encrypting: Mutex::new(LruCache::new(CAPACITY)),
        }
    }

    /// The keys that `client` signs with by `algorithm`, pinned to it; those for encryption are left out. When none of
    /// them is named `kid`, `jwks_uri` is asked again, at most once in 10 s (OpenID Connect Core section 10.1.1): there
    /// may still be none of that name then. The refusal is `invalid_client`, with the reason for the log.
    pub(crate) async fn verifying(
        &self,
        client: &KnownClient,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: Now,
    ) -> Result<Arc<VerificationKeys>, Failure> {
        let has_it = |keys: &VerificationKeys| {
            keys.iter().any(|key| kid.is_none() || key.kid().is_none() || key.kid() == kid)
        };
        match self.verifying_of(client, algorithm, MaxAge::AsServed, now).await {
            Ok(keys) if has_it(&keys) => Ok(keys),
            Ok(_) | Err(_) => self.verifying_of(client, algorithm, MaxAge::Newest, now).await,
        }
    }

    /// The same, but at most 10 s old: for a signature that fits none of the keys at hand, and names none of them.
    pub(crate) async fn newest_verifying(
        &self,
        client: &KnownClient,
        algorithm: Algorithm,
        now: Now,
    ) -> Result<Arc<VerificationKeys>, Failure> {
        self.verifying_of(client, algorithm, MaxAge::Newest, now).await
    }

    async fn verifying_of(
        &self,
        client: &KnownClient,
        algorithm: Algorithm,
        max_age: MaxAge,
        now: Now,
    ) -> Result<Arc<VerificationKeys>, Failure> {
        let source = self.source(client, max_age, now).await?;
        parsed(&self.verifying, (client.row.row, algorithm), &source, |jwks| {
            VerificationKeys::from_jwks(jwks, Some(algorithm)).map_err(|error| error.to_string())
        })
    }

    /// The key to encrypt for `client` with by `algorithm`: the first of its set that is for that. Where there is none,
    /// `jwks_uri` is asked again, at most once in 10 s. The refusal is as above.
    pub(crate) async fn encrypting(
        &self,
        client: &KnownClient,
        algorithm: KeyManagement,
        now: Now,
    ) -> Result<Arc<EncryptionKey>, Failure> {
        match self.encrypting_of(client, algorithm, MaxAge::AsServed, now).await {
            Ok(key) => Ok(key),
            Err(_) => self.encrypting_of(client, algorithm, MaxAge::Newest, now).await,
        }
    }

    async fn encrypting_of(
        &self,
        client: &KnownClient,
        algorithm: KeyManagement,
        max_age: MaxAge,
        now: Now,
    ) -> Result<Arc<EncryptionKey>, Failure> {
        let source = self.source(client, max_age, now).await?;
        parsed(&self.encrypting, (client.row.row, algorithm), &source, |jwks| {
            let key = EncryptionKey::from_jwks(jwks, algorithm).map_err(|error| error.to_string())?;
            key.ok_or_else(|| format!("none of the keys is for {algorithm}"))
        })
    }

    /// What the client's keys are to be read from.
    async fn source(&self, client: &KnownClient, max_age: MaxAge, now: Now) -> Result<Source, Failure> {
        let metadata = &client.row.metadata;
        if let Some(jwks) = &metadata.jwks {
            return Ok(Source::Registered(jwks.clone()));
        }
        let Some(uri) = &metadata.jwks_uri else {
            return Err(unusable("the client is registered with neither jwks nor jwks_uri"));
        };
        let wanted = Wanted { max_age, ..Wanted::JSON };
        match self.fetcher.get(uri, wanted, now).await {
            Ok(document) => Ok(Source::Published(document)),
            Err(error) => {
                let failure = unusable(&error.to_string());
                Err(match error.setting() {
                    Some(setting) => failure.with_setting(setting),
                    None => failure,
                })
            }
        }
    }
}

/// The keys parsed before from the same source, or now.
fn parsed<K: Copy + Eq + Hash, T>(
    held: &Parsed<K, T>,
    key: (ClientRowId, K),
    source: &Source,
    parse: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<Arc<T>, Failure> {
    let lock = || held.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((from, keys)) = lock().get(&key)
        && from == source
    {
        return Ok(Arc::clone(keys));
    }
    let keys = source.jwks().and_then(|jwks| parse(&jwks)).map_err(|reason| unusable(&reason))?;
    let keys = Arc::new(keys);
    lock().put(key, (source.clone(), Arc::clone(&keys)));
    Ok(keys)
}

fn unusable(reason: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidClient, "keys of the client", "a usable JWK set", reason)
}

#[cfg(test)]
#[path = "client_keys_tests.rs"]
mod tests;
