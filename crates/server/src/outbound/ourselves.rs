//! Asking our own issuer, as users and relying parties see it. The operator named the address, so it may lead anywhere;
//! the roots are the same as for everybody else.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Method};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::exchange::{Answer, Answered, Question, server_name};
use super::{FetchError, Fetcher, Reach, Target, tls};
use crate::clock::Now;

/// What is read of an answer: metadata is below 8 KiB.
const BODY_BYTES: usize = 64 * 1024;

/// What of a text of theirs is shown, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// A text of whoever answered, for a log or a terminal: what would act on either is escaped.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARACTERS) {
        match character {
            '"' | '\'' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

impl Fetcher {
    /// What `url` answers, whatever it is; redirects are not followed.
    pub(crate) async fn ask_ourselves(
        &self,
        url: &str,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, FetchError> {
        let question = Question {
            method: Method::GET,
            accept: "application/json, */*;q=0.1",
            etag: None,
            content_type: None,
            headers,
            body: Bytes::new(),
            wanted: Answered::Anything(BODY_BYTES),
        };
        self.0.ask(&Target::parse(url)?, &question, self.0.timeout, Reach::Anywhere).await
    }
}

/// Whether a chain that is good for `url` now is so no more `ahead` from now; then the seconds since the Unix epoch at
/// which it ends.
pub(crate) fn ends_within(
    url: &str,
    chain: &[CertificateDer<'static>],
    roots: &[CertificateDer<'static>],
    now: Now,
    ahead: Duration,
) -> Option<u64> {
    let (own, intermediates) = chain.split_first()?;
    let name = server_name(&Target::parse(url).ok()?).ok()?;
    let roots: Arc<RootCertStore> = Arc::new(tls::roots(roots));
    let verifier = WebPkiServerVerifier::builder(roots).build().ok()?;
    let then = Duration::from_millis(now.ms.unsigned_abs()) + ahead;
    let then = UnixTime::since_unix_epoch(then);
    match verifier.verify_server_cert(own, intermediates, &name, &[], then) {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(not_after.as_secs())
        }
        _ => None,
    }
}
