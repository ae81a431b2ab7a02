//! The userinfo endpoint (OpenID Connect Core section 5.3): the claims that the token's scope allows and those that were
//! asked for one by one, and `sub` always; as JSON, or in the form of a JWT that the client is registered for.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::claims::released;
use grantor_protocol::{ErrorCode, scope};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::client_jwt::ClientJwt;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::{Failure, no_store};
use crate::extract::{Bearer, BearerFailure, Issuer};
use crate::issuing::Issuing;
use crate::live;
use crate::user_claims::claims_of;

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
    let refused = |check, expected: &str, received: &str| {
        BearerFailure::from(Failure::refused(ErrorCode::InvalidToken, check, expected, received))
    };
    let grant = live.facts.grant.as_ref();
    let Some((grant, user)) = grant.and_then(|grant| Some((grant, grant.user.as_ref()?))) else {
        return Err(refused(
            "user of the access token",
            "an access token that a user gave",
            "a client's own",
        ));
    };
    let (scope, requested) = (&live.token.scope, &grant.claims);
    let of_scope = app.config.claims.scopes.released_by(scope);
    let mut claims =
        released(&claims_of(user, &live.token.subject)?, of_scope, &requested.userinfo, &requested.locales);
    claims.insert("sub".to_owned(), json!(live.token.subject.as_str()));
    let client = app.clients.by_row(live.token.client, now.ms);
    if !live.facts.may_want_signed_userinfo {
        let mut response = Json(claims).into_response();
        no_store(&mut response);
        // Only an application in a browser needs to be known. Failing to find it costs it the answer, and nobody else.
        if headers.contains_key(header::ORIGIN)
            && let Ok(Some(client)) = client.await
        {
            response.extensions_mut().insert(CallingClient(client));
        }
        return Ok(response);
    }
    let Some(client) = client.await.map_err(Failure::from)? else {
        return Err(refused("client of the access token", "a client that is registered", "one that is gone"));
    };
    let issuing = Issuing { app: &app, issuer: &issuer, client: &client, confirmation: None, now };
    let mut response = match ClientJwt::for_userinfo(issuing).await? {
        None => Json(claims).into_response(),
        Some(form) => protected(issuing, &form, claims)?,
    };
    no_store(&mut response);
    response.extensions_mut().insert(CallingClient(client));
    Ok(response)
}

/// OpenID Connect Core section 5.3.2: a signed answer says who made it and for whom, so that it proves itself.
fn protected(
    issuing: Issuing<'_>,
    form: &ClientJwt,
    mut claims: Map<String, Value>,
) -> Result<Response, Failure> {
    if form.is_jwt() {
        claims.insert("iss".to_owned(), json!(&*issuing.issuer.url));
        claims.insert("aud".to_owned(), json!(issuing.client.row.client_id));
    }
    let token = form.encode(&Value::Object(claims))?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], token).into_response())
}
