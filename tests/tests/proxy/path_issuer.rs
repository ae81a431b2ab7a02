//! An issuer with a path (`https://example.com/auth`): everything that a browser or a client is told has the path, whether
//! the proxy takes it off or leaves it.

use grantor_tests::{
    Browser, Chromium, ChromiumOptions, DevServer, Nginx, Options, Person, RelyingParty, Server, Site,
};
use serde_json::{Value, json};

const SETTINGS: &str =
    "trusted_proxies = ['127.0.0.1']\nregistration.enabled = true\nregistration.require_token = false\n";

/// The example's `location /`, as its comment says to change it for a path.
fn mounted(example: &str) -> String {
    let (comment, _) = example.split_once("    location / {").unwrap();
    let location = comment.lines().rev().find(|line| line.contains("location ~")).unwrap();
    let location = location.trim().trim_start_matches('#').trim();
    example.replace("    location / {", location)
}

/// A proxy that takes the path off.
fn stripped(nginx: &Nginx, behind: u16) -> String {
    let passing = "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; \
         proxy_set_header Forwarded \"\"; proxy_buffer_size 32k; proxy_buffers 8 32k;";
    let well_known = "/.well-known/oauth-authorization-server";
    nginx.server(&format!(
        "large_client_header_buffers 4 32k;\n\
         location /auth/ {{ proxy_pass http://127.0.0.1:{behind}/; {passing} }}\n\
         location = {well_known}/auth {{ proxy_pass http://127.0.0.1:{behind}{well_known}; {passing} }}"
    ))
}

struct Scene {
    server: Server,
    nginx: Nginx,
    app: RelyingParty,
    alice: Person,
    site: Site,
    http: reqwest::Client,
}

impl Scene {
    async fn set(name: &str, proxy: impl FnOnce(&Nginx, u16) -> String) -> Self {
        let mut nginx = Nginx::new();
        let issuer = format!("{}/auth", nginx.origin());
        let config = format!("{SETTINGS}{}", nginx.trusted());
        let server = Server::start(Options::sqlite(name).issuer(&issuer).config(&config)).await;
        let http = proxy(&nginx, server.nodes[0].port());
        nginx.serve(&http).await;
        let site = Site::start().await;
        let metadata = json!({
            "redirect_uris": [site.foreign_url("/callback")],
            "post_logout_redirect_uris": [site.foreign_url("/callback")],
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let client = server.create_client(&["--id", "app"], &metadata).await;
        let alice = server.create_user("alice").await;
        let http = nginx.http(&[]);
        let app = RelyingParty::of(&server, &client).over(&http);
        Self { server, nginx, app, alice, site, http }
    }

    async fn json(&self, url: &str) -> Value {
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        answer.json().await.unwrap()
    }
}

async fn everything_works(scene: &Scene) {
    let issuer = scene.server.issuer.clone();
    let said = scene.server.cli(&["config", "check", "--live"]).await;
    assert!(said.status.success(), "{}", said.stdout);

    // RFC 8414 section 3.1, OpenID Connect Discovery section 4.
    let metadata = scene.json(&format!("{issuer}/.well-known/openid-configuration")).await;
    let origin = scene.nginx.origin();
    let inserted = scene.json(&format!("{origin}/.well-known/oauth-authorization-server/auth")).await;
    assert_eq!(metadata, inserted);
    assert_eq!(metadata["issuer"], issuer.as_str());
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") || name == "check_session_iframe" {
            assert!(value.as_str().unwrap().starts_with(&format!("{issuer}/")), "{name}: {value}");
        }
    }
    scene.json(metadata["jwks_uri"].as_str().unwrap()).await;

    let browser = Browser::over(&scene.http);
    let asked = scene.app.asks("openid email offline_access");
    let code = asked.receives(&scene.alice.authorizes(&browser, &asked.url()).await);
    for cookie in browser.set_cookies() {
        assert!(cookie.starts_with("__Host-grantor_") && cookie.contains("; Path=/;"), "{cookie}");
    }
    let tokens = scene.app.redeems(&code, &asked).await.tokens();
    let userinfo = scene.app.userinfo(&tokens.access_token).await.json;
    assert_eq!(userinfo["sub"], scene.alice.subject.as_str());
    let refreshed = scene.app.refreshes(tokens.refresh_token.as_deref().unwrap()).await.tokens();

    let form = json!({ "redirect_uris": ["https://other.example/callback"] });
    let registered = scene.http.post(metadata["registration_endpoint"].as_str().unwrap()).json(&form);
    let registered: Value = registered.send().await.unwrap().json().await.unwrap();
    let place = registered["registration_client_uri"].as_str().unwrap();
    assert!(place.starts_with(&format!("{issuer}/oauth2/register/")), "{place}");
    let token = registered["registration_access_token"].as_str().unwrap();
    let read = scene.http.get(place).bearer_auth(token).send().await.unwrap();
    assert_eq!(read.status(), 200);

    let hint = refreshed.id_token.unwrap_or(tokens.id_token.unwrap());
    let back = scene.app.redirect_uri.clone();
    let logout = metadata["end_session_endpoint"].as_str().unwrap();
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &back),
            ("state", "bye"),
        ])
        .finish();
    let left = browser.get(&format!("{logout}?{query}")).await.left();
    assert_eq!((left.to.as_str().starts_with(&back), left.get("state")), (true, Some("bye")));
    let silent = browser.get(&scene.app.asks("openid").with("prompt", "none").url()).await.left();
    assert_eq!(silent.get("error"), Some("login_required"));
}

#[tokio::test]
async fn everything_works_behind_a_proxy_that_leaves_the_path() {
    let scene = Scene::set("path-left", |nginx, behind| mounted(&nginx.example(behind))).await;
    everything_works(&scene).await;
}

#[tokio::test]
async fn everything_works_behind_a_proxy_that_takes_the_path_off() {
    let scene = Scene::set("path-off", stripped).await;
    everything_works(&scene).await;
}

#[tokio::test]
async fn metadata_that_is_not_in_front_of_the_path_is_missed() {
    let scene = Scene::set("path-metadata", |nginx, behind| {
        mounted(&nginx.example(behind))
            .replace("|/\\.well-known/(oauth-authorization-server|openid-configuration)/auth$", "")
    })
    .await;
    let said = scene.server.cli(&["config", "check", "--live"]).await;
    let expected = "reverse proxy: does not pass https://localhost:";
    assert!(!said.status.success() && said.stdout.starts_with(expected), "{}", said.stdout);
    assert!(
        said.stdout.contains("location = /.well-known/oauth-authorization-server/auth"),
        "{}",
        said.stdout
    );
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
}

#[tokio::test]
async fn a_browser_logs_in_and_out_under_the_path() {
    let scene = Scene::set("path-browser", |nginx, behind| mounted(&nginx.example(behind))).await;
    let options = ChromiumOptions::new("path-browser").ignore_certificate_errors();
    let page = Chromium::start_with(options).await;
    let asked = scene.app.asks("openid email offline_access");
    page.goto(&asked.url()).await;
    page.wait_for("submit-login").await;
    assert!(page.url().await.as_str().starts_with(&format!("{}/login?", scene.server.issuer)));
    let styled =
        page.run("return getComputedStyle(document.getElementById('submit-login')).cursor", vec![]).await;
    assert_ne!(styled, "default", "the style sheet of the page is not there");
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    page.wait_for_text("received-state", &asked.state).await;
    let arrived = scene.site.received().pop().unwrap();
    let tokens = scene.app.redeems(arrived.get("code").unwrap(), &asked).await.tokens();

    let silent = scene.app.asks("openid").with("prompt", "none");
    page.goto(&silent.url()).await;
    page.wait_for_text("received-state", &silent.state).await;
    assert!(scene.site.received().pop().unwrap().get("code").is_some(), "the session's cookie came along");

    page.goto(&format!("{}/account", scene.server.issuer)).await;
    assert!(page.text().await.contains("alice"), "{}", page.text().await);
    let cookies = page.devtools("Network.getAllCookies", json!({})).await;
    for cookie in cookies["cookies"].as_array().unwrap() {
        let name = cookie["name"].as_str().unwrap();
        assert!(
            name.starts_with("__Host-grantor_") && cookie["path"] == "/" && cookie["secure"] == true,
            "{cookie}"
        );
    }

    let back = scene.app.redirect_uri.clone();
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("id_token_hint", tokens.id_token.unwrap().as_str()),
            ("post_logout_redirect_uri", &back),
            ("state", "bye"),
        ])
        .finish();
    page.goto(&format!("{}/oauth2/sessions/logout?{query}", scene.server.issuer)).await;
    page.wait_for_text("received-state", "bye").await;
    let after = scene.app.asks("openid").with("prompt", "none");
    page.goto(&after.url()).await;
    page.wait_for_text("received-state", &after.state).await;
    assert_eq!(scene.site.received().pop().unwrap().get("error"), Some("login_required"));
}

#[tokio::test]
async fn the_playground_works_under_the_path() {
    let mut nginx = Nginx::new();
    let issuer = format!("{}/auth", nginx.origin());
    let settings = [("GRANTOR__TRUSTED_PROXIES", "127.0.0.1")];
    let server = DevServer::start_at("path-playground", Some(&issuer), &settings).await;
    let http = mounted(&nginx.example(server.node.port()));
    nginx.serve(&http).await;
    let options = ChromiumOptions::new("path-playground").ignore_certificate_errors();
    let page = Chromium::start_with(options).await;
    page.goto(&issuer).await;
    let name = page.wait_for_text("demo-username", "").await;
    let password = page.wait_for_text("demo-password", "").await;
    page.wait_for("sign-in").await;
    for _ in 0..400 {
        if page.run("return !document.getElementById('sign-in').disabled", vec![]).await == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    page.click("sign-in").await;
    page.fill("login", &name).await;
    page.fill("password", &password).await;
    page.click("submit-login").await;
    if page.has("consent-accept").await {
        page.click("consent-accept").await;
    }
    page.wait_for_text("access-token", "gr_at_").await;
    page.click("call-userinfo").await;
    page.wait_for_text("userinfo", "sub").await;
}
