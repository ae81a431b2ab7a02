//! Every page in light and dark, on a desktop and a phone: no axe violation (WCAG 2.2 AA), no sideways scrolling, and a
//! screenshot to look at in `tests/output/screens`.

use grantor_tests::{Documents, output_path};
use serde_json::json;

use crate::scene::{SCOPE, Scene};

#[tokio::test]
async fn login_and_consent() {
    let scene = Scene::set("looks").await;
    let page = &scene.chromium;
    page.goto(&scene.app.asks(SCOPE).url()).await;
    page.wait_for("login").await;
    page.is_accessible("login").await;

    page.fill("login", "alice").await;
    page.fill("password", "wrong").await;
    page.click("submit-login").await;
    page.wait_for("login-error").await;
    page.is_accessible("login-error").await;

    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    page.is_accessible("consent").await;
}

/// A client's logo comes from our own origin, and each claim that is asked for by name has a line of its own.
#[tokio::test]
async fn a_client_with_a_logo_that_asks_for_claims_by_name() {
    let documents = Documents::start();
    let leaf = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' width='32' height='32'>\
        <rect width='32' height='32' fill='#2f6b3a'/><path d='M8 24C8 12 16 8 25 7 25 17 20 25 8 24z' fill='#d8f0c8'/></svg>";
    let logo = documents.publish("/leaf.svg", "image/svg+xml", leaf);
    let root = output_path("looks-logo-root.pem");
    documents.write_root(&root);
    let config = format!(
        "outbound.allow_private = ['127.0.0.1/32', '::1/128']\noutbound.ca_file = '{}'",
        root.display()
    );
    let scene = Scene::set_with("looks-logo", &config).await;
    let metadata = json!({
        "client_name": "Tea Gallery",
        "redirect_uris": [scene.site.foreign_url("/callback")],
        "logo_uri": logo,
        "policy_uri": "https://tea.example/privacy",
        "tos_uri": "https://tea.example/terms",
    });
    let client = scene.server.create_client(&["--id", "tea-gallery"], &metadata).await;
    let gallery = grantor_tests::RelyingParty::of(&scene.server, &client);
    let claims = json!({
        "userinfo": { "phone_number": { "essential": true }, "birthdate": null },
        "id_token": { "zoneinfo": null },
    });
    let page = &scene.chromium;
    page.goto(&gallery.asks("openid email").with("claims", &claims.to_string()).url()).await;
    page.wait_for("login").await;
    let drawn = "const logo = document.getElementById('client-logo'); \
        return logo.complete && logo.naturalWidth > 0 ? logo.currentSrc : null";
    let source = page.run(drawn, Vec::new()).await;
    assert!(source.as_str().unwrap_or_default().starts_with(&scene.server.issuer), "{source}");
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    for line in ["phone number", "date of birth", "time zone"] {
        assert!(page.text().await.contains(line), "{line}: {}", page.text().await);
    }
    page.is_accessible("consent").await;
}

/// Slowing down is for everybody, whether the account exists or not (security.md T163).
#[tokio::test]
async fn a_login_that_is_slowed_down() {
    let scene = Scene::set("looks-slow").await;
    let page = &scene.chromium;
    page.goto(&scene.app.asks(SCOPE).url()).await;
    for _ in 0..10 {
        page.fill("login", "mallory").await;
        page.fill("password", "guess").await;
        page.click("submit-login").await;
        if page.wait_for_text("login-error", "").await.contains("Too many attempts") {
            break; // when exactly depends on how long the guesses took
        }
    }
    page.wait_for_text("login-error", "Too many attempts").await;
    page.is_accessible("login").await;
}

/// A relying party that answers 204 leaves the browser on the page that posts the answer, where script has pressed the
/// button already.
#[tokio::test]
async fn the_answer_on_its_way() {
    let scene = Scene::set("looks-form-post").await;
    let page = &scene.chromium;
    scene.alice_has_logged_in().await;
    let stay = scene.site.foreign_url("/stay");
    let request = scene.app.asks(SCOPE).with("response_mode", "form_post").with("redirect_uri", &stay);
    page.goto(&request.url()).await;
    assert!(page.text().await.contains("Taking you back"), "{}", page.text().await);
    page.is_accessible("form-post").await;
}

#[tokio::test]
async fn account_choice_and_asking_again() {
    let scene = Scene::set("looks-accounts").await;
    let page = &scene.chromium;
    let bob = scene.server.create_user("bob").await;
    scene.alice_has_logged_in().await;
    page.goto(&scene.app.asks(SCOPE).with("prompt", "select_account").url()).await;
    page.click("use-another-account").await;
    page.logs_in(&bob).await;
    page.wait_for("consent-accept").await;

    page.goto(&scene.app.asks(SCOPE).with("prompt", "select_account").url()).await;
    page.wait_for("account-2").await;
    page.is_accessible("select-account").await;

    page.goto(&scene.app.asks(SCOPE).with("prompt", "login").url()).await;
    page.wait_for("login").await;
    page.is_accessible("login-again").await;
}

/// A relying party chooses its name and its scopes; the page has to hold them.
#[tokio::test]
async fn consent_for_a_client_with_a_long_name_and_many_scopes() {
    let scene = Scene::set("looks-long").await;
    let page = &scene.chromium;
    let scopes: Vec<String> =
        (0..30).map(|number| format!("records.department-{number}.read_and_write_everything")).collect();
    let scope = format!("openid {}", scopes.join(" "));
    let long = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(4);
    let metadata = json!({
        "client_name": format!("<b>Ministry</b> of {long} Affairs"),
        "redirect_uris": [scene.site.foreign_url("/callback")],
        "scope": scope,
    });
    let client = scene.server.create_client(&["--id", "ministry"], &metadata).await;
    let ministry = grantor_tests::RelyingParty::of(&scene.server, &client);
    page.goto(&ministry.asks(&scope).url()).await;
    page.wait_for("login").await;
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    assert!(page.text().await.contains("<b>Ministry</b>"), "the name is text, never markup");
    page.is_accessible("consent").await;
}

/// Characters that turn the text after them around could make a page say what it does not.
#[tokio::test]
async fn a_client_with_an_invisible_or_reordering_character_in_its_name_is_not_created() {
    let server = grantor_tests::Server::start(grantor_tests::Options::sqlite("looks-names")).await;
    for name in ["\u{202e}drow", "Ministry\u{200b}"] {
        let arguments = ["clients", "create", "--redirect-uri", "https://app.example/", "--name", name];
        let refused = server.cli(&arguments).await.failed();
        assert!(refused.contains("client_name"), "{refused}");
    }
}

#[tokio::test]
async fn errors_that_stay_with_us() {
    let scene = Scene::set("looks-errors").await;
    let page = &scene.chromium;
    for (name, request) in [
        ("error-client", scene.app.asks(SCOPE).with("client_id", "nobody")),
        ("error-redirect", scene.app.asks(SCOPE).with("redirect_uri", "https://evil.example/")),
    ] {
        page.goto(&request.url()).await;
        page.wait_for("error-page").await;
        assert!(page.url().await.as_str().starts_with(&scene.server.issuer));
        page.is_accessible(name).await;
    }
    page.goto(&scene.server.url("/no/such/page")).await;
    page.wait_for("error-page").await;
    page.is_accessible("not-found").await;
    page.goto(&scene.server.url("/login?interaction=nothing")).await;
    page.wait_for("error-page").await;
    page.is_accessible("expired").await;
}

#[tokio::test]
async fn logging_out() {
    let scene = Scene::set("looks-logout").await;
    let page = &scene.chromium;
    scene.alice_has_logged_in().await;
    page.goto(&scene.server.url("/logout")).await;
    page.wait_for("logout-confirm").await;
    page.is_accessible("logout").await;
    page.click("logout-confirm").await;
    page.wait_for("logged-out").await;
    page.is_accessible("logged-out").await;

    page.goto(&scene.app.asks(SCOPE).url()).await;
    page.wait_for("login").await; // the session is gone
}
