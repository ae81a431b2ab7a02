//! Relying parties that others wrote log in and stay logged in: the `openidconnect` crate over
//! plain HTTP, and `oidc-client-ts` as a single-page app in Chromium.
#![expect(clippy::unwrap_used, reason = "tests report failure by panicking")]

use grantor_tests::{
    Browser, Chromium, Http, Journal, Options, RelyingParty, Server, Site, TlsFront, http_client_trusting,
    login_with_openidconnect,
};
use openidconnect::{OAuth2TokenResponse, TokenIntrospectionResponse};
use serde_json::{Value, json};

const CALLBACK: &str = "https://app.example/callback";

async fn logs_in(name: &str, config: &str, authentication: &str) {
    let server = Server::start(Options::sqlite(name).config(config)).await;
    let metadata = json!({
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": authentication,
    });
    let client = server.create_client(&["--name", "Tea Journal"], &metadata).await;
    assert_eq!(client.secret.is_some(), authentication != "none", "{}", client.registration);
    let alice = server.create_user("alice").await;
    let browser = Browser::new();
    let secret = client.secret.as_deref();
    let walk = async |url: String| alice.authorizes(&browser, &url).await;
    let login = login_with_openidconnect(&server.issuer, &client.id, secret, CALLBACK, walk).await;
    assert_eq!(login.subject, alice.subject);
    assert_eq!(login.userinfo.email().unwrap().as_str(), "alice@example.com");
    assert_ne!(login.access_token, login.refreshed_access_token);

    let party = RelyingParty::of(&server, &client);
    assert_eq!(party.userinfo(&login.refreshed_access_token).await.ok()["sub"], alice.subject.as_str());
    assert_eq!(party.revokes(&login.refresh_token).await.status, 200);
    party.userinfo(&login.refreshed_access_token).await.is_refused("invalid_token");
}

/// The crate sends `client_secret_basic` unless told otherwise.
#[tokio::test]
async fn openidconnect_logs_in_with_a_secret() {
    logs_in("openidconnect-basic", "", "client_secret_basic").await;
}

#[tokio::test]
async fn openidconnect_logs_in_as_a_public_client() {
    logs_in("openidconnect-none", "", "none").await;
}

#[tokio::test]
async fn openidconnect_logs_in_where_access_tokens_are_jwts() {
    logs_in("openidconnect-jwt", "tokens.access.format = 'jwt'", "client_secret_basic").await;
}

/// Over TLS, since the crate revokes nothing over plain HTTP.
#[tokio::test]
async fn openidconnect_asks_about_tokens_revokes_them_and_signs_out() {
    let mut front = TlsFront::new();
    let issuer = front.origin("localhost");
    let server =
        Server::start(Options::sqlite("openidconnect-tokens").config(&format!("issuer = '{issuer}'"))).await;
    let origin: url::Url = server.nodes[0].origin().parse().unwrap();
    front.start(origin.port().unwrap()).await;
    let client = server.registers_as_written("rust.md", "Register").remove(0);
    let alice = server.create_user("alice").await;
    let callback = "https://app.example.com/callback";
    let http = http_client_trusting(&front.root);
    let browser = Browser::over(&http);
    let secret = client.secret.as_deref();
    let journal = Journal::discover(Http(http), &issuer, &client.id, secret, callback).await.unwrap();

    let (url, begun) = journal.begins();
    let left = alice.authorizes(&browser, url.as_str()).await;
    let user = journal.finishes(begun, left.get("state").unwrap(), &left.code()).await.unwrap();
    assert_eq!(user.subject.as_str(), alice.subject);
    let access_token = user.tokens.access_token();
    let said = journal.introspect(access_token).await.unwrap();
    assert!(said.active() && said.sub() == Some(&alice.subject), "{said:?}");
    let machine = journal.machine_token("tea.read").await.unwrap();
    let said = journal.introspect(&machine).await.unwrap();
    assert!(said.active() && said.scopes().unwrap()[0].as_str() == "tea.read", "{said:?}");

    let refreshed = journal.refresh(user.tokens.refresh_token().unwrap()).await.unwrap();
    journal.revoke(refreshed.refresh_token().unwrap().clone()).await.unwrap();
    assert!(!journal.introspect(refreshed.access_token()).await.unwrap().active(), "of the same grant");
    assert!(!journal.introspect(access_token).await.unwrap().active(), "of the same grant");
    assert!(journal.introspect(&machine).await.unwrap().active(), "of no grant");

    let end_session = journal.end_session(&user, "https://app.example.com/").unwrap();
    let left = browser.get(end_session.as_str()).await.left();
    assert_eq!(left.to.as_str(), "https://app.example.com/");
    assert!(browser.get(journal.begins().0.as_str()).await.page().has("login"), "signed out");
}

#[tokio::test]
async fn oidc_client_ts_logs_in_refreshes_and_revokes_as_a_single_page_app() {
    let server = Server::start(Options::sqlite("single-page-app")).await;
    let site = Site::start().await;
    let metadata = json!({
        "client_name": "Single-page app",
        "redirect_uris": [site.foreign_url("/spa/")],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    let client = server.create_client(&["--id", "single-page-app"], &metadata).await;
    let alice = server.create_user("alice").await;
    let page = Chromium::start("single-page-app").await;

    page.goto(&site.foreign_url(&format!("/spa/?issuer={}&client_id={}", server.issuer, client.id))).await;
    page.wait_for_text("state", "signed out").await;
    page.click("sign-in").await;
    page.logs_in(&alice).await;
    page.click("consent-accept").await;
    page.wait_for_text("state", "signed in").await;
    let profile: Value = serde_json::from_str(&page.wait_for_text("profile", "sub").await).unwrap();
    assert_eq!(profile["sub"], alice.subject.as_str());
    assert_eq!(profile["email"], "alice@example.com");
    let first = page.wait_for_text("access-token", "").await;
    let first_refresh = page.wait_for_text("refresh-token", "").await;

    page.click("refresh").await;
    page.wait_for_text("state", "refreshed").await;
    let second = page.wait_for_text("access-token", "").await;
    assert_ne!(first, second);
    assert_ne!(first_refresh, page.wait_for_text("refresh-token", "").await, "public clients rotate");

    page.click("revoke").await;
    page.wait_for_text("state", "revoked").await;
    RelyingParty::of(&server, &client).userinfo(&second).await.is_refused("invalid_token");
}
