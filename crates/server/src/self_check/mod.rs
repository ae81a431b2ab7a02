//! Whether Grantor is reached as it is configured to be: through the proxy, under the issuer's name, with what the proxy
//! says of its clients. Most set-ups that fail at the first login fail here before, in one line that names what mends
//! it. A server asks at its start, `grantor config check --live` at any time; nothing waits for the answer.

mod passage;
mod probe;
mod reached;

use std::time::Duration;

use axum::http::StatusCode;
use grantor_store::Store;

use crate::app::App;
use crate::clock::{Clock, Now};
use crate::config::{Config, Problem};
use crate::extract::Issuer;
use crate::key_ring::KeyRing;
use crate::outbound::{Answer, FetchError, Fetcher};

pub(crate) use probe::{PATH, answer};

use probe::{Asked, Long, Proof, Seen};

/// Clocks that differ by more than this confuse what has expired.
const TOLERATED_SKEW_SECONDS: i64 = 2;
/// When a server asks after its start. A proxy may only begin to send requests here once this server is ready.
const ATTEMPTS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// Where the keys are by which a running server knows that it is asked by one of its own.
#[derive(Clone, Copy, Debug)]
pub struct Database<'a> {
    /// The database.
    pub store: &'a Store,
    /// Its keys.
    pub keys: &'a KeyRing,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// One line each, under the setting that mends it.
    pub problems: Vec<Problem>,
    /// Whether it may pass by itself: something is not up yet.
    pub may_pass: bool,
}

/// Asks once. Without a `database` only what any client sees is looked at.
pub async fn check(config: &Config, database: Option<Database<'_>>, clock: &Clock) -> Report {
    let issuer = Issuer::configured(config);
    let mut check =
        Check { config, issuer, fetcher: Fetcher::new(&config.outbound), clock, report: Report::default() };
    if let Some(database) = database {
        check.clock_of(database.store).await;
    }
    if check.metadata().await {
        check.inserted_metadata().await;
        if let Some(database) = database {
            check.path_of_a_request(database.keys).await;
        }
    }
    check.report
}

/// For a server that has just started: asks until the outcome is certain, and logs it.
pub async fn at_start(app: App) {
    let database = Database { store: &app.store, keys: &app.keys };
    for (number, pause) in ATTEMPTS.into_iter().enumerate() {
        tokio::time::sleep(pause).await;
        let report = check(&app.config, Some(database), &app.clock).await;
        if report.may_pass && number + 1 < ATTEMPTS.len() {
            continue;
        }
        if report.problems.is_empty() {
            tracing::info!(issuer = app.config.issuer.as_str(), "self-check: the issuer leads here");
        }
        for problem in &report.problems {
            tracing::warn!(setting = problem.path, "self-check: {}", problem.message);
        }
        return;
    }
}

struct Check<'a> {
    config: &'a Config,
    issuer: Issuer,
    fetcher: Fetcher,
    clock: &'a Clock,
    report: Report,
}

impl Check<'_> {
    /// A check takes a while: what is compared with a clock is compared with the clock of then.
    fn now(&self) -> Now {
        Now { ms: self.clock.now_ms() }
    }

    fn found(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.report.problems.extend(problems);
    }

    async fn clock_of(&mut self, store: &Store) {
        match store.skew(self.now().timestamp()).await {
            Ok(skew) if skew.abs() > TOLERATED_SKEW_SECONDS => self.found([reached::database_clock(skew)]),
            Ok(_) => {}
            Err(fault) => self.found([Problem::new("database.url", format!("does not answer: {fault}"))]),
        }
    }

    /// Whether the issuer leads to a server that says that it is this issuer.
    async fn metadata(&mut self) -> bool {
        let url = self.issuer.address("/.well-known/openid-configuration");
        let answer = match self.fetcher.ask_ourselves(&url, &[]).await {
            Ok(answer) => answer,
            Err(error) => {
                self.report.may_pass = reached::may_pass(&error);
                self.found([reached::unreached(self.config, &url, &error)]);
                return false;
            }
        };
        let now = self.now();
        self.report.may_pass = answer.status.is_server_error();
        self.found(reached::certificate(self.config, &url, &answer, now));
        self.found(reached::date(&answer, now));
        let problem = reached::metadata(self.config, &url, &answer);
        let is_ours = problem.is_none();
        self.found(problem);
        is_ours
    }

    /// RFC 8414 section 3.1: of an issuer with a path, clients look for the metadata in front of the path.
    async fn inserted_metadata(&mut self) {
        if self.issuer.path().is_empty() {
            return;
        }
        let (origin, path) = (self.issuer.origin(), self.issuer.path());
        let url = format!("{origin}/.well-known/oauth-authorization-server{path}");
        let answer = self.fetcher.ask_ourselves(&url, &[]).await;
        if !answer.as_ref().is_ok_and(|answer| reached::names_issuer(self.config, answer)) {
            self.found([reached::inserted_metadata(&url, path)]);
        }
    }

    /// Sends requests that this server, or one with the same keys, recognises and describes as they arrived.
    async fn path_of_a_request(&mut self, keys: &KeyRing) {
        let proof = match Proof::new(keys, &self.issuer, self.now()).await {
            Ok(proof) => proof,
            Err(error) => return self.found([Problem::new("secrets.system", error.to_string())]),
        };
        let plain = match self.probe(&proof, Asked::Plain).await {
            Ok(answer) => answer,
            Err(error) => {
                return self.found([reached::unreached(self.config, self.issuer.url.as_ref(), &error)]);
            }
        };
        let Some(seen) = Seen::of(&plain) else {
            return self.found([reached::unrecognised(self.config, &plain)]);
        };
        self.found(passage::cookie(&self.issuer, &plain, &seen));
        let problems = passage::forwarding(self.config, &seen);
        let is_sound = problems.is_empty();
        self.found(problems);
        if is_sound
            && let Ok(answer) = self.probe(&proof, Asked::Spoofed).await
            && let Some(spoofed) = Seen::of(&answer)
        {
            self.found(passage::spoofing(self.config, &seen, &spoofed));
        }
        for long in [Long::Url, Long::Cookies, Long::Answer] {
            let answer = self.probe(&proof, Asked::Long(long)).await;
            let is_whole = answer.as_ref().is_ok_and(|answer| answer.status == StatusCode::OK);
            if !is_whole {
                self.found([passage::too_long(self.config, long, &answer)]);
            }
        }
    }

    async fn probe(&self, proof: &Proof, asked: Asked) -> Result<Answer, FetchError> {
        let (url, headers) = asked.request(&self.issuer, proof);
        self.fetcher.ask_ourselves(&url, &headers).await
    }
}
