//! The userinfo endpoint (OpenID Connect Core section 5.3): the claims that the token's scope allows, and `sub` always.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::claims::userinfo;
use grantor_protocol::{ErrorCode, scope};
use serde_json::json;

use crate::app::App;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::{Failure, no_store};
use crate::extract::{Bearer, BearerFailure, Issuer};
use crate::live;

/// `GET` and `POST /userinfo`.
pub(crate) async fn answer(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    headers: HeaderMap,
    Bearer(bearer): Bearer,
) -> Result<Response, BearerFailure> {
    let live = match live::judge(&app, &issuer, now, bearer.expose()).await? {
        Ok(live) => live,
        Err(reason) => {
            let expected = "an access token that is live";
            return Err(Failure::refused(ErrorCode::InvalidToken, "access token", expected, reason).into());
        }
    };
    if !live.token.scope.contains(scope::OPENID) {
        return Err(BearerFailure::insufficient_scope(scope::OPENID, &live.token.scope));
    }
    let Some(user) = live.facts.grant.and_then(|grant| grant.user) else {
        let expected = "an access token that a user gave";
        return Err(Failure::refused(
            ErrorCode::InvalidToken,
            "user of the access token",
            expected,
            "a client's own",
        )
        .into());
    };
    let mut claims = user.claims;
    // Every account has this claim: where nobody set it, it is when the account's data last changed.
    claims
        .set_default("updated_at", json!(user.updated_at.seconds()))
        .map_err(|error| Failure::Internal(error.to_string()))?;
    let claims = userinfo(&claims, &live.token.scope, &live.token.subject);
    let mut response = Json(claims).into_response();
    no_store(&mut response);
    // Only an application in a browser needs to be known. Failing to find it costs it the answer, and nobody else.
    if headers.contains_key(header::ORIGIN)
        && let Ok(Some(client)) = app.clients.by_row(live.token.client, now.ms).await
    {
        response.extensions_mut().insert(CallingClient(client));
    }
    Ok(response)
}
