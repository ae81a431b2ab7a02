//! Pages in an operator's own colours, logo, texts and languages: as accessible as ours, and every word is text.

use std::fs;

use grantor_tests::{Chromium, ChromiumOptions, RelyingParty, output_path};
use serde_json::json;

use crate::scene::Scene;

const WORDMARK: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 220 40' width='220' height='40'>\
    <rect x='2' y='6' width='28' height='28' rx='4' fill='#c2410c'/>\
    <text x='40' y='28' font-family='sans-serif' font-size='22' font-weight='700' fill='INK'>Teehaus Nord</text></svg>";

const TEXTS: &str = r#"
[en]
login_title = "Come <b>in</b>, have some tea"
login_lead = "{client} is waiting"
[en.scopes]
"tea.read" = "Read your tea diary & your notes"
[de]
login_title = "Willkommen im Teehaus"
[de.links]
imprint = "https://teehaus.example/impressum"
[ar.scopes]
"tea.read" = "قراءة مفكرة الشاي الخاصة بك"
[fa]
dir = "rtl"
login_title = "ورود"
login_lead = "برای ادامه به {client}"
login_username = "نام کاربری"
login_password = "گذرواژه"
login_submit = "ورود"
"#;

async fn teahouse(name: &str, languages: &str) -> (Scene, RelyingParty) {
    let file = |file: &str, content: &str| {
        let path = output_path(&format!("{name}-{file}"));
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let config = format!(
        "[brand]\nname = 'Teehaus Nord'\naccent = '#c2410c'\naccent_dark = '#fdba74'\nbackground = '#7c2d12'\n\
         background_dark = '#1c0f08'\nlogo = '{}'\nlogo_dark = '{}'\nlogo_has_name = true\nstylesheet = '{}'\n\
         texts = '{}'\nlinks.terms = 'https://teehaus.example/terms'\nlinks.privacy = 'https://teehaus.example/privacy'\n\
         links.imprint = 'https://teehaus.example/legal'\nlinks.support = 'mailto:help@teehaus.example'\n",
        file("logo.svg", &WORDMARK.replace("INK", "#ffedd5")),
        file("logo-dark.svg", &WORDMARK.replace("INK", "#fed7aa")),
        file("own.css", ".card { border-radius: 0.25rem; }"),
        file("texts.toml", TEXTS),
    );
    let mut scene = Scene::set_with(name, &config).await;
    scene.chromium = Chromium::start_with(ChromiumOptions::new(name).languages(languages)).await;
    let metadata = json!({
        "client_name": "Tea Diary", "client_name#de": "Teetagebuch", "client_name#ar": "مفكرة الشاي",
        "redirect_uris": [scene.site.foreign_url("/callback")],
        "scope": "openid profile tea.read",
        "policy_uri": "https://tea.example/privacy", "policy_uri#de": "https://tea.example/datenschutz",
        "tos_uri": "https://tea.example/terms",
    });
    let client = scene.server.create_client(&["--id", "tea-diary"], &metadata).await;
    let diary = RelyingParty::of(&scene.server, &client);
    (scene, diary)
}

#[tokio::test]
async fn own_colours_logo_and_texts() {
    let (scene, diary) = teahouse("customised-en", "en").await;
    let page = &scene.chromium;
    page.goto(&diary.asks("openid profile tea.read").url()).await;
    page.wait_for("login").await;
    let text = page.text().await;
    assert!(text.contains("Come <b>in</b>, have some tea"), "a text is text, never markup: {text}");
    assert!(text.contains("Tea Diary is waiting"), "{text}");
    let style = "return getComputedStyle(document.querySelector('.card')).borderRadius";
    assert_eq!(page.run(style, vec![]).await, json!("4px"), "the operator's rules come last");
    let drawn =
        "const logo = document.querySelector('.brand-mark'); return logo.naturalWidth > 0 && logo.alt";
    assert_eq!(page.run(drawn, vec![]).await, json!("Teehaus Nord"));
    let address = "return document.getElementById('footer-imprint').href";
    assert_eq!(page.run(address, vec![]).await, json!("https://teehaus.example/legal"));
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    assert!(page.text().await.contains("Read your tea diary & your notes"), "{}", page.text().await);
    page.is_accessible("consent").await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;
    page.goto(&scene.server.url("/account")).await;
    page.wait_for_text("app-1", "Read your tea diary").await;
    page.is_accessible("account").await;
    page.goto(&scene.server.url("/no/such/page")).await;
    page.is_accessible("not-found").await;
    page.goto(&scene.server.url("/logout")).await;
    page.is_accessible("logout").await;
}

#[tokio::test]
async fn a_client_speaks_german_with_those_who_do() {
    let (scene, diary) = teahouse("customised-de", "de").await;
    let page = &scene.chromium;
    page.goto(&diary.asks("openid tea.read").url()).await;
    page.wait_for_text("policy-link", "Datenschutzerklärung").await;
    let text = page.text().await;
    assert!(
        text.contains("Willkommen im Teehaus") && text.contains("um mit Teetagebuch fortzufahren"),
        "{text}"
    );
    let address = |id: &str| format!("return document.getElementById('{id}').href");
    assert_eq!(page.run(&address("policy-link"), vec![]).await, json!("https://tea.example/datenschutz"));
    assert_eq!(page.run(&address("tos-link"), vec![]).await, json!("https://tea.example/terms"));
    let imprint = page.run(&address("footer-imprint"), vec![]).await;
    assert_eq!(imprint, json!("https://teehaus.example/impressum"));
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;
    page.goto(&scene.server.url("/account")).await;
    page.wait_for_text("app-1", "Teetagebuch").await;
    page.goto(&scene.server.url("/oauth2/sessions/logout?client_id=tea-diary")).await;
    page.wait_for("logout-confirm").await;
    assert!(page.text().await.contains("Teetagebuch bittet"), "{}", page.text().await);
}

#[tokio::test]
async fn from_right_to_left_in_own_words() {
    let (scene, diary) = teahouse("customised-ar", "ar").await;
    let page = &scene.chromium;
    page.goto(&diary.asks("openid tea.read").url()).await;
    page.wait_for("login").await;
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    let text = page.text().await;
    assert!(text.contains("قراءة مفكرة الشاي الخاصة بك") && text.contains("مفكرة الشاي"), "{text}");
    page.is_accessible("consent").await;
}

/// A language that Grantor does not speak, by configuration alone.
#[tokio::test]
async fn a_further_language() {
    let (scene, diary) = teahouse("customised-fa", "fa-IR,en").await;
    let page = &scene.chromium;
    page.goto(&diary.asks("openid tea.read").url()).await;
    page.wait_for("login").await;
    let root = "return document.documentElement.lang + ' ' + document.documentElement.dir";
    assert_eq!(page.run(root, vec![]).await, json!("fa rtl"));
    let text = page.text().await;
    assert!(
        text.contains("برای ادامه به Tea Diary") && text.contains("Forgot") | text.contains("Cancel"),
        "{text}"
    );
    page.is_accessible("login").await;
    let metadata = scene.server.url("/.well-known/openid-configuration");
    let metadata: serde_json::Value = reqwest::get(metadata).await.unwrap().json().await.unwrap();
    assert_eq!(metadata["ui_locales_supported"], json!(["en", "de", "fr", "es", "ar", "fa"]));
    assert_eq!(metadata["op_tos_uri"], json!("https://teehaus.example/terms"));
    assert_eq!(metadata["op_policy_uri"], json!("https://teehaus.example/privacy"));
}
