//! The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2). Reads top to bottom: whose
//! request, where may errors go, is the request right, what must the user still do.

pub(crate) mod conclude;
mod request_object;
pub(crate) mod respond;
pub(crate) mod step;

use std::sync::Arc;

use axum::response::Response;
use grantor_crypto::Secret;
use grantor_protocol::authorization::{requested_mode, requested_state, validate};
use grantor_protocol::{
    AuthorizationRequest, ErrorCode, Params, RequestOrigin, RequestedClient, ResponseMode, ReturnTo, Subject,
    scope,
};

use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::extract::{FormBody, QueryParams, unreadable};
use crate::id_token_hint::IdTokenHint;
use crate::interact::Shown;
use crate::pages::views::Problem;
use crate::visit::{Visit, asked_locales};
pub(crate) use conclude::touch;
use respond::Responder;

/// `GET /oauth2/auth`.
pub(crate) async fn get(mut visit: Visit, QueryParams(query): QueryParams) -> Response {
    let request = match query {
        Ok(params) => read(&mut visit, &params, RequestOrigin::Query).await,
        Err(failure) => return visit.error(failure),
    };
    match request {
        Ok((client, request)) => step::begin(&mut visit, client, request).await,
        Err(answer) => *answer,
    }
}

/// `POST /oauth2/auth`. A form that another site posts arrives without our Lax cookies, so the request is parked and
/// the browser sent to a GET of ours, where they come along.
pub(crate) async fn post(mut visit: Visit, FormBody(form): FormBody) -> Response {
    let request = match form {
        Ok(params) => read(&mut visit, &params, RequestOrigin::Body).await,
        Err(failure) => return visit.error(failure),
    };
    match request {
        Ok((client, request)) => step::park_unbound(&visit, &client, &request).await,
        Err(answer) => *answer,
    }
}

/// `GET /oauth2/auth/continue`: where a parked request goes on, wherever it stands.
pub(crate) async fn resume(Shown { mut visit, opened }: Shown) -> Response {
    step::advance(&mut visit, &opened, false).await
}

/// The validated request and its client, or the answer that says what is wrong with it.
async fn read(
    visit: &mut Visit,
    params: &Params,
    origin: RequestOrigin,
) -> Result<(Arc<KnownClient>, AuthorizationRequest), Box<Response>> {
    visit.speak(&asked_locales(params));
    let client = requesting_client(visit, params).await?;
    let from_object = match request_object::read(visit, &client, params).await {
        Ok(from_object) => from_object,
        Err(failure) => return Err(Box::new(refuse_object(visit, &client, params, failure))),
    };
    let origin = if from_object.is_some() { RequestOrigin::Object } else { origin };
    let params = from_object.as_ref().unwrap_or(params);
    let return_to = return_to(params, &client)
        .map_err(|failure| Box::new(visit.error_of(failure, Problem::BadReturnAddress)))?;
    let responder = responder(&client, &return_to, params);
    let validated = match validate(params, &client.row.metadata, &visit.app.config.authorization_rules()) {
        Ok(validated) => validated,
        Err(refusal) => return Err(Box::new(responder.refuse(visit, refusal.into()))),
    };
    visit.speak(&validated.ui_locales);
    let hinted = match hinted_subject(visit, params, &client).await {
        Ok(hinted) => hinted,
        Err(failure) => return Err(Box::new(responder.refuse(visit, failure))),
    };
    let (row, client_id) = (client.row.row, client.row.client_id.clone());
    let request = validated.into_request(row, client_id, return_to, hinted, origin);
    Ok((client, request))
}

/// The client. What fails here, or on the way to the address that it is answered at, ends on our page: there is no address
/// to trust yet (RFC 6749 section 4.1.2.1).
async fn requesting_client(visit: &Visit, params: &Params) -> Result<Arc<KnownClient>, Box<Response>> {
    let page = |failure: Failure| Box::new(visit.error_of(failure, Problem::UnknownApp));
    let requested = RequestedClient::read(params).map_err(|error| page(error.0.into()))?;
    let found = visit.app.clients.by_client_id(visit.issuer.id, &requested.client_id, visit.now.ms).await;
    match found {
        Ok(Some(client)) => Ok(client),
        Ok(None) => {
            let received = requested.client_id.to_string();
            let failure =
                Failure::refused(ErrorCode::InvalidClient, "client_id", "a registered client", received);
            Err(page(failure))
        }
        Err(fault) => Err(Box::new(visit.error(fault.into()))),
    }
}

/// Where the client is answered.
fn return_to(params: &Params, client: &KnownClient) -> Result<ReturnTo, Failure> {
    let requested = RequestedClient::read(params).map_err(|error| error.0)?;
    Ok(requested.return_to(params, &client.row.metadata).map_err(|error| error.0)?)
}

/// The answer to a request whose object is not acceptable: what is beside the object says where to, if that is an address
/// of the client; otherwise it is our page.
fn refuse_object(visit: &Visit, client: &Arc<KnownClient>, outside: &Params, failure: Failure) -> Response {
    match return_to(outside, client) {
        Ok(return_to) => responder(client, &return_to, outside).refuse(visit, failure),
        Err(_) => visit.error(failure),
    }
}

fn responder(client: &Arc<KnownClient>, return_to: &ReturnTo, params: &Params) -> Responder {
    Responder {
        client: Arc::clone(client),
        redirect_uri: return_to.redirect_uri.clone(),
        mode: requested_mode(params).unwrap_or(ResponseMode::Query),
        state: requested_state(params).map(str::to_owned),
        is_openid: params
            .many("scope")
            .iter()
            .any(|scope| scope.split(' ').any(|value| value == scope::OPENID)),
    }
}

/// The subject of `id_token_hint`: a token we signed for this client, expired or not (OpenID Connect Core section
/// 3.1.2.1). Anything else is refused, so that a forged hint never chooses a session.
async fn hinted_subject(
    visit: &Visit,
    params: &Params,
    client: &KnownClient,
) -> Result<Option<Subject>, Failure> {
    let hint = params.single("id_token_hint").map_err(|error| unreadable("query", &error))?;
    let Some(hint) = hint else { return Ok(None) };
    let hint = IdTokenHint::read(visit, hint).await?;
    if hint.client.row.row != client.row.row {
        let expected = "an ID token that this server issued to this client";
        return Err(Failure::refused(
            ErrorCode::InvalidRequest,
            "id_token_hint",
            expected,
            "another client's",
        ));
    }
    Ok(Some(hint.subject))
}

/// A new opaque interaction id.
pub(crate) fn new_interaction_id() -> Secret {
    Secret::generate()
}
