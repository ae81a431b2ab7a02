//! The stage of most browser tests: one server, one account, one relying party on another site.

use grantor_tests::{Authorization, Chromium, Options, Person, Received, RelyingParty, Server, Site, Tokens};
use serde_json::json;

/// What a test needs in front of it. The relying party's pages are on `127.0.0.1`, the server on
/// `localhost`: two sites, so that cookies behave as between two companies.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) site: Site,
    pub(crate) chromium: Chromium,
    pub(crate) alice: Person,
    pub(crate) app: RelyingParty,
}

pub(crate) const SCOPE: &str = "openid profile email offline_access";

impl Scene {
    pub(crate) async fn set(name: &str) -> Self {
        Self::set_with(name, "").await
    }

    /// With more configuration.
    pub(crate) async fn set_with(name: &str, config: &str) -> Self {
        let server = Server::start(Options::sqlite(name).config(config)).await;
        let site = Site::start().await;
        let metadata = json!({
            "client_name": "Tea Journal",
            "redirect_uris": [site.foreign_url("/callback"), site.foreign_url("/stay")],
            "grant_types": ["authorization_code", "refresh_token"],
            "client_uri": "https://tea.example/",
            "policy_uri": "https://tea.example/privacy",
            "tos_uri": "https://tea.example/terms",
        });
        let client = server.create_client(&["--id", "tea-journal"], &metadata).await;
        let alice = server.create_user("alice").await;
        let app = RelyingParty::of(&server, &client);
        let chromium = Chromium::start(name).await;
        Self { server, site, chromium, alice, app }
    }

    /// Opens the authorization request and logs alice in, if she is asked to, and accepts, if she
    /// is asked to: afterwards session and consent stand.
    pub(crate) async fn alice_has_logged_in(&self) {
        self.chromium.goto(&self.app.asks(SCOPE).url()).await;
        self.chromium.logs_in(&self.alice).await;
        self.chromium.click("consent-accept").await;
        self.chromium.wait_for("arrived").await;
    }

    /// What arrived last at the relying party, which must be the answer to this request.
    pub(crate) async fn arrival(&self, of: &Authorization) -> Received {
        self.chromium.wait_for_text("received-state", &of.state).await;
        let arrived =
            self.site.received().into_iter().rev().find(|received| received.get("state") == Some(&of.state));
        let arrived = arrived.unwrap_or_else(|| panic!("nothing arrived for {}", of.state));
        assert_eq!(arrived.get("iss"), Some(self.server.issuer.as_str()), "iss of {arrived:?}");
        arrived
    }

    /// Redeems the code that arrived.
    pub(crate) async fn tokens(&self, of: &Authorization) -> Tokens {
        let arrived = self.arrival(of).await;
        let code = arrived.get("code").unwrap_or_else(|| panic!("no code in {arrived:?}")).to_owned();
        self.app.redeems(&code, of).await.tokens()
    }
}
