//! The built-in front: the pages on which a parked request goes on. Each of them opens its interaction the same way,
//! asks the same verdict, and shows itself only when it is its turn.

pub(crate) mod consent;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod select_account;
pub(crate) mod sign_in;

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use grantor_crypto::{Secret, SecretHash};
use grantor_protocol::client_metadata::Introduction;
use grantor_protocol::{ErrorCode, Params, UserClaims};
use grantor_store::{BrowserSession, OpenInteraction};

use crate::app::App;
use crate::authorize::step::Facts;
use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::extract::{FormBody, QueryParams, unreadable};
use crate::pages::Foreign;
use crate::pages::views::{Account, ClientCard, Problem, WebLink};
use crate::visit::Visit;

/// A parked request that this browser may go on with.
#[derive(Debug)]
pub(crate) struct OpenedInteraction {
    /// The opaque id, as the address and the forms carry it.
    pub(crate) handle: String,
    /// The row.
    pub(crate) interaction: OpenInteraction,
    /// The browser's live sessions, the current one first.
    pub(crate) sessions: Vec<BrowserSession>,
    /// Who asks.
    pub(crate) client: Arc<KnownClient>,
}

impl OpenedInteraction {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            client: &self.client,
            request: &self.interaction.request,
            sessions: &self.sessions,
            parked: Some(&self.interaction),
        }
    }
}

/// A request for one of our pages, its interaction opened.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) visit: Visit,
    pub(crate) opened: OpenedInteraction,
}

impl FromRequestParts<App> for Shown {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(mut visit) = Visit::from_request_parts(parts, app).await;
        let Ok(QueryParams(query)) = QueryParams::from_request_parts(parts, app).await;
        let params = query.map_err(|failure| visit.error(failure))?;
        let opened = open(&mut visit, &params, "query").await.map_err(|answer| *answer)?;
        Ok(Self { visit, opened })
    }
}

/// A form of one of our pages, its interaction opened. Whether the form is ours, [`Visit::check_form`] says.
#[derive(Debug)]
pub(crate) struct Submitted {
    pub(crate) visit: Visit,
    pub(crate) opened: OpenedInteraction,
    fields: Params,
}

impl FromRequest<App> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(mut visit) = Visit::from_request_parts(&mut parts, app).await;
        let Ok(FormBody(form)) = FormBody::from_request(Request::from_parts(parts, body), app).await;
        let fields = form.map_err(|failure| visit.error(failure))?;
        let opened = open(&mut visit, &fields, "body").await.map_err(|answer| *answer)?;
        Ok(Self { visit, opened, fields })
    }
}

impl Submitted {
    /// A field of the form. A repeated one is not from our page, and counts as absent.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.single(name).ok().flatten()
    }
}

/// Opens the interaction that `params`, found in this part of the request, name, with the browser's sessions, in one statement. Refuses one that is over,
/// too old, or another browser's (security.md T149).
async fn open(
    visit: &mut Visit,
    params: &Params,
    part: &'static str,
) -> Result<OpenedInteraction, Box<Response>> {
    let handle = match params.single("interaction") {
        Ok(handle) => handle.unwrap_or_default().to_owned(),
        Err(error) => return Err(Box::new(visit.error(unreadable(part, &error)))),
    };
    let id = Secret::from(handle.clone()).hash();
    let hashes = visit.cookies.session_hashes();
    let interactions = visit.app.store.interactions();
    let opened = match interactions.resume(visit.issuer.id, &id, &hashes, visit.now.timestamp()).await {
        Ok(Some(opened)) if !opened.concluded => opened,
        Ok(_) => return Err(Box::new(over(visit))),
        Err(fault) => return Err(Box::new(visit.error(fault.into()))),
    };
    bind(visit, &id, opened.browser).await?;
    let client = match visit.app.clients.by_row(opened.interaction.request.client, visit.now.ms).await {
        Ok(Some(client)) => client,
        Ok(None) => return Err(Box::new(over(visit))),
        Err(fault) => return Err(Box::new(visit.error(fault.into()))),
    };
    visit.speak(&opened.interaction.request.ui_locales);
    Ok(OpenedInteraction { handle, interaction: opened.interaction, sessions: opened.sessions, client })
}

/// An interaction belongs to the browser that began it; one that came by POST to the first that continues it.
async fn bind(visit: &mut Visit, id: &SecretHash, bound: Option<SecretHash>) -> Result<(), Box<Response>> {
    let refuse = |visit: &Visit, received: &str, problem| {
        let expected = "the browser that began this sign-in";
        let failure =
            Failure::refused(ErrorCode::AccessDenied, "browser of the interaction", expected, received);
        Box::new(visit.error_of(failure, problem))
    };
    if let Some(bound) = bound {
        return match visit.cookies.browser().map(Secret::hash) {
            Some(hash) if hash == bound => Ok(()),
            Some(_) => Err(refuse(visit, "another", Problem::OtherBrowser)),
            None => Err(refuse(visit, "one without our cookie", Problem::NoCookies)),
        };
    }
    let browser = visit.cookies.browser_or_new();
    match visit.app.store.interactions().bind_browser(id, &browser.hash()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(refuse(visit, "another", Problem::OtherBrowser)),
        Err(fault) => Err(Box::new(visit.error(fault.into()))),
    }
}

/// The page for an interaction that was answered before, or is too old.
pub(crate) fn over(visit: &Visit) -> Response {
    let expected = "an interaction that is open";
    let failure =
        Failure::refused(ErrorCode::InvalidRequest, "interaction", expected, "one that is over or unknown")
            .with_setting("login.lifetime");
    visit.error_of(failure, Problem::Expired)
}

/// The client as pages show it; `logo` is an address of ours ([`crate::client_logo::address`]).
pub(crate) fn client_card<'a>(
    visit: &Visit,
    client: &'a KnownClient,
    logo: Option<&'a str>,
) -> ClientCard<'a> {
    let said = introduction(visit, client);
    ClientCard {
        name: Foreign::first_shown([said.name.unwrap_or_default(), client.row.client_id.as_str()]),
        logo,
        policy: said.policy.and_then(WebLink::new),
        terms: said.terms.and_then(WebLink::new),
    }
}

/// What the client says of itself in the language of the page (RFC 7591 section 2.2).
pub(crate) fn introduction<'a>(visit: &Visit, client: &'a KnownClient) -> Introduction<'a> {
    client.row.metadata.introduction(&visit.language.tag)
}

/// A session's user as pages show them.
pub(crate) fn account(session: &BrowserSession) -> Account {
    Account::new(display_name(&session.user.claims), &session.user.username_display)
}

fn display_name(claims: &UserClaims) -> Option<&str> {
    claims.text("name")
}

/// `GET /error`: where a browser ends that was sent here without a request of its own.
pub(crate) async fn error_page(visit: Visit, QueryParams(query): QueryParams) -> Response {
    let asked = query.ok().and_then(|params| params.single("error").ok().flatten().map(str::to_owned));
    let code = asked
        .and_then(|name| ErrorCode::ALL.iter().copied().find(|code| code.name() == name))
        .unwrap_or(ErrorCode::InvalidRequest);
    visit.message(StatusCode::BAD_REQUEST, code.name(), Problem::BadRequest)
}
