//! Client authentication (RFC 6749 section 2.3, OAuth 2.1 section 2.4): one path for token, revocation and
//! introspection. Each client authenticates as it is registered and in no other way.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_crypto::Secret;
use grantor_protocol::resource::REPEATABLE;
use grantor_protocol::{ClientId, ErrorCode, Params, PresentedCredentials, RequestRefusal};

use super::client_assertion::{Assertion, ProvedAssertion};
use super::client_secret::secret_is_right;
use super::{FormBody, Issuer, Peer, unreadable};
use crate::app::App;
use crate::audit::{Actor, AuditEvent, Cause};
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;
use crate::observe::TraceId;

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
    peer: Peer,
    trace_id: TraceId,
    now: Now,
}

impl Authenticated {
    /// The client as whoever causes what its request does. Made when something is recorded, which few requests do.
    pub(crate) fn cause(&self) -> Cause {
        let client = Actor::Client(self.client.row.client_id.clone());
        Cause::request(&self.peer, &self.trace_id, self.now).by(client)
    }
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
        let Ok(trace_id) = TraceId::from_request_parts(&mut parts, app).await;
        let (headers, endpoint) = (&parts.headers, parts.uri.path());
        let FormBody(form) = FormBody::read(headers, body, app).await;
        let mut claimed = None;
        let outcome = match form.and_then(|params| refuse_plain_http(&peer, &issuer).map(|()| params)) {
            Ok(params) => authenticate(app, &issuer, endpoint, now, headers, &params, &mut claimed)
                .await
                .map(|client| (client, params)),
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok((client, params)) => Ok(Self { client, confirmation: None, params, peer, trace_id, now }),
            Err(failure) => {
                if let Some(reason) = failed_check(&failure) {
                    let event = AuditEvent::ClientAuthenticationFailed { client_id: claimed, reason };
                    app.audit.record(&Cause::request(&peer, &trace_id, now), &event);
                }
                Err(AuthenticationFailure(failure))
            }
        }
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

/// The check that a client did not pass, when that is what failed.
fn failed_check(failure: &Failure) -> Option<&'static str> {
    match failure {
        Failure::Refused(refusal) if refusal.code == ErrorCode::InvalidClient => Some(refusal.check),
        Failure::Refused(_) | Failure::TooLarge(..) | Failure::Unavailable(_) | Failure::Internal(_) => None,
    }
}

/// `claimed` becomes the client that the request says it is from.
async fn authenticate(
    app: &App,
    issuer: &Issuer,
    endpoint: &str,
    now: Now,
    headers: &HeaderMap,
    params: &Params,
    claimed: &mut Option<ClientId>,
) -> Result<Arc<KnownClient>, Failure> {
    // RFC 6749 section 3.2, here for every endpoint that a client authenticates at.
    params.check_no_repeats(REPEATABLE).map_err(|error| unreadable("body", &error))?;
    let presented = PresentedCredentials::read(only_authorization(headers)?, params)?;
    let proof = Proof::of(&presented)?;
    let Some(client_id) = presented.client_id().cloned().or_else(|| proof.claimed_client()) else {
        return Err(refused("client", "client credentials", "none"));
    };
    *claimed = Some(client_id.clone());
    let Some(client) = app.clients.by_client_id(issuer.id, &client_id, now.ms).await? else {
        return Err(refused("client", "a registered client", client_id.to_string()));
    };
    let request = Attempted { app, issuer, endpoint, now, presented: &presented, proof: &proof };
    let (client, proved) = match request.prove(&client).await {
        Ok(proved) => (client, proved),
        Err(failure) => request.prove_anew(&client, failure).await?,
    };
    if let Some(assertion) = proved {
        assertion.use_up(app, &client).await?;
    }
    Ok(client)
}

/// What is presented beside the name.
enum Proof<'a> {
    Nothing,
    Secret(Secret),
    Assertion(Assertion<'a>),
}

impl<'a> Proof<'a> {
    fn of(presented: &'a PresentedCredentials) -> Result<Self, Failure> {
        Ok(match presented {
            PresentedCredentials::None | PresentedCredentials::IdOnly { .. } => Self::Nothing,
            PresentedCredentials::Basic { secret, .. } | PresentedCredentials::Post { secret, .. } => {
                Self::Secret(Secret::from(secret.expose().to_owned()))
            }
            PresentedCredentials::Assertion { assertion, .. } => {
                Self::Assertion(Assertion::parse(assertion.expose())?)
            }
        })
    }

    fn claimed_client(&self) -> Option<ClientId> {
        match self {
            Self::Nothing | Self::Secret(_) => None,
            Self::Assertion(assertion) => assertion.claimed_client(),
        }
    }
}

/// A request that says which client it is from.
struct Attempted<'a> {
    app: &'a App,
    issuer: &'a Issuer,
    endpoint: &'a str,
    now: Now,
    presented: &'a PresentedCredentials,
    proof: &'a Proof<'a>,
}

impl Attempted<'_> {
    /// Whether the client is who it says, in the one way that it is registered for.
    async fn prove(&self, client: &KnownClient) -> Result<Option<ProvedAssertion>, Failure> {
        let registered = client.row.metadata.token_endpoint_auth_method;
        if !self.presented.is_by(registered) {
            return Err(refused("client authentication method", registered.name(), self.presented.kind())
                .with_setting("token_endpoint_auth_method of the client"));
        }
        match self.proof {
            Proof::Nothing => Ok(None),
            Proof::Secret(secret) if secret_is_right(self.app, self.now, client, secret).await? => Ok(None),
            Proof::Secret(_) => Err(refused("client secret", "the registered secret", "another")),
            Proof::Assertion(assertion) => {
                let proved = assertion.prove(self.app, self.issuer, self.endpoint, self.now, client);
                proved.await.map(Some)
            }
        }
    }

    /// A changed secret or key counts at once on every node: what fails against the held client is tried against the
    /// row.
    async fn prove_anew(
        &self,
        held: &KnownClient,
        failure: Failure,
    ) -> Result<(Arc<KnownClient>, Option<ProvedAssertion>), Failure> {
        let (Failure::Refused(_), Proof::Secret(_) | Proof::Assertion(_)) = (&failure, self.proof) else {
            return Err(failure);
        };
        let row = &held.row;
        match self.app.clients.reread(row.issuer, &row.client_id, self.now.ms).await? {
            Some(fresh) if fresh.row.updated_at != row.updated_at || fresh.row.secret != row.secret => {
                let proved = self.prove(&fresh).await?;
                Ok((fresh, proved))
            }
            _ => Err(failure),
        }
    }
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

pub(super) fn refused(
    check: &'static str,
    expected: impl Into<String>,
    received: impl Into<String>,
) -> Failure {
    RequestRefusal::new(ErrorCode::InvalidClient, check, expected, received).into()
}
