//! Many at once against the real thing: three processes on one Postgres, and one on SQLite. Codes
//! are single use (RFC 6749 section 4.1.2, security.md T003), a refresh family never forks (RFC
//! 9700 section 4.14.2, T071), and no race is ever answered with a 5xx.
#![expect(clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use grantor_tests::{Answer, Authorization, Browser, Options, Person, RelyingParty, Server, Tokens};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const AT_ONCE: usize = 32;
const TIMES: usize = 200;

/// Servers, a client that is never asked for consent, and a browser with a session.
struct Race {
    server: Server,
    app: RelyingParty,
    browser: Browser,
    alice: Person,
}

impl Race {
    async fn on(server: Server) -> Self {
        let metadata = json!({
            "redirect_uris": ["https://app.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "skip_consent": true,
        });
        let client = server.create_client(&["--id", "racer"], &metadata).await;
        let alice = server.create_user("alice").await;
        let app = RelyingParty::of(&server, &client);
        let race = Self { server, app, browser: Browser::new(), alice };
        race.code(0).await;
        race
    }

    async fn code(&self, round: usize) -> (Authorization, String) {
        let request = self.party(round).asks("openid offline_access");
        let left = self.alice.authorizes(&self.browser, &request.url()).await;
        let code = request.receives(&left);
        (request, code)
    }

    async fn tokens(&self, round: usize) -> Tokens {
        let (request, code) = self.code(round).await;
        self.party(round + 1).redeems(&code, &request).await.tokens()
    }

    fn party(&self, number: usize) -> RelyingParty {
        self.app.at(&self.server.nodes[number % self.server.nodes.len()].origin())
    }

    /// The same act at the same moment, spread over the processes.
    async fn all_at_once<F>(&self, act: impl Fn(RelyingParty) -> F) -> Vec<Answer>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for number in 0..AT_ONCE {
            let (start, act) = (Arc::clone(&start), act(self.party(number)));
            tasks.spawn(async move {
                start.wait().await;
                act.await
            });
        }
        tasks.join_all().await
    }

    async fn codes(&self) {
        for round in 0..TIMES {
            let (request, code) = self.code(round).await;
            let answers = self
                .all_at_once(|party| {
                    let (request, code) = (request.clone(), code.clone());
                    async move { party.redeems(&code, &request).await }
                })
                .await;
            let expected =
                BTreeMap::from([("200".to_owned(), 1), ("400 invalid_grant".to_owned(), AT_ONCE - 1)]);
            assert_eq!(outcomes(&answers), expected, "code {round}");
            // The losers replayed a code that had been redeemed, which ends what it gave (RFC 6749 section 4.1.2).
            for winner in answers.iter().filter(|answer| answer.status == 200) {
                let access_token = winner.tokens().access_token;
                self.party(round).userinfo(&access_token).await.is_refused("invalid_token");
            }
        }
    }

    /// Within the retry time every copy is answered, because each may be the one whose answer was
    /// lost; all of them are of one generation. Two of them used after each other are a replay.
    async fn refreshes(&self) {
        for round in 0..TIMES {
            let first = self.tokens(round).await;
            let answers = self.refreshes_at_once(&first).await;
            assert_eq!(outcomes(&answers), BTreeMap::from([("200".to_owned(), AT_ONCE)]), "grant {round}");
            let next: Vec<Tokens> = answers.iter().map(Answer::tokens).collect();

            let used = self.party(round).refreshes(next[round % AT_ONCE].refresh()).await.tokens();
            let sibling = next[(round + 1) % AT_ONCE].refresh();
            self.party(round + 1).refreshes(sibling).await.is_refused("invalid_grant");
            self.party(round + 2).refreshes(used.refresh()).await.is_refused("invalid_grant");
        }
    }

    /// With retry off one copy is answered and every other one is a replay, which ends the family.
    async fn refreshes_without_retry(&self) {
        for round in 0..TIMES {
            let first = self.tokens(round).await;
            let answers = self.refreshes_at_once(&first).await;
            let expected =
                BTreeMap::from([("200".to_owned(), 1), ("400 invalid_grant".to_owned(), AT_ONCE - 1)]);
            assert_eq!(outcomes(&answers), expected, "grant {round}");
            for winner in answers.iter().filter(|answer| answer.status == 200).map(Answer::tokens) {
                self.party(round).refreshes(winner.refresh()).await.is_refused("invalid_grant");
                self.party(round).userinfo(&winner.access_token).await.is_refused("invalid_token");
            }
        }
    }

    async fn refreshes_at_once(&self, tokens: &Tokens) -> Vec<Answer> {
        self.all_at_once(|party| {
            let token = tokens.refresh().to_owned();
            async move { party.refreshes(&token).await }
        })
        .await
    }
}

/// How often which answer; a fault of the server is shown whole.
fn outcomes(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for answer in answers {
        assert!(!answer.is_server_fault(), "a race ended in a fault\n{answer}");
        let outcome = format!("{} {}", answer.status, answer.error().unwrap_or_default());
        *counted.entry(outcome.trim().to_owned()).or_default() += 1;
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_on_postgres_redeem_each_code_once() {
    let database = grantor_test_postgres::database();
    Race::on(Server::start_three("race-codes-postgres", database.url().to_owned()).await).await.codes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_sqlite_redeems_each_code_once() {
    Race::on(Server::start(Options::sqlite("race-codes-sqlite")).await).await.codes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_on_postgres_advance_a_family_once() {
    let database = grantor_test_postgres::database();
    Race::on(Server::start_three("race-refresh-postgres", database.url().to_owned()).await)
        .await
        .refreshes()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_sqlite_advances_a_family_once() {
    Race::on(Server::start(Options::sqlite("race-refresh-sqlite")).await).await.refreshes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_on_postgres_end_a_family_at_the_first_copy_when_retry_is_off() {
    let database = grantor_test_postgres::database();
    let options =
        Options::new("race-replay-postgres", grantor_tests::Database::Postgres(database.url().to_owned()));
    let server = Server::start(options.nodes(3).config("tokens.refresh.retry = '0s'")).await;
    Race::on(server).await.refreshes_without_retry().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_sqlite_ends_a_family_at_the_first_copy_when_retry_is_off() {
    let options = Options::sqlite("race-replay-sqlite").config("tokens.refresh.retry = '0s'");
    Race::on(Server::start(options).await).await.refreshes_without_retry().await;
}
