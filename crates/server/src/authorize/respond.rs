//! The authorization response (RFC 6749 section 4.1.2, OAuth 2.0 Multiple Response Types, Form Post Response Mode):
//! always to the verified redirect URI, always with `iss` (RFC 9207 section 2).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::{AuthorizationRequest, ResponseMode};

use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::pages::views::FormPostPage;
use crate::session_management::session_state;
use crate::visit::{Policy, Visit};

/// Where an answer goes. Exists only once client and redirect URI are verified, so no error can be sent to an
/// address that nobody registered.
#[derive(Clone, Debug)]
pub(crate) struct Responder {
    pub(crate) client: Arc<KnownClient>,
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<String>,
    pub(crate) is_openid: bool,
}

impl Responder {
    /// Where a validated request is answered.
    pub(crate) fn of(client: &Arc<KnownClient>, request: &AuthorizationRequest) -> Self {
        Self {
            client: Arc::clone(client),
            redirect_uri: request.redirect_uri.clone(),
            mode: request.response_mode,
            state: request.state.clone(),
            is_openid: request.scope.wants_openid(),
        }
    }

    /// The success: what the response type asked for.
    pub(crate) fn grant(&self, visit: &Visit, outcome: &[(&str, String)]) -> Response {
        let outcome: Vec<_> = outcome.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(visit, &outcome)
    }

    /// The answer to whatever failed after the redirect URI was verified: the error redirect, for faults of ours as
    /// well. Only what heals by itself stays here: reloading the page goes on where the client could only begin anew.
    pub(crate) fn refuse(&self, visit: &Visit, failure: Failure) -> Response {
        if matches!(failure, Failure::Unavailable(_)) {
            return visit.error(failure);
        }
        let description = failure.description();
        let response =
            self.send(visit, &[("error", failure.code().name()), ("error_description", &description)]);
        failure.annotate_redirect(response)
    }

    fn send(&self, visit: &Visit, outcome: &[(&str, &str)]) -> Response {
        let mut parameters = outcome.to_vec();
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        let session_state = if self.is_openid {
            session_state(self.client.row.client_id.as_str(), &self.redirect_uri, &visit.cookies.state())
        } else {
            None
        };
        if let Some(session_state) = &session_state {
            parameters.push(("session_state", session_state));
        }
        parameters.push(("iss", &visit.issuer.url));
        let encoded = || form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
        match self.mode {
            ResponseMode::Query => {
                let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
                visit.redirect(&format!("{}{separator}{}", self.redirect_uri, encoded()))
            }
            ResponseMode::Fragment => visit.redirect(&format!("{}#{}", self.redirect_uri, encoded())),
            ResponseMode::FormPost => {
                let page = visit.frame();
                let client = crate::interact::client_card(visit, &self.client, None);
                let view = FormPostPage {
                    page: &page,
                    action: &self.redirect_uri,
                    parameters: &parameters,
                    client: &client,
                };
                visit.page(StatusCode::OK, &view, &Policy::AutoSubmit)
            }
        }
    }
}
