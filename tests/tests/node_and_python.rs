//! The applications of docs/integrating/node.md and python.md, each registered by the command that its page gives, behind TLS
//! as in production: from login to logout.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::fs;

use grantor_tests::{Browser, Client, Options, Person, Server, TlsFront, http_client_trusting, integrates};
use serde_json::{Value, json};

const GOODBYE: &str = "https://app.example.com/";

struct Scene {
    server: Server,
    issuer: String,
    alice: Person,
    browser: Browser,
    #[expect(dead_code, reason = "it stops when it is dropped")]
    front: TlsFront,
}

impl Scene {
    async fn set(name: &str) -> Self {
        let mut front = TlsFront::new();
        let issuer = front.origin("localhost");
        let server = Server::start(Options::sqlite(name).config(&format!("issuer = '{issuer}'"))).await;
        let origin: url::Url = server.nodes[0].origin().parse().unwrap();
        front.start(origin.port().unwrap()).await;
        fs::write(server.directory().join("root.pem"), &front.root).unwrap();
        let alice = server.create_user("alice").await;
        let browser = Browser::over(&http_client_trusting(&front.root));
        Self { server, issuer, alice, browser, front }
    }

    /// The one client that the page has below this heading.
    fn registers(&self, page: &str, heading: &str) -> Client {
        let mut clients = self.server.registers_as_written(page, heading);
        assert_eq!(clients.len(), 1, "{clients:?}");
        clients.remove(0)
    }

    /// What the program concluded once alice had gone through our pages wherever it sent her.
    async fn logs_in(&self, program: &str, client: &Client) -> Value {
        let root = self.server.directory().join("root.pem");
        let walk = async |url: String| self.alice.authorizes(&self.browser, &url).await;
        integrates(program, &self.issuer, client, &root, walk).await
    }
}

/// The grant was refreshed and then ended: a token of it counted before, and not after.
fn was_refreshed_and_revoked(result: &Value) {
    assert_eq!(result["refreshed"], true, "{result}");
    assert_eq!(result["before"]["active"], true, "{result}");
    assert_eq!(result["after"], json!({ "active": false }), "{result}");
}

#[tokio::test]
async fn openid_client_works_as_its_page_says() {
    let scene = Scene::set("guide-openid-client").await;
    let client = scene.registers("node.md", "openid-client");
    let result = scene.logs_in("node/openid-client.mjs", &client).await;
    was_refreshed_and_revoked(&result);
    assert_eq!(result["claims"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert_eq!(result["userinfo"]["email"], "alice@example.com", "{result}");
    assert_eq!(result["own"]["scope"], "tea:read", "{result}");
    assert_eq!(result["own"]["sub"], client.id.as_str(), "{result}");
    assert_eq!(
        result["posted"]["error"], "invalid_client",
        "the secret in the form, as is not registered: {result}"
    );
    assert_eq!(result["goodbye"], GOODBYE, "{result}");
}

#[tokio::test]
async fn oauth4webapi_works_as_its_page_says() {
    let scene = Scene::set("guide-oauth4webapi").await;
    let client = scene.registers("node.md", "oauth4webapi");
    let result = scene.logs_in("node/oauth4webapi.mjs", &client).await;
    was_refreshed_and_revoked(&result);
    assert_eq!(result["claims"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert!(result["claims"]["auth_time"].is_u64(), "{result}");
    assert_eq!(result["userinfo"]["email"], "alice@example.com", "{result}");
    assert_eq!(result["authorized"]["aud"], json!(["https://api.example.com/"]), "{result}");
    assert_eq!(result["authorized"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert_eq!(result["own"]["scope"], "tea:read", "{result}");
    assert_eq!(result["own"]["client_id"], client.id.as_str(), "{result}");
    let missing = result["without_issuer"].as_str().unwrap();
    assert!(missing.contains("iss"), "RFC 9207: what has no issuer is refused: {result}");
    let confused = result["id_token_refused"].as_str().unwrap();
    assert!(confused.contains("typ"), "RFC 9068 section 4: an ID token is none: {result}");
    assert_eq!(result["challenge"]["scheme"], "bearer", "{result}");
    assert_eq!(result["challenge"]["parameters"]["error"], "invalid_token", "{result}");
}

#[tokio::test]
async fn auth_js_works_as_its_page_says() {
    let scene = Scene::set("guide-authjs").await;
    let client = scene.registers("node.md", "Auth.js");
    let result = scene.logs_in("node/authjs.mjs", &client).await;
    was_refreshed_and_revoked(&result);
    assert_eq!(result["anonymous"], Value::Null, "{result}");
    assert_eq!(result["back"], "https://app.example.com/diary", "{result}");
    let user = json!({ "id": scene.alice.subject, "name": "alice", "email": "alice@example.com" });
    for session in ["session", "session_after_refresh"] {
        assert_eq!(result[session]["user"], user, "{session}: {result}");
    }
    assert_eq!(result["goodbye"], GOODBYE, "{result}");
    assert_eq!(result["session_after_logout"], Value::Null, "{result}");
}

#[tokio::test]
async fn authlib_works_as_its_page_says() {
    let scene = Scene::set("guide-authlib").await;
    let client = scene.registers("python.md", "Authlib");
    let result = scene.logs_in("python/authlib_client.py", &client).await;
    was_refreshed_and_revoked(&result);
    assert_eq!(result["claims"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert_eq!(result["userinfo"]["email"], "alice@example.com", "{result}");
    assert_eq!(result["own"]["scope"], "tea:read", "{result}");
    assert_eq!(result["own"]["sub"], client.id.as_str(), "{result}");
    assert_eq!(result["scope_refused"], "InsufficientScopeError", "{result}");
    for refused in ["id_token_refused", "not_for_the_api_refused"] {
        assert_eq!(result[refused], "InvalidTokenError", "RFC 9068 section 4, {refused}: {result}");
    }
    assert_eq!(result["goodbye"], GOODBYE, "{result}");
}

#[tokio::test]
async fn mozilla_django_oidc_works_as_its_page_says() {
    let scene = Scene::set("guide-django").await;
    let client = scene.registers("python.md", "mozilla-django-oidc");
    let result = scene.logs_in("python/django_client.py", &client).await;
    assert_eq!(result["closed"], "/oidc/authenticate/?next=/diary", "{result}");
    for asked in ["asked", "silent"] {
        assert_eq!(result[asked]["code_challenge_method"], json!(["S256"]), "{asked}: {result}");
    }
    assert_eq!(result["back"], "/diary", "{result}");
    let diary = json!({ "username": scene.alice.subject, "email": "alice@example.com" });
    assert_eq!(result["diary"], diary, "{result}");
    assert_eq!(result["silent"]["prompt"], json!(["none"]), "{result}");
    assert_eq!(result["diary_after_refresh"], diary, "{result}");
    assert_eq!(result["users"], 1, "the same user each time: {result}");
    assert_eq!(result["goodbye"], GOODBYE, "{result}");
    assert_eq!(result["closed_again"], "/oidc/authenticate/?next=/diary", "{result}");
    assert_eq!(result["grantor_asks_again"], "login_required", "the session at Grantor ended: {result}");
}

#[tokio::test]
async fn requests_oauthlib_works_as_its_page_says() {
    let scene = Scene::set("guide-requests-oauthlib").await;
    let client = scene.registers("python.md", "requests-oauthlib");
    let result = scene.logs_in("python/requests_oauthlib_client.py", &client).await;
    was_refreshed_and_revoked(&result);
    assert_eq!(result["userinfo"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert_eq!(result["own"]["scope"], "tea:read", "{result}");
}

#[test]
fn the_pages_name_the_versions_that_are_tested() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(tests.join(path)).unwrap();
    let lock: Value = serde_json::from_str(&read("node/package-lock.json")).unwrap();
    let pinned = read("python/requirements.txt");
    for (page, heading, package) in [
        ("node.md", "openid-client", "openid-client"),
        ("node.md", "oauth4webapi", "oauth4webapi"),
        ("node.md", "Auth.js", "@auth/core"),
        ("python.md", "Authlib", "Authlib"),
        ("python.md", "Authlib", "httpx2"),
        ("python.md", "mozilla-django-oidc", "mozilla-django-oidc"),
        ("python.md", "requests-oauthlib", "requests-oauthlib"),
    ] {
        let in_node = lock["packages"][format!("node_modules/{package}")]["version"].as_str();
        let in_python = pinned.lines().find_map(|line| line.strip_prefix(&format!("{package}==")));
        let version = in_node.or(in_python).unwrap_or_else(|| panic!("{package} is in a lock file"));
        let text = read(&format!("../docs/integrating/{page}"));
        let below = text.split_once(&format!("\n## {heading}\n")).unwrap().1;
        let section = below.split("\n## ").next().unwrap();
        assert!(section.contains(&format!(" {version}")), "{page}: {package} is tested at {version}");
    }
}
