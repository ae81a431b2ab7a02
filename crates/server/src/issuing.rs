//! For whom, by whom and when something is issued: what the token endpoint and the authorization endpoint share.

use std::sync::Arc;
use std::time::Duration;

use grantor_crypto::Algorithm;

use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::{Confirmation, Issuer};
use crate::key_ring::{AGREEMENT_SECONDS, Keys, SigningKey};

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
    /// The keys, with one that signs with `needed`. The first client of an algorithm waits here once, until every node
    /// publishes the new key; no connection is held meanwhile.
    pub(crate) async fn prepare(issuing: Issuing<'_>, needed: Option<Algorithm>) -> Result<Self, Failure> {
        let (app, now_ms) = (issuing.app, issuing.now.ms);
        let keys = app.keys.current(now_ms).await?;
        let Some(algorithm) = needed.filter(|algorithm| keys.active(*algorithm, now_ms).is_none()) else {
            return Ok(Self { keys, now_ms });
        };
        app.keys.make_first_key(algorithm, now_ms).await?;
        tokio::time::sleep(Duration::from_secs(AGREEMENT_SECONDS.unsigned_abs())).await;
        let now_ms = app.clock.now_ms();
        Ok(Self { keys: app.keys.current(now_ms).await?, now_ms })
    }

    /// The key that signs with this algorithm.
    pub(crate) fn active(&self, algorithm: Algorithm) -> Result<&SigningKey, Failure> {
        self.keys.active(algorithm, self.now_ms).ok_or_else(|| {
            Failure::Unavailable(format!("the first {} key does not sign yet", algorithm.name()))
        })
    }
}
