//! The token endpoint (RFC 6749 section 3.2): an authenticated client trades one grant for one token response. One
//! file per grant; the match below is exhaustive, so a new grant is a new arm.

mod access_token;
mod authorization_code;
mod client_credentials;
mod id_token;
mod issue;
mod refresh_token;
mod sealed;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use grantor_protocol::{
    ClientId, ErrorCode, GrantType, RequestRefusal, Scope, Targets, TokenRequest, TokenResponse,
};
use grantor_store::GrantFacts;

pub(crate) use access_token::{AccessToken, TokenUnreadable, read_access_token};
use authorization_code::CodeRequest;
pub(crate) use authorization_code::new_code;
pub(crate) use id_token::IdToken;
pub(crate) use issue::{Minting, Wanted};
pub(crate) use refresh_token::read_refresh_token;

use crate::app::App;
use crate::audit::AuditEvent;
use crate::clock::Now;
use crate::cors::CallingClient;
use crate::error::{Failure, no_store};
use crate::extract::{Authenticated, Issuer};
use crate::issuing::Issuing;

/// What every grant is given.
pub(crate) struct TokenContext<'a> {
    app: &'a App,
    issuer: &'a Issuer,
    client: &'a Authenticated,
    now: Now,
}

impl<'a> TokenContext<'a> {
    fn client_id(&self) -> ClientId {
        self.client.client.row.client_id.clone()
    }

    fn record(&self, event: &AuditEvent) {
        self.app.audit.record(&self.client.cause(), event);
    }

    /// Records that tokens were issued, of a grant where there is one.
    fn issued(&self, grant_type: GrantType, facts: Option<&GrantFacts>, scope: &Scope) {
        if self.app.audit.has_tokens() {
            self.record(&AuditEvent::TokenIssued {
                subject: facts.and_then(|facts| facts.user.as_ref()).map(|user| user.id),
                client_id: self.client_id(),
                grant: facts.map(|facts| facts.id),
                grant_type: grant_type.name(),
                scope: scope.clone(),
            });
        }
    }

    fn issuing(&self) -> Issuing<'a> {
        Issuing {
            app: self.app,
            issuer: self.issuer,
            client: &self.client.client,
            confirmation: self.client.confirmation.as_ref(),
            now: self.now,
        }
    }
}

/// `POST /oauth2/token`.
pub(crate) async fn post(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    client: Authenticated,
) -> Response {
    let caller = CallingClient(client.client.clone());
    let context = TokenContext { app: &app, issuer: &issuer, client: &client, now };
    let mut response = match redeem(&context).await {
        Ok((grant, tokens)) => {
            app.metrics.granted(grant.name(), "issued");
            app.client_uses.note(&client.client, now);
            Json(tokens).into_response()
        }
        Err((grant, failure)) => {
            app.metrics.granted(grant.map_or("unknown", GrantType::name), failure.code().name());
            failure.into_json()
        }
    };
    no_store(&mut response);
    response.extensions_mut().insert(caller);
    response
}

async fn redeem(
    context: &TokenContext<'_>,
) -> Result<(GrantType, TokenResponse), (Option<GrantType>, Failure)> {
    let request = TokenRequest::read(&context.client.params).map_err(|refusal| (None, refusal.into()))?;
    let grant = request.grant_type();
    let tokens = async {
        may_use(context, grant)?;
        match request {
            TokenRequest::AuthorizationCode { code, redirect_uri, verifier, resource, audience } => {
                let request =
                    CodeRequest { code, redirect_uri, verifier, targets: Targets { audience, resource } };
                authorization_code::redeem(context, &request).await
            }
            TokenRequest::RefreshToken { refresh_token, scope, resource, audience } => {
                let targets = Targets { audience, resource };
                refresh_token::redeem(context, &refresh_token, scope.as_ref(), &targets).await
            }
            TokenRequest::ClientCredentials { scope, resource, audience } => {
                client_credentials::redeem(context, scope, &Targets { audience, resource }).await
            }
        }
    };
    match tokens.await {
        Ok(tokens) => Ok((grant, tokens)),
        Err(failure) => Err((Some(grant), failure)),
    }
}

/// Whether the client is registered for the grant (RFC 6749 section 5.2, `unauthorized_client`).
fn may_use(context: &TokenContext<'_>, grant: GrantType) -> Result<(), Failure> {
    let metadata = &context.client.client.row.metadata;
    if metadata.allows_grant(grant) && !(grant == GrantType::ClientCredentials && metadata.is_public()) {
        return Ok(());
    }
    let registered: Vec<&str> = metadata.grant_types.iter().map(|grant| grant.name()).collect();
    let refusal = RequestRefusal::new(
        ErrorCode::UnauthorizedClient,
        "grant type of the client",
        registered.join(" "),
        grant.name(),
    );
    Err(Failure::from(refusal).with_setting("grant_types of the client"))
}
