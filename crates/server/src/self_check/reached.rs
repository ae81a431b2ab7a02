//! What it means how the issuer answers: one line each, opening with the setting that mends it. `reverse proxy` stands for
//! a setting that is not ours; the line then has nginx's word for it.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::header::{DATE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use grantor_protocol::{CivilTime, Timestamp};
use serde_json::Value;

use crate::clock::Now;
use crate::config::{Config, Problem};
use crate::observe::TRACE_HEADER;
use crate::outbound::{Answer, CertificateFault, FetchError, ends_within, shown};

/// Under what is said that has to be mended in front of Grantor.
pub(super) const PROXY: &str = "reverse proxy";

/// Certificates are renewed a month before they end, mostly; what is not by then was forgotten.
const CERTIFICATE_NOTICE: Duration = Duration::from_hours(14 * 24);
/// Clocks that differ by more than this, the time of the answer's travel included, are wrong.
const TOLERATED_DATE_SECONDS: i64 = 5;

/// Nothing came back that could be read.
pub(super) fn unreached(config: &Config, url: &str, error: &FetchError) -> Problem {
    let listen = config.public.listen;
    match error {
        FetchError::Unresolved(reason) => {
            Problem::new("issuer", format!("its host has no address here: {reason}; add it to the DNS"))
        }
        FetchError::Connect(reason) => {
            let mend = if config.public.tls.is_some() || !config.issuer.is_https() {
                format!("Grantor listens at {listen} (public.listen)")
            } else {
                format!("a proxy has to listen there, and lead to {listen} (public.listen)")
            };
            Problem::new("issuer", format!("nothing answers at {url}: {reason}; {mend}"))
        }
        FetchError::Certificate(fault) => untrusted(config, fault),
        FetchError::Tls(reason) => {
            let mend = "public.tls.cert, or a proxy, has to end TLS there (nginx: listen 443 ssl)";
            Problem::new("issuer", format!("{url} does not speak TLS: {reason}; {mend}"))
        }
        FetchError::Timeout(_) | FetchError::Busy => {
            let mend = "can this machine reach its own public address?";
            Problem::new("issuer", format!("{url} was not answered: {error}; {mend}"))
        }
        FetchError::Answer(reason) => {
            let mend = "is something else than a web server listening there?";
            Problem::new("issuer", format!("the answer of {url} cannot be read: {reason}; {mend}"))
        }
        FetchError::Refused(_)
        | FetchError::Redirect(_)
        | FetchError::Status(_)
        | FetchError::Compressed(_)
        | FetchError::TooLarge(_)
        | FetchError::MediaType(_) => Problem::new("issuer", format!("{url}: {error}")),
    }
}

/// Whether it may be that only nobody listens yet. A certificate does not become another one by waiting.
pub(super) fn may_pass(error: &FetchError) -> bool {
    error.is_outage() && !matches!(error, FetchError::Certificate(_) | FetchError::Tls(_))
}

fn untrusted(config: &Config, fault: &CertificateFault) -> Problem {
    let origin = config.issuer.origin();
    match fault {
        CertificateFault::UnknownIssuer => Problem::new(
            "outbound.ca_file",
            format!(
                "the certificate at {origin} {fault}: if a root of your own signed it, name that root here, and have \
                 clients and browsers trust it; if it is self-signed, replace it"
            ),
        ),
        CertificateFault::Authority => Problem::new(
            where_tls_ends(config),
            format!(
                "the certificate at {origin} {fault}: make a root, have it sign one for this host, and name the root in \
                 outbound.ca_file"
            ),
        ),
        CertificateFault::Expired
        | CertificateFault::NotYetValid
        | CertificateFault::OtherName
        | CertificateFault::Other(_) => {
            Problem::new(where_tls_ends(config), format!("the certificate at {origin} {fault}: replace it"))
        }
    }
}

fn where_tls_ends(config: &Config) -> &'static str {
    if config.public.tls.is_some() { "public.tls.cert" } else { PROXY }
}

/// A certificate that nobody renewed.
pub(super) fn certificate(config: &Config, url: &str, answer: &Answer, now: Now) -> Option<Problem> {
    let roots = &config.outbound.roots;
    let end = ends_within(url, &answer.certificates, roots, now, CERTIFICATE_NOTICE)?;
    let end = CivilTime::of(Timestamp(i64::try_from(end).unwrap_or(i64::MAX)));
    let origin = config.issuer.origin();
    Some(Problem::new(where_tls_ends(config), format!("the certificate at {origin} ends {end}: renew it")))
}

/// The clock of the machine that answers, against this one's when the answer had come.
pub(super) fn date(answer: &Answer, now: Now) -> Option<Problem> {
    let date = httpdate::parse_http_date(answer.headers.get(DATE)?.to_str().ok()?).ok()?;
    let seconds = i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    let apart = now.timestamp().0 - seconds;
    (apart.abs() > TOLERATED_DATE_SECONDS).then(|| {
        let message = format!("this machine and the one that answers for the issuer differ by {apart} s");
        Problem::new("clock", format!("{message}: synchronise both (NTP)"))
    })
}

/// The clock of the database, against this one.
pub(super) fn database_clock(apart: i64) -> Problem {
    let message = format!("this machine and the database differ by {apart} s: synchronise both (NTP)");
    Problem::new("clock", message)
}

/// Whether what answers says that it is the issuer, byte for byte.
pub(super) fn metadata(config: &Config, url: &str, answer: &Answer) -> Option<Problem> {
    let status = answer.status;
    if status == StatusCode::OK {
        return match issuer_of(answer) {
            Some(theirs) if theirs == config.issuer.as_str() => None,
            Some(theirs) => Some(Problem::new(
                "issuer",
                format!(
                    "is \"{}\" here, but the server that answers at {url} says \"{}\": clients compare it byte for byte, \
                     so give both the same",
                    config.issuer,
                    shown(&theirs)
                ),
            )),
            None => Some(Problem::new("issuer", format!("{url} is answered by something else than Grantor"))),
        };
    }
    Some(refused(config, url, status, &answer.headers))
}

fn refused(config: &Config, url: &str, status: StatusCode, headers: &HeaderMap) -> Problem {
    let (issuer, listen) = (&config.issuer, config.public.listen);
    let code = status.as_u16();
    if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        let to = shown(to);
        let message =
            format!("{url} is redirected to {to}: it has to be the URL that answers, byte for byte");
        return Problem::new("issuer", message);
    }
    let is_grantor = headers.contains_key(TRACE_HEADER);
    match (is_grantor, code) {
        (true, 404) => {
            let mend = match issuer.path() {
                "" => "pass paths on as they come (nginx: proxy_pass without a path)".to_owned(),
                path => format!(
                    "pass paths on as they come, or take exactly {path} off (nginx: location {path}/, and proxy_pass \
                     that ends in the port or in /)"
                ),
            };
            Problem::new(
                PROXY,
                format!("changes the path: Grantor was asked for another one than {url}; {mend}"),
            )
        }
        (true, _) => {
            Problem::new("issuer", format!("the Grantor that answers at {url} is not ready: {code}"))
        }
        (false, 502..=504) => Problem::new(
            PROXY,
            format!(
                "does not reach Grantor ({code}): let it lead to {listen}, public.listen (nginx: proxy_pass)"
            ),
        ),
        (false, 404) => Problem::new(
            "issuer",
            format!(
                "{url} is answered 404 by the proxy, or by another server: is its path the one that the proxy passes on \
                 to Grantor (nginx: location)?"
            ),
        ),
        (false, _) => Problem::new("issuer", format!("{url} is answered {code}, and not by Grantor")),
    }
}

fn issuer_of(answer: &Answer) -> Option<String> {
    let document: Value = serde_json::from_slice(&answer.body).ok()?;
    document.get("issuer")?.as_str().map(str::to_owned)
}

/// Whether an answer is metadata of this issuer.
pub(super) fn names_issuer(config: &Config, answer: &Answer) -> bool {
    answer.status == StatusCode::OK && issuer_of(answer).as_deref() == Some(config.issuer.as_str())
}

/// The second address of the metadata is not served.
pub(super) fn inserted_metadata(url: &str, path: &str) -> Problem {
    let location = format!("location = /.well-known/oauth-authorization-server{path}");
    Problem::new(
        PROXY,
        format!("does not pass {url} on, where clients look for metadata (RFC 8414 3.1) (nginx: {location})"),
    )
}

/// The probe was not answered as a server with the same keys answers it.
pub(super) fn unrecognised(config: &Config, answer: &Answer) -> Problem {
    if answer.headers.contains_key(TRACE_HEADER) && answer.status == StatusCode::NOT_FOUND {
        let message =
            "the Grantor that answers has other keys than this one: another database, or an older version";
        return Problem::new("database.url", message);
    }
    let code = answer.status.as_u16();
    Problem::new(
        PROXY,
        format!(
            "answers {}/health/self-check itself ({code}): pass all paths on (nginx: location /)",
            config.issuer
        ),
    )
}

#[cfg(test)]
#[path = "reached_tests.rs"]
mod tests;
