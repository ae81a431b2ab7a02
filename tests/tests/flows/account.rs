//! The user's own page (`/account`): what is done there counts at once, for everybody and nobody else.

use grantor_protocol::Timestamp;
use grantor_server::audit::Cause;
use grantor_store::{Authentication, Ending, NewSession};
use grantor_tests::{Browser, Engine, InProcess, Person, ResponsePage, Tokens, Visit};
use reqwest::header::{COOKIE, ORIGIN};
use serde_json::json;

use crate::stage::{Stage, trusted_with};

const OFFLINE: &str = "openid offline_access";
const HOUR: i64 = 3600;

impl Stage {
    async fn account(&self, browser: &Browser) -> ResponsePage {
        browser.get(&self.server.url("/account")).await.page()
    }

    /// A browser in which this person has signed in at their own page.
    async fn at_account(&self, person: &Person) -> (Browser, ResponsePage) {
        let browser = Browser::new();
        let page = self.account(&browser).await;
        let page = person.logs_in(&browser, &page).await.page();
        assert!(page.has("account"), "{page}");
        (browser, page)
    }

    /// Tokens for alice by way of this browser.
    async fn tokens_in(&self, browser: &Browser, scope: &str) -> Tokens {
        let request = self.app.asks(scope);
        let left = self.alice.authorizes(browser, &request.url()).await;
        self.app.redeems(&request.receives(&left), &request).await.tokens()
    }

    async fn is_signed_in(&self, browser: &Browser) -> bool {
        let silent = self.app.asks("openid").with("prompt", "none");
        let left = browser.get(&silent.url()).await.left();
        if left.get("code").is_none() {
            assert!(matches!(left.get("error"), Some("login_required" | "consent_required")), "{left}");
        }
        left.get("error") != Some("login_required")
    }
}

fn says(page: &ResponsePage, part: &str) {
    let said = page.document.text("account-message").unwrap_or_default();
    assert!(said.contains(part), "expected a message with {part:?}, not {said:?}\n{page}");
}

#[tokio::test]
async fn a_user_signs_in_to_their_own_page_without_an_application() {
    let stage = Stage::new().await;
    let browser = Browser::new();
    let page = stage.account(&browser).await;
    assert!(page.url.path().ends_with("/account/login") && !page.has("login-cancel"), "{page}");
    let mistyped = Person { password: "wrong".to_owned(), ..stage.alice.clone() };
    let page = mistyped.logs_in(&browser, &page).await.page();
    assert_eq!((page.status, page.has("login-error")), (400, true), "{page}");
    let page = stage.alice.logs_in(&browser, &page).await.page();
    assert!(page.url.path().ends_with("/account") && page.body.contains("alice"), "{page}");
    assert!(page.document.text("session-1").unwrap().contains("This browser"), "{page}");
    assert!(!page.has("app-1") && !page.has("end-other-sessions"), "{page}");
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(stage.is_signed_in(&browser).await, "the session is one like any other");
}

/// T164: one count of tries, whichever page they are made at.
#[tokio::test]
async fn guesses_at_the_own_page_count_with_all_others() {
    let stage = Stage::new().await;
    let (browser, mut page) = stage.at_account(&stage.alice).await;
    // Who waits as long as is asked, and guesses on, waits longer in the end than the rest of this takes.
    for waited in [0, 0, 0, 0, 0, 1, 2, 4, 8, 0] {
        stage.server.advance(waited);
        let fields = [("current-password", "a guess"), ("new-password", "mine from now on")];
        page = browser.submit(&page, "change-password", &fields).await.page();
    }
    assert_eq!(page.status, 429, "{page}");
    says(&page, "Too many attempts");
    let right = [("current-password", stage.alice.password.as_str()), ("new-password", "mine from now on")];
    let page = browser.submit(&page, "change-password", &right).await.page();
    assert_eq!(page.status, 429, "{page}");
    let login = browser.get(&stage.server.url("/account/login")).await.page();
    assert_eq!(stage.alice.logs_in(&browser, &login).await.page().status, 429);
}

#[tokio::test]
async fn ending_a_session_ends_it_and_what_it_gave_at_once_and_no_other() {
    let stage = Stage::new().await;
    let elsewhere = Browser::new();
    let online = stage.tokens_in(&elsewhere, "openid").await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let here = stage.tokens_in(&browser, "openid").await;
    assert!(page.has("session-2") && !page.has("session-3"), "{page}");
    assert!(page.document.text("session-1").unwrap().contains("This browser"), "{page}");
    let page = browser.submit(&page, "end-session-2", &[]).await.page();
    says(&page, "signed out there");
    assert!(!page.has("session-2"), "{page}");
    assert!(!stage.counts(&online.access_token).await);
    assert!(!stage.is_signed_in(&elsewhere).await);
    assert!(stage.counts(&here.access_token).await && stage.is_signed_in(&browser).await);
}

#[tokio::test]
async fn signing_out_everywhere_else_leaves_this_browser_signed_in() {
    let stage = Stage::new().await;
    let (one, _) = stage.at_account(&stage.alice).await;
    let (two, _) = stage.at_account(&stage.alice).await;
    let bob = stage.server.create_user("bob").await;
    let (bobs, _) = stage.at_account(&bob).await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let page = browser.submit(&page, "end-other-sessions", &[]).await.page();
    says(&page, "everywhere else");
    assert!(!page.has("session-2") && !page.has("end-other-sessions"), "{page}");
    assert!(!stage.is_signed_in(&one).await && !stage.is_signed_in(&two).await);
    assert!(stage.is_signed_in(&browser).await && stage.is_signed_in(&bobs).await);
}

#[tokio::test]
async fn signing_out_here_ends_this_session_and_needs_no_password() {
    let stage = Stage::new().await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    stage.server.advance(2 * HOUR);
    let page = browser.submit(&page, "end-session-1", &[]).await.page();
    assert!(page.has("logged-out"), "{page}");
    assert!(!stage.is_signed_in(&browser).await);
    assert!(stage.account(&browser).await.has("login"));
}

/// Leaving by this page is a logout like any other (Front-Channel Logout section 3).
#[tokio::test]
async fn signing_out_here_tells_the_clients_that_the_browser_has_to_tell() {
    let front = json!({ "frontchannel_logout_uri": "https://app.example/out" });
    let stage = Stage::with("", trusted_with(&front)).await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    stage.tokens_in(&browser, "openid").await;
    let page = browser.submit(&page, "end-session-1", &[]).await.page();
    assert!(page.has("logged-out") && page.document.frames.len() == 1, "{page}");
}

/// Ids of sessions are no secrets.
#[tokio::test]
async fn a_session_of_somebody_else_is_never_touched() {
    let stage = Stage::new().await;
    let bob = stage.server.create_user("bob").await;
    let (bobs, at_bobs) = stage.at_account(&bob).await;
    let session_of_bob =
        at_bobs.document.form_of("end-session-1").unwrap().value("interaction").unwrap().to_owned();
    let (browser, page) = stage.at_account(&stage.alice).await;
    let form = page.document.form_of("end-session-1").unwrap();
    for session in [session_of_bob.as_str(), "00000000-0000-7000-8000-000000000000", "x", ""] {
        let mut fields: Vec<(&str, &str)> =
            form.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("end_session", session));
        let answer = browser.post_form(form.action.as_str(), &fields).await.page();
        assert!(answer.status == 400 || answer.document.text("account-message").is_some(), "{answer}");
        if answer.status == 200 {
            says(&answer, "already");
        }
        assert!(stage.is_signed_in(&bobs).await, "{session}");
    }
    let asked = format!("/account?session={session_of_bob}");
    let page = browser.get(&stage.server.url(&asked)).await.page();
    assert!(page.body.contains("alice") && !page.body.contains("bob"), "{page}");
}

#[tokio::test]
async fn a_disconnected_application_loses_everything_and_asks_again() {
    let metadata = trusted_with(&json!({
        "skip_consent": false,
        "client_name": "Tea Journal",
        "backchannel_logout_uri": "https://app.example/logout",
    }));
    let stage = Stage::on(Engine::Sqlite, "", metadata).await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    assert!(!page.has("app-1"), "{page}");
    let offline = stage.tokens_in(&browser, "openid email offline_access").await;
    let page = stage.account(&browser).await;
    let app = page.document.text("app-1").unwrap();
    for part in ["Tea Journal", "Recognise you", "See your email address", "while you are away", "last used"]
    {
        assert!(app.contains(part), "{part}: {app}");
    }
    let page = browser.submit(&page, "disconnect-app-1", &[]).await.page();
    says(&page, "disconnected");
    assert!(!page.has("app-1"), "{page}");
    assert!(!stage.counts(&offline.access_token).await);
    stage.app.refreshes(offline.refresh()).await.is_refused("invalid_grant");
    let asked = browser.get(&stage.app.asks("openid email").url()).await.page();
    assert!(asked.has("consent-accept"), "the session goes on, the consent does not: {asked}");
    let ended = stage.server.ends_sessions_of(InProcess::user_id(&stage.alice)).await;
    assert_eq!(ended, 1);
}

/// The application is told that it lost the user, once, and the session that goes on tells it no second time.
#[tokio::test]
async fn a_disconnected_application_is_told_once() {
    let told = trusted_with(&json!({ "backchannel_logout_uri": "https://app.example/logout" }));
    let stage = Stage::with("", told).await;
    let alice = InProcess::user_id(&stage.alice);
    for by_page in [true, false] {
        let (browser, _) = stage.at_account(&stage.alice).await;
        stage.tokens_in(&browser, OFFLINE).await;
        if by_page {
            let page = stage.account(&browser).await;
            says(&browser.submit(&page, "disconnect-app-1", &[]).await.page(), "disconnected");
        }
        let now = grantor_server::clock::Now { ms: stage.server.app.clock.now_ms() };
        let ended =
            stage.server.app.ending(Cause::server(now)).sessions(&Ending::OfUser(alice, None)).await.unwrap();
        assert_eq!((ended.sessions.len(), ended.notifications), (1, u64::from(!by_page)));
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_grant_and_keeps_this_one() {
    let stage = Stage::new().await;
    let elsewhere = Browser::new();
    let lost = stage.tokens_in(&elsewhere, OFFLINE).await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let kept = stage.tokens_in(&browser, OFFLINE).await;
    let before = stage.server.cookie(&browser, "grantor_session").unwrap();
    stage.server.advance(2 * HOUR); // the current password is proof enough
    let current = stage.alice.password.as_str();
    for (current, new, status, message) in [
        ("not it at all", "a good long password", 400, "not your current password"),
        ("", "a good long password", 400, "not your current password"),
        (current, "short", 400, "too short"),
        (current, "", 400, "too short"),
        (current, &"x".repeat(1025), 400, "too long"),
    ] {
        let fields = [("current-password", current), ("new-password", new)];
        let page = browser.submit(&page, "change-password", &fields).await.page();
        assert_eq!(page.status, status, "{page}");
        says(&page, message);
    }
    assert!(stage.is_signed_in(&elsewhere).await, "nothing was changed");

    let new = "a good long password";
    let fields = [("current-password", current), ("new-password", new)];
    let page = browser.submit(&page, "change-password", &fields).await.page();
    assert!(page.url.query().unwrap().contains("done=password-changed"), "{page}");
    says(&page, "password is changed");
    assert!(!stage.is_signed_in(&elsewhere).await && stage.is_signed_in(&browser).await);
    stage.app.refreshes(lost.refresh()).await.is_refused("invalid_grant");
    stage.app.refreshes(kept.refresh()).await.tokens();
    let after = stage.server.cookie(&browser, "grantor_session").unwrap();
    assert_ne!(before, after, "whoever has the old secret of this session is out");

    let stranger = Browser::new();
    let login = stage.account(&stranger).await;
    let refused = stage.alice.logs_in(&stranger, &login).await.page();
    assert_eq!(refused.status, 400, "{refused}");
    let alice = Person { password: new.to_owned(), ..stage.alice.clone() };
    assert!(alice.logs_in(&stranger, &refused).await.page().has("account"));
}

/// ASVS 7.5: whoever holds a session of last week can look, and change nothing without the password.
#[tokio::test]
async fn an_old_session_changes_nothing_until_its_user_signs_in_again() {
    let config = "session = { lifetime = '30d', idle = '30d' }";
    let stage = Stage::with(config, trusted_with(&json!({}))).await;
    let elsewhere = Browser::new();
    let tokens = stage.tokens_in(&elsewhere, OFFLINE).await;
    let (browser, _) = stage.at_account(&stage.alice).await;
    stage.server.advance(7 * 24 * HOUR);
    let page = stage.account(&browser).await;
    for button in ["end-session-2", "end-other-sessions", "disconnect-app-1"] {
        let asked = browser.submit(&page, button, &[]).await.page();
        assert!(asked.url.path().ends_with("/account/login") && asked.has("password"), "{asked}");
        assert!(asked.body.contains("Confirm it’s you") && asked.has("login-cancel"), "{asked}");
        let back = browser.submit(&asked, "login-cancel", &[]).await.page();
        assert!(back.has("account") && back.has("session-2") && back.has("app-1"), "{back}");
    }
    assert!(stage.is_signed_in(&elsewhere).await);
    stage.app.refreshes(tokens.refresh()).await.tokens();

    let stolen = format!("grantor_session={}", stage.server.cookie(&browser, "grantor_session").unwrap());
    let asked = browser.submit(&page, "end-other-sessions", &[]).await.page();
    let page = stage.alice.logs_in(&browser, &asked).await.page();
    says(&page, "make changes now");
    says(&browser.submit(&page, "end-other-sessions", &[]).await.page(), "everywhere else");
    assert!(!stage.is_signed_in(&elsewhere).await);
    let http = grantor_tests::http_client();
    let thief = http.get(stage.server.url("/account")).header(COOKIE, stolen).send().await.unwrap();
    assert!(thief.headers()["location"].to_str().unwrap().ends_with("/account/login"));
}

/// T146, T149.
#[tokio::test]
async fn changes_are_taken_only_from_the_page_of_this_user_in_this_browser() {
    let stage = Stage::new().await;
    let (other, _) = stage.at_account(&stage.alice).await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let bob = stage.server.create_user("bob").await;
    let login = browser.get(&stage.server.url("/account/login")).await.page();
    let at_bobs = bob.logs_in(&browser, &login).await.page();
    let url = stage.server.url("/account");
    let fields = |page: &ResponsePage| page.document.form_of("end-session-1").unwrap().inputs.clone();
    let csrf = |page: &ResponsePage| fields(page).into_iter().find(|(name, _)| name == "csrf").unwrap();
    let with = |mut form: Vec<(String, String)>| {
        form.push(("decision".to_owned(), "end-others".to_owned()));
        form
    };
    let as_bob_for_alice = {
        let mut form = fields(&page);
        form.retain(|(name, _)| name != "csrf");
        form.push(csrf(&at_bobs));
        with(form)
    };
    let good = with(fields(&page));
    let foreign_browser = with(fields(&stage.account(&other).await));
    let none: Vec<_> = good.iter().filter(|(name, _)| name != "csrf").cloned().collect();
    let http = grantor_tests::http_client();
    let cookies = format!(
        "grantor_browser={}; grantor_session={}",
        stage.server.cookie(&browser, "grantor_browser").unwrap(),
        stage.server.cookie(&browser, "grantor_session").unwrap()
    );
    let status = async |form: &[(String, String)], header: Option<(&str, &str)>| {
        let mut request = http.post(&url).form(form).header(COOKIE, &cookies);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    for (why, form) in
        [("another user's", &as_bob_for_alice), ("another browser's", &foreign_browser), ("none", &none)]
    {
        assert_eq!(status(form, None).await, 403, "{why}");
    }
    for header in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(status(&good, Some(header)).await, 403, "{header:?}");
    }
    assert_eq!(http.post(&url).form(&good).send().await.unwrap().status().as_u16(), 403, "without cookies");
    let login_form = fields_of(&browser.get(&stage.server.url("/account/login")).await.page());
    let foreign = http.post(stage.server.url("/account/login")).form(&login_form);
    let refused =
        foreign.header(ORIGIN, "https://evil.example").header(COOKIE, &cookies).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 403);
    assert!(stage.is_signed_in(&other).await, "nothing of it counted");
    assert_eq!(status(&good, None).await, 303, "the true form works");
    assert!(!stage.is_signed_in(&other).await);
}

fn fields_of(login: &ResponsePage) -> Vec<(String, String)> {
    login.document.form_of("submit-login").unwrap().inputs.clone()
}

#[tokio::test]
async fn a_browser_with_two_accounts_shows_the_current_one_and_leads_to_the_other() {
    let stage = Stage::new().await;
    let bob = stage.server.create_user("bob").await;
    let (browser, _) = stage.at_account(&stage.alice).await;
    let login = browser.get(&stage.server.url("/account/login")).await.page();
    let page = bob.logs_in(&browser, &login).await.page();
    assert!(
        page.body.contains("bob") && page.document.text("account-1").unwrap().contains("alice"),
        "{page}"
    );
    let link = page.body.split("id=\"account-1\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let page = browser.get(link).await.page();
    assert!(page.document.text("account-1").unwrap().contains("bob"), "{page}");
    let page = browser.submit(&page, "end-session-1", &[]).await.page();
    assert!(page.has("logged-out"), "{page}");
    let page = stage.account(&browser).await;
    assert!(page.body.contains("bob") && !page.body.contains("alice"), "{page}");
}

#[tokio::test]
async fn nobody_can_make_the_page_say_that_something_was_done() {
    let stage = Stage::new().await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let (_, of_other) = {
        let (other, page) = stage.at_account(&stage.alice).await;
        let done = other.submit(&page, "end-session-2", &[]).await.page();
        (other, done.url.query().unwrap().to_owned())
    };
    assert!(page.has("account"));
    let page = stage.at_account(&stage.alice).await;
    drop(browser);
    for query in ["done=password-changed", "done=password-changed&proof=", &of_other] {
        let shown = page.0.get(&stage.server.url(&format!("/account?{query}"))).await.page();
        assert_eq!(shown.document.text("account-message"), None, "{query}");
    }
}

/// T208.
#[tokio::test]
async fn many_sessions_and_applications_come_in_pages() {
    let stage = Stage::new().await;
    let alice = InProcess::user_id(&stage.alice);
    let now = stage.server.now();
    for number in 0..45 {
        insert_session(&stage, alice, now, number).await;
    }
    let (browser, mut page) = stage.at_account(&stage.alice).await;
    let mut seen = 0;
    loop {
        assert!(page.document.text("session-1").unwrap().contains("This browser"), "{page}");
        seen += (2..=21).filter(|number| page.has(&format!("session-{number}"))).count();
        assert!(!page.has("session-22"), "{page}");
        let Some(link) = page.body.split("id=\"more-sessions\" href=\"").nth(1) else { break };
        let link = link.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        page = browser.get(&link).await.page();
    }
    assert_eq!(seen, 45);
    let page = browser.submit(&page, "end-other-sessions", &[]).await.page();
    assert!(!page.has("session-2") && !page.has("more-sessions"), "{page}");
}

async fn insert_session(stage: &Stage, user: grantor_protocol::UserId, now: Timestamp, number: i64) {
    let session = NewSession {
        issuer: grantor_protocol::IssuerId::FIRST,
        secret_hash: grantor_crypto::Secret::generate().hash(),
        user,
        authentication: Authentication {
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
            at_ms: now.plus(-number).seconds() * 1000,
        },
        remembered: false,
        idle_seconds: 36_000,
        expires_at: now.plus(36_000),
        user_agent: Some("<script>alert(1)</script> Firefox/140.0 Linux".to_owned()),
        address: Some("192.0.2.7".to_owned()),
        password: None,
    };
    stage.server.store().sessions().insert(session).await.unwrap();
}

#[tokio::test]
async fn a_disabled_user_has_no_page() {
    let stage = Stage::new().await;
    let (browser, page) = stage.at_account(&stage.alice).await;
    let now = grantor_server::clock::Now { ms: stage.server.app.clock.now_ms() };
    let alice = InProcess::user_id(&stage.alice);
    let ended = stage.server.app.ending(Cause::server(now)).disable_user(alice).await.unwrap().unwrap();
    assert_eq!(ended.sessions.len(), 1);
    assert!(stage.account(&browser).await.has("login"));
    let Visit::Page(answer) = browser.submit(&page, "end-session-1", &[]).await else { unreachable!() };
    assert!(answer.has("login"), "{answer}");
    stage.server.store().users().enable(alice).await.unwrap();
    assert!(stage.account(&browser).await.has("login"), "the session is over, not asleep");
}
