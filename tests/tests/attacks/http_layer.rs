//! What arrives on the socket (security.md 1.12): hosts, proxies, framing, caps, encodings, methods,
//! origins and caches.

use std::fmt::Write as _;

use grantor_tests::{Browser, Options};
use serde_json::{Value, json};

use crate::scene::{
    BROWSER_COOKIE, Reply, SESSION_COOKIE, Scene, Shared, basic, encoded_basic, http, post, raw_at,
};

static SCENE: Shared = Shared::new("attacks-http-layer");

/// Every path of the public listener, and the methods it answers.
const ROUTES: &[(&str, &[&str])] = &[
    ("/oauth2/auth", &["GET", "POST"]),
    ("/oauth2/auth/continue", &["GET"]),
    ("/oauth2/token", &["POST"]),
    ("/oauth2/revoke", &["POST"]),
    ("/oauth2/introspect", &["POST"]),
    ("/userinfo", &["GET", "POST"]),
    ("/.well-known/openid-configuration", &["GET"]),
    ("/.well-known/oauth-authorization-server", &["GET"]),
    ("/.well-known/jwks.json", &["GET"]),
    ("/login", &["GET", "POST"]),
    ("/select-account", &["GET", "POST"]),
    ("/consent", &["GET", "POST"]),
    ("/logout", &["GET", "POST"]),
    ("/error", &["GET"]),
    ("/", &["GET"]),
    ("/health/alive", &["GET"]),
    ("/health/ready", &["GET"]),
];
/// Endpoints that take a form.
const FORMS: &[&str] = &["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"];

async fn metadata(scene: &Scene, headers: &[(&'static str, &str)]) -> Reply {
    let mut request = http().get(scene.server.url("/.well-known/openid-configuration"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::to(request).await
}

fn own_basic(scene: &Scene) -> String {
    let app = scene.app();
    encoded_basic(&app.client_id, app.secret.as_deref().unwrap())
}

// T173
#[tokio::test]
async fn host_never_changes_what_the_server_says_of_itself() {
    let scene = SCENE.get().await;
    let expected = metadata(scene, &[]).await.json();
    assert_eq!(expected["issuer"], scene.server.issuer.as_str());
    for host in
        ["evil.example", "evil.example:443", "localhost", "[::1]:1", "a.b.c.d.e", "xn--bcher-kva.example"]
    {
        let request = format!(
            "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        );
        let reply = scene.raw(request.as_bytes()).await;
        assert_eq!(reply.status(), 200, "{host}: {}", reply.0);
        assert!(!reply.0.contains("evil.example"), "{}", reply.0);
        let url = scene.app().asks("openid").url();
        let path = url.strip_prefix(&scene.server.issuer).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let reply = scene.raw(request.as_bytes()).await;
        let expected = format!("location: {}/login?", scene.server.issuer);
        assert!(reply.0.to_ascii_lowercase().contains(&expected), "{host}: {}", reply.0);
    }
    let absolute = "GET http://evil.example/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\n\
        Connection: close\r\n\r\n";
    let reply = scene.raw(absolute.as_bytes()).await;
    assert!(!reply.0.contains("evil.example"), "{}", reply.0);
}

// T173
#[tokio::test]
async fn a_malformed_host_is_refused() {
    let scene = SCENE.get().await;
    for hosts in [
        "Host: localhost:99999",
        "Host: a b",
        "Host: user@evil.example",
        "Host: evil.example/path",
        "Host: localhost\r\nHost: evil.example",
        "Host: localhost\r\nHost: localhost",
        "X: no host",
    ] {
        let request = format!("GET /health/alive HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n");
        let reply = scene.raw(request.as_bytes()).await;
        assert_eq!(reply.status(), 400, "{hosts:?}: {}", reply.0);
    }
}

const FORWARDED: &[(&str, &str)] = &[
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-for", "198.51.100.1"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-port", "99"),
    ("forwarded", "for=198.51.100.1;host=evil.example;proto=https"),
    ("x-original-url", "/admin/clients"),
    ("x-rewrite-url", "/admin/clients"),
    ("x-http-method-override", "DELETE"),
    ("x-original-host", "evil.example"),
];

// T174
#[tokio::test]
async fn forwarded_headers_of_a_stranger_have_no_effect() {
    let scene = SCENE.get().await;
    let expected = metadata(scene, &[]).await;
    for header in FORWARDED {
        let reply = metadata(scene, &[*header]).await;
        assert_eq!((reply.status, &reply.body), (200, &expected.body), "{header:?}");
    }
    let url = scene.app().asks("openid").url();
    let mut request = http().get(&url);
    for (name, value) in FORWARDED {
        request = request.header(*name, *value);
    }
    let reply = Reply::to(request).await;
    assert!(reply.header("location").starts_with(&scene.server.url("/login?")), "{reply:?}");
    assert!(!reply.header("set-cookie").contains("Secure"), "{reply:?}");
    let mut request =
        http().post(scene.server.url("/oauth2/token")).form(&[("grant_type", "client_credentials")]);
    for (name, value) in FORWARDED {
        request = request.header(*name, *value);
    }
    assert_eq!(Reply::to(request).await.error(), "invalid_client");
}

/// The address that the newest session of alice was made from.
async fn login_address(scene: &Scene, spoofed: &[(&'static str, &str)]) -> Value {
    let browser = Browser::new();
    let page = browser.get(&scene.app().asks("openid").url()).await.page();
    let mut sent = page.document.form_of("submit-login").unwrap().inputs.clone();
    sent.retain(|(name, _)| !["login", "password"].contains(&name.as_str()));
    sent.push(("login".to_owned(), scene.alice.username.clone()));
    sent.push(("password".to_owned(), scene.alice.password.clone()));
    let request =
        http().post(scene.server.url("/login")).form(&sent).header("cookie", scene.cookies(&browser));
    let request = spoofed.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let reply = Reply::to(request).await;
    assert_eq!(reply.status, 303, "{reply:?}");
    let listed = scene.server.cli(&["sessions", "list", "--json"]).await.json();
    let sessions = listed.as_array().expect("a list").clone();
    let newest = sessions.iter().max_by_key(|session| session["id"].as_str().map(str::to_owned));
    newest.expect("a session")["address"].clone()
}

// T175
#[tokio::test]
async fn of_forwarded_addresses_the_last_one_that_no_trusted_proxy_wrote_counts() {
    let options = Options::sqlite("attacks-proxy").config("trusted_proxies = ['127.0.0.0/8', '10.0.0.0/8']");
    let scene = Scene::set(options).await;
    for (headers, expected) in [
        (&[("x-forwarded-for", "1.1.1.1, 198.51.100.7, 10.0.0.2")][..], "198.51.100.7"),
        (&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.8")], "198.51.100.8"),
        (&[("x_forwarded_for", "1.1.1.1")], "127.0.0.1"),
        (&[("forwarded", "for=1.1.1.1, for=198.51.100.9;proto=https")], "198.51.100.9"),
        // A proxy writes one of the two headers; both together came from the client, and say nothing.
        (&[("x-forwarded-for", "198.51.100.9"), ("forwarded", "for=1.1.1.1")], "127.0.0.1"),
    ] {
        assert_eq!(login_address(&scene, headers).await, expected, "{headers:?}");
    }
    let untrusted = SCENE.get().await;
    assert_eq!(login_address(untrusted, &[("x-forwarded-for", "198.51.100.7")]).await, "127.0.0.1");
}

// T176
#[tokio::test]
async fn ambiguous_framing_is_refused_and_smuggles_no_second_request() {
    let scene = SCENE.get().await;
    let smuggled = "GET /health/alive HTTP/1.1\r\nHost: x\r\n\r\n";
    for (name, headers, body) in [
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "a=b&c"),
        ("a list of lengths", "Content-Length: 5, 6\r\n", "a=b&c"),
        ("a signed length", "Content-Length: +5\r\n", "a=b&c"),
        ("a negative length", "Content-Length: -1\r\n", ""),
        ("hexadecimal", "Content-Length: 0x5\r\n", "a=b&c"),
        ("unknown coding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("chunked not last", "Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
        ("space before the colon", "Content-Length : 5\r\n", "a=b&c"),
        ("folded header", "X-A: b\r\n c\r\nContent-Length: 5\r\n", "a=b&c"),
        ("NUL in a header", "X-A: a\0b\r\n", ""),
        ("bad chunk size", "Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"),
        ("overflowing chunk", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    ] {
        let request = format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             {headers}\r\n{body}{smuggled}"
        );
        let reply = scene.raw(request.as_bytes()).await;
        let statuses = reply.statuses();
        assert!(statuses.len() <= 1, "{name}: a second answer\n{}", reply.0);
        assert!(statuses.iter().all(|status| [400, 501].contains(status)), "{name}: {}", reply.0);
    }
    // Both framings: RFC 9112 section 6.1 lets a server take the chunks, if it then closes.
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ] {
        let request = format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             {headers}\r\n0\r\n\r\n{smuggled}"
        );
        let reply = scene.raw(request.as_bytes()).await;
        assert!(!reply.0.contains("HTTP/1.1 200"), "{headers}: {}", reply.0);
    }
    for start in
        ["CONNECT evil:443 HTTP/1.1", "GET / HTTP/9.9", "GET  / HTTP/1.1", "\0\0\0", "GET /\x7f HTTP/1.1"]
    {
        let reply =
            scene.raw(format!("{start}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(
            !reply.statuses().iter().any(|status| *status < 400 || *status >= 500 && *status != 505),
            "{start:?}: {}",
            reply.0
        );
    }
}

// T177
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let scene = SCENE.get().await;
    let mut all = String::new();
    for number in 0..200 {
        let path = if number % 2 == 0 { "/health/alive" } else { "/nowhere" };
        let close = if number == 199 { "Connection: close\r\n" } else { "" };
        write!(all, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n").unwrap();
    }
    let statuses = scene.raw(all.as_bytes()).await.statuses();
    let expected: Vec<u16> = (0..200).map(|number| if number % 2 == 0 { 200 } else { 404 }).collect();
    assert_eq!(statuses, expected);
}

// T179
#[tokio::test]
async fn a_body_past_its_cap_is_answered_413_that_the_client_can_read() {
    let scene = SCENE.get().await;
    for path in
        FORMS.iter().chain(&["/userinfo", "/oauth2/auth", "/login", "/consent", "/logout", "/select-account"])
    {
        for size in [70_000, 300_000, 1_000_000] {
            let body = format!("a={}", "x".repeat(size));
            let kind = "application/x-www-form-urlencoded";
            let request = http().post(scene.server.url(path)).header("content-type", kind).body(body);
            let reply = Reply::to(request).await;
            assert_eq!(reply.status, 413, "{path} {size}: {reply:?}");
            assert!(reply.header("cache-control").contains("no-store"), "{path}");
        }
    }
    let lie = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
        Content-Length: 99999999999\r\nConnection: close\r\n\r\na=b";
    let reply = scene.raw(lie.as_bytes()).await;
    assert!([0, 400, 413].contains(&reply.status()), "{}", reply.0);
    for coding in ["gzip", "deflate", "br", "identity, gzip"] {
        let request = http()
            .post(scene.server.url("/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", coding)
            .body("grant_type=client_credentials");
        let reply = Reply::to(request).await;
        assert!([400, 415].contains(&reply.status), "{coding}: {reply:?}");
    }
}

// T180
#[tokio::test]
async fn forms_that_cannot_be_read_in_one_way_are_refused() {
    let scene = SCENE.get().await;
    let many = |count: usize| (0..count).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    let (header, url) = (own_basic(scene), scene.server.url("/oauth2/token"));
    for body in [
        many(5_000).as_str(),
        &many(201),
        "grant_type=%",
        "grant_type=%4",
        "grant_type=%zz",
        "grant_type=%ff",
        "grant_type=%c0%af",
        "grant_type=%ed%a0%80",
        "grant_type=client_credentials%00",
        "grant%00type=client_credentials",
        "%ff=x&grant_type=client_credentials",
        "grant_type;client_credentials",
        "grant_type=client_credentials;scope=openid",
        "=",
        "&&&&",
        "",
    ] {
        let request = http()
            .post(&url)
            .header("authorization", &header)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        let reply = Reply::to(request).await;
        assert_eq!(reply.status, 400, "{}: {reply:?}", &body[..body.len().min(60)]);
        assert!(["invalid_request", "unsupported_grant_type"].contains(&reply.error().as_str()), "{reply:?}");
    }
    for query in
        [many(500).as_str(), "client_id=%", "client_id=%ff", "client_id=app%00", "%=", "state=%c3%28"]
    {
        let reply = Reply::get(&scene.server.url(&format!("/oauth2/auth?client_id=app&{query}"))).await;
        reply.stays_on_the_error_page(query);
    }
}

const DEFINED: &[(&str, &[&str])] = &[
    (
        "/oauth2/token",
        &[
            "grant_type",
            "code",
            "redirect_uri",
            "code_verifier",
            "client_id",
            "client_secret",
            "refresh_token",
            "scope",
            "client_assertion",
            "client_assertion_type",
            "unknown",
        ],
    ),
    ("/oauth2/revoke", &["token", "token_type_hint", "client_id", "client_secret", "client_assertion"]),
    ("/oauth2/introspect", &["token", "token_type_hint", "client_id", "client_secret", "client_assertion"]),
];

// T181
#[tokio::test]
async fn a_repeated_parameter_is_refused_at_every_endpoint() {
    let scene = SCENE.get().await;
    let header = own_basic(scene);
    for (path, names) in DEFINED {
        for name in *names {
            for second in ["same", "other"] {
                let needed = [("grant_type", "refresh_token"), ("refresh_token", "r"), ("token", "t")];
                let mut form: Vec<_> = needed.into_iter().filter(|(known, _)| known != name).collect();
                form.extend([(*name, "same"), (*name, second)]);
                for authorization in [Some(header.as_str()), None] {
                    let reply = post(&scene.server, path, authorization, &form).await;
                    let is_missing_client = authorization.is_none() && reply.error() == "invalid_client";
                    assert!(
                        reply.status == 400 && reply.error() == "invalid_request" || is_missing_client,
                        "{path} {name}: {reply:?}"
                    );
                }
            }
        }
    }
    let app = scene.app();
    let names = [
        "response_type",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
        "id_token_hint",
        "acr_values",
        "ui_locales",
        "display",
        "response_mode",
        "claims",
        "request",
        "request_uri",
        "registration",
        "unknown",
    ];
    for name in names {
        let mut request = app.asks("openid");
        let value = request
            .parameters
            .iter()
            .find(|(known, _)| known == name)
            .map_or("1".to_owned(), |(_, value)| value.clone());
        request = request.with(name, &value);
        request.parameters.push((name.to_owned(), value));
        let reply = Reply::get(&request.url()).await;
        assert!(reply.header("location").contains("error=invalid_request"), "{name}: {reply:?}");
    }
    let userinfo =
        http().post(scene.server.url("/userinfo")).form(&[("access_token", "a"), ("access_token", "b")]);
    assert_eq!(Reply::to(userinfo).await.error(), "invalid_request");
    for path in ["/userinfo?access_token=a", "/userinfo?access_token=a&access_token=b"] {
        let split = http().post(scene.server.url(path)).form(&[("access_token", "a")]);
        assert_eq!(Reply::to(split).await.error(), "invalid_request", "{path}");
    }
}

// T181
#[tokio::test]
async fn parameters_of_a_form_are_not_taken_from_the_query() {
    let scene = SCENE.get().await;
    let machine = json!({ "redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"], "scope": "api" });
    let machine = scene.client(&[], machine).await;
    let header = encoded_basic(&machine.client_id, machine.secret.as_deref().unwrap());
    let only_query = "/oauth2/token?grant_type=client_credentials&scope=api";
    let reply = post(&scene.server, only_query, Some(&header), &[]).await;
    assert_eq!((reply.status, reply.error()), (400, "invalid_request".to_owned()), "{reply:?}");
    let credentials = format!(
        "/oauth2/token?client_id={}&client_secret={}",
        machine.client_id,
        machine.secret.as_deref().unwrap()
    );
    let reply = post(&scene.server, &credentials, None, &[("grant_type", "client_credentials")]).await;
    assert_eq!(reply.status, 401, "{reply:?}");
}

// T182, T015
#[tokio::test]
async fn a_body_of_another_type_is_never_read() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let (request, code) = scene.code(&Browser::new(), &app, "openid").await;
    let (header, url) = (own_basic(scene), scene.server.url("/oauth2/token"));
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &code)
        .append_pair("redirect_uri", &app.redirect_uri)
        .append_pair("code_verifier", &request.verifier)
        .finish();
    let object = json!({ "grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri,
        "code_verifier": request.verifier });
    let multipart =
        format!("--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{code}\r\n--x--\r\n");
    for (kind, body) in [
        ("application/json", object.to_string()),
        ("application/json", form.clone()),
        ("text/plain", form.clone()),
        ("multipart/form-data; boundary=x", multipart),
        ("application/x-www-form-urlencoded; charset=utf-7", form.clone()),
        ("application/x-www-form-urlencoded; charset=utf-16", form.clone()),
        ("application/x-www-form-urlencoded-not", form.clone()),
        ("text/html", form.clone()),
        ("", form.clone()),
    ] {
        let request =
            http().post(&url).header("authorization", &header).header("content-type", kind).body(body);
        let reply = Reply::to(request).await;
        assert!([400, 415].contains(&reply.status), "{kind:?}: {reply:?}");
    }
    let untyped = http().post(&url).header("authorization", &header).body(form.clone());
    assert!([400, 415].contains(&Reply::to(untyped).await.status));
    let typed = http()
        .post(&url)
        .header("authorization", &header)
        .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
        .body(form);
    assert_eq!(Reply::to(typed).await.status, 200, "no attempt used the code up");
}

// T183, T014
#[tokio::test]
async fn other_methods_are_refused_by_name_and_do_nothing() {
    let scene = SCENE.get().await;
    for (path, allowed) in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "get", "PROPFIND"] {
            if allowed.contains(&method) {
                continue;
            }
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let reply = Reply::to(http().request(method.clone(), scene.server.url(path))).await;
            let is_preflight = method == "OPTIONS" && reply.status == 204;
            assert!(reply.status == 405 || is_preflight, "{method} {path}: {reply:?}");
            for allowed in *allowed {
                assert!(
                    is_preflight || reply.header("allow").contains(allowed),
                    "{method} {path}: {reply:?}"
                );
            }
        }
    }
    let app = scene.app();
    let browser = scene.signed_in().await;
    let cookies = scene.cookies(&browser);
    let asking = scene.client(&[], json!({ "skip_consent": false })).await;
    let parked = browser.get(&asking.asks("openid").url()).await.page();
    let interaction = parked.url.query().unwrap();
    let pages =
        ["/oauth2/auth/continue", "/consent"].map(|path| scene.server.url(&format!("{path}?{interaction}")));
    for url in std::iter::once(app.asks("openid").url()).chain(pages) {
        let head = Reply::to(http().head(&url).header("cookie", &cookies)).await;
        assert!(head.body.is_empty() && head.status == 405, "{url}: {head:?}");
        assert!(!head.headers.contains_key("location"), "{url}: {head:?}");
        assert!(head.header("allow").contains("GET"), "{url}: {head:?}");
    }
    let (request, code) = scene.code(&browser, &app, "openid").await;
    let by_get = scene.server.url(&format!("/oauth2/token?grant_type=authorization_code&code={code}"));
    let reply = Reply::to(http().get(by_get).header("authorization", own_basic(scene))).await;
    assert_eq!((reply.status, reply.header("allow")), (405, "POST"));
    app.redeems(&code, &request).await.tokens();
    assert!(!scene.server.nodes[0].log().contains(&code), "the code is in the log");
}

/// An application that cannot read why it was refused cannot refresh its token either (RFC 10017).
#[tokio::test]
async fn a_registered_origin_reads_errors_that_name_no_client() {
    let scene = SCENE.get().await;
    scene.app();
    for (origin, allowed) in [("https://app.example", "https://app.example"), ("https://evil.example", "")] {
        let stale =
            http().get(scene.server.url("/userinfo")).bearer_auth("gr_at_stale").header("origin", origin);
        let reply = Reply::to(stale).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (401, allowed), "{reply:?}");
        let form = [("grant_type", "refresh_token"), ("client_id", "nobody")];
        let unknown = http().post(scene.server.url("/oauth2/token")).header("origin", origin).form(&form);
        assert_eq!(Reply::to(unknown).await.header("access-control-allow-origin"), allowed);
    }
}

/// Never a 5xx by input.
#[tokio::test]
async fn the_error_page_answers_400_whatever_it_is_asked_to_say() {
    let scene = SCENE.get().await;
    for code in ["server_error", "temporarily_unavailable", "invalid_token", "nonsense"] {
        let reply = Reply::to(http().get(scene.server.url(&format!("/error?error={code}")))).await;
        assert_eq!(reply.status, 400, "{code}");
    }
}

// T184
#[tokio::test]
async fn only_registered_origins_read_what_clients_are_told() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let tokens = scene.tokens(&app, "openid").await;
    let other = scene.client(&[], json!({ "redirect_uris": ["https://other.example/cb"] })).await;
    let (own, header) = ("https://app.example", own_basic(scene));
    let allowed = |reply: &Reply| reply.header("access-control-allow-origin").to_owned();
    let userinfo = async |origin: &str| {
        let request = http().get(scene.server.url("/userinfo")).bearer_auth(&tokens.access_token);
        Reply::to(request.header("origin", origin)).await
    };
    let token = async |origin: &str, path: &str| {
        let form = [("grant_type", "client_credentials"), ("token", "x")];
        let request = http().post(scene.server.url(path)).header("authorization", &header).form(&form);
        Reply::to(request.header("origin", origin)).await
    };
    assert_eq!(allowed(&userinfo(own).await), own);
    assert_eq!(allowed(&token(own, "/oauth2/token").await), own);
    assert_eq!(allowed(&token(own, "/oauth2/revoke").await), own);
    assert_eq!(other.redirect_uri, "https://other.example/cb");
    for foreign in [
        "https://evil.example",
        "https://other.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.example",
        "https://sub.app.example",
        "https://APP.example",
        "null",
        "*",
    ] {
        for reply in [
            userinfo(foreign).await,
            token(foreign, "/oauth2/token").await,
            token(foreign, "/oauth2/revoke").await,
        ] {
            assert_eq!(allowed(&reply), "", "{foreign}: {reply:?}");
            assert!(reply.header("vary").to_ascii_lowercase().contains("origin"), "{reply:?}");
        }
    }
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ] {
        let reply =
            Reply::to(http().get(scene.server.url(path)).header("origin", "https://evil.example")).await;
        assert_eq!(allowed(&reply), "*", "{path}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"), "{path}");
    }
}

// T184
#[tokio::test]
async fn preflights_are_answered_for_registered_origins_and_pages_have_none() {
    let scene = SCENE.get().await;
    let preflight = async |path: &str, origin: &str| {
        let request = http()
            .request(reqwest::Method::OPTIONS, scene.server.url(path))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type");
        Reply::to(request).await
    };
    for path in ["/oauth2/token", "/oauth2/revoke", "/userinfo"] {
        let reply = preflight(path, "https://app.example").await;
        assert_eq!(reply.header("access-control-allow-origin"), "https://app.example", "{path}: {reply:?}");
        assert!(reply.header("access-control-allow-headers").contains("authorization"), "{reply:?}");
        assert!(reply.header("access-control-allow-methods").contains("POST"), "{reply:?}");
        assert!(reply.header("vary").to_ascii_lowercase().contains("origin"), "{reply:?}");
        for foreign in
            ["https://evil.example", "null", "http://app.example", "https://app.example.evil.example"]
        {
            let reply = preflight(path, foreign).await;
            assert!(
                !reply.headers.contains_key("access-control-allow-origin"),
                "{path} {foreign}: {reply:?}"
            );
        }
    }
    for path in [
        "/oauth2/auth",
        "/oauth2/auth/continue",
        "/login",
        "/consent",
        "/logout",
        "/select-account",
        "/error",
        "/oauth2/introspect",
    ] {
        let reply = preflight(path, "https://app.example").await;
        assert!(!reply.headers.contains_key("access-control-allow-origin"), "{path}: {reply:?}");
        let simple =
            Reply::to(http().get(scene.server.url(path)).header("origin", "https://app.example")).await;
        assert!(!simple.headers.contains_key("access-control-allow-origin"), "{path}: {simple:?}");
    }
    let reply = preflight("/oauth2/token", "https://app.example").await;
    assert!(!reply.headers.contains_key("access-control-allow-credentials"));
}

// T185
#[tokio::test]
async fn only_public_documents_may_be_cached() {
    let scene = SCENE.get().await;
    for (path, _) in ROUTES.iter().filter(|(path, _)| path.starts_with("/.well-known")) {
        let reply = Reply::get(&scene.server.url(path)).await;
        assert!(reply.header("cache-control").contains("max-age="), "{path}: {reply:?}");
    }
    for (path, methods) in
        ROUTES.iter().filter(|(path, _)| !path.starts_with("/.well-known") && !path.starts_with("/health"))
    {
        for method in *methods {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = http().request(method.clone(), scene.server.url(path));
            let request = if method == "POST" { request.form(&[("a", "b")]) } else { request };
            let reply = Reply::to(request).await;
            assert!(reply.header("cache-control").contains("no-store"), "{method} {path}: {reply:?}");
        }
    }
    let app = scene.app();
    let tokens = scene.tokens(&app, "openid").await;
    app.userinfo(&tokens.access_token).await.is_not_stored();
    app.introspects(&tokens.access_token).await.is_not_stored();
    app.revokes(&tokens.access_token).await.is_not_stored();
    let redirect = Reply::get(&app.asks("openid").with("prompt", "none").url()).await;
    assert!(redirect.header("cache-control").contains("no-store"), "{redirect:?}");
}

// T186
#[tokio::test]
async fn a_token_in_an_address_is_refused_and_not_logged() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let tokens = scene.tokens(&app, "openid").await;
    let url = scene.server.url(&format!("/userinfo?access_token={}", tokens.access_token));
    assert_eq!(Reply::get(&url).await.status, 400);
    let both = http().get(&url).bearer_auth(&tokens.access_token);
    assert_eq!(Reply::to(both).await.status, 400);
    let introspect = format!("/oauth2/introspect?token={}", tokens.access_token);
    let reply = post(&scene.server, &introspect, Some(&own_basic(scene)), &[]).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let log = scene.server.nodes[0].log();
    for secret in [&tokens.access_token, app.secret.as_ref().unwrap(), &scene.alice.password] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
}

// T187
#[tokio::test]
async fn line_breaks_and_unicode_inject_no_header() {
    let scene = SCENE.get().await;
    let app = scene.app();
    for value in ["a\r\nSet-Cookie: evil=1", "a\nevil: 1", "a\rb", "\u{2028}", "\u{e9}\u{1f40e}", "a\u{85}b"]
    {
        for (name, prompt) in [
            ("state", "none"),
            ("scope", "none"),
            ("nonce", "login none"),
            ("client_id", "none"),
            ("prompt", "x"),
        ] {
            let url = app.asks("openid").with("prompt", prompt).with(name, value).url();
            let reply = Reply::get(&url).await;
            assert!(
                !reply.headers.contains_key("evil") && !reply.header("set-cookie").contains("evil"),
                "{reply:?}"
            );
            assert!(
                reply
                    .headers
                    .get("location")
                    .is_none_or(|location| location.as_bytes().iter().all(u8::is_ascii_graphic)),
                "{reply:?}"
            );
        }
        let reply =
            post(&scene.server, "/oauth2/token", Some(&basic("x", value)), &[("grant_type", value)]).await;
        assert!(!reply.headers.contains_key("evil"), "{reply:?}");
        let description = reply.json()["error_description"].as_str().unwrap_or_default().to_owned();
        assert!(
            description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{description}"
        );
    }
    let state = "\u{e9}\u{1f40e} %41+&=#";
    let left = Browser::new()
        .get(&app.asks("openid").with("prompt", "none").with("state", state).url())
        .await
        .left();
    assert_eq!(left.get("state"), Some(state), "{left}");
}

// T188
#[tokio::test]
async fn a_path_has_one_spelling_and_the_admin_api_is_not_on_the_public_port() {
    let scene = SCENE.get().await;
    for path in [
        "//oauth2/token",
        "/oauth2/token/",
        "/oauth2/token/.",
        "/oauth2//token",
        "/oauth2/Token",
        "/OAUTH2/token",
        "/oauth2/%74oken",
        "/oauth2/token;x",
        "/oauth2/token%00",
        "/oauth2/token%2f",
        "/..%2fadmin",
        "/../admin",
        "/oauth2/../admin/clients",
        "/admin",
        "/admin/clients",
        "/admin/oauth2/introspect",
        "/metrics",
        "/version",
        "/%61dmin/clients",
        "/.%2e/admin",
        "/assets/../admin/clients",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e%2f",
        "/assets/nothing.css",
        "/.env",
        "/.git/config",
        "/oauth2/auth/continue/x",
    ] {
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let reply = scene.raw(request.as_bytes()).await;
            assert!([400, 404, 405].contains(&reply.status()), "{method} {path}: {}", reply.0);
            assert!(reply.status() != 405 || path.starts_with("/assets/"), "{method} {path}: {}", reply.0);
            assert!(!reply.0.contains("root:") && !reply.0.contains("# TYPE"), "{path}");
        }
    }
}

/// Random numbers that are the same at every run, so that what fails once fails again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    /// An encoded text, mostly broken.
    fn text(&mut self) -> String {
        let pieces = [
            "%",
            "%0",
            "%zz",
            "%00",
            "%ff%fe",
            "%c0%80",
            "%ed%a0%80",
            "%F0%9F%90%8E",
            "%0d%0a",
            "+",
            ";",
            "=",
            "\"",
            "'",
            "<",
            "%5c",
            "%22",
            "a",
            "openid",
            "none",
            "code",
            "app",
            "-1",
            "9223372036854775808",
            "1e999",
            "{}",
            "[[[[",
            "%7B%22userinfo%22%3A1%7D",
            "..%2f",
            "gr_at_AAAA",
            "gr_ac_%00",
            "eyJhbGciOiJub25lIn0.e30.",
            "https%3A%2F%2Fapp.example%2Fcb",
            "urn:x",
            "%E2%80%AE",
            "S256",
            "query",
            "fragment",
            "form_post",
            "client_credentials",
            "authorization_code",
            "refresh_token",
        ];
        (0..self.roll(4)).map(|_| self.pick(&pieces)).collect()
    }
}

const NAMES: &[&str] = &[
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "claims",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "ui_locales",
    "display",
    "audience",
    "resource",
    "request",
    "request_uri",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
    "token_type_hint",
    "access_token",
    "interaction",
    "csrf",
    "decision",
    "login",
    "password",
    "account",
    "remember",
    "error",
    "%00",
    "%ff",
    "%",
    "",
    "\u{e9}",
    "a[b]",
    "__proto__",
];

// T189
#[tokio::test]
async fn no_request_whatever_is_answered_with_a_fault() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let cookies = scene.cookies(&browser);
    let own = own_basic(scene);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut paths: Vec<&str> = ROUTES.iter().map(|(path, _)| *path).collect();
    paths.extend(["/assets/x", "/playground/callback", "/nowhere", "/%ff", "/oauth2/"]);
    for number in 0..1500 {
        let parameters: String = (0..dice.roll(8))
            .map(|_| {
                let name = dice.pick(NAMES).to_owned();
                format!("{name}={}", dice.text())
            })
            .collect::<Vec<_>>()
            .join("&");
        let valid =
            if dice.roll(3) == 0 { "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&" } else { "" };
        let (path, method) =
            (dice.pick(&paths), dice.pick(&["GET", "POST", "POST", "PUT", "HEAD", "OPTIONS"]));
        let mut head = String::new();
        for (name, values) in [
            (
                "Authorization",
                &[own.as_str(), "Basic %%%", "Bearer x.y.z", "Bearer gr_at_AAAA", "Basic", "\u{ff}"][..],
            ),
            ("Cookie", &[&cookies, "grantor_session=x; grantor_session=y", "=;;=", "grantor_browser=\u{e9}"]),
            ("Origin", &["https://app.example", "null", "https://\u{e9}"]),
            ("Content-Type", &["application/json", "application/x-www-form-urlencoded", "a/b;;;=", "x"]),
            ("Accept-Language", &["de;q=9, *;q=0.1", "\u{e9}", "en-US,en;q=abc"]),
            ("If-None-Match", &["*", "\"", "W/"]),
            ("Range", &["bytes=0-0", "bytes=-1"]),
        ] {
            if dice.roll(3) == 0 {
                write!(head, "{name}: {}\r\n", dice.pick(values)).unwrap();
            }
        }
        let (query, body) = match dice.roll(3) {
            0 => (format!("?{valid}{parameters}"), String::new()),
            1 => (String::new(), format!("{valid}{parameters}")),
            _ => (format!("?{valid}{parameters}"), parameters.clone()),
        };
        if !body.is_empty() && !head.contains("Content-Type") {
            head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        }
        let request = format!(
            "{method} {path}{query} HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let reply = raw_at(&scene.server.issuer, request.as_bytes()).await;
        assert!((200..500).contains(&reply.status()), "request {number}:\n{request}\n\n{}", reply.0);
        for leak in ["panicked", "sqlx", "SELECT ", "/src/", ".rs:", "stack backtrace", "\r\nserver:"] {
            assert!(!reply.0.contains(leak), "request {number} leaks {leak:?}:\n{request}\n\n{}", reply.0);
        }
    }
}

// T190
#[tokio::test]
async fn a_secret_that_travelled_in_clear_is_refused_and_not_redirected() {
    let config = "issuer = 'https://id.example.com'\ntrusted_proxies = ['127.0.0.0/8']";
    let scene = Scene::set(Options::sqlite("attacks-plain-http").config(config)).await;
    let header = own_basic(&scene);
    for (proto, expected) in [("http", "invalid_request"), ("https", "unauthorized_client")] {
        let request = http()
            .post(format!("{}/oauth2/token", scene.server.nodes[0].origin()))
            .header("authorization", &header)
            .header("x-forwarded-proto", proto)
            .form(&[("grant_type", "client_credentials")]);
        let reply = Reply::to(request).await;
        assert_eq!((reply.status, reply.error().as_str()), (400, expected), "{proto}: {reply:?}");
    }
}

// T191
#[tokio::test]
async fn odd_conditional_and_negotiation_headers_do_no_harm() {
    let scene = SCENE.get().await;
    let accept = format!("*/*;q=0.1{}", ", a/b;q=0.5".repeat(900));
    let languages = "xx-yy;q=0.3,".repeat(800);
    for header in [
        ("range", "bytes=0-0"),
        ("range", "bytes=5-1,0-0,-99999999999999999999"),
        ("if-none-match", "\"x\", W/\"y\", garbage"),
        ("if-modified-since", "never"),
        ("expect", "200-maybe"),
        ("accept", accept.as_str()),
        ("accept-language", languages.as_str()),
        ("accept", "application/json;q=0"),
    ] {
        let reply = metadata(scene, &[header]).await;
        assert!([200, 417].contains(&reply.status), "{}: {reply:?}", header.0);
        assert!(reply.status == 417 || reply.json()["issuer"] == scene.server.issuer.as_str());
        let page = Reply::to(http().get(scene.server.url("/error")).header(header.0, header.1)).await;
        assert!((400..500).contains(&page.status), "{}: {page:?}", header.0);
    }
}

// T192
#[tokio::test]
async fn heads_past_their_cap_are_refused_and_no_session_is_lost() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let silent = scene.app().asks("openid").with("prompt", "none");
    let long_query = scene.server.url(&format!("/oauth2/auth?client_id=app&state={}", "x".repeat(20_000)));
    let reply = Reply::get(&long_query).await;
    assert!([414, 431].contains(&reply.status), "{}", reply.status);
    for (count, size) in [(1, 100_000), (2000, 100)] {
        let cookies: Vec<String> =
            (0..count).map(|number| format!("c{number}={}", "x".repeat(size))).collect();
        let request = http().get(silent.url()).header("cookie", cookies.join("; "));
        let status = Reply::to(request).await.status;
        assert_eq!(status, 431, "{count} cookies of {size} bytes");
    }
    let many = (0..100).map(|number| format!("c{number}=x")).collect::<Vec<_>>().join("; ");
    let with_ours = format!("{many}; {}", scene.cookies(&browser));
    let reply = Reply::to(http().get(silent.url()).header("cookie", with_ours)).await;
    assert!(reply.header("location").contains("code="), "{reply:?}");
    assert!(
        scene.cookies(&browser).contains(BROWSER_COOKIE) && scene.cookies(&browser).contains(SESSION_COOKIE)
    );
}
