//! Logging out while tokens are made: on three processes over one Postgres, and on one over SQLite, no token of a session lives
//! after the session has ended, whatever else happened at that moment (security.md T161, 1.5). `GRANTOR_RACE_TRIES` says
//! how often; a few hundred times belong to the suite.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::sync::Arc;

use grantor_crypto::Secret;
use grantor_protocol::{IssuerId, Timestamp, UserId};
use grantor_server::clock::Clock;
use grantor_store::{Authentication, DatabaseConfig, NewSession, Store};
use grantor_tests::{Answer, Authorization, Options, Person, RelyingParty, Server, http_client};
use reqwest::header::{COOKIE, LOCATION};
use serde_json::json;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use url::Url;

const TRIES: usize = 200;
const AT_ONCE: usize = 8;

struct Race {
    server: Server,
    store: Store,
    /// Its refresh tokens end with the session.
    app: RelyingParty,
    alice: Person,
    http: reqwest::Client,
}

impl Race {
    async fn on(server: Server, database: &str) -> Self {
        let metadata = json!({
            "redirect_uris": ["https://app.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "offline_access_ends_with_session": true,
            "frontchannel_logout_uri": "https://app.example/out",
            "skip_consent": true,
        });
        let client = server.create_client(&["--id", "racer"], &metadata).await;
        let app = RelyingParty::of(&server, &client);
        let alice = server.create_user("alice").await;
        let config = DatabaseConfig { url: database.parse().unwrap(), max_connections: 4 };
        let store = Store::open(&config).await.unwrap();
        Self { server, store, app, alice, http: http_client() }
    }

    fn party(&self, number: usize) -> RelyingParty {
        self.app.at(&self.server.nodes[number % self.server.nodes.len()].origin())
    }

    /// A login, as the store remembers it: ten thousand passwords would be hashed for an hour.
    async fn session(&self) -> Secret {
        let secret = Secret::generate();
        let at_ms = Clock::default().now_ms();
        let session = NewSession {
            issuer: IssuerId::FIRST,
            secret_hash: secret.hash(),
            user: self.alice.subject.parse::<UserId>().unwrap(),
            authentication: Authentication { acr: "1".to_owned(), amr: vec!["pwd".to_owned()], at_ms },
            remembered: false,
            idle_seconds: 3600,
            expires_at: Timestamp::from_milliseconds(at_ms).plus(3600),
            user_agent: None,
            address: None,
            password: None,
        };
        self.store.sessions().insert(session).await.unwrap();
        secret
    }

    async fn visits(&self, url: &str, session: &Secret) -> reqwest::Response {
        let cookie = format!("grantor_session={}", session.expose());
        let answer = self.http.get(url).header(COOKIE, cookie).send().await.unwrap();
        assert!(answer.status().as_u16() < 500, "{url}: {answer:?}");
        answer
    }

    /// A code, unless the session had ended.
    async fn code(&self, number: usize, session: &Secret) -> Option<(Authorization, String)> {
        let request = self.party(number).asks("openid offline_access").with("prompt", "none");
        let answer = self.visits(&request.url(), session).await;
        let to: Url = answer.headers().get(LOCATION)?.to_str().unwrap().parse().ok()?;
        let code = to.query_pairs().find(|(name, _)| name == "code").map(|(_, value)| value.into_owned());
        code.map(|code| (request, code))
    }

    async fn once(self: Arc<Self>, round: usize) {
        let session = self.session().await;
        let (first, code) = self.code(round, &session).await.unwrap();
        let tokens = self.party(round).redeems(&code, &first).await.tokens();
        let (waiting, waiting_code) = self.code(round + 1, &session).await.unwrap();
        let hint = tokens.id_token.clone().unwrap();
        let node = self.server.nodes[(round + 2) % self.server.nodes.len()].origin();
        let logout = format!("{node}/oauth2/sessions/logout?id_token_hint={hint}");

        let start = Barrier::new(4);
        let logs_out = async {
            start.wait().await;
            self.visits(&logout, &session).await.status().as_u16()
        };
        let refreshes = async {
            start.wait().await;
            self.party(round).refreshes(tokens.refresh()).await
        };
        let redeems = async {
            start.wait().await;
            self.party(round + 1).redeems(&waiting_code, &waiting).await
        };
        let authorizes = async {
            start.wait().await;
            self.code(round + 2, &session).await
        };
        let (status, of_refresh, of_code, late) = tokio::join!(logs_out, refreshes, redeems, authorizes);
        assert_eq!(status, 200, "the page that tells the client");

        let mut access = vec![tokens.access_token.clone()];
        let mut refresh = vec![tokens.refresh().to_owned()];
        let mut take = |answer: &Answer| {
            assert!(!answer.is_server_fault(), "{answer}");
            if answer.status == 200 {
                let tokens = answer.tokens();
                refresh.push(tokens.refresh().to_owned());
                access.push(tokens.access_token);
            } else {
                answer.is_refused("invalid_grant");
            }
        };
        take(&of_refresh);
        take(&of_code);
        if let Some((request, code)) = late {
            self.party(round).redeems(&code, &request).await.is_refused("invalid_grant");
        }
        for (number, token) in access.iter().enumerate() {
            let answer = self.party(round + number).introspects(token).await;
            assert_eq!(answer.ok(), &json!({ "active": false }), "round {round}: {answer}");
        }
        for (number, token) in refresh.iter().enumerate() {
            self.party(round + number).refreshes(token).await.is_refused("invalid_grant");
        }
        assert!(self.code(round, &session).await.is_none(), "the cookie is dead");
    }

    async fn run(self) {
        let tries =
            std::env::var("GRANTOR_RACE_TRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(TRIES);
        let race = Arc::new(self);
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for round in 0..tries {
            let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
            let race = Arc::clone(&race);
            tasks.spawn(async move {
                race.once(round).await;
                drop(turn);
            });
            while let Some(done) = tasks.try_join_next() {
                done.unwrap();
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_outlives_its_session_on_three_processes_over_postgres() {
    let database = grantor_test_postgres::database();
    let server = Server::start_three("race-logout-postgres", database.url().to_owned()).await;
    Race::on(server, database.url()).await.run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_outlives_its_session_on_sqlite() {
    let server = Server::start(Options::sqlite("race-logout-sqlite")).await;
    let database = format!("sqlite:{}", server.directory().join("grantor.db").display());
    Race::on(server, &database).await.run().await;
}
