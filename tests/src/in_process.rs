//! A server inside the test's process, on a real loopback socket: every actor works against it as against the
//! binary, and the test can move its clock, count its statements and reach its store.

use std::fmt;
use std::sync::Arc;

use grantor_crypto::{DataKeyPurpose, Secret, StoredSecret, hash_password};
use grantor_protocol::{ClientId, ClientMetadata, IssuerId, Timestamp, UserClaims, UserId, Username};
use grantor_server::App;
use grantor_server::audit::Cause;
use grantor_server::clock::{Clock, Now};
use grantor_server::config::{Config, Source};
use grantor_server::key_ring::KeyRing;
use grantor_server::serve::Listeners;
use grantor_store::{
    Client as Row, Disconnected, Ending, NewClient, NewDataKey, NewSigningKey, NewUser, RevocationReason,
    Store,
};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use toml::Table;

use crate::guardian::Folder;
use crate::http::Browser;
use crate::person::Person;
use crate::process::free_port;
use crate::relying_party::{RelyingParty, random_text};
use crate::server::{Client, merge};

/// Seals the keys of every fresh database, unless a test says otherwise in `secrets.system`.
const SYSTEM_SECRET: &str = "tests only: this system secret is not one";

/// What a server remembers in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own.
    Sqlite,
    /// A database of its own in the shared throw-away cluster.
    Postgres,
    /// This `postgres://` address, of an empty database.
    At(String),
}

/// One node.
pub struct InProcess {
    /// Byte for byte what tokens and discovery say.
    pub issuer: String,
    /// Its parts: store, keys, configuration.
    pub app: App,
    ports: Ports,
    database: Arc<Database>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// An address, and what has to be kept as long as it is used.
struct Database {
    url: String,
    _file: Option<Folder>,
    _postgres: Option<grantor_test_postgres::Database>,
}

#[derive(Clone, Copy)]
struct Ports {
    public: u16,
    admin: u16,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("InProcess").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Database {
    fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let directory = Folder::new("grantor-");
                let url = format!("sqlite:{}", directory.path().join("grantor.db").display());
                Self { url, _file: Some(directory), _postgres: None }
            }
            Engine::Postgres => {
                let postgres = grantor_test_postgres::database();
                Self { url: postgres.url().to_owned(), _file: None, _postgres: Some(postgres) }
            }
            Engine::At(url) => Self { url, _file: None, _postgres: None },
        }
    }
}

impl InProcess {
    /// A node over a fresh database; `config` is TOML, merged over what every test needs.
    pub async fn start(engine: Engine, config: &str) -> Self {
        Self::under("", engine, config).await
    }

    /// The same, of an issuer with this path.
    pub async fn under(path: &str, engine: Engine, config: &str) -> Self {
        let database = Arc::new(Database::new(engine));
        let ports = Ports::free();
        let issuer = format!("{}{path}", ports.origin());
        seed(&issuer, &database.url).await;
        Self::launch(issuer, ports, database, Clock::default(), config).await.unwrap()
    }

    /// A node over a fresh file.
    pub async fn sqlite() -> Self {
        Self::start(Engine::Sqlite, "").await
    }

    /// A node over a fresh database of the shared cluster.
    pub async fn postgres() -> Self {
        Self::start(Engine::Postgres, "").await
    }

    /// Another node over the same database, with the same issuer and clock; or why it refuses to start.
    pub async fn try_beside(&self, config: &str) -> Result<Self, String> {
        let (issuer, database) = (self.issuer.clone(), Arc::clone(&self.database));
        Self::launch(issuer, Ports::free(), database, self.app.clock.clone(), config).await
    }

    /// Another node over the same database, with the same issuer and clock.
    pub async fn beside(&self, config: &str) -> Self {
        self.try_beside(config).await.unwrap()
    }

    /// Ends this node and starts it again at the same address.
    pub async fn restart(self, config: &str) -> Self {
        let (issuer, ports) = (self.issuer.clone(), self.ports);
        let (database, clock) = (Arc::clone(&self.database), self.app.clock.clone());
        self.stop().await;
        Self::launch(issuer, ports, database, clock, config).await.unwrap()
    }

    /// Tells this node to stop, as SIGTERM does, and leaves it to that.
    pub fn is_told_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends this node: open requests finish, connections to the database close.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        (&mut self.serving).await.unwrap();
        self.app.store.close().await;
    }

    async fn launch(
        issuer: String,
        ports: Ports,
        database: Arc<Database>,
        clock: Clock,
        config: &str,
    ) -> Result<Self, String> {
        let config = configuration(&issuer, ports, &database.url, config)?;
        let store = Store::open(&config.database.store()).await.map_err(text)?;
        let secrets = Arc::clone(&config.secrets);
        let keys = KeyRing::open(&store, secrets, IssuerId::FIRST, config.key_policy(), clock.now_ms())
            .await
            .map_err(text)?;
        let app = App::new(config, store, keys, clock, None);
        let listeners = Listeners::bind(&app).await.map_err(text)?;
        let (stop, stopped) = watch::channel(false);
        let served = app.clone();
        let serving = tokio::spawn(async move { listeners.serve(served, stopped).await.unwrap() });
        Ok(Self { issuer, app, ports, database, stop, serving })
    }

    /// Origin of this node's public listener.
    pub fn origin(&self) -> String {
        self.ports.origin()
    }

    /// Origin of this node's admin listener.
    pub fn admin_origin(&self) -> String {
        format!("http://localhost:{}", self.ports.admin)
    }

    /// A URL of this node's public listener.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Moves the clock that all nodes over this database share.
    pub fn advance(&self, seconds: i64) {
        self.app.clock.advance(seconds);
    }

    /// The instant it is for the server.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Statements that this node has sent so far.
    pub fn statements(&self) -> u64 {
        self.app.store.statements()
    }

    /// Its store.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Registers a client of this RFC 7591 metadata, with a generated secret where its method needs one.
    pub async fn create_client(&self, metadata: Value) -> Client {
        let metadata = ClientMetadata::from_json(metadata).unwrap();
        let client_id = ClientId::parse(&random_text()).unwrap();
        let mut registration = serde_json::to_value(&metadata).unwrap();
        registration["client_id"] = json!(client_id);
        let secret = (!metadata.is_public()).then(Secret::generate);
        let keys = self.app.keys.current(self.app.clock.now_ms()).await.unwrap();
        let sealing = keys.data_key(DataKeyPurpose::ClientSecrets).unwrap();
        let recoverable = metadata.needs_recoverable_secret();
        let stored = secret.as_ref().map(|secret| StoredSecret::generated(sealing, secret, recoverable));
        let id = client_id.to_string();
        let new = NewClient { issuer: IssuerId::FIRST, client_id, metadata, secret: stored, now: self.now() };
        self.store().clients().insert(new).await.unwrap();
        Client { id, secret: secret.map(|secret| secret.expose().to_owned()), registration }
    }

    /// The client's row as it is now.
    pub async fn client_row(&self, client_id: &str) -> Row {
        let client_id = ClientId::parse(client_id).unwrap();
        let row = self.store().clients().by_client_id(IssuerId::FIRST, &client_id).await.unwrap();
        row.expect("the client is registered")
    }

    /// Changes what the client is registered with.
    pub async fn update_client(&self, client_id: &str, change: impl FnOnce(&mut ClientMetadata)) {
        let mut row = self.client_row(client_id).await;
        change(&mut row.metadata);
        let changed = self.store().clients().update_metadata(row.row, &row.metadata, self.now()).await;
        assert!(changed.unwrap());
    }

    /// Makes an account with this name, an address made of it, and a password of its own.
    pub async fn create_user(&self, username: &str) -> Person {
        let password = format!("{username} likes 42 green horses");
        let name = Username::parse(username).unwrap();
        let email = format!("{username}@example.com");
        let user = NewUser {
            id: None,
            issuer: IssuerId::FIRST,
            username: name.as_str().to_owned(),
            username_display: username.to_owned(),
            password: Some(hash_password(&Secret::from(password.clone())).unwrap()),
            claims: UserClaims::parse(json!({ "email": email })).unwrap(),
            now: self.now(),
        };
        let user = self.store().users().insert(user).await.unwrap();
        Person { username: username.to_owned(), password, subject: user.id.to_string() }
    }

    /// Ends every session of a user, as an operator does; how many there were.
    pub async fn ends_sessions_of(&self, user: UserId) -> usize {
        let now = Now { ms: self.app.clock.now_ms() };
        self.app
            .ending(Cause::server(now))
            .sessions(&Ending::OfUser(user, None))
            .await
            .unwrap()
            .sessions
            .len()
    }

    /// Takes from a client what a user allowed it, as an operator does.
    pub async fn disconnects(&self, client: &str, user: UserId) -> Disconnected {
        let (now, client) = (Now { ms: self.app.clock.now_ms() }, self.client_row(client).await);
        self.app
            .ending(Cause::server(now))
            .disconnect(user, Some(&client), RevocationReason::Operator)
            .await
            .unwrap()
    }

    /// The row of a person's account.
    pub fn user_id(person: &Person) -> UserId {
        person.subject.parse().unwrap()
    }

    /// The relying party behind a client, at this node.
    pub fn party(&self, client: &Client) -> RelyingParty {
        RelyingParty::at_issuer(&self.issuer, client).at(&self.origin())
    }

    /// The value of the browser's cookie of this name, as it would be sent here.
    pub fn cookie(&self, browser: &Browser, name: &str) -> Option<String> {
        browser.cookie(&self.url("/"), name)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.serving.abort();
    }
}

impl Ports {
    fn free() -> Self {
        Self { public: free_port(), admin: free_port() }
    }

    fn origin(self) -> String {
        format!("http://localhost:{}", self.public)
    }
}

fn configuration(issuer: &str, ports: Ports, database: &str, more: &str) -> Result<Config, String> {
    let base = format!(
        "issuer = '{issuer}'\npublic.listen = '127.0.0.1:{}'\nadmin.listen = '127.0.0.1:{}'\n\
         database.url = '{database}'\nsecrets.system = ['{SYSTEM_SECRET}']",
        ports.public, ports.admin
    );
    let mut table: Table = base.parse().unwrap();
    merge(&mut table, more.parse().expect("extra configuration is TOML"));
    Config::load(&Source::text(toml::to_string(&table).unwrap()))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Keys that every fresh database of this process starts with: making an RSA key takes longer than most tests.
struct Seed {
    data: Vec<NewDataKey>,
    signing: NewSigningKey,
}

async fn seed(issuer: &str, url: &str) {
    static SEED: OnceCell<Seed> = OnceCell::const_new();

    let seed = SEED.get_or_init(|| make_seed(issuer)).await;
    let config = configuration(issuer, Ports { public: 1, admin: 2 }, url, "").unwrap();
    let store = Store::open(&config.database.store()).await.unwrap();
    store.migrate().await.unwrap();
    for key in &seed.data {
        assert!(store.data_keys().insert_first(key).await.unwrap());
    }
    let signs_from = seed.signing.published_at;
    assert!(store.keys().insert_active(&seed.signing, signs_from).await.unwrap());
    store.close().await;
}

async fn make_seed(issuer: &str) -> Seed {
    let database = Database::new(Engine::Sqlite);
    let config = configuration(issuer, Ports { public: 1, admin: 2 }, &database.url, "").unwrap();
    let store = Store::open(&config.database.store()).await.unwrap();
    let now_ms = Clock::default().now_ms();
    KeyRing::open(&store, Arc::clone(&config.secrets), IssuerId::FIRST, config.key_policy(), now_ms)
        .await
        .unwrap();
    let data = store.data_keys().list().await.unwrap().into_iter();
    let data = data.map(|key| NewDataKey {
        id: key.id,
        purpose: key.purpose,
        wrapped: key.wrapped,
        wrapped_with: key.wrapped_with,
        created_at: key.created_at,
    });
    let data = data.collect();
    let signing = store.keys().list(IssuerId::FIRST).await.unwrap().remove(0);
    store.close().await;
    let signing = NewSigningKey {
        kid: signing.kid,
        issuer: signing.issuer,
        algorithm: signing.algorithm,
        public_jwk: signing.public_jwk,
        sealed: signing.sealed,
        data_key: signing.data_key,
        published_at: signing.published_at,
    };
    Seed { data, signing }
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
