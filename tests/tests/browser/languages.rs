//! The pages in the longest words that they have and from right to left: accessible, nothing sideways, and screenshots.

use grantor_tests::{Chromium, ChromiumOptions, RelyingParty};
use serde_json::json;

use crate::scene::{SCOPE, Scene};

/// What a person who prefers `languages` sees of `lang` from the login to their own account.
async fn speaks(languages: &str, lang: &str, dir: &str, browser: &str) {
    let name = format!("languages-{lang}");
    let mut scene = Scene::set(&name).await;
    scene.chromium = Chromium::start_with(ChromiumOptions::new(&name).languages(languages)).await;
    let page = &scene.chromium;
    page.goto(&scene.app.asks(SCOPE).url()).await;
    page.wait_for("login").await;
    assert_eq!(scene.language().await, (lang.to_owned(), dir.to_owned()));
    page.is_accessible("login").await;
    page.fill("login", "alice").await;
    page.fill("password", "wrong").await;
    page.click("submit-login").await;
    page.wait_for("login-error").await;
    page.is_accessible("login-error").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    assert_eq!(scene.language().await.1, dir);
    page.is_accessible("consent").await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;

    let metadata = json!({
        "client_name": "مجلة الشاي (2)",
        "redirect_uris": [scene.site.foreign_url("/callback")],
        "scope": "openid tea.read",
    });
    let client = scene.server.create_client(&["--id", "arabic-tea"], &metadata).await;
    let arabic = RelyingParty::of(&scene.server, &client);
    page.goto(&arabic.asks("openid tea.read").with("prompt", "login consent").url()).await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    page.is_accessible("consent-names").await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;

    let elsewhere = Chromium::start(&format!("{name}-elsewhere")).await;
    elsewhere.goto(&scene.server.url("/account")).await;
    elsewhere.logs_in(&scene.alice).await;
    elsewhere.wait_for("account").await;
    page.goto(&scene.server.url("/account")).await;
    page.wait_for_text("session-1", browser).await;
    page.wait_for("app-2").await;
    assert_eq!(scene.language().await, (lang.to_owned(), dir.to_owned()));
    page.is_accessible("account").await;

    page.goto(&scene.server.url("/no/such/page")).await;
    page.wait_for("error-page").await;
    page.is_accessible("not-found").await;
    page.goto(&scene.server.url("/logout")).await;
    page.wait_for("logout-confirm").await;
    page.is_accessible("logout").await;
    page.click("logout-confirm").await;
    page.wait_for("logged-out").await;
    page.is_accessible("logged-out").await;
}

impl Scene {
    /// `lang` and `dir` of the page.
    async fn language(&self) -> (String, String) {
        let root = "return document.documentElement.lang + ' ' + document.documentElement.dir";
        let said = self.chromium.run(root, Vec::new()).await;
        let (lang, dir) = said.as_str().unwrap().split_once(' ').unwrap();
        (lang.to_owned(), dir.to_owned())
    }
}

#[tokio::test]
async fn german() {
    speaks("de-AT,de", "de", "ltr", "unter Linux").await;
}

#[tokio::test]
async fn arabic_from_right_to_left() {
    speaks("ar-EG,ar", "ar", "rtl", "على Linux").await;
}

/// The client knows which language its user chose there.
#[tokio::test]
async fn ui_locales_come_before_the_languages_of_the_browser() {
    let mut scene = Scene::set("languages-ui").await;
    scene.chromium = Chromium::start_with(ChromiumOptions::new("languages-ui").languages("de,en")).await;
    let page = &scene.chromium;
    page.goto(&scene.app.asks(SCOPE).with("ui_locales", "se fr-CA en").url()).await;
    page.wait_for("login").await;
    assert_eq!(scene.language().await.0, "fr");
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    assert_eq!(scene.language().await.0, "fr");
    page.click("consent-accept").await;
    page.wait_for("arrived").await;
    let logout = "/oauth2/sessions/logout?client_id=tea-journal&ui_locales=es-MX";
    page.goto(&scene.server.url(logout)).await;
    page.wait_for("logout-confirm").await;
    assert_eq!(scene.language().await.0, "es");
    page.click("logout-confirm").await;
    page.wait_for("logged-out").await;
    assert_eq!(scene.language().await.0, "es", "the answer is in the language of the question");

    page.goto(&scene.app.asks(SCOPE).with("ui_locales", "es").with("client_id", "nobody").url()).await;
    page.wait_for("error-page").await;
    assert_eq!(scene.language().await.0, "es", "a request that fails may ask for a language all the same");
    page.goto(&scene.server.url("/oauth2/auth?ui_locales=ar&scope=a&scope=b&x=%ff")).await;
    page.wait_for("error-page").await;
    assert_eq!(scene.language().await, ("ar".to_owned(), "rtl".to_owned()));

    page.goto(&scene.server.url("/account?ui_locales=fr")).await;
    page.logs_in(&scene.alice).await;
    page.wait_for("account").await;
    assert_eq!(scene.language().await.0, "fr");
    page.click("end-session-1").await;
    page.wait_for("logged-out").await;
    assert_eq!(scene.language().await.0, "fr", "what follows speaks the same language");
    page.goto(&scene.server.url("/logout?ui_locales=fr")).await;
    page.click("logout-confirm").await;
    page.wait_for("logged-out").await;
    assert_eq!(scene.language().await.0, "fr");
}
