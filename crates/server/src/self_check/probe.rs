//! A request by which a server asks itself, over whatever stands in between: `GET /health/self-check` with a fresh proof
//! that the asker has the keys of the database. To anybody else there is nothing at this address.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use grantor_crypto::{DataKeyPurpose, base64url};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Now;
use crate::error::no_store;
use crate::extract::{Connection, Issuer, Noted, Peer, has_probe_cookie, is_trusted, probe_cookie};
use crate::key_ring::{KeyRing, KeyRingError, Keys};
use crate::outbound::Answer;
use crate::routes::nothing_here;
use crate::traces::TRACEPARENT;
use crate::visit::Visit;

/// Where it is asked.
pub(crate) const PATH: &str = "/health/self-check";

/// Carries the [`Proof`]: a header, since proxies write addresses into their logs.
const PROOF: HeaderName = HeaderName::from_static("x-grantor-self-check");
/// How long a proof is good for, clocks that differ included.
const PROOF_LIFETIME_MS: i64 = 60_000;

/// What no proxy may be in the way of: authorization requests carry ID tokens, browsers the cookies of the whole host,
/// answers a code and a state of the client's own.
const LONG_URL: usize = 8 * 1024;
const LONG_COOKIES: [usize; 4] = [4 * 1024; 4];
const LONG_ANSWER: usize = 8 * 1024;

/// Addresses for documentation (RFC 5737): nobody's, so that nobody else can have written them.
pub(super) const SPOOFED_ADDRESS: &str = "192.0.2.77";
/// No scheme, so that no proxy can have written it.
pub(super) const SPOOFED_SCHEME: &str = "spoofed";

/// The id of a trace that nobody began.
pub(super) const SPOOFED_TRACE: &str = "73706f6f66656473706f6f6665642121";

/// That whoever asks has the keys of the database, and asks now.
pub(super) struct Proof(String);

impl Proof {
    pub(super) async fn new(keys: &KeyRing, issuer: &Issuer, now: Now) -> Result<Self, KeyRingError> {
        let keys = keys.current(now.ms).await?;
        let expires = now.ms.saturating_add(PROOF_LIFETIME_MS).to_be_bytes();
        let tag = tag(&keys, issuer, expires)?;
        Ok(Self(base64url::encode([expires.as_slice(), &tag].concat())))
    }

    fn is_good(presented: &[u8], keys: &Keys, issuer: &Issuer, now: Now) -> bool {
        let Some(bytes) = std::str::from_utf8(presented).ok().and_then(|text| base64url::decode(text).ok())
        else {
            return false;
        };
        let Some((expires, presented)) = bytes.split_first_chunk::<8>() else { return false };
        let left = i64::from_be_bytes(*expires).saturating_sub(now.ms);
        let Ok(key) = keys.data_key(DataKeyPurpose::Cookies) else { return false };
        (0..=2 * PROOF_LIFETIME_MS).contains(&left)
            && key.mac().verify(&[b"self-check", issuer.url.as_bytes(), expires], presented)
    }
}

fn tag(keys: &Keys, issuer: &Issuer, expires: [u8; 8]) -> Result<[u8; 32], KeyRingError> {
    let key = keys.data_key(DataKeyPurpose::Cookies)?;
    Ok(key.mac().tag(&[b"self-check", issuer.url.as_bytes(), &expires]))
}

/// What is asked, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// As a browser asks that has been here before.
    Plain,
    /// With what a client might make up about itself.
    Spoofed,
    /// With more than usual of something.
    Long(Long),
}

/// What is longer than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Long {
    /// A URL of 8 KB.
    Url,
    /// 16 KB of cookies.
    Cookies,
    /// An answer with a header of 8 KB.
    Answer,
}

impl Asked {
    pub(super) fn request(self, issuer: &Issuer, proof: &Proof) -> (String, Vec<(HeaderName, HeaderValue)>) {
        let mut headers = Vec::new();
        let mut add = |name: HeaderName, value: &str| {
            headers.extend(HeaderValue::from_str(value).map(|value| (name, value)).ok());
        };
        add(PROOF, &proof.0);
        add(COOKIE, &probe_cookie(issuer).1);
        let mut url = issuer.address(PATH);
        match self {
            Self::Plain => {}
            Self::Spoofed => {
                add(HeaderName::from_static("x-forwarded-for"), SPOOFED_ADDRESS);
                add(HeaderName::from_static("x-forwarded-proto"), SPOOFED_SCHEME);
                let forwarded = format!("for={SPOOFED_ADDRESS};proto={SPOOFED_SCHEME}");
                add(HeaderName::from_static("forwarded"), &forwarded);
                let traceparent = format!("00-{SPOOFED_TRACE}-00f067aa0ba902b7-00");
                add(HeaderName::from_static(TRACEPARENT), &traceparent);
            }
            Self::Long(Long::Url) => url.extend(["?padding=", &"x".repeat(LONG_URL)]),
            Self::Long(Long::Cookies) => {
                for (number, bytes) in LONG_COOKIES.into_iter().enumerate() {
                    add(COOKIE, &format!("padding{number}={}", "x".repeat(bytes)));
                }
            }
            Self::Long(Long::Answer) => url.push_str("?answer=long"),
        }
        (url, headers)
    }
}

/// A request as it arrived: who seems to have sent it, and what the proxies said of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the request that arrived")]
pub(super) struct Seen {
    /// The other end of the connection.
    pub connection: IpAddr,
    /// Whether `trusted_proxies` has it.
    pub is_trusted: bool,
    /// Whether TLS ended here.
    pub ended_tls: bool,
    /// Whom this server takes the client for.
    pub client: IpAddr,
    /// Which headers were there.
    pub sent: Sent,
    /// The addresses in them, where only one kind was.
    pub hops: Vec<String>,
    /// Its last scheme.
    pub proto: Option<String>,
    /// Whether the cookie arrived.
    pub has_cookie: bool,
    /// Whether the trace is the one that a client made up. Nodes of before this was asked do not say.
    #[serde(default)]
    pub has_spoofed_trace: bool,
}

/// Which forwarded headers a request arrived with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Sent {
    /// None.
    Neither,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`, `X-Forwarded-Proto` or both.
    XForwarded,
    /// Those of both kinds.
    Both,
}

impl Sent {
    fn of(headers: &HeaderMap) -> Self {
        let has = |name: &str| headers.contains_key(name);
        match (has("forwarded"), has("x-forwarded-for") || has("x-forwarded-proto")) {
            (false, false) => Self::Neither,
            (true, false) => Self::Forwarded,
            (false, true) => Self::XForwarded,
            (true, true) => Self::Both,
        }
    }
}

impl Seen {
    /// What an answer tells; `None` when it is not one of ours.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }
}

/// A proxy that takes part in the trace puts a span of its own in; the trace is a stranger's all the same.
fn is_spoofed_trace(traceparent: &HeaderValue) -> bool {
    traceparent.to_str().is_ok_and(|traceparent| traceparent.contains(SPOOFED_TRACE))
}

/// `GET /health/self-check`.
pub(crate) async fn answer(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    connection: Option<axum::Extension<Connection>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    let (issuer, now) = (&visit.issuer, visit.now);
    let presented = headers.get(&PROOF);
    let is_ours = match (presented, app.keys.current(now.ms).await) {
        (Some(presented), Ok(keys)) => Proof::is_good(presented.as_bytes(), &keys, issuer, now),
        (None, _) | (_, Err(_)) => false,
    };
    let (true, Some(axum::Extension(connection))) = (is_ours, connection) else {
        return nothing_here(visit, headers).await;
    };
    let peer = Peer::of(connection, &headers, &app.config.trusted_proxies);
    let noted = Noted::of(&headers);
    let address = connection.addr.ip().to_canonical();
    let mut response = Json(Seen {
        connection: address,
        is_trusted: is_trusted(address, &app.config.trusted_proxies),
        ended_tls: connection.tls,
        client: peer.addr,
        sent: Sent::of(&headers),
        hops: noted.hops(&headers),
        proto: noted.proto(&headers),
        has_cookie: has_probe_cookie(issuer, &headers),
        has_spoofed_trace: headers.get_all(TRACEPARENT).iter().any(is_spoofed_trace),
    })
    .into_response();
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().append(name, value);
        }
    };
    add(SET_COOKIE, &probe_cookie(issuer).0);
    if query.as_deref() == Some("answer=long") {
        add(HeaderName::from_static("x-padding"), &"x".repeat(LONG_ANSWER));
    }
    no_store(&mut response);
    response
}
