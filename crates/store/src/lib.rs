//! What is remembered: one repository per remembered thing, on SQLite or Postgres (design.md 2).
//!
//! A method is one statement; the database decides who wins a race. Absence is `None`, a lost race is an
//! ordinary result, and only a database that did not do its part is a [`Fault`]. `now` always comes from the
//! caller: nothing here reads a clock.

mod cleanup;
mod clients;
mod codes;
mod connected;
mod consents;
mod data_keys;
mod disconnect;
mod ending;
mod engine;
mod error;
mod grant_facts;
mod grants;
mod ids;
mod initial_tokens;
mod interactions;
mod json;
mod keys;
mod liveness;
mod logout_deliveries;
mod logout_notifications;
mod origins;
mod refresh;
mod registration;
mod resume;
mod sessions;
mod throttle;
mod tokens;
mod used_jwts;
mod user_import;
mod users;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use grantor_protocol::Timestamp;

use engine::Engine;

pub use cleanup::{Cleanup, Expiring};
pub use clients::{Client, Clients, NewClient, PreviousSecret};
pub use codes::{CodeOutcome, CodeRefusal, CodeUse, Codes};
pub use connected::ConnectedClient;
pub use consents::{Consent, Consents};
pub use data_keys::{DataKeys, NewDataKey, StoredDataKey};
pub use disconnect::Disconnected;
pub use ending::{Ended, Ending, FrontChannelClient};
pub use engine::{BackUpError, Change, Changes, DatabaseUrl, DatabaseUrlError, PoolState};
pub use error::Fault;
pub use grant_facts::GrantFacts;
pub use grants::{Grant, GrantFilter, Grants, Inserted, NewCode, NewGrant, Revocation, RevocationReason};
pub use ids::Attempt;
pub use initial_tokens::{InitialToken, InitialTokens, NewInitialToken};
pub use interactions::{Interactions, NewInteraction, OpenInteraction};
pub use keys::{NewSigningKey, SigningKeys, StoredSigningKey};
pub use logout_deliveries::{LogoutDeliveries, LogoutDelivery, PendingLogouts};
pub use logout_notifications::{LogoutNotification, LogoutNotifications, Retry};
pub use refresh::{RefreshOutcome, RefreshState, RefreshUse};
pub use registration::{NewRegistration, Registered, Registration, Replacement};
pub use resume::ResumedInteraction;
pub use sessions::{Authentication, BrowserSession, NewSession, Reauthentication, Session, Sessions};
pub use throttle::{Throttle, ThrottleEntry, ThrottleState};
pub use tokens::{LiveQuery, LiveToken, Tokens};
pub use used_jwts::UsedJwts;
pub use user_import::{
    IMPORT_BATCH, ImportChanges, ImportRefusal, ImportTerms, Imported, ImportedUser, PasswordImport,
};
pub use users::{NewUser, User, UserFacts, Users};

/// Which database, and how many connections to it.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Where it is.
    pub url: DatabaseUrl,
    /// The size of the Postgres pool; SQLite decides for itself.
    pub max_connections: u32,
}

/// An open database. Clones are cheap and share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    /// Set once no migration is missing: none is ever taken back.
    migrated: Arc<AtomicBool>,
}

impl Store {
    /// Opens the database. SQLite is migrated here; Postgres is not even contacted, so that a server can start
    /// answering while its database is away.
    pub async fn open(config: &DatabaseConfig) -> Result<Store, Fault> {
        let engine = Engine::open(&config.url, config.max_connections)?;
        if config.url.is_embedded() {
            engine.migrate().await?;
        }
        Ok(Store { engine, migrated: Arc::new(AtomicBool::new(false)) })
    }

    /// Applies the migrations that are missing.
    pub async fn migrate(&self) -> Result<(), Fault> {
        self.engine.migrate().await
    }

    /// Names of the migrations that are missing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Fault> {
        self.engine.pending_migrations().await
    }

    /// Whether none is missing; a node that misses one is not ready. The database is asked until it is so, and then
    /// no more.
    pub async fn is_migrated(&self) -> Result<bool, Fault> {
        if self.migrated.load(Ordering::Acquire) {
            return Ok(true);
        }
        let migrated = self.pending_migrations().await?.is_empty();
        self.migrated.fetch_or(migrated, Ordering::Release);
        Ok(migrated)
    }

    /// Copies an embedded database into a new file while it is in use. The copy is complete by itself, private, and as
    /// of one instant.
    pub async fn back_up(&self, file: &Path) -> Result<(), BackUpError> {
        self.engine.back_up(file).await
    }

    /// How many seconds the database's clock is ahead of `now`.
    pub async fn skew(&self, now: Timestamp) -> Result<i64, Fault> {
        Ok(self.engine.clock().await?.saturating_sub(now.seconds()))
    }

    /// Statements executed so far; BEGIN, COMMIT, readiness checks and the delivery of logout
    /// tokens do not count.
    pub fn statements(&self) -> u64 {
        self.engine.statements()
    }

    /// How the connections are used right now.
    pub fn pool_state(&self) -> PoolState {
        self.engine.pool_state()
    }

    /// News of what other nodes changed that this process may hold in memory.
    pub async fn changes(&self) -> Result<Changes, Fault> {
        self.engine.changes().await
    }

    /// Closes every connection, as the last thing a process does with its database.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// Registered clients.
    pub fn clients(&self) -> Clients<'_> {
        Clients(&self.engine)
    }

    /// Tokens that permit to register a client.
    pub fn initial_tokens(&self) -> InitialTokens<'_> {
        InitialTokens(&self.engine)
    }

    /// Accounts.
    pub fn users(&self) -> Users<'_> {
        Users(&self.engine)
    }

    /// Logins in browsers.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(&self.engine)
    }

    /// Logout tokens that are still to be delivered.
    pub fn logout_notifications(&self) -> LogoutNotifications<'_> {
        LogoutNotifications(&self.engine)
    }

    /// How well clients are reached with them.
    pub fn logout_deliveries(&self) -> LogoutDeliveries<'_> {
        LogoutDeliveries(&self.engine)
    }

    /// Authorization requests that wait for their user.
    pub fn interactions(&self) -> Interactions<'_> {
        Interactions(&self.engine)
    }

    /// What users (and clients, for themselves) allowed.
    pub fn grants(&self) -> Grants<'_> {
        Grants(&self.engine)
    }

    /// Authorization codes: a state of their grant.
    pub fn codes(&self) -> Codes<'_> {
        Codes(&self.engine)
    }

    /// Standing consents.
    pub fn consents(&self) -> Consents<'_> {
        Consents(&self.engine)
    }

    /// Whether access tokens still count; they have no rows.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(&self.engine)
    }

    /// JWTs of clients that count once.
    pub fn used_jwts(&self) -> UsedJwts<'_> {
        UsedJwts(&self.engine)
    }

    /// Signing keys.
    pub fn keys(&self) -> SigningKeys<'_> {
        SigningKeys(&self.engine)
    }

    /// The wrapped keys that seal everything else.
    pub fn data_keys(&self) -> DataKeys<'_> {
        DataKeys(&self.engine)
    }

    /// Failed logins.
    pub fn throttle(&self) -> Throttle<'_> {
        Throttle(&self.engine)
    }

    /// Removal of what has expired.
    pub fn cleanup(&self) -> Cleanup<'_> {
        Cleanup(&self.engine)
    }
}
