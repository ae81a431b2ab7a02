//! Requests whose answer may never come: those of `RelyingParty` panic then, these are made again until one is answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grantor_tests::{RelyingParty, http_client};
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use url::Url;

use crate::ledger::Ledger;

/// Longer than this nobody is out.
const PATIENCE: Duration = Duration::from_secs(90);
/// `limits.request_timeout` and a machine under load.
const HANG: Duration = Duration::from_secs(32);
const PAUSE: Duration = Duration::from_millis(50);

/// A relying party in front of several nodes, or of one balancer.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) app: RelyingParty,
    bases: Vec<String>,
    next: AtomicUsize,
    http: Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// An answer that decides, and whether an earlier attempt may have been carried out.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) reply: Reply,
    pub(crate) doubtful: bool,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn member(&self, name: &str) -> Option<String> {
        self.json()[name].as_str().map(str::to_owned)
    }

    pub(crate) fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        location.parse().or_else(|_| Url::parse("http://localhost").and_then(|base| base.join(location))).ok()
    }

    /// A parameter of the answer to the relying party.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        let location = self.location()?;
        location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    fn says_come_back(&self) -> bool {
        self.status == 503 || self.told("error").as_deref() == Some("temporarily_unavailable")
    }
}

impl Caller {
    pub(crate) fn new(app: RelyingParty, bases: Vec<String>) -> Self {
        Self { app, bases, next: AtomicUsize::new(0), http: http_client() }
    }

    pub(crate) fn bases(&self) -> &[String] {
        &self.bases
    }

    /// One attempt at one place. `None` when no answer came, and whether it may have arrived.
    pub(crate) async fn once(
        &self,
        ledger: &Ledger,
        what: &str,
        base: &str,
        build: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Result<Reply, bool> {
        let begun = Instant::now();
        let request = build(&self.http, base).timeout(HANG + Duration::from_secs(8));
        let answered = async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Ok::<_, reqwest::Error>(Reply { status, headers, text: answer.text().await? })
        };
        let answered = answered.await;
        if begun.elapsed() > HANG {
            ledger.broken(format!("{what} at {base} hung for {:?}", begun.elapsed()));
        }
        let reply = match answered {
            Ok(reply) => reply,
            Err(fault) => {
                let arrived = !fault.is_connect();
                ledger.count(what, if arrived { "lost" } else { "not connected" });
                return Err(arrived);
            }
        };
        let outcome = match (reply.status, reply.says_come_back()) {
            (503, _) => "503".to_owned(),
            (_, true) => "temporarily_unavailable".to_owned(),
            (status, false) => status.to_string(),
        };
        ledger.count(what, &outcome);
        if reply.status == 503 && !reply.headers.contains_key(RETRY_AFTER) {
            ledger.broken(format!("{what} at {base}: 503 without Retry-After: {reply:?}"));
        }
        if reply.status >= 500 && reply.status != 503 {
            ledger.broken(format!("{what} at {base}: {} {}", reply.status, reply.text));
        }
        Ok(reply)
    }

    /// Asks one place after another until an answer decides. `None` when none did in a long time, which is broken.
    pub(crate) async fn settled(
        &self,
        ledger: &Ledger,
        what: &str,
        build: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Option<Settled> {
        let (begun, mut doubtful) = (Instant::now(), false);
        while begun.elapsed() < PATIENCE {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let base = self.bases.get(next % self.bases.len())?;
            match self.once(ledger, what, base, &build).await {
                Ok(reply) if reply.status >= 500 || reply.says_come_back() => doubtful = true,
                Ok(reply) => return Some(Settled { reply, doubtful }),
                Err(arrived) => doubtful |= arrived,
            }
            tokio::time::sleep(PAUSE).await; // real processes and real sockets: there is no clock to advance
        }
        ledger.broken(format!("{what} got no answer within {PATIENCE:?}"));
        None
    }

    /// A form, as the client of this party.
    pub(crate) async fn posts(
        &self,
        ledger: &Ledger,
        what: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Option<Settled> {
        let app = &self.app;
        let build = |http: &Client, base: &str| {
            http.post(format!("{base}{path}")).basic_auth(&app.client_id, app.secret.as_ref()).form(form)
        };
        self.settled(ledger, what, build).await
    }
}
