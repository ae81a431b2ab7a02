//! For whom, by whom and when something is issued: what the token endpoint and the authorization endpoint share.

use std::sync::Arc;
use std::time::Duration;

use grantor_crypto::Algorithm;
use tokio::time::Instant;

use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::{Confirmation, Issuer};
use crate::key_ring::{AGREEMENT_SECONDS, Keys, SigningKey};

/// How long a first key is waited for: until it signs by its maker's clock, and by one that is ten seconds behind, which is
/// what readiness allows.
const LONGEST_WAIT: Duration = Duration::from_secs(AGREEMENT_SECONDS.unsigned_abs() + 10);
/// How often it is looked at meanwhile.
const STEP: Duration = Duration::from_millis(250);

/// The circumstances of an issuance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issuing<'a> {
    pub(crate) app: &'a App,
    pub(crate) issuer: &'a Issuer,
    /// Who gets it.
    pub(crate) client: &'a Arc<KnownClient>,
    /// The key that it is bound to.
    pub(crate) confirmation: Option<&'a Confirmation>,
    pub(crate) now: Now,
}

/// The keys and the instant they are chosen at.
#[derive(Clone, Debug)]
pub(crate) struct SigningKeys {
    pub(crate) keys: Arc<Keys>,
    now_ms: i64,
}

impl SigningKeys {
    /// The keys, with one that signs with `needed`. A first key that was made a moment ago is waited for here, until every
    /// node publishes it and it signs by this node's clock; no connection is held meanwhile.
    pub(crate) async fn prepare(issuing: Issuing<'_>, needed: Option<Algorithm>) -> Result<Self, Failure> {
        let (app, now_ms) = (issuing.app, issuing.now.ms);
        let prepared = Self { keys: app.keys.current(now_ms).await?, now_ms };
        let Some(algorithm) = needed.filter(|algorithm| prepared.keys.active(*algorithm, now_ms).is_none())
        else {
            return Ok(prepared);
        };
        app.keys.make_first_key(algorithm, now_ms).await?;
        let end = Instant::now() + LONGEST_WAIT;
        loop {
            tokio::time::sleep(STEP).await;
            let now_ms = app.clock.now_ms();
            let keys = app.keys.current(now_ms).await?;
            if keys.active(algorithm, now_ms).is_some() || Instant::now() >= end {
                return Ok(Self { keys, now_ms });
            }
        }
    }

    /// The key that signs with this algorithm.
    pub(crate) fn active(&self, algorithm: Algorithm) -> Result<&SigningKey, Failure> {
        self.keys.active(algorithm, self.now_ms).ok_or_else(|| {
            Failure::Unavailable(format!("the first {} key does not sign yet", algorithm.name()))
        })
    }
}
