//! An empty database and the actors that tests need in it.

use grantor_crypto::{Secret, SecretHash};
use grantor_protocol::{
    AuthorizationRequest, Challenge, ClientId, ClientMetadata, IssuerId, Scope, Subject, Timestamp, Verifier,
};
use grantor_store::{
    Attempt, Authentication, Client, CodeUse, DatabaseConfig, Ended, Ending, Inserted, NewClient, NewCode,
    NewGrant, NewInteraction, NewSession, NewUser, Session, Store, User,
};
use grantor_test_postgres::{Cluster, Database};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const ISSUER: IssuerId = IssuerId::FIRST;
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const NOW_MS: i64 = NOW.0 * 1000;
pub(crate) const REDIRECT: &str = "https://app.example.com/callback";
pub(crate) const CODE_SECONDS: i64 = 60;
pub(crate) const IDLE_SECONDS: i64 = 1_000;
pub(crate) const ACCESS_SECONDS: i64 = 300;
pub(crate) const END_SECONDS: i64 = 10_000;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) config: DatabaseConfig,
    pub(crate) url: String,
    _keep: Keep,
}

enum Keep {
    File(#[expect(dead_code, reason = "held until the test ends")] TempDir),
    Database(#[expect(dead_code, reason = "held until the test ends")] Database),
}

pub(crate) fn config(url: &str) -> DatabaseConfig {
    DatabaseConfig { url: url.parse().unwrap(), max_connections: 6 }
}

impl World {
    pub(crate) async fn sqlite() -> World {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("grantor.db").display());
        World::on(&url, Keep::File(folder)).await
    }

    pub(crate) async fn postgres() -> World {
        let database = grantor_test_postgres::database();
        let url = database.url().to_owned();
        World::on(&url, Keep::Database(database)).await
    }

    pub(crate) async fn in_cluster(cluster: &Cluster) -> World {
        let database = cluster.database().unwrap();
        let url = database.url().to_owned();
        World::on(&url, Keep::Database(database)).await
    }

    async fn on(url: &str, keep: Keep) -> World {
        let config = config(url);
        let store = Store::open(&config).await.unwrap();
        store.migrate().await.unwrap();
        World { store, config, url: url.to_owned(), _keep: keep }
    }

    /// The same database through connections of its own, as another process would have.
    pub(crate) async fn another_process(&self) -> Store {
        Store::open(&self.config).await.unwrap()
    }

    pub(crate) async fn client(&self, name: &str) -> Client {
        self.client_with(name, |_| {}).await
    }

    pub(crate) async fn client_with(&self, name: &str, change: impl FnOnce(&mut ClientMetadata)) -> Client {
        let mut metadata =
            ClientMetadata { redirect_uris: vec![REDIRECT.to_owned()], ..ClientMetadata::default() };
        change(&mut metadata);
        let client = NewClient {
            issuer: ISSUER,
            client_id: ClientId::parse(name).unwrap(),
            metadata,
            secret: None,
            now: NOW,
        };
        self.store.clients().insert(client).await.unwrap()
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let claims = json!({ "email": format!("{name}@example.com"), "email_verified": true });
        let user = NewUser {
            id: None,
            issuer: ISSUER,
            username: name.to_owned(),
            username_display: name.to_uppercase(),
            password: Some("$argon2id$old".to_owned()),
            claims: serde_json::from_value(claims).unwrap(),
            now: NOW,
        };
        self.store.users().insert(user).await.unwrap()
    }

    pub(crate) async fn session(&self, user: &User) -> Session {
        self.store.sessions().insert(new_session(user)).await.unwrap().unwrap()
    }

    /// Ends a session.
    pub(crate) async fn ends(&self, session: &Session) -> Ended {
        self.ends_all(&Ending::Sessions(vec![session.id])).await
    }

    pub(crate) async fn ends_all(&self, which: &Ending) -> Ended {
        self.store.sessions().end(which, NOW.plus(3600), NOW_MS).await.unwrap()
    }

    pub(crate) async fn interaction(&self, client: &Client) -> SecretHash {
        let id = Secret::generate().hash();
        let request = request(client);
        let interaction = NewInteraction {
            id,
            issuer: ISSUER,
            request: &request,
            browser: None,
            created_at_ms: NOW_MS,
            expires_at: NOW.plus(3600),
        };
        self.store.interactions().insert(&interaction).await.unwrap();
        id
    }

    /// A user, their login, a client and a grant with a code between them.
    pub(crate) async fn flow(&self) -> Flow {
        let name = Secret::generate();
        let client = self.client(name.expose()).await;
        let user = self.user(name.expose()).await;
        let session = self.session(&user).await;
        self.flow_of(client, user, session, |_| {}).await
    }

    pub(crate) async fn flow_with(&self, change: impl FnOnce(&mut NewGrant)) -> Flow {
        let name = Secret::generate();
        let client = self.client(name.expose()).await;
        let user = self.user(name.expose()).await;
        let session = self.session(&user).await;
        self.flow_of(client, user, session, change).await
    }

    pub(crate) async fn flow_of(
        &self,
        client: Client,
        user: User,
        session: Session,
        change: impl FnOnce(&mut NewGrant),
    ) -> Flow {
        let code = Secret::generate().hash();
        let verifier = Verifier::parse(&"v".repeat(43)).unwrap();
        let mut grant = new_grant(&client, &user, &session);
        grant.code = Some(NewCode {
            hash: code,
            challenge: Some(verifier.challenge()),
            redirect_uri: REDIRECT.to_owned(),
            redirect_uri_given: true,
            expires_at: NOW.plus(CODE_SECONDS),
        });
        grant.expires_at = NOW.plus(CODE_SECONDS);
        change(&mut grant);
        let Inserted::Inserted(id) = self.store.grants().insert(&grant).await.unwrap() else {
            panic!("the grant was not inserted");
        };
        Flow { client, user, session, grant: id, code, challenge: verifier.challenge() }
    }

    /// A flow whose code was redeemed: an offline grant at generation 0.
    pub(crate) async fn redeemed(&self) -> Flow {
        let flow = self.flow().await;
        let redeemed = self.store.codes().redeem(&flow.code_use()).await.unwrap();
        assert!(matches!(redeemed, grantor_store::CodeOutcome::Redeemed(_)), "{redeemed:?}");
        flow
    }
}

pub(crate) struct Flow {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) grant: grantor_protocol::GrantId,
    pub(crate) code: SecretHash,
    pub(crate) challenge: Challenge,
}

impl Flow {
    /// The code, presented as it should be.
    pub(crate) fn code_use(&self) -> CodeUse<'_> {
        CodeUse {
            code: &self.code,
            client: self.client.row,
            redirect_uri: Some(REDIRECT),
            challenge: Some(&self.challenge),
            attempt: Attempt::new(),
            idle_seconds: IDLE_SECONDS,
            access_seconds: ACCESS_SECONDS,
            now: NOW.plus(1),
        }
    }
}

pub(crate) fn new_session(user: &User) -> NewSession {
    NewSession {
        issuer: ISSUER,
        secret_hash: Secret::generate().hash(),
        user: user.id,
        authentication: Authentication { acr: "1".to_owned(), amr: vec!["pwd".to_owned()], at_ms: NOW_MS },
        remembered: true,
        idle_seconds: 3600,
        expires_at: NOW.plus(86_400),
        user_agent: Some("Mozilla/5.0".to_owned()),
        address: None,
        password: None,
    }
}

/// An offline grant without a code.
pub(crate) fn new_grant(client: &Client, user: &User, session: &Session) -> NewGrant {
    NewGrant {
        issuer: ISSUER,
        client: client.row,
        client_epoch: client.epoch,
        user: Some(user.id),
        subject: Subject::from(user.id),
        scope: Scope::parse("openid offline_access email").unwrap(),
        audience: vec!["https://api.example.com".to_owned()],
        session: Some(session.id),
        offline: true,
        claims: serde_json::from_value(json!({ "userinfo": { "email": null } })).unwrap(),
        authorization_details: None,
        act: None,
        confirmation: None,
        interaction: None,
        authenticated_at: Some(NOW),
        acr: Some("1".to_owned()),
        amr: vec!["pwd".to_owned()],
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        created_at: NOW,
        ends_at: NOW.plus(END_SECONDS),
        expires_at: NOW.plus(IDLE_SECONDS),
        code: None,
    }
}

pub(crate) fn request(client: &Client) -> AuthorizationRequest {
    serde_json::from_value(json!({
        "client": client.row,
        "client_id": client.client_id,
        "redirect_uri": REDIRECT,
        "redirect_uri_given": true,
        "response_type": "code",
        "response_mode": "query",
        "scope": "openid",
        "state": "af0ifjsldkj",
        "nonce": null,
        "challenge": null,
        "prompt": "login",
        "max_age": null,
        "login_hint": null,
        "id_token_hint_subject": null,
        "acr_values": [],
        "ui_locales": [],
        "display": null,
        "audience": [],
        "resource": [],
        "origin": "query"
    }))
    .unwrap()
}

/// Runs `attempts` at once, each on a task of its own, and gives what they returned.
pub(crate) async fn at_once<T, F>(attempts: impl Iterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = attempts.map(tokio::spawn).collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}
