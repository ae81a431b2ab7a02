//! The process as an operator meets it: it says what is wrong with its configuration, drains when
//! told to stop, and forgets nothing when it is killed.

use grantor_tests::{Browser, Options, RelyingParty, Server};
use serde_json::json;

#[tokio::test]
async fn sigterm_ends_the_process_with_success() {
    let server = Server::start(Options::sqlite("sigterm")).await;
    let status = server.nodes[0].terminate().await;
    assert!(status.success(), "{status}\n{}", server.nodes[0].log());
}

/// What was answered was committed (design.md 2): a crash takes nothing back and gives nothing twice.
#[tokio::test]
async fn a_killed_process_comes_back_with_everything_it_answered() {
    let server = Server::start(Options::sqlite("killed")).await;
    let metadata = json!({
        "redirect_uris": ["https://app.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let app = RelyingParty::of(&server, &server.create_client(&[], &metadata).await);
    let alice = server.create_user("alice").await;
    let browser = Browser::new();
    let request = app.asks("openid offline_access");
    let code = request.receives(&alice.authorizes(&browser, &request.url()).await);
    let first = app.redeems(&code, &request).await.tokens();
    let second = app.refreshes(first.refresh()).await.tokens();

    server.nodes[0].kill().await;
    server.restart(0).await;

    assert_eq!(app.userinfo(&second.access_token).await.ok()["sub"], alice.subject.as_str());
    let again = app.asks("openid offline_access").with("prompt", "none");
    again.receives(&browser.get(&again.url()).await.left()); // session and consent stand
    let third = app.refreshes(second.refresh()).await.tokens();
    app.refreshes(first.refresh()).await.is_refused("invalid_grant"); // its successor was used
    app.userinfo(&third.access_token).await.is_refused("invalid_token");
    app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// As the registration endpoint does it: published before it signs.
#[tokio::test]
async fn a_client_that_the_operator_makes_finds_the_key_that_will_sign_for_it_published() {
    let server = Server::start(Options::sqlite("first-key")).await;
    let metadata = json!({
        "redirect_uris": ["https://app.example/callback"], "id_token_signed_response_alg": "ES256",
    });
    let app = RelyingParty::of(&server, &server.create_client(&[], &metadata).await);
    // The command is another process: what it made is known here within a second.
    let published = async {
        loop {
            let jwks = app.reads("/.well-known/jwks.json").await;
            if jwks.ok()["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "ES256") {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), published).await.expect("ES256 is published");
}

#[tokio::test]
async fn an_unknown_key_is_refused_with_its_path_and_the_nearest_known_one() {
    let server = Server::start(Options::sqlite("config-check")).await;
    let file = server.directory().join("wrong.toml");
    std::fs::write(&file, "issuer = 'http://localhost:1'\n[database]\nurll = 'sqlite:x.db'\n")
        .expect("the file is written");
    let path = file.to_str().expect("a path");
    let checked = server.cli(&["config", "check", "--config", path]).await;
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert!(said.contains("database.urll") && said.contains("url"), "{said}");
    let started = server.cli(&["serve", "--config", path]).await;
    assert!(!started.status.success(), "{started:?}");
}
