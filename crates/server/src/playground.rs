//! The relying party of `serve --dev`: a page at `/` that signs in with the demo user and shows what was sent and what
//! came back. It is an ordinary public client of this server and has no way in that another client would not have.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use grantor_crypto::Secret;
use grantor_protocol::{
    ApplicationType, ClientAuthMethod, ClientId, ClientMetadata, GrantType, RedirectUri, Scope, UserClaims,
    Username,
};
use grantor_store::{NewClient, NewUser};
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::pages::views::PlaygroundPage;
use crate::visit::{Policy, Visit};

/// The client of the page.
pub const CLIENT_ID: &str = "playground";
/// The user that the page says to sign in with.
pub const USERNAME: &str = "demo";
/// Its password. Known to everybody, which is why `serve --dev` refuses any issuer but a loopback one and keeps a
/// database file of its own.
pub const PASSWORD: &str = "demo-password";
const SCOPE: &str = "openid offline_access profile email";

/// Marks a process that serves the playground.
#[derive(Clone, Copy, Debug, Default)]
pub struct Playground;

/// `GET /` and `GET /playground/callback`: the page reads its own address, so one page serves both.
pub(crate) async fn get(State(app): State<App>, visit: Visit) -> Response {
    if app.playground.is_none() {
        return visit.not_found();
    }
    let page = visit.frame().in_english();
    let redirect_uri = visit.issuer.address("/playground/callback");
    let home = visit.issuer.address("/");
    let view = PlaygroundPage {
        page: &page,
        issuer: &visit.issuer.url,
        client_id: CLIENT_ID,
        scope: SCOPE,
        redirect_uri: &redirect_uri,
        post_logout_redirect_uri: &home,
        username: USERNAME,
        password: PASSWORD,
    };
    visit.page(StatusCode::OK, &view, &Policy::OwnScript)
}

/// Why the playground could not be prepared, in one line.
#[derive(Debug, thiserror::Error)]
#[error("the playground could not be prepared: {0}")]
pub struct SeedError(String);

/// Makes the demo user and client where the database has none.
pub async fn seed(app: &App) -> Result<(), SeedError> {
    make_missing(app).await.map_err(|failure| SeedError(format!("{failure:?}")))
}

async fn make_missing(app: &App) -> Result<(), Failure> {
    let issuer = Issuer::only(app);
    let now = app.clock.now();
    let internal = |error: &dyn std::fmt::Display| Failure::Internal(error.to_string());
    let client_id = ClientId::parse(CLIENT_ID).map_err(|error| internal(&error))?;
    if app.store.clients().by_client_id(issuer.id, &client_id).await?.is_none() {
        let redirect_uri = issuer.address("/playground/callback");
        let redirect_uri =
            RedirectUri::register(&redirect_uri, ApplicationType::Native).map_err(|e| internal(&e))?;
        let metadata = ClientMetadata {
            client_name: Some("Playground".to_owned()),
            redirect_uris: vec![redirect_uri.as_str().to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: ClientAuthMethod::None,
            scope: Scope::parse(SCOPE).map_err(|error| internal(&error))?,
            ..ClientMetadata::default()
        };
        let client = NewClient { issuer: issuer.id, client_id, metadata, secret: None, now };
        app.store.clients().insert(client).await?;
    }
    let username = Username::parse(USERNAME).map_err(|error| internal(&error))?;
    if app.store.users().by_username(issuer.id, username.as_str()).await?.is_none() {
        let claims = json!({
            "name": "Demo User",
            "given_name": "Demo",
            "family_name": "User",
            "preferred_username": USERNAME,
            "email": "demo@example.com",
            "email_verified": true,
            "locale": "en",
        });
        let claims = UserClaims::parse(claims).map_err(|error| internal(&error))?;
        let password = Some(app.hashing.hash(Secret::from(PASSWORD.to_owned())).await?);
        let user = NewUser {
            id: None,
            issuer: issuer.id,
            username: username.as_str().to_owned(),
            username_display: USERNAME.to_owned(),
            password,
            claims,
            now,
        };
        app.store.users().insert(user).await?;
    }
    Ok(())
}
