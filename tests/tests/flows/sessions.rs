//! Logins: how long they last, what renews them, several in one browser, and what an authorization request may ask
//! of them (OpenID Connect Core section 3.1.2.1; security.md 1.11).

use grantor_tests::{Arrival, Authorization, Browser, Engine, InProcess, Left, ResponsePage, Visit};
use serde_json::{Value, json};

use crate::stage::{Stage, public, trusted_with};

const SCOPE: &str = "openid";
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

impl Stage {
    /// What the browser's logins are worth without asking anybody.
    async fn silently(&self) -> Left {
        self.visits(&self.app.asks(SCOPE).with("prompt", "none")).await.left()
    }

    /// Claims of the ID token that this answer gives.
    async fn claims(&self, request: &Authorization, left: &Left) -> Value {
        let code = request.receives(left);
        self.app.redeems(&code, request).await.tokens().id_token_claims()
    }

    async fn silent_claims(&self) -> Value {
        let request = self.app.asks(SCOPE).with("prompt", "none");
        let left = self.visits(&request).await.left();
        self.claims(&request, &left).await
    }

    /// Logs in at this page with "remember me" on.
    async fn logs_in_to_stay(&self, page: &ResponsePage) -> Visit {
        let form = page.document.form_of("submit-login").unwrap();
        let (name, password) = (self.alice.username.as_str(), self.alice.password.as_str());
        let mut fields: Vec<(&str, &str)> = form
            .inputs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !matches!(*name, "login" | "password"))
            .collect();
        fields.extend([("login", name), ("password", password), ("remember", "on"), ("decision", "accept")]);
        self.browser.post_form(form.action.as_str(), &fields).await
    }

    /// Where a browser with exactly these cookies ends when nobody may be asked anything.
    async fn with_cookie(&self, cookie: &str) -> String {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let url = self.app.asks(SCOPE).with("prompt", "none").url();
        let answer = http.get(url).header("cookie", cookie).send().await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_login_ends_for_good_however_often_it_is_used() {
    let stage = Stage::with("session = { lifetime = '7d', idle = '2d' }", crate::stage::trusted()).await;
    let before = stage.server.now();
    let online = stage.tokens(SCOPE).await;
    for _ in 0..6 {
        stage.server.advance(DAY);
        stage.silently().await.code();
    }
    assert!(!stage.counts(&online.access_token).await, "its hour is over");
    let request = stage.app.asks(SCOPE);
    let late = stage.visits(&request).await.left();
    stage.server.advance(DAY);
    assert!(stage.server.now().seconds() - before.seconds() >= 7 * DAY);
    stage.silently().await.is_refused("login_required");
    assert!(stage.visits(&request).await.page().has("login"));
    stage.app.redeems(&late.code(), &request).await.is_refused("invalid_grant");
}

#[tokio::test]
async fn a_login_ends_when_it_rests_too_long() {
    let stage = Stage::with("session = { lifetime = '7d', idle = '2h' }", crate::stage::trusted()).await;
    stage.tokens(SCOPE).await;
    stage.server.advance(HOUR + 1800);
    stage.silently().await.code();
    stage.server.advance(HOUR + 1800);
    stage.silently().await.code();
    stage.server.advance(2 * HOUR);
    stage.silently().await.is_refused("login_required");
}

/// Tokens of a grant that is not offline live as long as their login.
#[tokio::test]
async fn an_online_access_token_ends_with_its_login() {
    let config = "session = { lifetime = '30m', idle = '30m' }";
    let stage = Stage::with(config, crate::stage::trusted()).await;
    let tokens = stage.tokens(SCOPE).await;
    assert!(tokens.expires_in > 1800);
    assert!(stage.counts(&tokens.access_token).await);
    stage.server.advance(1800);
    assert!(!stage.counts(&tokens.access_token).await);
}

#[tokio::test]
async fn whoever_asks_to_be_remembered_is_for_thirty_days() {
    let stage = Stage::new().await;
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    stage.logs_in_to_stay(&page).await.left().code();
    let cookies = stage.browser.set_cookies();
    let remembered = cookies.iter().rfind(|line| line.starts_with("grantor_remembered=")).unwrap();
    assert!(remembered.contains("Max-Age=2592000"), "{remembered}");
    stage.server.advance(29 * DAY);
    stage.silently().await.code();
    stage.server.advance(DAY);
    stage.silently().await.is_refused("login_required");
}

#[tokio::test]
async fn whoever_does_not_is_forgotten_with_the_browser() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let cookies = stage.browser.set_cookies();
    let session = cookies.iter().rfind(|line| line.starts_with("grantor_session=")).unwrap();
    assert!(!session.contains("Max-Age") && !session.contains("Expires"), "{session}");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    assert_eq!(stage.server.cookie(&stage.browser, "grantor_remembered"), None);
    stage.server.advance(12 * HOUR);
    stage.silently().await.is_refused("login_required");
}

/// T148: the secret never outlives a login.
#[tokio::test]
async fn each_login_gives_the_browser_a_new_secret_and_ends_the_old_one() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let first = stage.server.cookie(&stage.browser, "grantor_session").unwrap();
    assert!(stage.with_cookie(&format!("grantor_session={first}")).await.contains("code="));
    let again = stage.app.asks(SCOPE).with("prompt", "login");
    stage.authorizes(&again).await.code();
    let second = stage.server.cookie(&stage.browser, "grantor_session").unwrap();
    assert_ne!(first, second);
    assert!(!second.contains(&first), "the old secret is taken off");
    assert!(stage.with_cookie(&format!("grantor_session={first}")).await.contains("error=login_required"));
    assert!(stage.with_cookie(&format!("grantor_session={second}")).await.contains("code="));
}

/// T148: a value planted before the login is not what the login is known by.
#[tokio::test]
async fn a_planted_secret_is_never_adopted() {
    let stage = Stage::new().await;
    let planted = grantor_tests::random_text();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = stage.app.asks(SCOPE).url();
    let answer = http.get(url).header("cookie", format!("grantor_session={planted}")).send().await.unwrap();
    assert!(answer.headers()["location"].to_str().unwrap().contains("/login"));
    stage.tokens(SCOPE).await;
    assert_ne!(stage.server.cookie(&stage.browser, "grantor_session").unwrap(), planted);
    assert!(stage.with_cookie(&format!("grantor_session={planted}")).await.contains("login_required"));
}

/// T149: an interaction belongs to the browser that began it.
#[tokio::test]
async fn another_browser_cannot_go_on_with_an_interaction() {
    let stage = Stage::new().await;
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    let thief = Browser::new();
    let refused = thief.get(page.url.as_str()).await.page();
    refused.is_error_page("access_denied");
    stage.alice.logs_in(&thief, &page).await.page().is_error_page("access_denied");
    stage.alice.logs_in(&stage.browser, &page).await.left().code();
}

#[tokio::test]
async fn a_browser_holds_several_accounts_and_the_user_chooses() {
    let stage = Stage::new().await;
    let bob = stage.server.create_user("bob").await;
    let choose = || stage.app.asks(SCOPE).with("prompt", "select_account");

    // Nobody to choose from yet.
    let request = choose();
    let page = stage.visits(&request).await.page();
    assert!(page.has("login"), "{page}");
    let left = stage.alice.logs_in(&stage.browser, &page).await.left();
    assert_eq!(stage.claims(&request, &left).await["sub"], stage.alice.subject.as_str());

    let request = choose();
    let page = stage.visits(&request).await.page();
    assert!(page.has("account-1") && !page.has("account-2"), "{page}");
    let page = stage.browser.submit(&page, "use-another-account", &[]).await.page();
    let left = bob.logs_in(&stage.browser, &page).await.left();
    assert_eq!(stage.claims(&request, &left).await["sub"], bob.subject.as_str());
    assert_eq!(stage.silent_claims().await["sub"], bob.subject.as_str(), "the latest login is the current");

    for (button, person) in [("account-2", &stage.alice), ("account-1", &bob)] {
        let request = choose();
        let page = stage.visits(&request).await.page();
        assert!(page.document.text(button).unwrap().contains(&person.username), "{page}");
        let left = stage.browser.submit(&page, button, &[]).await.left();
        assert_eq!(stage.claims(&request, &left).await["sub"], person.subject.as_str());
    }
}

#[tokio::test]
async fn cancelling_the_choice_is_answered_to_the_client() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let page = stage.visits(&stage.app.asks(SCOPE).with("prompt", "select_account")).await.page();
    stage.browser.submit(&page, "select-cancel", &[]).await.left().is_refused("access_denied");
}

/// T156.
#[tokio::test]
async fn prompt_login_asks_again_and_gives_a_new_auth_time() {
    let stage = Stage::new().await;
    let before = stage.tokens(SCOPE).await.id_token_claims();
    stage.server.advance(100);
    let same = stage.silent_claims().await;
    assert_eq!(same["auth_time"], before["auth_time"]);
    let request = stage.app.asks(SCOPE).with("prompt", "login");
    let page = stage.visits(&request).await.page();
    assert!(page.has("login"), "{page}");
    let left = stage.alice.logs_in(&stage.browser, &page).await.left();
    let after = stage.claims(&request, &left).await;
    assert!(after["auth_time"].as_i64().unwrap() >= before["auth_time"].as_i64().unwrap() + 100);
    assert_eq!(after["sub"], before["sub"]);
    assert_eq!(after["sid"], before["sid"], "the login was renewed, not replaced");
}

/// T156: choosing an account is no authentication.
#[tokio::test]
async fn an_account_that_is_chosen_still_has_to_log_in_when_the_client_says_so() {
    let stage = Stage::new().await;
    let before = stage.tokens(SCOPE).await.id_token_claims();
    stage.server.advance(100);
    for demand in [("prompt", "select_account login"), ("max_age", "0")] {
        let request = stage.app.asks(SCOPE).with("prompt", "select_account").with(demand.0, demand.1);
        let page = stage.visits(&request).await.page();
        assert!(page.has("account-1"), "{page}");
        let page = stage.browser.submit(&page, "account-1", &[]).await.page();
        assert!(page.has("login"), "{page}");
        let left = stage.alice.logs_in(&stage.browser, &page).await.left();
        let after = stage.claims(&request, &left).await;
        assert!(after["auth_time"].as_i64().unwrap() >= before["auth_time"].as_i64().unwrap() + 100);
    }
}

#[tokio::test]
async fn a_disabled_user_is_logged_in_nowhere() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    stage.server.store().users().disable(alice, stage.server.now()).await.unwrap();
    stage.silently().await.is_refused("login_required");
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    let refused = stage.alice.logs_in(&stage.browser, &page).await.page();
    assert!(refused.has("login-error"), "{refused}");
}

/// T152: the cookie that holds them stays far below 4 KB, and no session lives on that its browser cannot end any more.
#[tokio::test]
async fn a_browser_holds_six_accounts_and_ends_the_oldest() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let mut latest = String::new();
    for number in 1..=6 {
        let user = stage.server.create_user(&format!("user-{number}")).await;
        let request = stage.app.asks(SCOPE).with("prompt", "select_account");
        let page = stage.visits(&request).await.page();
        let page = stage.browser.submit(&page, "use-another-account", &[]).await.page();
        user.logs_in(&stage.browser, &page).await.left().code();
        latest = user.username;
    }
    let page = stage.visits(&stage.app.asks(SCOPE).with("prompt", "select_account")).await.page();
    assert!(page.has("account-6") && !page.has("account-7"), "{page}");
    assert!(page.document.text("account-1").unwrap().contains(&latest), "{page}");
    let alice =
        page.document.elements.iter().any(|(id, text)| id.starts_with("account-") && text.contains("alice"));
    assert!(!alice, "{page}");
    let sessions = stage.server.store().sessions();
    let left = sessions.list_of_user(InProcess::user_id(&stage.alice), None, 10, stage.server.now()).await;
    assert!(left.unwrap().is_empty(), "alice's session has ended with its place in the browser");
    assert!(stage.server.cookie(&stage.browser, "grantor_session").unwrap().len() < 300);
}

/// T156: neither reloading, going on by hand, nor another tab gets past it.
#[tokio::test]
async fn prompt_login_cannot_be_skipped() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let request = stage.app.asks(SCOPE).with("prompt", "login");
    let page = stage.visits(&request).await.page();
    let handle = page.url.query_pairs().find(|(name, _)| name == "interaction").unwrap().1.into_owned();
    for path in ["/login", "/consent", "/select-account", "/oauth2/auth/continue"] {
        let url = stage.server.url(&format!("{path}?interaction={handle}"));
        let at = stage.browser.get(&url).await.page();
        assert!(at.has("login"), "{path}: {at}");
    }
    // A login in another tab answers that tab's request alone.
    let other = stage.app.asks(SCOPE).with("prompt", "login");
    stage.authorizes(&other).await.code();
    let at = stage.browser.get(page.url.as_str()).await.page();
    assert!(at.has("login"), "{at}");
}

/// T156.
#[tokio::test]
async fn max_age_asks_again_when_the_login_is_older() {
    let stage = Stage::new().await;
    stage.tokens(SCOPE).await;
    let at_most = |seconds: &str| stage.app.asks(SCOPE).with("max_age", seconds);
    stage.visits(&at_most("1000")).await.left().code();
    stage.server.advance(10);
    stage.visits(&at_most("1000")).await.left().code();
    assert!(stage.visits(&at_most("9")).await.page().has("login"));
    stage.visits(&at_most("9").with("prompt", "none")).await.left().is_refused("login_required");
    let request = at_most("0");
    let page = stage.visits(&request).await.page();
    assert!(page.has("login"), "{page}");
    let now = stage.server.now().seconds();
    let left = stage.alice.logs_in(&stage.browser, &page).await.left();
    let claims = stage.claims(&request, &left).await;
    assert!(claims["auth_time"].as_i64().unwrap() >= now, "{claims}");
    for nonsense in ["-1", "x", "1.5", "99999999999999999999"] {
        stage.visits(&at_most(nonsense)).await.left().is_refused("invalid_request");
    }
}

/// T157.
#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let silent = || stage.app.asks(SCOPE).with("prompt", "none");
    stage.visits(&silent()).await.left().is_refused("login_required");
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    let consent = stage.alice.logs_in(&stage.browser, &page).await.page();
    stage.visits(&silent()).await.left().is_refused("consent_required");
    stage.browser.submit(&consent, "consent-accept", &[]).await.left().code();
    stage.visits(&silent()).await.left().code();
    let wider = stage.app.asks("openid email").with("prompt", "none");
    stage.visits(&wider).await.left().is_refused("consent_required");
    for contradiction in ["none login", "login none", "none consent", "none select_account"] {
        let request = stage.app.asks(SCOPE).with("prompt", contradiction);
        stage.visits(&request).await.left().is_refused("invalid_request");
    }
}

/// T157: nobody learns who exists.
#[tokio::test]
async fn prompt_none_answers_the_same_whoever_is_hinted_at() {
    let stage = Stage::new().await;
    let asked = |hint: &str| stage.app.asks(SCOPE).with("prompt", "none").with("login_hint", hint);
    let known = stage.visits(&asked("alice")).await.left();
    let unknown = stage.visits(&asked("nobody-of-that-name")).await.left();
    let shape = |left: &Left| {
        let fixed = |(name, value): &(String, String)| {
            (name.clone(), if name.ends_with("state") { String::new() } else { value.clone() })
        };
        (left.status, left.arrival, left.parameters.iter().map(fixed).collect::<Vec<_>>())
    };
    known.is_refused("login_required");
    assert_eq!(shape(&known), shape(&unknown));
}

/// T157: errors travel as the request asked.
#[tokio::test]
async fn an_error_follows_the_response_mode() {
    let stage = Stage::new().await;
    for (mode, arrival) in
        [("query", Arrival::Query), ("fragment", Arrival::Fragment), ("form_post", Arrival::FormPost)]
    {
        let request = stage.app.asks(SCOPE).with("prompt", "none").with("response_mode", mode);
        let left = stage.visits(&request).await.left();
        left.is_refused("login_required");
        assert_eq!((left.arrival, left.get("state")), (arrival, Some(request.state.as_str())));
        assert_eq!(left.get("iss"), Some(stage.server.issuer.as_str()));
    }
}

/// T158.
#[tokio::test]
async fn a_hint_at_somebody_else_gives_nothing_of_who_is_logged_in() {
    let stage = Stage::new().await;
    let alices = stage.tokens(SCOPE).await.id_token.unwrap();
    let elsewhere = Browser::new();
    let bob = stage.server.create_user("bob").await;
    let request = stage.app.asks(SCOPE);
    let left = bob.authorizes(&elsewhere, &request.url()).await;
    let bobs = stage.app.redeems(&request.receives(&left), &request).await.tokens().id_token.unwrap();

    let hinted = |hint: &str| stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", hint);
    stage.visits(&hinted(&alices)).await.left().code();
    stage.visits(&hinted(&bobs)).await.left().is_refused("login_required");

    // With both in one browser the hint chooses; without prompt=none it asks for the one it names.
    let request = stage.app.asks(SCOPE).with("id_token_hint", &bobs);
    let page = stage.visits(&request).await.page();
    assert!(page.has("login"), "{page}");
    let left = bob.logs_in(&stage.browser, &page).await.left();
    assert_eq!(stage.claims(&request, &left).await["sub"], bob.subject.as_str());
    let request = hinted(&alices);
    let left = stage.visits(&request).await.left();
    assert_eq!(stage.claims(&request, &left).await["sub"], stage.alice.subject.as_str());
}

/// T158: the wrong person logging in is refused, once, instead of being asked for ever.
#[tokio::test]
async fn somebody_else_than_the_hinted_user_is_refused_after_logging_in() {
    let stage = Stage::new().await;
    let alices = stage.tokens(SCOPE).await.id_token.unwrap();
    let bob = stage.server.create_user("bob").await;
    let elsewhere = Browser::new();
    let request = stage.app.asks(SCOPE).with("id_token_hint", &alices);
    let page = elsewhere.get(&request.url()).await.page();
    bob.logs_in(&elsewhere, &page).await.left().is_refused("login_required");
}

/// T159.
#[tokio::test]
async fn a_hint_that_is_not_ours_is_refused_and_an_old_one_still_counts() {
    let stage = Stage::with("keys.rotation_interval = 0", crate::stage::trusted()).await;
    let tokens = stage.tokens("openid offline_access").await;
    let hint = tokens.id_token.clone().unwrap();
    let parts: Vec<&str> = hint.split('.').collect();
    let encoded = |value: &Value| grantor_crypto::base64url::encode(value.to_string());
    let mut claims = crate::stage::jws_part(&hint, 1);
    claims["sub"] = json!("somebody else");
    let none = encoded(&json!({ "alg": "none", "typ": "JWT" }));
    let header_none = format!("{none}.{}.", parts[1]);
    let forged = format!("{}.{}.{}", parts[0], encoded(&claims), parts[2]);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    for bad in [header_none.as_str(), &forged, &unsigned, &tokens.access_token, "x", "a.b.c"] {
        let request = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", bad);
        stage.visits(&request).await.left().is_refused("invalid_request");
    }
    let other = stage.party(crate::stage::trusted()).await;
    let request = other.asks(SCOPE).with("prompt", "none").with("id_token_hint", &hint);
    stage.visits(&request).await.left().is_refused("invalid_request");

    // A year later: expired, and still a hint at whom the client means.
    stage.server.advance(365 * DAY);
    let request = stage.app.asks(SCOPE).with("id_token_hint", &hint);
    let left = stage.authorizes(&request).await;
    assert_eq!(stage.claims(&request, &left).await["sub"], stage.alice.subject.as_str());
}

#[tokio::test]
async fn a_login_hint_fills_the_form_and_prefers_an_account() {
    let stage = Stage::new().await;
    let bob = stage.server.create_user("bob").await;
    let hinted = |hint: &str| stage.app.asks(SCOPE).with("login_hint", hint);
    let page = stage.visits(&hinted("alice")).await.page();
    assert_eq!(page.document.form_of("submit-login").unwrap().value("login"), Some("alice"));
    let request = stage.app.asks(SCOPE).with("prompt", "login");
    bob.walks(&stage.browser, stage.visits(&request).await, grantor_tests::Choice::Accept).await.code();
    stage.authorizes(&hinted("alice").with("prompt", "login")).await.code();

    for (hint, subject) in [
        ("bob", &bob.subject),
        ("alice", &stage.alice.subject),
        ("BOB", &bob.subject),
        (bob.subject.as_str(), &bob.subject),
        ("nobody", &stage.alice.subject),
    ] {
        let request = hinted(hint).with("prompt", "none");
        let left = stage.visits(&request).await.left();
        assert_eq!(stage.claims(&request, &left).await["sub"], subject.as_str(), "{hint}");
    }
}

/// T153 for the one value that comes back on our own page.
#[tokio::test]
async fn a_login_hint_is_text_whatever_it_holds() {
    let stage = Stage::new().await;
    let hint = "\"><script>alert(1)</script>";
    let page = stage.visits(&stage.app.asks(SCOPE).with("login_hint", hint)).await.page();
    assert!(!page.body.contains("<script"), "{page}");
    assert_eq!(page.document.form_of("submit-login").unwrap().value("login"), Some(hint));
}

/// T155: RFC 8252 section 8.6.
#[tokio::test]
async fn a_public_native_client_asks_for_consent_each_time() {
    for redirect_uri in ["http://127.0.0.1/callback", "com.example.app:/callback"] {
        let metadata = json!({
            "redirect_uris": [redirect_uri],
            "application_type": "native",
            "token_endpoint_auth_method": "none",
        });
        let stage = Stage::with("", metadata).await;
        for _ in 0..2 {
            let request = stage.app.asks(SCOPE);
            let mut at = stage.visits(&request).await.page();
            if at.has("login") {
                at = stage.alice.logs_in(&stage.browser, &at).await.page();
            }
            assert!(at.has("consent-accept"), "{at}");
            stage.browser.submit(&at, "consent-accept", &[]).await.left().code();
        }
        let silent = stage.app.asks(SCOPE).with("prompt", "none");
        stage.visits(&silent).await.left().is_refused("consent_required");
    }
}

/// T155.
#[tokio::test]
async fn consent_is_remembered_until_more_is_asked_or_the_client_insists() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let asked = |scope: &str| stage.app.asks(scope);
    let consent = |visit: Visit| {
        let page = visit.page();
        assert!(page.has("consent-accept"), "{page}");
        page
    };
    let page = stage.visits(&asked("openid email")).await.page();
    let page = consent(stage.alice.logs_in(&stage.browser, &page).await);
    stage.browser.submit(&page, "consent-accept", &[]).await.left().code();
    stage.visits(&asked("openid email")).await.left().code();
    stage.visits(&asked("openid")).await.left().code();

    let page = consent(stage.visits(&asked("openid profile")).await);
    stage.browser.submit(&page, "consent-accept", &[]).await.left().code();
    stage.visits(&asked("openid email profile")).await.left().code();

    let page = consent(stage.visits(&asked("openid").with("prompt", "consent")).await);
    stage.browser.submit(&page, "consent-deny", &[]).await.left().is_refused("access_denied");
    stage.visits(&asked("openid")).await.left().code();

    let alice = InProcess::user_id(&stage.alice);
    assert_eq!(stage.server.disconnects(&stage.client.id, alice).await.consents, 1);
    consent(stage.visits(&asked("openid")).await);
}

/// The first answer counts: whichever of the two it is, the client never hears both.
#[tokio::test(flavor = "multi_thread")]
async fn yes_and_no_at_the_same_moment_are_one_answer() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    let page = stage.alice.logs_in(&stage.browser, &page).await.page();
    stage.browser.submit(&page, "consent-accept", &[]).await.left().code();
    for _ in 0..24 {
        let page = stage.visits(&stage.app.asks(SCOPE).with("prompt", "consent")).await.page();
        let (yes, no) = tokio::join!(
            stage.browser.submit(&page, "consent-accept", &[]),
            stage.browser.submit(&page, "consent-deny", &[]),
        );
        match (yes, no) {
            (Visit::Left(granted), Visit::Page(over)) => {
                granted.code();
                over.is_error_page("invalid_request");
            }
            (Visit::Page(over), Visit::Left(denied)) => {
                denied.is_refused("access_denied");
                over.is_error_page("invalid_request");
            }
            both => panic!("one answer is expected: {both:?}"),
        }
    }
}

/// T155: a trusted client skips the page, but not for a user who is asked on the client's own wish.
#[tokio::test]
async fn a_client_that_skips_consent_never_asks() {
    let stage = Stage::with("", public()).await;
    stage.tokens(SCOPE).await;
    stage.visits(&stage.app.asks("openid email profile")).await.left().code();
}

/// The proxy in front takes the issuer's path away; what browsers are told has it.
#[tokio::test]
async fn under_an_issuer_with_a_path_forms_post_under_that_path() {
    let server = InProcess::start(Engine::Sqlite, "issuer = 'http://localhost:1/id'").await;
    let page = Browser::new().get(&server.url("/logout")).await.page();
    assert_eq!(page.document.form_of("logout-confirm").unwrap().action.path(), "/id/logout");
    assert!(page.headers["set-cookie"].to_str().unwrap().contains("Path=/;"), "{page}");
}

/// T149: what one user was shown is not another's to answer.
#[tokio::test]
async fn a_consent_page_is_answered_by_the_user_it_was_shown_to() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let bob = stage.server.create_user("bob").await;
    let login = stage.visits(&stage.app.asks(SCOPE)).await.page();
    let consent = stage.alice.logs_in(&stage.browser, &login).await.page();
    bob.logs_in(&stage.browser, &login).await.page();
    let refused = stage.browser.submit(&consent, "consent-accept", &[]).await.page();
    refused.is_error_page("access_denied");
}

/// T150: double submit and the back button.
#[tokio::test]
async fn an_interaction_is_answered_once() {
    let stage = Stage::with("", trusted_with(&json!({ "skip_consent": false }))).await;
    let request = stage.app.asks(SCOPE);
    let login = stage.visits(&request).await.page();
    let consent = stage.alice.logs_in(&stage.browser, &login).await.page();
    let presses = (0..16).map(|_| stage.browser.submit(&consent, "consent-accept", &[]));
    let mut codes = 0;
    for visit in futures_of(presses).await {
        match visit {
            Visit::Left(left) => {
                left.code();
                codes += 1;
            }
            Visit::Page(page) => assert!((400..500).contains(&page.status), "{page}"),
        }
    }
    assert_eq!(codes, 1);
    let again = stage.browser.get(login.url.as_str()).await.page();
    assert!(again.has("error-page"), "{again}");
}

/// All at once, in this task.
async fn futures_of<F: Future<Output = Visit>>(all: impl Iterator<Item = F>) -> Vec<Visit> {
    let mut waiting: Vec<_> = all.map(Box::pin).map(|one| (one, None)).collect();
    std::future::poll_fn(move |context| {
        let mut open = false;
        for (one, done) in &mut waiting {
            if done.is_none() {
                match one.as_mut().poll(context) {
                    std::task::Poll::Ready(visit) => *done = Some(visit),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(waiting.iter_mut().filter_map(|(_, done)| done.take()).collect())
    })
    .await
}

/// The interaction itself does not last for ever.
#[tokio::test]
async fn an_interaction_expires() {
    let stage = Stage::new().await;
    let page = stage.visits(&stage.app.asks(SCOPE)).await.page();
    stage.server.advance(1800);
    let late = stage.alice.logs_in(&stage.browser, &page).await.page();
    assert!(late.has("error-page") && (400..500).contains(&late.status), "{late}");
}
