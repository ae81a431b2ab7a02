//! Traces as a collector of OpenTelemetry gets them.

use std::time::{Duration, Instant};

use grantor_tests::{Browser, Collector, Options, RelyingParty, Server, Span, http_client};
use serde_json::json;

const CALLBACK: &str = "https://app.example/callback";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn start(name: &str, collector: &Collector, config: &str) -> Server {
    let config = format!("{config}\ntraces.endpoint = '{}'", collector.endpoint());
    Server::start(Options::sqlite(name).config(&config)).await
}

fn children<'a>(spans: &'a [Span], of: &Span) -> Vec<&'a str> {
    let of_it = spans.iter().filter(|span| span.trace_id == of.trace_id && span.parent == of.span_id);
    of_it.map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn each_request_of_a_login_is_a_trace_with_its_statements_below_and_no_secret_in_it() {
    let collector = Collector::start().await;
    let config = "traces.headers = ['authorization: Bearer of-the-collector']\ntraces.service_name = 'id'";
    let server = start("traces-login", &collector, config).await;
    let metadata = json!({
        "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"],
    });
    let client = server.create_client(&["--id", "app"], &metadata).await;
    let alice = server.create_user("alice").await;
    let app = RelyingParty::of(&server, &client);
    let (browser, request) = (Browser::new(), app.asks("openid offline_access email"));
    let code = request.receives(&alice.authorizes(&browser, &request.url()).await);
    let tokens = app.redeems(&code, &request).await.tokens();
    let asked =
        http_client().get(server.url("/userinfo")).bearer_auth(&tokens.access_token).send().await.unwrap();
    let trace_id = asked.headers()["x-trace-id"].to_str().unwrap().to_owned();
    http_client().get(server.url("/health/ready")).send().await.unwrap();
    assert!(server.nodes[0].terminate().await.success(), "{}", server.nodes[0].log());

    let spans = collector.spans();
    let of = |name: &str| {
        spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"))
    };
    let login = of("POST /login");
    assert_eq!((login.parent.as_str(), login.service.as_str()), ("", "id"));
    let below = children(&spans, login);
    for name in [
        "store.interactions.resume",
        "store.throttle.charge",
        "store.users.by_username",
        "hash_pool.run",
        "store.sessions.insert",
    ] {
        assert!(below.contains(&name), "{name} below POST /login: {below:?}");
    }
    let token = of("POST /oauth2/token");
    let below = children(&spans, token);
    assert!(below.contains(&"store.codes.redeem") && below.contains(&"jwt.encode"), "{below:?}");
    let userinfo = of("GET /userinfo");
    assert_eq!(userinfo.trace_id, trace_id, "x-trace-id is the id of the trace");
    assert_eq!(userinfo.get("http.response.header.x-trace-id"), Some(trace_id.as_str()));
    assert_eq!(userinfo.get("http.route"), Some("/userinfo"));
    assert_eq!(userinfo.get("http.request.method"), Some("GET"));
    assert!(userinfo.get("http.response.status_code").unwrap().contains("200"), "{userinfo:?}");
    let roots = spans.iter().filter(|span| span.parent.is_empty());
    for root in roots {
        assert!(!root.name.contains("/health/") && !root.name.starts_with("store."), "{root:?}");
    }
    assert!(collector.headers().iter().all(|headers| headers["authorization"] == "Bearer of-the-collector"));

    // T202: neither secrets, nor whom they are about, nor what the address said.
    let told = format!("{spans:?}");
    let secret = client.secret.as_deref().unwrap();
    for canary in [
        secret,
        &alice.password,
        "alice",
        &alice.subject,
        &code,
        &tokens.access_token,
        tokens.refresh(),
        &request.state,
        "code_challenge",
        "app.example",
    ] {
        assert!(!told.contains(canary), "{canary} is in a span");
    }
    assert!(!server.nodes[0].log().contains("of-the-collector"));
}

#[tokio::test]
async fn a_trace_is_continued_for_a_trusted_proxy_and_for_nobody_else() {
    for (name, config, is_continued) in
        [("traces-stranger", "", false), ("traces-proxy", "trusted_proxies = ['127.0.0.1/32']", true)]
    {
        let collector = Collector::start().await;
        let server = start(name, &collector, config).await;
        let request = http_client().get(server.url("/.well-known/openid-configuration"));
        let answer = request.header("traceparent", PARENT).header("tracestate", "vendor=canary").send();
        let trace_id = answer.await.unwrap().headers()["x-trace-id"].to_str().unwrap().to_owned();
        server.nodes[0].terminate().await;
        let spans = collector.spans();
        let span = spans.iter().find(|span| span.name.contains("openid-configuration")).unwrap();
        let continued = (span.trace_id.as_str(), span.parent.as_str())
            == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert_eq!(continued, is_continued, "{name}: {span:?}");
        // A trace may have many requests, and x-trace-id is of one.
        assert_eq!(span.trace_id == trace_id, !is_continued, "{span:?}");
        assert_eq!(span.get("http.response.header.x-trace-id"), Some(trace_id.as_str()));
    }
}

#[tokio::test]
async fn of_traces_that_are_not_sampled_nothing_is_sent() {
    let collector = Collector::start().await;
    let server = start("traces-none", &collector, "traces.sample = 0.0").await;
    let answer = http_client().get(server.url("/.well-known/jwks.json")).send().await.unwrap();
    assert!(answer.headers().contains_key("x-trace-id"));
    server.nodes[0].terminate().await;
    assert!(collector.spans().is_empty(), "{:?}", collector.spans());
}

/// Silent, and not there at all: answers do not wait, and the process ends in time.
#[tokio::test]
async fn a_collector_that_does_not_answer_changes_nothing() {
    let silent = Collector::silent().await;
    let away = Collector::start().await;
    let endpoint = away.endpoint();
    drop(away);
    for (name, endpoint) in [("traces-silent", silent.endpoint()), ("traces-away", endpoint)] {
        let config = format!("traces.endpoint = '{endpoint}'\nlimits.drain_time = '3s'");
        let server = Server::start(Options::sqlite(name).config(&config)).await;
        let begun = Instant::now();
        // More than one queue holds.
        for _ in 0..3000 {
            let answer = http_client_once().get(server.url("/.well-known/jwks.json")).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_mins(1), "{took:?}");
        let complained = async {
            while !server.nodes[0].log().contains("spans were lost") {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), complained)
            .await
            .expect("the log says that spans are lost");
        let stopping = Instant::now();
        assert!(server.nodes[0].terminate().await.success());
        assert!(stopping.elapsed() < Duration::from_secs(8), "{:?}", stopping.elapsed());
        let log = server.nodes[0].log();
        assert_eq!(log.matches("spans were lost").count(), 1, "{log}");
    }
}

/// One client for all: connections are kept.
fn http_client_once() -> reqwest::Client {
    static CLIENT: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    CLIENT.get_or_init(http_client).clone()
}
