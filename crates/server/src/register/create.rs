//! Registration (RFC 7591 section 3).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use grantor_crypto::{DataKeyPurpose, random_bytes};
use grantor_protocol::registration::new_registration;
use grantor_protocol::{ClientId, RegistrationTerms};
use grantor_store::{NewClient, NewRegistration, Registration};

use super::answer::{RegistrationFailure, client_uri, information};
use super::{check_offered, new_secret, new_token, policy, sector, state, statement};
use crate::app::App;
use crate::audit::{AuditEvent, Cause};
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
    cause: Cause,
    headers: HeaderMap,
    JsonBody(document): JsonBody,
) -> Result<Response, RegistrationFailure> {
    check_offered(&app, &peer, &issuer)?;
    let token = policy::initial_token(&app, &issuer, now, &headers, &cause).await?;
    let mut document = document?;
    let terms = RegistrationTerms {
        software_statement: statement::read(&app, &issuer, now, &document, None)?,
        initial_access_token: token.as_ref().map(|token| token.id.to_string()),
        limits: token.as_ref().map(|token| token.limits.clone()).unwrap_or_default(),
    };
    state(&mut document, &terms);
    let mut metadata =
        new_registration(document).map_err(|error| RegistrationFailure::Metadata(error, None))?;
    policy::apply(&app.config, &terms, &mut metadata)?;
    policy::check_rate(&app, now, &peer, &headers).await?;
    let reusable_as = policy::reusable_as(&app.config, &terms, &metadata)?;
    if let Some(present) = reused(&app, &issuer, now, reusable_as.as_deref()).await? {
        return Ok(present);
    }
    policy::check_room(&app, &issuer).await?;
    sector::check(&app, &metadata, now).await?;
    app.keys.make_keys_for(&metadata, now.ms).await?;

    let keys = app.keys.current(now.ms).await?;
    let key = keys.data_key(DataKeyPurpose::ClientSecrets)?;
    // A client that others are answered with is nobody's to change.
    let (token_to_manage, stored_token) = reusable_as.is_none().then(|| new_token(key)).unzip();
    let (secret, stored_secret) = metadata.has_secret().then(|| new_secret(key, &metadata)).unzip();
    let client = NewClient {
        issuer: issuer.id,
        client_id: new_client_id()?,
        metadata,
        secret: stored_secret,
        now: now.timestamp(),
    };
    let used = token.as_ref().map(|token| token.id);
    let registration =
        NewRegistration { token: stored_token, terms, uses: used, reusable_as: reusable_as.clone() };
    let client = match app.store.clients().register(client, registration).await {
        Ok(Registration::Registered(client)) => client,
        Ok(Registration::TokenUsedUp) => {
            return Err(policy::no_initial_token(&app, &cause, "one that was used up just now"));
        }
        Err(fault) if fault.is_conflict() => {
            // The same was registered just now.
            let present = reused(&app, &issuer, now, reusable_as.as_deref()).await?;
            return present.ok_or_else(|| fault.into());
        }
        Err(fault) => return Err(fault.into()),
    };
    let registered = AuditEvent::ClientRegistered { client_id: client.client_id.clone(), token: used };
    app.audit.record(&cause, &registered);
    let mut response =
        information(StatusCode::CREATED, &issuer, &client, secret.as_ref(), token_to_manage.as_ref());
    if let Ok(location) = HeaderValue::from_str(&client_uri(&issuer, &client)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if let Some(known) = app.clients.reread(issuer.id, &client.client_id, now.ms).await? {
        response.extensions_mut().insert(CallingClient(known));
    }
    Ok(response)
}

/// The answer to a registration that was made before (`registration.reuse_identical`).
async fn reused(
    app: &App,
    issuer: &Issuer,
    now: Now,
    reusable_as: Option<&str>,
) -> Result<Option<Response>, RegistrationFailure> {
    let Some(reusable_as) = reusable_as else {
        return Ok(None);
    };
    let Some(client) = app.store.clients().reuse(issuer.id, reusable_as, now.timestamp()).await? else {
        return Ok(None);
    };
    let mut response = information(StatusCode::CREATED, issuer, &client, None, None);
    if let Some(known) = app.clients.reread(issuer.id, &client.client_id, now.ms).await? {
        response.extensions_mut().insert(CallingClient(known));
    }
    Ok(Some(response))
}

/// Random, where the ids of users grow with time: a client never has the `sub` of a user (security.md T085).
fn new_client_id() -> Result<ClientId, Failure> {
    let id = uuid::Builder::from_random_bytes(random_bytes()).into_uuid().to_string();
    ClientId::parse(&id).map_err(|error| Failure::Internal(error.to_string()))
}
