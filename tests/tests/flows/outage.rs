//! The database goes away and comes back, or is asked by more than it has connections for. What needs no row goes on
//! answering, what needs one says when to come back, and nothing has to be restarted.

use std::sync::Arc;
use std::time::Duration;

use grantor_tests::{Answer, Browser, Engine, Visit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::stage::{Stage, trusted};

const SCOPE: &str = "openid offline_access";

/// 503, and when to try again (RFC 9110 section 15.6.4).
fn is_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    assert!(answer.header("retry-after").is_some_and(|text| text.parse::<u32>().is_ok()), "{answer}");
    answer.is_not_stored();
}

async fn documents_are_served(stage: &Stage) {
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/health/alive",
    ] {
        stage.app.reads(path).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_away_documents_are_served_and_the_rest_says_when_to_come_back() {
    let cluster = grantor_test_postgres::Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let stage = Stage::on(Engine::At(database.url().to_owned()), "", trusted()).await;
    let tokens = stage.tokens(SCOPE).await;
    let (request, code) = stage.code(SCOPE).await;

    cluster.kill().unwrap();
    stage.server.advance(2);
    documents_are_served(&stage).await;
    let (app, access) = (&stage.app, tokens.access_token.as_str());
    let (redeemed, refreshed, introspected, userinfo, revoked, client, ready, page) = tokio::join!(
        app.redeems(&code, &request),
        app.refreshes(tokens.refresh()),
        app.introspects(access),
        app.userinfo(access),
        app.revokes(access),
        app.token(&[("grant_type", "client_credentials")]),
        app.reads("/health/ready"),
        stage.visits(&request),
    );
    for answer in [&redeemed, &refreshed, &introspected, &userinfo, &revoked, &client] {
        is_unavailable(answer);
    }
    assert_eq!(ready.status, 503, "{ready}");
    let Visit::Page(page) = page else { panic!("nothing was granted without a database") };
    assert!(
        page.status == 503 && page.headers.contains_key("retry-after") && page.has("error-page"),
        "{page}"
    );
    documents_are_served(&stage).await;

    cluster.start().unwrap();
    let healed = tokio::time::timeout(Duration::from_secs(20), async {
        while app.token(&[("grant_type", "client_credentials")]).await.status != 200 {}
    });
    healed.await.expect("the pool heals without a restart");
    // Nothing was used up: no answer was a success, and none of the refusals was a replay.
    assert!(stage.counts(access).await);
    app.refreshes(tokens.refresh()).await.tokens();
    stage.visits(&stage.app.asks(SCOPE)).await.left().code();
    drop(stage);
}

/// One request that waits for the database does not make the next wait longer: a key set is asked for by everybody.
#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_away_many_are_answered_as_soon_as_one() {
    let cluster = grantor_test_postgres::Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let stage = Stage::on(Engine::At(database.url().to_owned()), "", trusted()).await;
    let tokens = stage.tokens(SCOPE).await;
    cluster.kill().unwrap();
    stage.server.advance(2);
    let mut waiting = JoinSet::new();
    for number in 0..64 {
        let (app, access) = (stage.app.clone(), tokens.access_token.clone());
        waiting.spawn(async move {
            let begun = std::time::Instant::now();
            if number % 2 == 0 {
                app.reads("/.well-known/jwks.json").await.ok();
            } else {
                is_unavailable(&app.userinfo(&access).await);
            }
            (number % 2, begun.elapsed())
        });
    }
    for (kind, waited) in waiting.join_all().await {
        // A key set is worth a second of waiting; a row, one time-out of the pool that was running and one's own.
        let most = Duration::from_secs(if kind == 0 { 3 } else { 12 });
        assert!(waited < most, "waited {waited:?}, at most {most:?}");
    }
}

/// What takes too long is given up as anything else that is not to be had right now.
#[tokio::test]
async fn a_request_that_takes_too_long_is_told_when_to_come_back() {
    let stage = Stage::with("limits.request_timeout = '1s'", trusted()).await;
    let origin = stage.server.origin();
    let authority = origin.strip_prefix("http://").unwrap();
    for (accept, path) in [("application/json", "/oauth2/token"), ("text/html", "/login")] {
        let mut connection = tokio::net::TcpStream::connect(authority).await.unwrap();
        // The rest of the body never comes.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {authority}\r\naccept: {accept}\r\ncontent-length: 100\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\ngrant_type="
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let (mut answer, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = connection.read(&mut part).await {
            answer.extend_from_slice(&part[..read]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        for part in
            ["retry-after: ", "cache-control: no-store", "x-trace-id: ", accept, "temporarily_unavailable"]
        {
            assert!(answer.contains(part), "{part}: {answer}");
        }
    }
}

/// A restart of Postgres between two requests is not noticed by reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgres_between_requests_is_not_noticed() {
    let cluster = grantor_test_postgres::Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let stage = Stage::on(Engine::At(database.url().to_owned()), "", trusted()).await;
    let tokens = stage.tokens(SCOPE).await;
    cluster.kill().unwrap();
    cluster.start().unwrap();
    assert!(stage.counts(&tokens.access_token).await);
    stage.app.refreshes(tokens.refresh()).await.tokens();
    stage.tokens(SCOPE).await;
}

/// A whole life of tokens, as one of many clients.
async fn lives(stage: Arc<Stage>, rounds: usize) {
    let app = &stage.app;
    for _ in 0..rounds {
        let request = app.asks(SCOPE);
        let left = stage.browser.get(&request.url()).await.left();
        let tokens = app.redeems(&request.receives(&left), &request).await.tokens();
        let tokens = app.refreshes(tokens.refresh()).await.tokens();
        app.userinfo(&tokens.access_token).await.ok();
        assert_eq!(app.introspects(&tokens.access_token).await.ok()["active"], true);
        assert_eq!(app.revokes(tokens.refresh()).await.status, 200);
        app.userinfo(&tokens.access_token).await.is_refused("invalid_token");
    }
}

/// No connection is held while anything else is waited for, so a small pool is slow and never stuck.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_four_serves_128_clients() {
    let stage = Stage::on(Engine::Postgres, "database.max_connections = 4", trusted()).await;
    stage.tokens(SCOPE).await;
    let stage = Arc::new(stage);
    let mut clients = JoinSet::new();
    for _ in 0..128 {
        clients.spawn(lives(Arc::clone(&stage), 3));
    }
    let done = tokio::time::timeout(Duration::from_mins(2), clients.join_all()).await;
    done.expect("128 clients are served by four connections");
    assert!(stage.server.store().pool_state().size <= 4);
}

/// The same with logins, which hold no connection while a password is hashed.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_four_lets_32_users_log_in_at_once() {
    let stage = Stage::on(Engine::Postgres, "database.max_connections = 4", trusted()).await;
    let stage = Arc::new(stage);
    let mut logins = JoinSet::new();
    for number in 0..32 {
        let stage = Arc::clone(&stage);
        logins.spawn(async move {
            let user = stage.server.create_user(&format!("user-{number}")).await;
            let request = stage.app.asks(SCOPE);
            let left = user.authorizes(&Browser::new(), &request.url()).await;
            stage.app.redeems(&request.receives(&left), &request).await.tokens().id_token_claims()["sub"]
                == user.subject.as_str()
        });
    }
    let done = tokio::time::timeout(Duration::from_mins(2), logins.join_all()).await;
    assert!(done.expect("all of them log in").into_iter().all(|right| right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_writers_waits_for_the_one_writer_of_sqlite() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let stage = Arc::new(stage);
    let mut clients = JoinSet::new();
    for _ in 0..64 {
        clients.spawn(lives(Arc::clone(&stage), 2));
    }
    let done = tokio::time::timeout(Duration::from_mins(2), clients.join_all()).await;
    done.expect("64 clients are served by one writer");
}
