//! What most flows start with: a server, a relying party whose users are not asked for consent, a user, a browser.

use grantor_tests::{
    Answer, Authorization, Browser, Client, Engine, InProcess, Left, Person, RelyingParty, Tokens, Visit,
};
use serde_json::{Value, json};

pub(crate) const CALLBACK: &str = "https://app.example/callback";

pub(crate) struct Stage {
    pub(crate) server: InProcess,
    pub(crate) client: Client,
    pub(crate) app: RelyingParty,
    pub(crate) alice: Person,
    pub(crate) browser: Browser,
}

/// A confidential client that may do everything, and skips consent.
pub(crate) fn trusted() -> Value {
    json!({
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "skip_consent": true,
    })
}

/// The same with other members.
pub(crate) fn trusted_with(members: &Value) -> Value {
    let mut metadata = trusted();
    for (name, value) in members.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

/// A public client that skips consent.
pub(crate) fn public() -> Value {
    json!({
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "skip_consent": true,
    })
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with("", trusted()).await
    }

    pub(crate) async fn with(config: &str, metadata: Value) -> Self {
        Self::on(Engine::Sqlite, config, metadata).await
    }

    pub(crate) async fn on(engine: Engine, config: &str, metadata: Value) -> Self {
        let server = InProcess::start(engine, config).await;
        let client = server.create_client(metadata).await;
        let app = server.party(&client);
        let alice = server.create_user("alice").await;
        Self { server, client, app, alice, browser: Browser::new() }
    }

    /// Another relying party at the same server.
    pub(crate) async fn party(&self, metadata: Value) -> RelyingParty {
        self.server.party(&self.server.create_client(metadata).await)
    }

    /// Sends alice's browser with this request and does what the pages ask.
    pub(crate) async fn authorizes(&self, request: &Authorization) -> Left {
        self.alice.authorizes(&self.browser, &request.url()).await
    }

    /// Sends alice's browser with this request, and does nothing there.
    pub(crate) async fn visits(&self, request: &Authorization) -> Visit {
        self.browser.get(&request.url()).await
    }

    /// A code for this scope, and the request it answers.
    pub(crate) async fn code(&self, scope: &str) -> (Authorization, String) {
        let request = self.app.asks(scope);
        let code = request.receives(&self.authorizes(&request).await);
        (request, code)
    }

    /// Tokens for this scope.
    pub(crate) async fn tokens(&self, scope: &str) -> Tokens {
        let (request, code) = self.code(scope).await;
        self.app.redeems(&code, &request).await.tokens()
    }

    /// Whether an access token still counts, by introspection and at userinfo alike.
    pub(crate) async fn counts(&self, access_token: &str) -> bool {
        let introspected = self.app.introspects(access_token).await;
        let active = introspected.ok()["active"].as_bool().unwrap();
        if !active {
            assert_eq!(introspected.json, json!({ "active": false }), "{introspected}");
        }
        let userinfo = self.app.userinfo(access_token).await;
        if active {
            userinfo.ok();
        } else {
            userinfo.is_refused("invalid_token");
        }
        active
    }
}

/// Redeems a code with exactly these parameters beside `grant_type` and `code`.
pub(crate) async fn redeem_with(party: &RelyingParty, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "authorization_code"), ("code", code)];
    form.extend(more);
    party.token(&form).await
}

/// Refreshes with more parameters.
pub(crate) async fn refresh_with(party: &RelyingParty, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(more);
    party.token(&form).await
}

/// A part of a compact JWS, unverified: 0 is the header, 1 the claims.
pub(crate) fn jws_part(token: &str, part: usize) -> Value {
    use base64::Engine as _;
    let text = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Key ids of a published key set.
pub(crate) async fn published(party: &RelyingParty) -> Vec<String> {
    let jwks = party.reads("/.well-known/jwks.json").await;
    let keys = jwks.ok()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}
