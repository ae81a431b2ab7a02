//! Management (RFC 7592): a client reads, replaces and deletes its own registration. It proves who it is by its
//! registration access token, or, where the operator leaves that on, by its own credentials as it is registered to
//! use them: Basic, or `client_secret` in the query.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use grantor_crypto::{DataKeyPurpose, Secret, StoredSecret};
use grantor_protocol::registration::{check_chosen_secret, replaced_registration};
use grantor_protocol::{
    ClientAuthMethod, ClientId, ClientMetadata, ErrorCode, Params, PresentedCredentials, RegistrationTerms,
    ReplacedRegistration,
};
use grantor_store::{Registered, Replacement};
use serde_json::Value;

use super::answer::{RegistrationFailure, information};
use super::policy::{self, bearer_token};
use super::{check_offered, new_secret, new_token, sector, state, statement};
use crate::app::App;
use crate::audit::{Actor, AuditEvent, Cause};
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::{Failure, no_store};
use crate::extract::{
    Issuer, JsonBody, Peer, QueryParams, only_authorization, secret_is_right, stored_by_key_is_right,
};
use crate::key_ring::Keys;

/// How often a replacement starts over because another one was faster.
const TRIES: usize = 3;

/// What a client shows to manage itself.
enum Credential {
    Token(Secret),
    Secret(ClientAuthMethod, Secret),
}

/// A request of a client about itself.
pub(crate) struct Managed {
    app: App,
    issuer: Issuer,
    now: Now,
    cause: Cause,
    id: ClientId,
    credential: Credential,
    client: Arc<KnownClient>,
    held: Held,
}

/// What the registration is held by: only while this token is still its own it is replaced.
struct Held {
    token: StoredSecret,
    terms: RegistrationTerms,
}

impl FromRequestParts<App> for Managed {
    type Rejection = RegistrationFailure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, RegistrationFailure> {
        let Ok(now) = Now::from_request_parts(parts, app).await;
        let Ok(issuer) = Issuer::from_request_parts(parts, app).await;
        let Ok(peer) = Peer::from_request_parts(parts, app).await;
        let Ok(QueryParams(query)) = QueryParams::from_request_parts(parts, app).await;
        check_offered(app, &peer, &issuer)?;
        let id = Path::<String>::from_request_parts(parts, app).await.ok();
        let id = id.and_then(|Path(id)| ClientId::parse(&id).ok()).ok_or_else(unknown)?;
        let credential = Credential::read(&parts.headers, &query?, &id)?;
        let Ok(cause) = Cause::from_request_parts(parts, app).await;
        let authorized = authorized(app, &issuer, now, &id, &credential).await;
        let (client, held) = authorized.inspect_err(|failure| {
            if let Some(reason) = failure.unauthorized_check() {
                let event = AuditEvent::ClientAuthenticationFailed { client_id: Some(id.clone()), reason };
                app.audit.record(&cause, &event);
            }
        })?;
        let cause = cause.by(Actor::Client(id.clone()));
        Ok(Self { app: app.clone(), issuer, now, cause, id, credential, client, held })
    }
}

impl Credential {
    fn read(headers: &HeaderMap, query: &Params, id: &ClientId) -> Result<Self, RegistrationFailure> {
        let in_query =
            query.single("client_secret").map_err(|error| crate::extract::unreadable("query", &error))?;
        match (only_authorization(headers)?, in_query) {
            (Some(_), Some(_)) => {
                let expected = "one way to authenticate";
                Err(Failure::refused(ErrorCode::InvalidRequest, "credentials", expected, "two").into())
            }
            (None, Some(secret)) => Ok(Self::Secret(ClientAuthMethod::Post, Secret::from(secret.to_owned()))),
            (None, None) => {
                Err(RegistrationFailure::unauthorized("credentials", "a token or a secret", "none"))
            }
            (Some(header), None) => match bearer_token(header) {
                Some(token) => Ok(Self::Token(token)),
                None => Self::basic(header, id),
            },
        }
    }

    fn basic(header: &str, id: &ClientId) -> Result<Self, RegistrationFailure> {
        match PresentedCredentials::read(Some(header), &Params::default()) {
            Ok(PresentedCredentials::Basic { id: presented, secret }) if presented == *id => {
                Ok(Self::Secret(ClientAuthMethod::Basic, Secret::from(secret.into_inner())))
            }
            _ => Err(RegistrationFailure::unauthorized(
                "authorization header",
                "Bearer, or Basic of this client",
                "something else",
            )),
        }
    }
}

fn unknown() -> RegistrationFailure {
    RegistrationFailure::unauthorized("client", "a client that registered itself", "none of this client_id")
}

/// The client, read past the cache, when the credential is its own. An operator's client is none of these: it would
/// register itself for more.
async fn authorized(
    app: &App,
    issuer: &Issuer,
    now: Now,
    id: &ClientId,
    credential: &Credential,
) -> Result<(Arc<KnownClient>, Held), RegistrationFailure> {
    let Some(client) = app.clients.reread(issuer.id, id, now.ms).await? else {
        return Err(unknown());
    };
    let Some(Registered { token: Some(own_token), terms, .. }) = client.row.registered.clone() else {
        return Err(unknown());
    };
    let right = match credential {
        Credential::Token(token) => stored_by_key_is_right(app, now, &own_token, token).await?,
        Credential::Secret(method, secret) => {
            app.config.registration.manage_with_secret
                && client.row.metadata.token_endpoint_auth_method == *method
                && secret_is_right(app, now, &client, secret).await?
        }
    };
    if !right {
        return Err(RegistrationFailure::unauthorized("credentials", "this client's own", "others"));
    }
    Ok((client, Held { token: own_token, terms }))
}

/// `GET /oauth2/register/{id}` (RFC 7592 section 2.1). The token is shown to whoever just presented it.
pub(crate) async fn read(managed: Managed) -> Response {
    let token = match &managed.credential {
        Credential::Token(token) => Some(token),
        Credential::Secret(..) => None,
    };
    let mut response = information(StatusCode::OK, &managed.issuer, &managed.client.row, None, token);
    response.extensions_mut().insert(CallingClient(managed.client));
    response
}

/// `DELETE /oauth2/register/{id}` (RFC 7592 section 2.3): grants, tokens and codes die with the row.
pub(crate) async fn delete(managed: Managed) -> Result<Response, RegistrationFailure> {
    let Managed { app, issuer, now, cause, id, client, .. } = managed;
    app.store.clients().delete(client.row.row).await?;
    app.audit.record(&cause, &AuditEvent::ClientDeleted { client_id: id.clone() });
    app.clients.reread(issuer.id, &id, now.ms).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    no_store(&mut response);
    response.extensions_mut().insert(CallingClient(client));
    Ok(response)
}

/// `PUT /oauth2/register/{id}` (RFC 7592 section 2.2): replaces all of the registration, and its access token.
pub(crate) async fn replace(
    mut managed: Managed,
    JsonBody(document): JsonBody,
) -> Result<Response, RegistrationFailure> {
    let document = document?;
    for _ in 0..TRIES {
        if let Some(answer) = replace_once(&managed, &document).await? {
            return Ok(answer);
        }
        // Another request was faster. A token it replaced is no credential any more; a secret may still be one.
        let Managed { app, issuer, now, id, credential, .. } = &managed;
        (managed.client, managed.held) = authorized(app, issuer, *now, id, credential).await?;
    }
    Err(Failure::Unavailable("the registration is being replaced by others".to_owned()).into())
}

/// `None` when the registration was replaced since it was read.
async fn replace_once(managed: &Managed, document: &Value) -> Result<Option<Response>, RegistrationFailure> {
    let Managed { app, issuer, now, id, client, held, .. } = managed;
    let stated = held.terms.software_statement.as_ref();
    let terms = RegistrationTerms {
        software_statement: statement::read(app, issuer, *now, document, stated)?,
        ..held.terms.clone()
    };
    let mut document = document.clone();
    state(&mut document, &terms);
    let ReplacedRegistration { mut metadata, secret: chosen } =
        replaced_registration(document, id, &client.row.metadata)
            .map_err(|error| RegistrationFailure::Metadata(error, None))?;
    policy::apply(&app.config, &terms, &mut metadata)?;
    sector::check(app, &metadata, *now).await?;
    app.keys.make_keys_for(&metadata, now.ms).await?;
    let keys = app.keys.current(now.ms).await?;
    let key = keys.data_key(DataKeyPurpose::ClientSecrets)?;
    let (shown, stored) = if metadata.has_secret() {
        let chosen = chosen.map(|secret| Secret::from(secret.into_inner()));
        secret_from_now_on(managed, &keys, &metadata, chosen).await?
    } else {
        (None, None)
    };
    let (token, stored_token) = new_token(key);
    let replacement = Replacement {
        row: client.row.row,
        token: &held.token,
        new_token: &stored_token,
        terms: &terms,
        metadata: &metadata,
        secret: stored.as_ref(),
        now: now.timestamp(),
    };
    if !app.store.clients().replace_registration(replacement).await? {
        return Ok(None);
    }
    app.audit.record(&managed.cause, &AuditEvent::ClientUpdated { client_id: id.clone() });
    if shown.is_some() && stored != client.row.secret {
        app.audit.record(&managed.cause, &AuditEvent::ClientSecretRotated { client_id: id.clone() });
    }
    let Some(client) = app.clients.reread(issuer.id, id, now.ms).await? else {
        return Err(unknown());
    };
    let mut response = information(StatusCode::OK, issuer, &client.row, shown.as_ref(), Some(&token));
    response.extensions_mut().insert(CallingClient(client));
    Ok(Some(response))
}

/// The secret to show, when it is another one, and what is kept of it: the one chosen, the one before, or a first one.
/// Where the secret itself is needed from now on and only a hash of the one before is kept, another is made.
async fn secret_from_now_on(
    managed: &Managed,
    keys: &Keys,
    metadata: &ClientMetadata,
    chosen: Option<Secret>,
) -> Result<(Option<Secret>, Option<StoredSecret>), RegistrationFailure> {
    let Managed { app, now, client, .. } = managed;
    let present = client.row.secret.clone().and_then(|stored| {
        let key = stored.data_key().and_then(|id| keys.data_key_by_id(DataKeyPurpose::ClientSecrets, id));
        stored.refitted(key, metadata.needs_recoverable_secret())
    });
    let key = keys.data_key(DataKeyPurpose::ClientSecrets)?;
    let Some(chosen) = chosen else {
        if present.is_some() {
            return Ok((None, present));
        }
        let (secret, stored) = new_secret(key, metadata);
        return Ok((Some(secret), Some(stored)));
    };
    // One that is on its way out is none to stay with.
    let is_only_one = client.row.overlap_until(now.timestamp()).is_none();
    if present.is_some() && is_only_one && secret_is_right(app, *now, client, &chosen).await? {
        return Ok((Some(chosen), present));
    }
    check_chosen_secret(chosen.expose(), metadata)
        .map_err(|error| RegistrationFailure::Metadata(error, None))?;
    let stored = if metadata.needs_recoverable_secret() {
        StoredSecret::sealed(key, &chosen)
    } else {
        StoredSecret::Argon2(app.hashing.hash(chosen.clone()).await?)
    };
    Ok((Some(chosen), Some(stored)))
}
