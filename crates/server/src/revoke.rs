//! Token revocation (RFC 7009). Revoking a token that has a grant ends the grant; one without a grant has its id
//! remembered until it would have expired. One statement either way.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use grantor_protocol::{ErrorCode, GrantId};
use grantor_store::RevocationReason;

use crate::app::App;
use crate::audit::AuditEvent;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::{Failure, JsonFailure, no_store};
use crate::extract::{Authenticated, Issuer};
use crate::token::{read_access_token, read_refresh_token};

/// `POST /oauth2/revoke`: 200 with an empty body also for a token that is unknown, expired or another client's, whose
/// state it leaves alone (RFC 7009 section 2.2). A database that is away is 503, never a false 200.
pub(crate) async fn post(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    client: Authenticated,
) -> Result<Response, JsonFailure> {
    let token = required_token(&client)?;
    let row = client.client.row.row;
    let revoked = |grant, what| {
        let client_id = client.client.row.client_id.clone();
        app.audit.record(&client.cause(), &AuditEvent::TokenRevoked { client_id, grant, what });
    };
    // The hint is not needed to find the kind, so a wrong one cannot stop the search (section 2.1).
    if let Ok(refresh) = read_refresh_token(&app, &issuer, now, token).await? {
        if refresh.client == row {
            end_grant(&app, now, &client, refresh.grant).await?;
            revoked(Some(refresh.grant), "refresh_token");
        }
    } else if let Ok(access) = read_access_token(&app, &issuer, now, token).await?
        && access.client == row
    {
        match access.grant {
            Some(grant) => end_grant(&app, now, &client, grant).await?,
            None => app.store.tokens().revoke_id(access.id, access.expires_at).await?,
        }
        revoked(access.grant, "access_token");
    }
    let mut response = StatusCode::OK.into_response();
    no_store(&mut response);
    response.extensions_mut().insert(CallingClient(client.client));
    Ok(response)
}

async fn end_grant(app: &App, now: Now, client: &Authenticated, grant: GrantId) -> Result<(), Failure> {
    let row = client.client.row.row;
    app.store.grants().revoke(grant, Some(row), RevocationReason::Client, now.timestamp()).await?;
    Ok(())
}

/// The `token` parameter that revocation and introspection both need.
pub(crate) fn required_token(client: &Authenticated) -> Result<&str, Failure> {
    let token = client.params.single("token").map_err(|error| crate::extract::unreadable("body", &error))?;
    token.ok_or_else(|| Failure::refused(ErrorCode::InvalidRequest, "token parameter", "one token", "none"))
}
