//! The pages people see (security.md 1.11), over plain HTTP: whose form it was, whose browser it is,
//! and what a page says to strangers.

use std::collections::BTreeSet;
use std::time::Duration;

use grantor_tests::{Browser, Options, Person, RelyingParty, ResponsePage, Visit};
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::json;
use tokio::task::JoinSet;

use crate::scene::{
    BROWSER_COOKIE, CALLBACK, Reply, SCOPE, SESSION_COOKIE, STATE_COOKIE, Scene, Shared, http,
};

static SCENE: Shared = Shared::new("attacks-pages");

/// What a form sends untouched, with some fields changed; an empty value takes the field away.
fn fields(page: &ResponsePage, button: &str, changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let form = page.document.form_of(button).unwrap_or_else(|| panic!("no #{button}\n{page}"));
    let mut sent = form.inputs.clone();
    for (name, value) in changed {
        sent.retain(|(known, _)| known != name);
        if !value.is_empty() {
            sent.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    sent
}

/// Posts fields with a browser's cookies, and headers as they are given.
async fn post(
    scene: &Scene,
    browser: &Browser,
    path: &str,
    fields: &[(String, String)],
    headers: &[(&'static str, &str)],
) -> Reply {
    let mut request = http().post(scene.server.url(path)).form(fields);
    let cookies = scene.cookies(browser);
    if !cookies.is_empty() {
        request = request.header(COOKIE, cookies);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::to(request).await
}

async fn login_page(scene: &Scene, browser: &Browser) -> ResponsePage {
    let request = scene.app().asks("openid").with("prompt", "login");
    browser.get(&request.url()).await.page()
}

/// A client that must be consented to.
async fn asking(scene: &Scene) -> RelyingParty {
    let metadata = json!({ "client_name": "Asks", "skip_consent": false, "scope": SCOPE });
    scene.client(&[], metadata).await
}

/// A browser signed in as alice, at the consent page of a new client.
async fn at_consent(scene: &Scene) -> (Browser, ResponsePage) {
    let browser = scene.signed_in().await;
    let request = asking(scene).await.asks("openid profile");
    let page = browser.get(&request.url()).await.page();
    assert!(page.has("consent-accept"), "{page}");
    (browser, page)
}

fn credentials(person: &Person) -> [(&'static str, &str); 2] {
    [("login", &person.username), ("password", &person.password)]
}

fn is_forbidden(reply: &Reply, why: &str) {
    reply.stays_on_the_error_page(why);
    assert_eq!(reply.status, 403, "{why}: {reply:?}");
    let cookies: Vec<_> = reply.headers.get_all(SET_COOKIE).iter().collect();
    assert!(
        !cookies.iter().any(|cookie| cookie.to_str().unwrap().starts_with(SESSION_COOKIE)),
        "{why}: {cookies:?}"
    );
}

/// The headers that a browser sends when another site posts to us.
const FOREIGN: &[&[(&str, &str)]] = &[
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("origin", "http://localhost")],
    &[("origin", "http://localhost:1")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
];

/// Asserts that a form is taken only from the page it was on, in the browser that page was in.
async fn refuses_foreign_forms(scene: &Scene, browser: &Browser, path: &str, good: &[(String, String)]) {
    let with_csrf = |csrf: &str| {
        let mut fields = good.to_vec();
        fields.retain(|(name, _)| name != "csrf");
        if !csrf.is_empty() {
            fields.push(("csrf".to_owned(), csrf.to_owned()));
        }
        fields
    };
    let other = Browser::new();
    let page = login_page(scene, &other).await;
    let others = page.document.form_of("submit-login").unwrap().value("csrf").unwrap().to_owned();
    for csrf in ["", "x", others.as_str(), &"A".repeat(43)] {
        is_forbidden(
            &post(scene, browser, path, &with_csrf(csrf), &[]).await,
            &format!("{path} csrf {csrf:?}"),
        );
    }
    for headers in FOREIGN {
        is_forbidden(&post(scene, browser, path, good, headers).await, &format!("{path} {headers:?}"));
    }
    let mut twice = good.to_vec();
    twice.push(("csrf".to_owned(), others));
    is_forbidden(&post(scene, browser, path, &twice, &[]).await, &format!("{path}: two csrf values"));
    is_forbidden(&post(scene, &Browser::new(), path, good, &[]).await, "without cookies");
}

// T146, T147
#[tokio::test]
async fn a_login_is_taken_only_from_our_own_form_in_the_same_browser() {
    let scene = SCENE.get().await;
    let browser = Browser::new();
    let page = login_page(scene, &browser).await;
    let good = fields(&page, "submit-login", &credentials(&scene.alice));
    refuses_foreign_forms(scene, &browser, "/login", &good).await;
    let reply = post(scene, &browser, "/login", &good, &[("origin", &scene.server.issuer)]).await;
    assert_eq!(reply.status, 303, "the true form still works: {reply:?}");
}

// T146
#[tokio::test]
async fn consent_is_taken_only_from_our_own_form_in_the_same_browser() {
    let scene = SCENE.get().await;
    let (browser, page) = at_consent(scene).await;
    let good = fields(&page, "consent-accept", &[("decision", "accept")]);
    refuses_foreign_forms(scene, &browser, "/consent", &good).await;
    let login_csrf = fields(&login_page(scene, &browser).await, "submit-login", &[]);
    let (_, login_csrf) = login_csrf.iter().find(|(name, _)| name == "csrf").unwrap();
    let from_login = fields(&page, "consent-accept", &[("decision", "accept"), ("csrf", login_csrf)]);
    is_forbidden(&post(scene, &browser, "/consent", &from_login, &[]).await, "the login page's csrf value");
    let accepted = post(scene, &browser, "/consent", &good, &[("sec-fetch-site", "same-origin")]).await;
    assert!(accepted.header("location").contains("code="), "{accepted:?}");
}

/// T160: what a page of somebody else loads by itself, or a browser ahead of time, signs nobody out, even with a good hint.
#[tokio::test]
async fn only_a_navigation_ends_a_session_unasked() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let request = scene.app().asks("openid").with("prompt", "none");
    let code = request.receives(&browser.get(&request.url()).await.left());
    let hint = scene.app().redeems(&code, &request).await.tokens().id_token.unwrap();
    let url = scene.server.url(&format!("/oauth2/sessions/logout?id_token_hint={hint}"));
    let unasked = [
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "empty"),
        ("sec-purpose", "prefetch;prerender"),
    ];
    for (header, value) in unasked {
        let visit = http().get(&url).header(COOKIE, scene.cookies(&browser)).header(header, value);
        let reply = Reply::to(visit).await;
        assert!(reply.status == 200 && reply.document().has("logout-confirm"), "{header}: {value}");
        request.receives(&browser.get(&request.url()).await.left());
    }
    let visit = http().get(&url).header(COOKIE, scene.cookies(&browser)).header("sec-fetch-dest", "document");
    assert!(Reply::to(visit).await.document().has("logged-out"));
    browser.get(&request.url()).await.left().is_refused("login_required");
}

// T146, T160
#[tokio::test]
async fn logging_out_takes_a_form_of_ours_and_a_get_changes_nothing() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let page = browser.get(&scene.server.url("/logout")).await.page();
    assert!(page.has("logout-confirm"), "{page}");
    let good = fields(&page, "logout-confirm", &[("decision", "accept")]);
    refuses_foreign_forms(scene, &browser, "/logout", &good).await;
    let image = scene.opens(&browser, "/logout?decision=accept&id_token_hint=x").await;
    assert_eq!(image.status, 200, "{image:?}");
    let silent = scene.app().asks("openid").with("prompt", "none");
    silent.receives(&browser.get(&silent.url()).await.left());

    let cancelled = browser.submit(&page, "logout-cancel", &[]).await.page();
    assert_eq!(cancelled.status, 200);
    silent.receives(&browser.get(&silent.url()).await.left());

    let held = scene.cookies(&browser);
    let page = browser.submit(&page, "logout-confirm", &[]).await.page();
    assert!(page.has("logged-out"), "{page}");
    browser.get(&silent.url()).await.left().is_refused("login_required");
    // T161: the secret is dead, not only forgotten by this browser.
    let stolen = Reply::to(http().get(silent.url()).header(COOKIE, held)).await;
    assert!(stolen.header("location").contains("error=login_required"), "{stolen:?}");
}

// T146
#[tokio::test]
async fn an_account_is_chosen_only_by_our_own_form_and_only_among_those_of_the_browser() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let request = scene.app().asks("openid").with("prompt", "select_account");
    let page = browser.get(&request.url()).await.page();
    assert!(page.has("account-1"), "{page}");
    let good = fields(&page, "account-1", &[("account", "00000000-0000-7000-8000-000000000000")]);
    refuses_foreign_forms(scene, &browser, "/select-account", &good).await;
    let foreign = post(scene, &browser, "/select-account", &good, &[]).await;
    foreign.stays_on_the_error_page("a session of nobody");
    request.receives(&browser.submit(&page, "account-1", &[]).await.left());
}

// T148
#[tokio::test]
async fn a_session_has_a_new_secret_after_every_login_and_none_is_adopted() {
    let scene = SCENE.get().await;
    let planted = "A".repeat(43);
    let app = scene.app();
    let request = app.asks("openid");
    let parked = Reply::to(
        http()
            .get(request.url())
            .header(COOKIE, format!("{SESSION_COOKIE}={planted}; {BROWSER_COOKIE}={planted}")),
    )
    .await;
    assert_eq!(parked.status, 303);
    let opened = Reply::to(
        http()
            .get(parked.header("location"))
            .header(COOKIE, format!("{SESSION_COOKIE}={planted}; {BROWSER_COOKIE}={planted}")),
    )
    .await;
    let sent: Vec<_> = opened.document().forms[0]
        .inputs
        .iter()
        .filter(|(name, _)| !["login", "password"].contains(&name.as_str()))
        .cloned()
        .chain(credentials(&scene.alice).map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let done = Reply::to(
        http()
            .post(scene.server.url("/login"))
            .header(COOKIE, format!("{SESSION_COOKIE}={planted}; {BROWSER_COOKIE}={planted}"))
            .form(&sent),
    )
    .await;
    let lines: Vec<&str> =
        done.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
    let session = lines.iter().find(|line| line.starts_with(SESSION_COOKIE)).expect("a session cookie");
    let first = session.split(['=', ';']).nth(1).unwrap().split('.').next().unwrap();
    assert_ne!(first, planted, "the planted secret is the session's");

    let browser = scene.signed_in().await;
    let before = browser.cookie(&scene.server.issuer, SESSION_COOKIE).unwrap();
    let again = app.asks("openid").with("prompt", "login");
    again.receives(&scene.alice.authorizes(&browser, &again.url()).await);
    let after = browser.cookie(&scene.server.issuer, SESSION_COOKIE).unwrap();
    assert_ne!(before, after);
    let silent = app.asks("openid").with("prompt", "none");
    let browser_cookie = browser.cookie(&scene.server.issuer, BROWSER_COOKIE).unwrap();
    let old = format!("{BROWSER_COOKIE}={browser_cookie}; {SESSION_COOKIE}={before}");
    let stale = Reply::to(http().get(silent.url()).header(COOKIE, old)).await;
    assert!(stale.header("location").contains("error=login_required"), "{stale:?}");
}

// T149
#[tokio::test]
async fn an_interaction_belongs_to_the_browser_that_began_it() {
    let scene = SCENE.get().await;
    let (browser, page) = at_consent(scene).await;
    let other = scene.signed_in().await;
    let nobody = Browser::new();
    let interaction = page.document.form_of("consent-accept").unwrap().value("interaction").unwrap();
    for path in ["/consent", "/login", "/select-account", "/oauth2/auth/continue"] {
        let address = scene.server.url(&format!("{path}?interaction={interaction}"));
        for stranger in [&other, &nobody] {
            let shown = stranger.get(&address).await.page();
            assert!(shown.has("error-page") && (400..500).contains(&shown.status), "{path}\n{shown}");
        }
    }
    let good = fields(&page, "consent-accept", &[("decision", "accept")]);
    let stolen = post(scene, &other, "/consent", &good, &[]).await;
    stolen.stays_on_the_error_page("another browser's consent");
    for unknown in ["", "x", &"A".repeat(43), "../consent", "%00"] {
        let address = scene.server.url(&format!("/consent?interaction={unknown}"));
        Reply::get(&address).await.stays_on_the_error_page(unknown);
    }
    let accepted = post(scene, &browser, "/consent", &good, &[]).await;
    assert!(accepted.header("location").contains("code="), "{accepted:?}");
}

// T149
#[tokio::test]
async fn a_decision_counts_only_for_the_request_and_user_it_was_shown_for() {
    let scene = SCENE.get().await;
    let (browser, first) = at_consent(scene).await;
    let app = asking(scene).await;
    let request = app.asks("openid email");
    let second = browser.get(&request.url()).await.page();
    let of_first = first.document.form_of("consent-accept").unwrap().value("csrf").unwrap().to_owned();
    let mixed = fields(&second, "consent-accept", &[("decision", "accept"), ("csrf", &of_first)]);
    is_forbidden(&post(scene, &browser, "/consent", &mixed, &[]).await, "the csrf of another request");

    // Another account signs in; what was shown to alice is not bob's consent.
    let bob = scene.server.create_user("bob-of-the-consent-page").await;
    let shown_to_alice = fields(&second, "consent-accept", &[("decision", "accept")]);
    let switch = app.asks("openid").with("prompt", "login");
    let page = browser.get(&switch.url()).await.page();
    bob.logs_in(&browser, &page).await;
    let reply = post(scene, &browser, "/consent", &shown_to_alice, &[]).await;
    is_forbidden(&reply, "another user's consent");
}

// T150
#[tokio::test]
async fn sixteen_consents_at_once_give_one_code_and_calm_pages() {
    let scene = SCENE.get().await;
    let (browser, page) = at_consent(scene).await;
    let good = fields(&page, "consent-accept", &[("decision", "accept")]);
    let (url, cookies) = (scene.server.url("/consent"), scene.cookies(&browser));
    let mut posts = JoinSet::new();
    for _ in 0..16 {
        let request = http().post(&url).header(COOKIE, &cookies).form(&good);
        posts.spawn(Reply::to(request));
    }
    let replies = posts.join_all().await;
    let (codes, others): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.header("location").contains("code="));
    assert_eq!(codes.len(), 1, "{replies:?}");
    for reply in others {
        reply.stays_on_the_error_page("a second answer");
    }
    let interaction = page.document.form_of("consent-accept").unwrap().value("interaction").unwrap();
    for path in ["/consent", "/login", "/oauth2/auth/continue"] {
        let back = scene.opens(&browser, &format!("{path}?interaction={interaction}")).await;
        back.stays_on_the_error_page("the back button");
    }
}

// T150
#[tokio::test]
async fn two_tabs_go_on_side_by_side() {
    let scene = SCENE.get().await;
    let browser = Browser::new();
    let (one, two) = (scene.app().asks("openid"), scene.app().asks("openid profile"));
    let first = browser.get(&one.url()).await.page();
    let second = browser.get(&two.url()).await.page();
    one.receives(&scene.alice.logs_in(&browser, &first).await.left());
    two.receives(&scene.alice.logs_in(&browser, &second).await.left());
    let again = scene.alice.logs_in(&browser, &second).await.page();
    again.is_error_page("invalid_request");
}

/// One page of each kind, with its name.
async fn every_page(scene: &Scene) -> Vec<(&'static str, Reply)> {
    let (browser, consent) = at_consent(scene).await;
    let url = |page: &ResponsePage| format!("{}?{}", page.url.path(), page.url.query().unwrap());
    let login = login_page(scene, &browser).await;
    let choice = scene.app().asks("openid").with("prompt", "select_account");
    let choice = browser.get(&choice.url()).await.page();
    let form_post = scene.app().asks("openid").with("response_mode", "form_post");
    let form_post = form_post.url().strip_prefix(&scene.server.issuer).unwrap().to_owned();
    let mut pages = vec![
        ("consent", scene.opens(&browser, &url(&consent)).await),
        ("login", scene.opens(&browser, &url(&login)).await),
        ("select-account", scene.opens(&browser, &url(&choice)).await),
        ("form_post", scene.opens(&browser, &form_post).await),
        ("logout", scene.opens(&browser, "/logout").await),
        ("error", scene.opens(&browser, "/error?error=access_denied").await),
        ("no client", scene.opens(&browser, "/oauth2/auth?client_id=nobody").await),
        ("nowhere", scene.opens(&browser, "/").await),
    ];
    let page = browser.get(&scene.server.url("/logout")).await.page();
    let good = fields(&page, "logout-confirm", &[("decision", "deny")]);
    pages.push(("logged out", post(scene, &browser, "/logout", &good, &[]).await));
    pages
}

// T151, T172, T185, T189
#[tokio::test]
async fn every_page_is_sent_with_every_security_header() {
    let scene = SCENE.get().await;
    for (name, reply) in every_page(scene).await {
        assert!(reply.header("content-type").starts_with("text/html"), "{name}: {reply:?}");
        let policy = reply.header("content-security-policy");
        for part in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        assert_eq!(policy.contains("script-src"), name == "form_post", "{name}: {policy}");
        for (header, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(header), value, "{name}: {header}");
        }
        assert!(reply.header("cache-control").contains("no-store"), "{name}: {reply:?}");
        assert!(!reply.header("permissions-policy").is_empty(), "{name}");
        for header in ["access-control-allow-origin", "server", "x-powered-by"] {
            assert!(!reply.headers.contains_key(header), "{name}: {header}");
        }
        for foreign in ["src=\"http", "href=\"//", "url(http", "style=\"", " onclick", " onload"] {
            assert!(!reply.body.contains(foreign), "{name}: {foreign}\n{}", reply.body);
        }
    }
}

// T151, T152
#[tokio::test]
async fn an_https_issuer_sets_host_cookies_and_hsts() {
    let options = Options::sqlite("attacks-https").config("issuer = 'https://id.example.com'");
    let scene = Scene::set(options).await;
    let node = scene.server.nodes[0].origin();
    let url = scene.app().at(&node).asks("openid").url();
    let parked = Reply::get(&url).await;
    let location = parked.header("location");
    let address = location.strip_prefix("https://id.example.com").unwrap_or_else(|| panic!("{parked:?}"));
    let cookie = parked.header("set-cookie");
    for part in ["__Host-grantor_browser=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let page = Reply::to(http().get(format!("{node}{address}")).header(COOKIE, pair)).await;
    assert_eq!(page.status, 200, "{page:?}");
    let hsts = page.header("strict-transport-security");
    let seconds: u64 = hsts.strip_prefix("max-age=").unwrap().split(';').next().unwrap().parse().unwrap();
    assert!(seconds >= 31_536_000, "{hsts}");
    let sent: Vec<_> = page.document().forms[0]
        .inputs
        .iter()
        .filter(|(name, _)| !["login", "password"].contains(&name.as_str()))
        .cloned()
        .chain(credentials(&scene.alice).map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let request = http().post(format!("{node}/login")).header(COOKIE, pair).form(&sent);
    let done = Reply::to(request.header("origin", "https://id.example.com")).await;
    assert_eq!(done.status, 303, "{done:?}");
    let lines: Vec<&str> =
        done.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
    assert!(lines.iter().any(|line| line.starts_with("__Host-grantor_session=")), "{lines:?}");
    for line in lines {
        assert!(line.starts_with("__Host-") && line.contains("; Secure"), "{line}");
        // Session Management needs one that a frame on another site's page can read.
        let is_state = line.starts_with("__Host-grantor_state=");
        assert_eq!(line.contains("; HttpOnly"), !is_state, "{line}");
        assert_eq!(line.contains("; SameSite=None"), is_state, "{line}");
    }
    // A cookie of the plain name, which any neighbour could have set, is not believed.
    let plain = pair.trim_start_matches("__Host-");
    let unknown = Reply::to(http().get(format!("{node}{address}")).header(COOKIE, plain)).await;
    unknown.stays_on_the_error_page("a cookie without its prefix");
}

// T152
#[tokio::test]
async fn cookies_are_httponly_lax_small_and_random() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    let set = browser.set_cookies();
    assert!(set.len() >= 2, "{set:?}");
    for line in &set {
        for part in ["; Path=/", "; SameSite=Lax"] {
            assert!(line.contains(part), "{line}");
        }
        // What Session Management lets scripts read is a hash that opens nothing.
        assert_eq!(line.contains("; HttpOnly"), !line.starts_with(&format!("{STATE_COOKIE}=")), "{line}");
        assert!(!line.contains("Domain") && line.len() < 4096, "{line}");
    }
    let issuer = &scene.server.issuer;
    let state = browser.cookie(issuer, STATE_COOKIE).unwrap();
    let readable = Reply::to(
        http()
            .get(scene.app().asks("openid").with("prompt", "none").url())
            .header(COOKIE, format!("{SESSION_COOKIE}={state}")),
    );
    assert!(readable.await.header("location").contains("error=login_required"));
    let other = scene.signed_in().await;
    for name in [BROWSER_COOKIE, SESSION_COOKIE] {
        let (one, two) = (browser.cookie(issuer, name).unwrap(), other.cookie(issuer, name).unwrap());
        assert_ne!(one, two);
        assert!(!one.contains(&scene.alice.subject) && !one.contains(&scene.alice.username));
        assert!(one.len() >= 43, "{name}={one}");
    }
    // Two cookies of one name: somebody else set one, and neither is believed.
    let twice = format!("{0}; {0}", scene.cookies(&browser));
    let silent = scene.app().asks("openid").with("prompt", "none");
    let reply = Reply::to(http().get(silent.url()).header(COOKIE, twice)).await;
    assert!(reply.header("location").contains("error=login_required"), "{reply:?}");
}

const HOSTILE: &[&str] = &[
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</title></textarea><svg onload=alert(1)>",
    "{{7*7}}${7*7}<%= 7 %>",
    "javascript:alert(1)",
    "\u{202e}gnp.exe\u{202c}",
    "a\u{200b}\u{2066}b\u{2069}",
    "\u{1f469}\u{200d}\u{1f4bb} \u{645}\u{631}",
    "Z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "%3Cscript%3E&lt;script&gt;",
];

fn is_inert(body: &str, why: &str) {
    for tag in ["<script>alert", "<img src=x", "<svg onload"] {
        assert!(!body.contains(tag), "{why}\n{body}");
    }
    for hidden in ['\u{202e}', '\u{2066}', '\u{200b}'] {
        assert!(!body.contains(hidden), "{why}: {hidden:?} is on the page");
    }
    for written in ["href=\"javascript:", "src=\"javascript:", "action=\"javascript:"] {
        assert!(!body.contains(written), "{why}");
    }
}

// T153
#[tokio::test]
async fn hostile_parameters_are_inert_wherever_they_are_shown() {
    let scene = SCENE.get().await;
    let app = scene.app();
    for text in HOSTILE {
        for name in ["login_hint", "ui_locales", "state", "nonce", "display", "acr_values", "claims_locales"]
        {
            let browser = Browser::new();
            match browser.get(&app.asks("openid").with(name, text).url()).await {
                Visit::Page(page) => is_inert(&page.body, &format!("{name}={text}")),
                Visit::Left(left) => assert!(left.to.as_str().is_ascii(), "{left}"),
            }
        }
        for path in ["/error", "/login", "/logout", "/consent"] {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("error", text)
                .append_pair("error_description", text)
                .append_pair("interaction", text)
                .append_pair("state", text)
                .finish();
            is_inert(&Reply::get(&scene.server.url(&format!("{path}?{query}"))).await.body, text);
        }
        let unknown = app.asks("openid").with("client_id", text).url();
        is_inert(&Reply::get(&unknown).await.body, text);
    }
    let long = "x".repeat(10_000);
    for name in ["login_hint", "state", "nonce", "ui_locales"] {
        let browser = Browser::new();
        let left = browser.get(&app.asks("openid").with(name, &long).url()).await.left();
        left.is_refused("invalid_request");
    }
}

// T153
#[tokio::test]
async fn hostile_names_of_clients_and_users_are_refused_or_inert() {
    let scene = SCENE.get().await;
    let mut shown = 0;
    for text in HOSTILE {
        let file = scene.server.directory().join("hostile.json");
        let metadata = json!({ "redirect_uris": [CALLBACK], "client_name": text });
        std::fs::write(&file, metadata.to_string()).unwrap();
        let created = scene.server.cli(&["clients", "create", "--metadata", file.to_str().unwrap()]).await;
        if !created.status.success() {
            continue;
        }
        let id = created.json()["client_id"].as_str().unwrap().to_owned();
        let request = scene.app().asks("openid").with("client_id", &id).with("prompt", "consent");
        let browser = Browser::new();
        let login = browser.get(&request.url()).await.page();
        is_inert(&login.body, text);
        let consent = scene.alice.logs_in(&browser, &login).await.page();
        assert!(consent.has("consent-accept"), "{consent}");
        is_inert(&consent.body, text);
        shown += 1;
    }
    assert!(shown > 3, "no hostile name was accepted, so none was shown");

    let scopes = "openid <script>alert(1)</script> javascript:alert(1) ${7*7} '><img&#x20;src=x";
    let app = scene.client(&[], json!({ "skip_consent": false, "scope": scopes })).await;
    let browser = scene.signed_in().await;
    let page = browser.get(&app.asks(scopes).url()).await.page();
    assert!(page.has("consent-accept"), "{page}");
    is_inert(&page.body, scopes);
}

// T154
#[tokio::test]
async fn consent_names_the_host_the_answer_goes_to_and_loads_nothing_from_elsewhere() {
    let scene = SCENE.get().await;
    let metadata = json!({
        "client_name": "Google",
        "logo_uri": "https://evil.example/google.png",
        "client_uri": "https://evil.example/",
        "skip_consent": false,
        "redirect_uris": ["https://evil.example/cb"],
    });
    let app = scene.client(&[], metadata).await;
    let browser = scene.signed_in().await;
    let page = browser.get(&app.asks("openid").url()).await.page();
    assert!(page.has("consent-accept"), "{page}");
    let text = page.body.split("<main").nth(1).unwrap();
    assert!(text.contains("evil.example"), "{page}");
    assert!(!page.body.contains("google.png"), "{page}");
}

// T155
#[tokio::test]
async fn a_native_public_client_is_consented_to_each_time() {
    let scene = SCENE.get().await;
    for uri in ["http://127.0.0.1/cb", "com.example.app:/cb"] {
        let metadata = json!({
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": [uri],
            "skip_consent": false,
        });
        let app = scene.client(&[], metadata).await;
        let browser = scene.signed_in().await;
        for time in 0..2 {
            let page = browser.get(&app.asks("openid").url()).await.page();
            assert!(page.has("consent-accept"), "{uri}, time {time}\n{page}");
            browser.submit(&page, "consent-accept", &[]).await.left().code();
        }
        browser
            .get(&app.asks("openid").with("prompt", "none").url())
            .await
            .left()
            .is_refused("consent_required");
    }
}

// T155
#[tokio::test]
async fn consent_is_asked_for_new_scopes_and_when_the_client_wants_it_and_never_else() {
    let scene = SCENE.get().await;
    let app = asking(scene).await;
    let browser = scene.signed_in().await;
    let page = browser.get(&app.asks("openid profile").url()).await.page();
    let silent = app.asks("openid profile").with("prompt", "none");
    browser.get(&silent.url()).await.left().is_refused("consent_required");
    browser.submit(&page, "consent-accept", &[]).await.left().code();
    for scope in ["openid profile", "openid", "profile openid"] {
        browser.get(&app.asks(scope).url()).await.left().code();
    }
    let added = browser.get(&app.asks("openid profile email").url()).await.page();
    assert!(added.has("consent-accept"), "{added}");
    let denied = browser.submit(&added, "consent-deny", &[]).await.left();
    denied.is_refused("access_denied");
    let still = browser.get(&app.asks("openid email").url()).await.page();
    assert!(still.has("consent-accept"), "a refusal grants nothing\n{still}");
    let forced = browser.get(&app.asks("openid").with("prompt", "consent").url()).await.page();
    assert!(forced.has("consent-accept"), "{forced}");
}

/// What an operator takes back is not given again in silence.
#[tokio::test]
async fn consent_is_asked_again_after_an_operator_revoked_what_was_granted() {
    let scene = SCENE.get().await;
    let (app, user) = (asking(scene).await, scene.alice.username.as_str());
    let browser = scene.signed_in().await;
    for revocation in [["--user", user, "--client", &app.client_id].as_slice(), &["--user", user]] {
        let page = browser.get(&app.asks("openid").url()).await.page();
        browser.submit(&page, "consent-accept", &[]).await.left().code();
        browser.get(&app.asks("openid").url()).await.left().code();
        scene.server.cli(&[&["grants", "revoke"], revocation].concat()).await.succeeded();
    }
    let page = browser.get(&app.asks("openid").url()).await.page();
    assert!(page.has("consent-accept"), "{page}");
}

/// The parts of a page that tell one account from another, with what differs in every answer taken out.
fn told(scene: &Scene, page: &ResponsePage, username: &str) -> (u16, Vec<(String, String)>, String) {
    let form = page.document.form_of("submit-login").unwrap_or_else(|| panic!("no form\n{page}"));
    let trace = page.headers["x-trace-id"].to_str().unwrap();
    let mut body = page.body.replace(trace, "TRACE").replace(username, "USERNAME");
    for name in ["csrf", "interaction"] {
        body = body.replace(form.value(name).unwrap(), name);
    }
    let reply = Reply { status: page.status, headers: page.headers.clone(), body: String::new() };
    assert!(!body.contains(&scene.alice.subject));
    (page.status, reply.constant_headers(), body)
}

// T163
#[tokio::test]
async fn a_failed_login_does_not_tell_whether_the_account_exists() {
    let scene = SCENE.get().await;
    let known = scene.server.create_user("known-to-exist").await;
    let disabled = scene.server.create_user("disabled-account").await;
    scene.server.cli(&["users", "disable", &disabled.username]).await.succeeded();
    scene.server.cli(&["users", "create", "--username", "no-password"]).await.succeeded();
    let long = "x".repeat(2000);
    let tries = [
        (known.username.as_str(), "wrong"),
        ("does-not-exist", "wrong"),
        (&disabled.username, "wrong"),
        (&disabled.username, &disabled.password),
        ("no-password", "wrong"),
        ("not\u{200b}a name", "wrong"),
        (&known.username, &long),
        ("does-not-exist-either", &long),
    ];
    let mut answers = Vec::new();
    for (username, password) in tries {
        let browser = Browser::new();
        let page = browser.get(&scene.app().asks("openid").url()).await.page();
        let typed = [("login", username), ("password", password)];
        let shown = browser.submit(&page, "submit-login", &typed).await.page();
        assert!(browser.cookie(&scene.server.issuer, SESSION_COOKIE).is_none());
        let shown_as = shown.document.form_of("submit-login").unwrap().value("login").unwrap().to_owned();
        answers.push((username, told(scene, &shown, &shown_as)));
    }
    let (_, first) = &answers[0];
    assert_eq!(first.0, 400);
    for (username, answer) in &answers {
        assert_eq!(answer, first, "{username}");
    }
    let hint = scene.app().asks("openid").with("prompt", "none");
    for name in [known.username.as_str(), "does-not-exist"] {
        let left = Browser::new().get(&hint.clone().with("login_hint", name).url()).await.left();
        left.is_refused("login_required");
    }
}

async fn tries(scene: &Scene, person: &Person, password: &str, spoofed: &str) -> u16 {
    let browser = Browser::new();
    let page = browser.get(&scene.app().asks("openid").url()).await.page();
    let sent = fields(&page, "submit-login", &[("login", &person.username), ("password", password)]);
    post(scene, &browser, "/login", &sent, &[("x-forwarded-for", spoofed)]).await.status
}

// T164
#[tokio::test]
async fn guessing_one_password_over_many_accounts_is_slowed_by_address() {
    let scene = Scene::set(Options::sqlite("attacks-spraying")).await;
    let mut throttled = 0;
    for guess in 0..70 {
        let somebody = Person { username: format!("somebody-{guess}"), ..scene.alice.clone() };
        match tries(&scene, &somebody, "summer 2026!", &format!("203.0.113.{guess}")).await {
            400 => {}
            429 => throttled += 1,
            other => panic!("guess {guess}: {other}"),
        }
    }
    assert!(throttled >= 10, "only {throttled} of 70 guesses were slowed");
}

// T164
#[tokio::test]
async fn guessing_is_slowed_through_a_restart_and_never_locks_out_for_long() {
    let scene = Scene::set(Options::sqlite("attacks-throttle")).await;
    let bob = scene.server.create_user("bob").await;
    let (mut refused, mut throttled) = (0, 0);
    for guess in 0..12 {
        match tries(&scene, &scene.alice, &format!("guess {guess}"), &format!("198.51.100.{guess}")).await {
            400 => refused += 1,
            429 => throttled += 1,
            other => panic!("guess {guess}: {other}"),
        }
    }
    assert!(refused <= 6 && throttled >= 6, "{refused} tried, {throttled} slowed");
    // Two more failures, so that the wait is longer than a restart takes.
    for _ in 0..2 {
        while tries(&scene, &scene.alice, "another guess", "203.0.113.1").await != 400 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let right = scene.alice.password.clone();
    assert_eq!(tries(&scene, &scene.alice, &right, "203.0.113.2").await, 429, "the right password waits too");
    assert_eq!(tries(&scene, &bob, &bob.password, "203.0.113.2").await, 303, "others are not slowed");
    scene.server.nodes[0].kill().await;
    scene.server.restart(0).await;
    assert_eq!(tries(&scene, &scene.alice, &right, "203.0.113.3").await, 429, "a restart forgives nothing");
    for _ in 0..150 {
        if tries(&scene, &scene.alice, &right, "203.0.113.4").await == 303 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("still locked out after thirty seconds");
}

async fn may_log_in(scene: &Scene, username: &str, password: &str) -> bool {
    let browser = Browser::new();
    let page = browser.get(&scene.app().asks("openid").url()).await.page();
    let typed = [("login", username), ("password", password)];
    matches!(browser.submit(&page, "submit-login", &typed).await, Visit::Left(left) if left.get("code").is_some())
}

// T165
#[tokio::test]
async fn a_password_is_its_exact_bytes_up_to_a_cap() {
    let scene = SCENE.get().await;
    let composed = "p\u{e9}ssw\u{f6}rd with \u{1f40e}".to_owned();
    let decomposed = "pe\u{301}ssw\u{f6}rd with \u{1f40e}";
    let long = "k".repeat(1000);
    let spaces = " leading, trailing and  double ".to_owned();
    let cases = [
        ("composed", &composed, vec![decomposed.to_owned(), composed.to_uppercase()]),
        ("long", &long, vec![long[..72].to_owned(), format!("{long}k"), long[1..].to_owned()]),
        ("spaces", &spaces, vec![spaces.trim().to_owned(), spaces.replace("  ", " ")]),
    ];
    for (name, password, others) in cases {
        let create = ["users", "create", "--username", name, "--password-stdin"];
        scene.server.cli_with_input(&create, password).await.succeeded();
        for other in others {
            assert!(!may_log_in(scene, name, &other).await, "{name}: {other:?}");
        }
        assert!(may_log_in(scene, name, password).await, "{name}");
    }
    let too_long = "x".repeat(5000);
    let create = ["users", "create", "--username", "too-long", "--password-stdin"];
    let refused = scene.server.cli_with_input(&create, &too_long).await.failed();
    assert!(refused.contains("1024"), "{refused}");

    let browser = Browser::new();
    let page = browser.get(&scene.app().asks("openid").url()).await.page();
    let megabyte = "x".repeat(1 << 20);
    let sent = fields(&page, "submit-login", &[("login", "alice"), ("password", &megabyte)]);
    let reply = post(scene, &browser, "/login", &sent, &[]).await;
    reply.stays_on_the_error_page("1 MB");
    assert_eq!(reply.status, 413);
    let nul = fields(&page, "submit-login", &[("login", "alice"), ("password", "a\0b")]);
    post(scene, &browser, "/login", &nul, &[]).await.stays_on_the_error_page("NUL");
}

// T166
#[tokio::test]
async fn a_user_name_has_one_canonical_form_and_no_look_alike() {
    let scene = SCENE.get().await;
    let alice = &scene.alice;
    for spelled in ["ALICE", "Alice", " alice ", "\u{ff41}lice"] {
        assert!(may_log_in(scene, spelled, &alice.password).await, "{spelled:?}");
        let create = ["users", "create", "--username", spelled];
        scene.server.cli(&create).await.failed();
    }
    for look_alike in [
        "\u{430}lice",
        "al\u{200b}ice",
        "alice\u{202e}",
        "a\u{301}lice\u{0}".trim_end_matches('\0'),
        "\u{391}lice",
    ] {
        assert!(!may_log_in(scene, look_alike, &alice.password).await, "{look_alike:?}");
    }
    for refused in ["\u{430}lice", "al\u{200b}ice", "alice\u{202e}", "", " ", &"x".repeat(300)] {
        scene.server.cli(&["users", "create", "--username", refused]).await.failed();
    }
}

// T156
#[tokio::test]
async fn asked_for_reauthentication_cannot_be_skipped() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let browser = scene.signed_in().await;
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let request = app.asks("openid").with(name, value);
        let page = browser.get(&request.url()).await.page();
        assert!(page.has("submit-login"), "{page}");
        let interaction = page.document.form_of("submit-login").unwrap().value("interaction").unwrap();
        for path in ["/login", "/consent", "/select-account", "/oauth2/auth/continue"] {
            let address = scene.server.url(&format!("{path}?interaction={interaction}"));
            let shown = browser.get(&address).await.page();
            assert!(shown.has("submit-login"), "{path} skips the login of {name}\n{shown}");
        }
        // A login in another tab is not the one this request asked for.
        let other = app.asks("openid").with("prompt", "login");
        other.receives(&scene.alice.authorizes(&browser, &other.url()).await);
        let still = browser.get(&scene.server.url(&format!("/consent?interaction={interaction}"))).await;
        if name == "prompt" {
            assert!(still.page().has("submit-login"), "another tab's login satisfied prompt=login");
        }
        let wrong = [("login", scene.alice.username.as_str()), ("password", "wrong")];
        let refused = browser.submit(&page, "submit-login", &wrong).await;
        if let Visit::Page(refused) = refused {
            assert!([400, 429].contains(&refused.status), "{refused}");
        }
    }
}

// T170
#[tokio::test]
async fn credentials_are_answered_with_303_and_never_sent_on() {
    let scene = SCENE.get().await;
    let browser = Browser::new();
    let page = browser.get(&scene.app().asks("openid").url()).await.page();
    let sent = fields(&page, "submit-login", &credentials(&scene.alice));
    let reply = post(scene, &browser, "/login", &sent, &[]).await;
    assert_eq!(reply.status, 303);
    assert!(
        !reply
            .header("location")
            .contains(&form_urlencoded::byte_serialize(scene.alice.password.as_bytes()).collect::<String>())
    );
    let (browser, page) = at_consent(scene).await;
    let good = fields(&page, "consent-accept", &[("decision", "accept")]);
    let reply = post(scene, &browser, "/consent", &good, &[]).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    let cancelled = login_page(scene, &Browser::new()).await;
    assert!(cancelled.has("login-cancel"));
}

/// conformance.md 8.2: cancelling is an answer that the relying party gets.
#[tokio::test]
async fn cancel_on_the_login_page_denies_access() {
    let scene = SCENE.get().await;
    let browser = Browser::new();
    let request = scene.app().asks("openid");
    let page = browser.get(&request.url()).await.page();
    let left = browser.submit(&page, "login-cancel", &[]).await.left();
    left.is_refused("access_denied");
    assert_eq!(left.get("state"), Some(request.state.as_str()));
    let again = browser.submit(&page, "login-cancel", &[]).await.page();
    assert!(again.has("error-page"));
}

// T157, T158
#[tokio::test]
async fn a_silent_request_shows_nothing_and_tells_nothing_of_others() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let bob = scene.server.create_user("bob-of-the-silent-request").await;
    let bobs = Browser::new();
    let request = app.asks("openid");
    let code = request.receives(&bob.authorizes(&bobs, &request.url()).await);
    let hint = app.redeems(&code, &request).await.tokens().id_token.unwrap();
    let browser = scene.signed_in().await;
    let silent = app.asks("openid").with("prompt", "none").with("id_token_hint", &hint);
    let left = browser.get(&silent.url()).await.left();
    left.is_refused("login_required");
    let said: BTreeSet<&str> = left.parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        said,
        BTreeSet::from(["error", "error_description", "session_state", "state", "iss"]),
        "{left}"
    );
    silent.receives(&bobs.get(&silent.url()).await.left());
    let stranger = Browser::new().get(&silent.url()).await.left();
    assert_eq!(stranger.get("error_description"), left.get("error_description"));
}
