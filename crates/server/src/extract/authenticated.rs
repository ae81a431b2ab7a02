//! Client authentication (RFC 6749 section 2.3, OAuth 2.1 section 2.4): one path for token, revocation and
//! introspection. Each client authenticates as it is registered and in no other way.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_crypto::Secret;
use grantor_protocol::resource::REPEATABLE;
use grantor_protocol::{ClientAuthMethod, ErrorCode, Params, PresentedCredentials, RequestRefusal};

use super::client_secret::secret_is_right;
use super::{FormBody, Issuer, Peer, unreadable};
use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;

/// A key that a client proved to hold, to which codes, grants and tokens are bound (RFC 7800). None yet: DPoP and
/// mutual TLS fill it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confirmation(pub String);

/// An authenticated client and the form it sent.
#[derive(Debug)]
pub(crate) struct Authenticated {
    /// The client.
    pub client: Arc<KnownClient>,
    /// What its tokens are bound to.
    pub confirmation: Option<Confirmation>,
    /// The form.
    pub params: Params,
}

/// A refused authentication. A 401 has a challenge, whichever way the client took (RFC 9110 section 15.5.2).
#[derive(Debug)]
pub(crate) struct AuthenticationFailure(Failure);

impl IntoResponse for AuthenticationFailure {
    fn into_response(self) -> Response {
        let mut response = self.0.into_json();
        if response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"grantor\", charset=\"UTF-8\""),
            );
        }
        response
    }
}

impl FromRequest<App> for Authenticated {
    type Rejection = AuthenticationFailure;

    async fn from_request(request: Request, app: &App) -> Result<Self, AuthenticationFailure> {
        let (mut parts, body) = request.into_parts();
        let Ok(now) = Now::from_request_parts(&mut parts, app).await;
        let Ok(issuer) = Issuer::from_request_parts(&mut parts, app).await;
        let Ok(peer) = Peer::from_request_parts(&mut parts, app).await;
        let headers = parts.headers.clone();
        let Ok(FormBody(form)) = FormBody::from_request(Request::from_parts(parts, body), app).await;
        let outcome = match form.and_then(|params| refuse_plain_http(&peer, &issuer).map(|()| params)) {
            Ok(params) => authenticate(app, &issuer, now, &headers, params).await,
            Err(failure) => Err(failure),
        };
        outcome.map_err(AuthenticationFailure)
    }
}

/// Not redirected: the secret has already travelled in clear (ASVS 4.1.2, security.md T190).
pub(crate) fn refuse_plain_http(peer: &Peer, issuer: &Issuer) -> Result<(), Failure> {
    if peer.tls == Some(false) && issuer.is_https() {
        let received = "plain http, says the proxy";
        return Err(Failure::refused(ErrorCode::InvalidRequest, "transport", "https", received));
    }
    Ok(())
}

async fn authenticate(
    app: &App,
    issuer: &Issuer,
    now: Now,
    headers: &HeaderMap,
    params: Params,
) -> Result<Authenticated, Failure> {
    // RFC 6749 section 3.2, here for every endpoint that a client authenticates at.
    params.check_no_repeats(REPEATABLE).map_err(|error| unreadable("body", &error))?;
    let presented = PresentedCredentials::read(only_authorization(headers)?, &params)?;
    let Some(client_id) = presented.client_id() else {
        return Err(refused("client", "client credentials", "none"));
    };
    let Some(client) = app.clients.by_client_id(issuer.id, client_id, now.ms).await? else {
        return Err(refused("client", "a registered client", client_id.to_string()));
    };
    let registered = client.row.metadata.token_endpoint_auth_method;
    if presented.method() != Some(registered) {
        let received = presented.method().map_or("none", ClientAuthMethod::name);
        return Err(refused("client authentication method", registered.name(), received)
            .with_setting("token_endpoint_auth_method of the client"));
    }
    match registered {
        ClientAuthMethod::None => {}
        ClientAuthMethod::SecretJwt | ClientAuthMethod::PrivateKeyJwt => {
            return Err(refused("client authentication method", "one that is offered", registered.name()));
        }
        ClientAuthMethod::Basic | ClientAuthMethod::Post => {
            let Some(secret) = presented.secret() else {
                return Err(refused("client secret", "a secret", "none"));
            };
            let secret = Secret::from(secret.expose().to_owned());
            if !secret_is_right(app, now, &client, &secret).await?
                && !right_after_rereading(app, now, &client, &secret).await?
            {
                return Err(refused("client secret", "the registered secret", "another"));
            }
        }
    }
    Ok(Authenticated { client, confirmation: None, params })
}

/// The `Authorization` header, of which there may be one (a second is a smuggled or misconfigured identity).
pub(crate) fn only_authorization(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut lines = headers.get_all(header::AUTHORIZATION).into_iter();
    let first = lines.next();
    if lines.next().is_some() {
        return Err(invalid_header("one Authorization header", "several"));
    }
    first.map(|line| line.to_str().map_err(|_| invalid_header("visible ASCII", "other bytes"))).transpose()
}

fn invalid_header(expected: &str, received: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidRequest, "authorization header", expected, received)
}

fn refused(check: &'static str, expected: &str, received: impl Into<String>) -> Failure {
    RequestRefusal::new(ErrorCode::InvalidClient, check, expected, received).into()
}

/// A changed secret counts at once on every node: what fails against the held client is tried against the row.
async fn right_after_rereading(
    app: &App,
    now: Now,
    held: &KnownClient,
    secret: &Secret,
) -> Result<bool, Failure> {
    match app.clients.reread(held.row.issuer, &held.row.client_id, now.ms).await? {
        Some(fresh) if fresh.row.updated_at != held.row.updated_at || fresh.row.secret != held.row.secret => {
            secret_is_right(app, now, &fresh, secret).await
        }
        _ => Ok(false),
    }
}
