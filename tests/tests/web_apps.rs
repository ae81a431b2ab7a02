//! Web applications on the libraries of other languages, with their users from the login to the logout: Go's `go-oidc`, and
//! Spring Security, each registered by the command of its page in docs/integrating.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use grantor_tests::{Browser, Client, Kind, Options, Person, RelyingParty, Server, Visit, WebApp};
use serde_json::json;

/// The application, its users and its client.
struct Scene {
    server: Server,
    app: WebApp,
    client: Client,
    alice: Person,
    browser: Browser,
}

impl Scene {
    /// Access tokens last as long as the library takes them for too old at once, so that each use of one refreshes.
    async fn set(name: &str, kind: Kind, page: &str, lifetime: &str) -> Self {
        let config = format!(
            "tokens.access.lifetime = '{lifetime}'\noutbound.allow_private = ['127.0.0.1/32', '::1/128']"
        );
        let server = Server::start(Options::sqlite(name).config(&config)).await;
        let mut app = WebApp::new(kind, name);
        let client = server.registers_at(page, "Register", &app.url("")).remove(0);
        let alice = server.create_user("alice").await;
        app.starts(&server, &client).await;
        Self { server, app, client, alice, browser: Browser::new() }
    }

    /// What every library does with its user.
    async fn keeps_its_user(&self) {
        let Self { server, app, client, alice, browser } = self;
        let party = RelyingParty::of(server, client);
        let to_log_in = browser.get(&app.url("/me")).await.left();
        assert_eq!(to_log_in.get("code_challenge_method"), Some("S256"), "{to_log_in}");
        let me = app.shows(alice, browser, "/me").await;
        assert_eq!(me["sub"], alice.subject.as_str(), "{me}");
        assert_eq!(me["email"], "alice@example.com", "{me}");
        let again = app.shows(alice, browser, "/me").await;
        assert_ne!(me["access_token"], again["access_token"], "refreshed");
        let access_token = again["access_token"].as_str().unwrap();

        let (status, answer) = app.api("/api", access_token).await;
        assert!(status == 200 && answer.contains(&alice.subject), "{status} {answer}");
        let machine = app.shows(alice, browser, "/machine").await;
        let (status, answer) = app.api("/api", machine["access_token"].as_str().unwrap()).await;
        assert!(status == 200 && answer.contains("tea.read"), "{status} {answer}");
        assert_eq!(app.api("/api", "gr_at_nonsense").await.0, 401);

        let left = app.signs_out(browser).await;
        assert_eq!(left.to.as_str(), app.url("/"));
        party.userinfo(access_token).await.is_refused("invalid_token");
        assert_eq!(app.api("/api", access_token).await.0, 401, "revoked");
        let to_log_in = browser.get(&app.url("/me")).await.left();
        assert!(browser.get(to_log_in.to.as_str()).await.page().has("login"), "logged out at the server too");
    }

    /// A JWT access token (RFC 9068) for an API, of another client.
    async fn jwt(&self, resource: &str) -> String {
        let metadata = json!({
            "grant_types": ["client_credentials"],
            "response_types": [],
            "scope": "tea.read",
            "access_token_strategy": "jwt",
        });
        let robot = self.server.create_client(&["--name", "Robot"], &metadata).await;
        let form = [("grant_type", "client_credentials"), ("scope", "tea.read"), ("resource", resource)];
        RelyingParty::of(&self.server, &robot).token(&form).await.tokens().access_token
    }

    /// Ends when the application has heard of a logout elsewhere.
    async fn hears_of_a_logout_elsewhere(&self) {
        let Self { server, app, alice, browser, .. } = self;
        app.opens(alice, browser, "/me").await;
        assert!(matches!(browser.get(&app.url("/who")).await, Visit::Page(_)));
        server.cli(&["sessions", "end", "--user", "alice"]).await.succeeded();
        let started = Instant::now();
        while let Visit::Page(page) = browser.get(&app.url("/who")).await {
            assert!(started.elapsed() < Duration::from_secs(20), "still logged in: {page}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn go_oidc_keeps_its_user_from_login_to_logout() {
    let scene = Scene::set("go-oidc", Kind::Go, "go.md", "10s").await;
    scene.keeps_its_user().await;
    scene.hears_of_a_logout_elsewhere().await;
}

#[tokio::test]
async fn spring_security_keeps_its_user_from_login_to_logout() {
    let scene = Scene::set("spring-security", Kind::Spring, "java.md", "1m").await;
    scene.keeps_its_user().await;
    scene.hears_of_a_logout_elsewhere().await;

    let for_it = scene.jwt("https://app.example.com/api").await;
    let (status, answer) = scene.app.api("/jwt-api", &for_it).await;
    assert!(status == 200 && answer.contains("tea.read"), "{status} {answer}");
    let for_another = scene.jwt("https://other.example.com/api").await;
    assert_eq!(scene.app.api("/jwt-api", &for_another).await.0, 401, "its audience is another");
}

#[test]
fn the_pages_name_the_versions_that_are_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    for (page, file, before) in [
        ("go.md", "tests/go/go.mod", "github.com/coreos/go-oidc/v3 v"),
        ("go.md", "tests/go/go.mod", "golang.org/x/oauth2 v"),
        (
            "java.md",
            "tests/spring/pom.xml",
            "<artifactId>spring-boot-starter-parent</artifactId>\n    <version>",
        ),
        ("rust.md", "Cargo.lock", "name = \"openidconnect\"\nversion = \""),
    ] {
        let text = read(file);
        let after = text.split_once(before).unwrap_or_else(|| panic!("{file} has {before}")).1;
        let version = after.split(|end: char| !end.is_ascii_digit() && end != '.').next().unwrap();
        let shown = read(&format!("docs/integrating/{page}"));
        assert!(shown.contains(&format!(" {version}")), "{page}: {before} is tested at {version}");
    }
}
