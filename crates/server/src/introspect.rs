//! Token introspection (RFC 7662). A client hears of tokens that were issued to it or are meant for it, of any token
//! where the operator allows it that; of all others exactly `{"active": false}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use grantor_protocol::{ActiveToken, ErrorCode, IntrospectionResponse, SubjectType, TokenUse};

use crate::app::App;
use crate::clock::Now;
use crate::error::{Failure, JsonFailure, no_store};
use crate::extract::{Authenticated, FormBody, Issuer};
use crate::live::{self, Live};
use crate::revoke::required_token;
use crate::token::{AccessToken, read_refresh_token};

/// `POST /oauth2/introspect` on the public listener, with client authentication.
pub(crate) async fn post(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    client: Authenticated,
) -> Result<Response, JsonFailure> {
    let token = required_token(&client)?;
    if client.client.row.metadata.is_public() {
        // Nobody proved to be this client, so nobody hears of its tokens (RFC 7662 section 2.1).
        return Ok(respond(IntrospectionResponse::inactive()));
    }
    let row = &client.client.row;
    let may_hear_of = |token: &AccessToken| {
        row.metadata.introspect_any
            || token.client == row.row
            || token.audience.iter().any(|audience| audience == row.client_id.as_str())
    };
    let may_name_user = |token: &AccessToken| {
        let knows_by_name =
            row.metadata.subject_type == SubjectType::Public && token.scope.contains("profile");
        row.metadata.introspect_any || knows_by_name
    };
    let answer = match live::judge(&app, &issuer, now, token).await? {
        Ok(live) if may_hear_of(&live.token) => {
            active_access_token(&issuer, &live, may_name_user(&live.token))
        }
        Ok(_foreign) => IntrospectionResponse::inactive(),
        Err(_) => own_refresh_token(&app, &issuer, now, token, Some(&client)).await?,
    };
    Ok(respond(answer))
}

/// `POST /admin/oauth2/introspect` on the admin listener, which has its own authentication: any token.
pub(crate) async fn admin(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    FormBody(form): FormBody,
) -> Result<Response, JsonFailure> {
    let form = form?;
    let token = form.single("token").map_err(|error| crate::extract::unreadable("body", &error))?;
    let Some(token) = token else {
        return Err(
            Failure::refused(ErrorCode::InvalidRequest, "token parameter", "one token", "none").into()
        );
    };
    let answer = match live::judge(&app, &issuer, now, token).await? {
        Ok(live) => active_access_token(&issuer, &live, true),
        Err(_) => own_refresh_token(&app, &issuer, now, token, None).await?,
    };
    Ok(respond(answer))
}

/// A refresh token is told of only to the client that holds it: to a resource server it is not a token at all.
async fn own_refresh_token(
    app: &App,
    issuer: &Issuer,
    now: Now,
    token: &str,
    client: Option<&Authenticated>,
) -> Result<IntrospectionResponse, Failure> {
    let Ok(refresh) = read_refresh_token(app, issuer, now, token).await? else {
        return Ok(IntrospectionResponse::inactive());
    };
    if client.is_some_and(|client| client.client.row.row != refresh.client) {
        return Ok(IntrospectionResponse::inactive());
    }
    let Some(grant) = app.store.grants().live(refresh.grant, now.timestamp()).await? else {
        return Ok(IntrospectionResponse::inactive());
    };
    let Some(client) = app.clients.by_row(refresh.client, now.ms).await? else {
        return Ok(IntrospectionResponse::inactive());
    };
    if refresh.generation != grant.generation {
        return Ok(IntrospectionResponse::inactive());
    }
    Ok(IntrospectionResponse::active(ActiveToken {
        scope: refresh.scope,
        client_id: client.row.client_id.clone(),
        username: None,
        token_type: None,
        token_use: TokenUse::RefreshToken,
        exp: grant.facts.expires_at,
        iat: refresh.issued_at,
        nbf: None,
        sub: grant.facts.subject,
        aud: refresh.audience,
        iss: issuer.url.to_string(),
        jti: None,
        acr: grant.facts.acr,
        auth_time: grant.facts.authenticated_at,
        cnf: None,
        act: grant.facts.act,
        authorization_details: grant.facts.authorization_details,
        ext: None,
    }))
}

/// `names_user`: whether the asker may know the name that the user signs in with. It is the same at every client, so a
/// client hears it only by a scope that releases it, and never where it knows the user by a pairwise subject.
fn active_access_token(issuer: &Issuer, live: &Live, names_user: bool) -> IntrospectionResponse {
    let token = &live.token;
    let grant = live.facts.grant.as_ref();
    IntrospectionResponse::active(ActiveToken {
        scope: token.scope.clone(),
        client_id: token.client_id.clone(),
        username: grant
            .filter(|_| names_user)
            .and_then(|grant| grant.user.as_ref())
            .map(|user| user.username_display.clone()),
        token_type: Some("Bearer"),
        token_use: TokenUse::AccessToken,
        exp: token.expires_at,
        iat: token.issued_at,
        nbf: Some(token.issued_at),
        sub: token.subject.clone(),
        aud: token.audience.clone(),
        iss: issuer.url.to_string(),
        jti: Some(token.id.to_string()),
        acr: grant.and_then(|grant| grant.acr.clone()),
        auth_time: grant.and_then(|grant| grant.authenticated_at),
        cnf: grant.and_then(|grant| grant.confirmation.clone()),
        act: grant.and_then(|grant| grant.act.clone()),
        authorization_details: grant.and_then(|grant| grant.authorization_details.clone()),
        ext: None,
    })
}

fn respond(answer: IntrospectionResponse) -> Response {
    let mut response = Json(answer).into_response();
    no_store(&mut response);
    response
}
