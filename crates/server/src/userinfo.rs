//! The userinfo endpoint (OpenID Connect Core section 5.3): the claims that the token's scope allows, and `sub` always.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::claims::released;
use grantor_protocol::{ErrorCode, scope};
use serde_json::{Value, json};

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
    let (scope, requested) = (&live.token.scope, &grant.claims);
    let of_scope = app.config.claims.scopes.released_by(scope);
    let mut claims = released(&claims_of(user)?, of_scope, &requested.userinfo, &requested.locales);
    claims.insert("sub".to_owned(), json!(live.token.subject.as_str()));
    let Some(client) = app.clients.by_row(live.token.client, now.ms).await? else {
        return Err(gone());
    };
    let issuing = Issuing { app: &app, issuer: &issuer, client: &client, confirmation: None, now };
    let mut response = match ClientJwt::for_userinfo(issuing).await? {
        None => Json(claims).into_response(),
        Some(form) => signed(issuing, &form, claims)?,
    };
    no_store(&mut response);
    response.extensions_mut().insert(CallingClient(client));
    Ok(response)
}

/// OpenID Connect Core section 5.3.2: who says it and to whom, so that the answer proves itself.
fn signed(issuing: Issuing<'_>, form: &ClientJwt, mut claims: Map<String, Value>) -> Result<Response, Failure> {
    claims.insert("iss".to_owned(), json!(&*issuing.issuer.url));
    claims.insert("aud".to_owned(), json!(issuing.client.row.client_id));
    let token = form.encode(&Value::Object(claims))?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], token).into_response())
}
