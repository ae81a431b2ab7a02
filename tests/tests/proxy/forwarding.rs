//! What a real proxy makes of headers that clients send (security.md 1.12), with `config/nginx.conf` in front.

use grantor_tests::{Browser, Nginx, Options, Person, RelyingParty, Server};
use serde_json::{Value, json};

struct Scene {
    server: Server,
    nginx: Nginx,
    app: RelyingParty,
    alice: Person,
    http: reqwest::Client,
}

impl Scene {
    async fn set(name: &str) -> Self {
        let mut nginx = Nginx::new();
        let config = format!("trusted_proxies = ['127.0.0.1']\n{}", nginx.trusted());
        let server = Server::start(Options::sqlite(name).issuer(&nginx.origin()).config(&config)).await;
        let http = nginx.example(server.nodes[0].port());
        nginx.serve(&http).await;
        let metadata = json!({ "redirect_uris": ["https://app.example/callback"] });
        let client = server.create_client(&["--id", "app"], &metadata).await;
        let alice = server.create_user("alice").await;
        let http = nginx.http(&[]);
        let app = RelyingParty::of(&server, &client).over(&http);
        Self { server, nginx, app, alice, http }
    }
}

// T173, T174
#[tokio::test]
async fn what_clients_say_of_host_scheme_and_address_changes_nothing() {
    let scene = Scene::set("proxy-spoofed").await;
    let discovery = scene.server.url("/.well-known/openid-configuration");
    let plain = scene.http.get(&discovery).send().await.unwrap().text().await.unwrap();
    let asked = scene.app.asks("openid").url();
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=198.51.100.1;host=evil.example;proto=http"),
        ("x-original-url", "/admin/clients"),
    ] {
        let spoofed = scene.http.get(&discovery).header(name, value).send().await.unwrap();
        assert_eq!(spoofed.text().await.unwrap(), plain, "{name}");
        let sent = scene.http.get(&asked).header(name, value).send().await.unwrap();
        let to = sent.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.starts_with(&scene.server.url("/login?")), "{name}: {to}");
        let cookie = sent.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with("__Host-grantor_") && cookie.contains("; Path=/;"), "{name}: {cookie}");
        assert!(cookie.contains("; Secure") && !cookie.contains("Domain"), "{name}: {cookie}");
    }
}

// T175
#[tokio::test]
async fn a_login_is_noted_with_the_address_that_the_proxy_saw() {
    let scene = Scene::set("proxy-address").await;
    let spoofing =
        scene.nginx.http(&[("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.8")]);
    let browser = Browser::over(&spoofing);
    let asked = scene.app.asks("openid");
    asked.receives(&scene.alice.authorizes(&browser, &asked.url()).await);
    let sessions = scene.server.cli(&["sessions", "list", "--json"]).await.json();
    let addresses: Vec<&Value> = sessions.as_array().unwrap().iter().map(|one| &one["address"]).collect();
    assert_eq!(addresses, ["127.0.0.1"]);
}

// T190
#[tokio::test]
async fn a_token_request_in_clear_reaches_no_token_endpoint_and_is_refused_where_it_does() {
    let mut scene = Scene::set("proxy-clear").await;
    let form = [("grant_type", "client_credentials")];
    let secret = scene.app.secret.clone();
    let post = async |origin: String| {
        let request = scene.http.post(format!("{origin}/oauth2/token")).basic_auth("app", secret.clone());
        let answer = request.form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // The example sends browsers to https, by a status that no client follows with a secret unasked.
    assert_eq!(post(scene.nginx.plain_origin()).await.0, 308);
    assert!(post(scene.nginx.origin()).await.1.contains("unauthorized_client"));
    // A proxy that passes on what comes in clear, and says so.
    let serves_both = scene.nginx.example(scene.server.nodes[0].port()).replace(
        "return 308 https://$host$request_uri;",
        "location / { proxy_pass http://grantor; proxy_set_header X-Forwarded-For $remote_addr; \
         proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Forwarded \"\"; }",
    );
    scene.nginx.serve(&serves_both).await;
    let post = async |origin: String| {
        let request = scene.http.post(format!("{origin}/oauth2/token")).basic_auth("app", secret.clone());
        let answer = request.form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, said) = post(scene.nginx.plain_origin()).await;
    assert!(status == 400 && said.contains("invalid_request"), "{status} {said}");
}

// T176, T188: two servers that read one request differently are how requests are smuggled.
#[tokio::test]
async fn odd_paths_lead_nowhere_through_the_proxy_either() {
    let scene = Scene::set("proxy-paths").await;
    for path in [
        "//token",
        "/oauth2/token/",
        "/oauth2//token",
        "/OAuth2/token",
        "/oauth2/%74oken",
        "/..%2fadmin",
        "/admin/oauth2/introspect",
        "/metrics",
        "/version",
        "/oauth2/token;x",
    ] {
        let answer = scene.http.get(scene.server.url(path)).send().await.unwrap();
        assert!([400, 404, 405].contains(&answer.status().as_u16()), "{path}: {}", answer.status());
    }
}

// T192
#[tokio::test]
async fn long_requests_pass_and_longer_ones_are_refused_without_losing_the_session() {
    let scene = Scene::set("proxy-long").await;
    let browser = Browser::over(&scene.http);
    let asked = scene.app.asks("openid");
    asked.receives(&scene.alice.authorizes(&browser, &asked.url()).await);

    let long = "s".repeat(4 * 1024);
    let asked = scene.app.asks("openid").with("prompt", "none").with("state", &long).with("unknown", &long);
    let left = browser.get(&asked.url()).await.left();
    assert_eq!(left.get("state"), Some(long.as_str()));

    let session = browser.cookie(&scene.server.issuer, "__Host-grantor_session").unwrap();
    let known = browser.cookie(&scene.server.issuer, "__Host-grantor_browser").unwrap();
    let ours = format!("__Host-grantor_session={session}; __Host-grantor_browser={known}");
    let silent = scene.app.asks("openid").with("prompt", "none").url();
    for (foreign, expected) in [(16 * 1024, 303), (40 * 1024, 400)] {
        let cookies = format!("foreign={}; {ours}", "x".repeat(foreign));
        let answer = scene.http.get(&silent).header("cookie", cookies).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{foreign}");
        let set = answer.headers().get_all("set-cookie").into_iter().map(|line| line.to_str().unwrap());
        assert!(set.into_iter().all(|line| !line.contains("_session=")), "{:?}", answer.headers());
    }
    let left = browser.get(&silent).await.left();
    assert!(left.get("code").is_some(), "{left}");
}
