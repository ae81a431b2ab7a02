//! Registration (RFC 7591 section 3).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use grantor_crypto::{DataKeyPurpose, random_bytes};
use grantor_protocol::ClientId;
use grantor_protocol::registration::new_registration;
use grantor_store::NewClient;

use super::answer::{RegistrationFailure, client_uri, information};
use super::{check_offered, new_secret, new_token, policy};
use crate::app::App;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::Failure;
use crate::extract::{Issuer, JsonBody, Peer};

/// `POST /oauth2/register`: 201 with the metadata as it took effect. Secret and token are shown here only.
pub(crate) async fn create(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(document): JsonBody,
) -> Result<Response, RegistrationFailure> {
    check_offered(&app, &peer, &issuer)?;
    policy::check_initial_token(&app, &headers)?;
    let mut metadata =
        new_registration(document?).map_err(|error| RegistrationFailure::Metadata(error, None))?;
    policy::apply(&app.config, &mut metadata)?;
    policy::check_room(&app, &issuer, now, &peer, &headers).await?;
    app.keys.make_decryption_key_for(&metadata, now.ms).await?;

    let keys = app.keys.current(now.ms).await?;
    let key = keys.data_key(DataKeyPurpose::ClientSecrets)?;
    let (token, stored_token) = new_token(key);
    let (secret, stored_secret) = metadata.has_secret().then(|| new_secret(key)).unzip();
    let client = NewClient {
        issuer: issuer.id,
        client_id: new_client_id()?,
        metadata,
        secret: stored_secret,
        now: now.timestamp(),
    };
    let client = app.store.clients().register(client, stored_token).await?;
    let mut response = information(StatusCode::CREATED, &issuer, &client, secret.as_ref(), Some(&token));
    if let Ok(location) = HeaderValue::from_str(&client_uri(&issuer, &client)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if let Some(known) = app.clients.reread(issuer.id, &client.client_id, now.ms).await? {
        response.extensions_mut().insert(CallingClient(known));
    }
    Ok(response)
}

/// Random, where the ids of users grow with time: a client never has the `sub` of a user (security.md T085).
fn new_client_id() -> Result<ClientId, Failure> {
    let id = uuid::Builder::from_random_bytes(random_bytes()).into_uuid().to_string();
    ClientId::parse(&id).map_err(|error| Failure::Internal(error.to_string()))
}
