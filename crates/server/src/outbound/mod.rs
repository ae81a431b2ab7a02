//! How Grantor asks others over HTTP: itself at its own address (`ourselves.rs`), for documents of clients (`jwks_uri`,
//! `request_uri`, `sector_identifier_uri`, `logo_uri`), and to tell them of logouts (`backchannel_logout_uri`). The one
//! exception is the collector of traces, which the operator names and `traces/client.rs` connects to. Whoever registers a URL chooses where we connect to, so: only public addresses unless
//! `outbound.allow_private` says otherwise, decided for the very address that is connected to; no redirects, cookies,
//! proxies or compression; bounded size, time and number; kept by the rules of HTTP (security.md 1.10).

mod cache;
mod error;
mod exchange;
mod ourselves;
mod places;
mod policy;
mod resolve;
mod tls;

#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use url::Host;

pub(crate) use cache::{Fetched, Kind, MaxAge};
pub(crate) use error::{CertificateFault, FetchError};
pub(crate) use exchange::Answer;
pub(crate) use ourselves::{ends_within, shown};
pub use policy::{AddressPolicy, Refusal, Target, is_public};
pub(crate) use tls::client as client_tls;

use crate::clock::Now;
use crate::config::Outbound;
use cache::Caches;
use exchange::{Answered, Question};
use places::Places;
use resolve::Resolver;

/// What a caller takes for the document it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// What it is for, which says with what else it shares room.
    pub kind: Kind,
    /// Sent as `Accept`.
    pub accept: &'static str,
    /// The media types that are taken; any, when there are none.
    pub media_types: &'static [&'static str],
    /// The largest body.
    pub body_bytes: usize,
    /// How old it may be.
    pub max_age: MaxAge,
    /// The longest that it may take in all, where that is less than `outbound.timeout`.
    pub time: Option<Duration>,
}

impl Wanted {
    /// A JSON document of up to 64 KiB. Hosts serve it under many media types.
    pub(crate) const JSON: Self = Self {
        kind: Kind::Json,
        accept: "application/json, application/jwk-set+json;q=0.9, */*;q=0.1",
        media_types: &[],
        body_bytes: 64 * 1024,
        max_age: MaxAge::AsServed,
        time: None,
    };

    /// The same, but not older than 10 s.
    pub(crate) const fn newest(self) -> Self {
        Self { max_age: MaxAge::Newest, ..self }
    }
}

/// How what was sent was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Any but a redirect.
    pub status: StatusCode,
    /// The beginning of what an answer says that does not accept it.
    pub said: Bytes,
}

/// Who chose the address, which says where it may lead.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// A client: to the public internet, and what the operator adds.
    Public,
    /// The operator, in the configuration: anywhere.
    Anywhere,
}

/// What is read of an answer that does not accept what was sent.
const EXPLANATION_BYTES: usize = 4 * 1024;

/// A document that is fetched: what for, and its URL without a fragment, which no host is told.
type Key = (Kind, String);

type Outcome = Result<Arc<Fetched>, FetchError>;

/// The fetcher; cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: AddressPolicy,
    resolver: Resolver,
    tls: Arc<ClientConfig>,
    timeout: Duration,
    places: Places,
    caches: Caches,
    running: Mutex<HashMap<Key, watch::Receiver<Option<Outcome>>>>,
}

impl Fetcher {
    /// A fetcher under the operator's settings, with nothing in its cache.
    pub(crate) fn new(settings: &Outbound) -> Self {
        Self::resolving(settings, Resolver::system())
    }

    fn resolving(settings: &Outbound, resolver: Resolver) -> Self {
        Self(Arc::new(Shared {
            policy: AddressPolicy::new(settings.allow_private.clone()),
            resolver,
            tls: tls::client(&settings.roots),
            timeout: settings.timeout,
            places: Places::new(),
            caches: Caches::new(),
            running: Mutex::default(),
        }))
    }

    /// The document at `url`: one that was fetched before where `wanted` permits, or what its host says now, or, while
    /// that is away, what it said within the last day. Everybody who asks for the same document waits for one fetch,
    /// which goes on when they hang up, so that its outcome is known to the next.
    pub(crate) async fn get(&self, url: &str, wanted: Wanted, now: Now) -> Outcome {
        let target = Target::parse(url)?;
        let key = (wanted.kind, target.url().to_owned());
        let mut outcome = {
            let mut running = lock(&self.0.running);
            if let Some(answer) = self.0.caches.of(wanted.kind).answer(&key.1, wanted.max_age, now.ms) {
                drop(running);
                return acceptable(answer?, wanted);
            }
            if let Some(receiver) = running.get(&key) {
                receiver.clone()
            } else {
                let receiver = self.start(&key, target, wanted, now);
                running.insert(key, receiver.clone());
                receiver
            }
        };
        let outcome = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(outcome)) => acceptable(outcome?, wanted),
            // The task ended without an outcome, which only a shutdown makes it do.
            Ok(None) | Err(_) => Err(FetchError::Busy),
        }
    }

    /// Sends a form, and says how it was taken. Nothing is kept or followed.
    pub(crate) async fn post_form(&self, url: &str, form: String) -> Result<Receipt, FetchError> {
        let question = Question {
            method: Method::POST,
            accept: "application/json, */*;q=0.1",
            etag: None,
            content_type: Some("application/x-www-form-urlencoded"),
            headers: &[],
            body: form.into(),
            wanted: Answered::Receipt(EXPLANATION_BYTES),
        };
        let answer = self.0.ask(&Target::parse(url)?, &question, self.0.timeout, Reach::Public).await?;
        Ok(Receipt { status: answer.status, said: answer.body })
    }

    /// Starts the fetch that everybody waits for.
    fn start(&self, key: &Key, target: Target, wanted: Wanted, now: Now) -> watch::Receiver<Option<Outcome>> {
        let (sender, receiver) = watch::channel(None);
        let running = Running { shared: Arc::clone(&self.0), key: key.clone() };
        let fetching = async move {
            let outcome = running.shared.fetch(&target, wanted, now).await;
            drop(running);
            drop(sender.send(Some(outcome)));
        };
        tokio::spawn(fetching.in_current_span());
        receiver
    }
}

impl Shared {
    async fn fetch(&self, target: &Target, wanted: Wanted, now: Now) -> Outcome {
        let url = || target.url().to_owned();
        let before = self.caches.of(wanted.kind).kept(target.url());
        let question = Question {
            method: Method::GET,
            accept: wanted.accept,
            etag: before.as_deref().and_then(Fetched::etag),
            content_type: None,
            headers: &[],
            body: Bytes::new(),
            wanted: Answered::Document(wanted.body_bytes),
        };
        let time = wanted.time.map_or(self.timeout, |time| time.min(self.timeout));
        let answer = self.ask(target, &question, time, Reach::Public).await;
        let mut cache = self.caches.of(wanted.kind);
        match answer {
            Ok(answer) if answer.status == StatusCode::OK => {
                let document = Arc::new(Fetched::new(&answer.headers, answer.body));
                Ok(cache.keep(url(), document, &answer.headers, now.ms))
            }
            Ok(answer) => match (question.etag, &before) {
                (Some(_), Some(document)) => {
                    Ok(cache.keep(url(), Arc::clone(document), &answer.headers, now.ms))
                }
                _ => cache.fail(url(), &FetchError::Status(304), now.ms),
            },
            Err(error) => {
                tracing::warn!(url = target.url(), %error, setting = error.setting(), "a document of a client could not be fetched");
                cache.fail(url(), &error, now.ms)
            }
        }
    }

    /// One question to a host, all of it within `time`. Whatever is sent to a client or to ourselves goes through here.
    #[tracing::instrument(name = "outbound.call", level = "debug", skip_all, fields(host = %target.host()))]
    async fn ask(
        &self,
        target: &Target,
        question: &Question<'_>,
        time: Duration,
        reach: Reach,
    ) -> Result<Answer, FetchError> {
        let end = Instant::now() + time;
        let late = FetchError::Timeout(time);
        let Ok(Some(host)) = timeout_at(end, self.places.at_host(target.host().to_string())).await else {
            return Err(FetchError::Busy);
        };
        let host = Arc::new(host);
        let candidates = match target.host() {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let Ok(Some(turn)) = timeout_at(end, self.places.to_look_up(name)).await else {
                    return Err(FetchError::Busy);
                };
                let looking_up = self.resolver.addresses(name, (Arc::clone(&host), turn));
                let Ok(addresses) = timeout_at(end, looking_up).await else { return Err(late) };
                addresses.map_err(|error| FetchError::Unresolved(error.to_string()))?
            }
        };
        let addresses = match reach {
            Reach::Public => self.policy.permitted(target, &candidates)?,
            Reach::Anywhere => candidates,
        };
        let Ok(Some(_place)) = timeout_at(end, self.places.to_connect()).await else {
            return Err(FetchError::Busy);
        };
        // Boxed, since it is large and all above it would hold it.
        let exchanged = Box::pin(exchange::exchange(&self.tls, target, &addresses, question));
        timeout_at(end, exchanged).await.unwrap_or(Err(late))
    }
}

/// The media type is the caller's matter, not the cache's.
fn acceptable(document: Arc<Fetched>, wanted: Wanted) -> Outcome {
    let media_type = document.media_type.as_deref().unwrap_or_default();
    if wanted.media_types.is_empty() || wanted.media_types.contains(&media_type) {
        Ok(document)
    } else {
        Err(FetchError::MediaType(media_type.chars().take(80).collect()))
    }
}

/// A fetch under way, which is none any more when this is dropped.
struct Running {
    shared: Arc<Shared>,
    key: Key,
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.shared.running).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
