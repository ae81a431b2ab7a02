//! A page behind Apache's `mod_auth_openidc`, for users of the server alone: from the login to the logout, begun here and
//! elsewhere.

use std::fs;
use std::time::{Duration, Instant};

use grantor_tests::{
    Apache, Chromium, ChromiumOptions, Client, Options, Person, RelyingParty, Server, TlsFront,
    http_client_trusting,
};
use serde_json::Value;

/// Grantor at `id.localhost` and Apache at `localhost`, both with TLS: two sites for a browser.
struct Scene {
    server: Server,
    issuer: String,
    apache: Apache,
    client: Client,
    alice: Person,
    page: Chromium,
    #[expect(dead_code, reason = "it stops when it is dropped")]
    front: TlsFront,
}

impl Scene {
    /// Access tokens last as long as the module takes them for too old at once, so that each request refreshes.
    async fn set(name: &str) -> Self {
        let mut apache = Apache::new(name);
        let mut front = TlsFront::new();
        let issuer = front.origin("id.localhost");
        let config = format!(
            "issuer = '{issuer}'
            clients.pkce = 'always'
            tokens.access.lifetime = '1m'
            outbound.allow_private = ['127.0.0.1/32', '::1/128']
            outbound.ca_file = '{}'",
            apache.root_certificate().display()
        );
        let server = Server::start(Options::sqlite(name).config(&config)).await;
        let origin: url::Url = server.nodes[0].origin().parse().unwrap();
        front.start(origin.port().unwrap()).await;
        let client = server.registers_at("apache.md", "Register", &apache.url("")).remove(0);
        let alice = server.create_user("alice").await;
        apache.starts(&issuer, &client, &front.root).await;
        let page = Chromium::start_with(ChromiumOptions::new(name).ignore_certificate_errors()).await;
        Self { server, issuer, apache, client, alice, page, front }
    }

    /// What the module says of the session.
    async fn info(&self) -> Value {
        self.page.goto(&self.apache.url("/journal/redirect_uri?info=json")).await;
        let text = self.page.text().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// Status and text of `/api` for a bearer of this token.
    async fn api(&self, access_token: &str) -> (u16, String) {
        let root = fs::read_to_string(self.apache.root_certificate()).unwrap();
        let http = http_client_trusting(&root);
        let answer = http.get(self.apache.url("/api/")).bearer_auth(access_token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn apache_shows_its_page_to_users_of_the_server_until_they_sign_out() {
    let scene = Scene::set("apache").await;
    let Scene { server, issuer, apache, client, alice, page, .. } = &scene;
    page.goto(&apache.url("/journal/")).await;
    page.logs_in(alice).await;
    page.click("consent-accept").await;
    assert_eq!(page.wait_for_text("remote-user", "@").await, "alice@example.com");

    let first = scene.info().await;
    page.goto(&apache.url("/journal/")).await;
    let second = scene.info().await;
    assert_eq!(first["userinfo"]["sub"], alice.subject.as_str(), "{first}");
    assert_ne!(first["access_token"], second["access_token"], "refreshed");
    assert_ne!(first["refresh_token"], second["refresh_token"], "rotated");
    let access_token = second["access_token"].as_str().unwrap();
    let (status, answer) = scene.api(access_token).await;
    assert!(status == 200 && answer.contains(&alice.subject), "{status} {answer}");
    assert_eq!(scene.api("gr_at_nonsense").await.0, 401);

    let bye: String = form_urlencoded::byte_serialize(apache.url("/bye.html").as_bytes()).collect();
    page.goto(&apache.url(&format!("/journal/redirect_uri?logout={bye}"))).await;
    page.wait_for("bye").await;
    let party = RelyingParty::at_issuer(issuer, client).at(&server.nodes[0].origin());
    party.userinfo(access_token).await.is_refused("invalid_token");
    assert_eq!(scene.api(access_token).await.0, 401, "revoked");
    page.goto(&apache.url("/journal/")).await;
    page.wait_for("login").await;
}

#[tokio::test]
async fn apache_is_told_that_the_login_ended_elsewhere() {
    let scene = Scene::set("apache-back-channel").await;
    let Scene { server, apache, alice, page, .. } = &scene;
    page.goto(&apache.url("/journal/")).await;
    page.logs_in(alice).await;
    page.click("consent-accept").await;
    page.wait_for("remote-user").await;
    page.goto(&apache.url("/journal/")).await;
    page.wait_for("remote-user").await;

    server.cli(&["sessions", "end", "--user", "alice"]).await.succeeded();
    let started = Instant::now();
    while !page.has("login").await {
        assert!(started.elapsed() < Duration::from_secs(20), "still logged in");
        page.goto(&apache.url("/journal/")).await;
    }
}
