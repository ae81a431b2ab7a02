//! RP-Initiated Logout (section 2): a relying party sends its user here to be signed out. What proves that it is theirs to
//! ask is an ID token of a session in this very browser; anybody else's request is put to the user.

mod asked;
mod finish;
mod front_channel;

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::{ClientId, ErrorCode, Params};
use grantor_store::BrowserSession;

use crate::error::Failure;
use crate::extract::{FormBody, QueryParams, unreadable};
use crate::id_token_hint::IdTokenHint;
use crate::interact::{account, client_card};
use crate::logout;
use crate::pages::views::{Account, LogoutPage};
use crate::sid::sid;
use crate::visit::{Policy, Visit, asked_locales};
pub(crate) use asked::Asked;
pub(crate) use finish::{Outcome, Which, finish, tell};

/// The path of the endpoint.
pub(crate) const PATH: &str = "/oauth2/sessions/logout";
/// What the query of a GET may be.
const QUERY_LIMIT: usize = 16 * 1024;

/// `GET /oauth2/sessions/logout`.
pub(crate) async fn get(visit: Visit, QueryParams(query): QueryParams) -> Response {
    match query {
        Ok(params) => answer(visit, &params, "query").await,
        Err(failure) => visit.error(failure),
    }
}

/// `POST /oauth2/sessions/logout`. A form that another site posts arrives without our Lax cookies, so the browser is sent
/// to the GET, where they come along.
pub(crate) async fn post(visit: Visit, FormBody(form): FormBody) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(failure) => return visit.error(failure),
    };
    if visit.cookies.session_hashes().is_empty() {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params.iter()).finish();
        if query.len() > QUERY_LIMIT {
            return visit.error(Failure::TooLarge("body", StatusCode::PAYLOAD_TOO_LARGE));
        }
        return visit.redirect(&format!("{}{PATH}?{query}", visit.issuer.path()));
    }
    answer(visit, &params, "body").await
}

async fn answer(mut visit: Visit, params: &Params, part: &'static str) -> Response {
    let ui_locales = asked_locales(params);
    visit.speak(&ui_locales);
    let request = match EndSessionRequest::read(&visit, params, part).await {
        Ok(request) => request,
        Err(failure) => return visit.error(failure),
    };
    let sessions = match logout::sessions(&visit).await {
        Ok(sessions) => sessions,
        Err(failure) => return visit.error(failure),
    };
    let theirs = request.hint.as_ref().and_then(|hint| session_of(&sessions, hint));
    if sessions.is_empty() || (theirs.is_some() && visit.is_navigation()) {
        let which = theirs.map_or(Which::Nothing, |session| Which::One(session.session.id));
        return finish(&mut visit, &sessions, which, &request.asked).await;
    }
    ask(visit, &sessions, &request, !ui_locales.is_empty()).await
}

/// The session that the hint is of (`sid`).
fn session_of(sessions: &[BrowserSession], hint: &IdTokenHint) -> Option<BrowserSession> {
    let named = hint.sid.as_deref()?;
    let client = hint.client.row.row;
    sessions.iter().find(|held| sid(held.session.id, client) == named).cloned()
}

/// Puts the question to the user.
async fn ask(
    mut visit: Visit,
    sessions: &[BrowserSession],
    request: &EndSessionRequest,
    asks_for_language: bool,
) -> Response {
    visit.cookies.browser_or_new();
    let hinted = request.logout_hint.as_deref();
    let named: Vec<&BrowserSession> =
        sessions.iter().filter(|held| hinted.is_some_and(|hint| is_named(held, hint))).collect();
    let mut asked = request.asked.clone();
    let shown = if named.is_empty() { sessions.iter().collect() } else { named };
    if let (Some(_), [only]) = (hinted, shown.as_slice()) {
        asked.session = Some(only.session.id);
    }
    asked.language = asks_for_language.then(|| visit.language.tag.clone());
    let interaction = asked.text();
    let csrf = match visit.csrf_token(&interaction, logout::PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let accounts: Vec<Account> = shown.into_iter().map(account).collect();
    let client = match asked.client(&visit).await {
        Ok(client) => client,
        Err(failure) => return visit.error(failure),
    };
    let card = client.as_ref().map(|client| client_card(&visit, client, None));
    let page = visit.frame();
    let form = visit.form(logout::PAGE, &csrf, &interaction);
    let view = LogoutPage { page: &page, form, client: card.as_ref(), accounts: &accounts };
    visit.page(StatusCode::OK, &view, &Policy::Form)
}

/// Whether `logout_hint` names this session's user: by the name they sign in with, or by `sub`.
fn is_named(held: &BrowserSession, hint: &str) -> bool {
    held.user.username_display.eq_ignore_ascii_case(hint) || held.user.id.to_string() == hint
}

/// A request that may be acted upon: whatever cannot be true of one of ours was refused.
struct EndSessionRequest {
    hint: Option<IdTokenHint>,
    logout_hint: Option<String>,
    asked: Asked,
}

impl EndSessionRequest {
    async fn read(visit: &Visit, params: &Params, part: &'static str) -> Result<Self, Failure> {
        let value = |name| match params.single(name) {
            Ok(value) => Ok(value.map(str::to_owned)),
            Err(error) => Err(unreadable(part, &error)),
        };
        let hint = match value("id_token_hint")? {
            Some(hint) => Some(IdTokenHint::read(visit, &hint).await?),
            None => None,
        };
        let client_id = match value("client_id")? {
            Some(name) => Some(ClientId::parse(&name).map_err(|_| unknown(&name))?),
            None => None,
        };
        let client = match (&hint, &client_id) {
            (Some(hint), Some(named)) if hint.client.row.client_id != *named => {
                let expected = "the client that the ID token was issued to";
                return Err(refused("client_id", expected, named.as_str()));
            }
            (Some(hint), _) => Some(std::sync::Arc::clone(&hint.client)),
            (None, Some(named)) => {
                let found = visit.app.clients.by_client_id(visit.issuer.id, named, visit.now.ms).await?;
                Some(found.ok_or_else(|| unknown(named.as_str()))?)
            }
            (None, None) => None,
        };
        let return_to = match (value("post_logout_redirect_uri")?, &client) {
            (None, _) => None,
            (Some(uri), None) => {
                let expected = "an id_token_hint or a client_id with it";
                return Err(refused("post_logout_redirect_uri", expected, &uri));
            }
            (Some(uri), Some(client)) => {
                let metadata = &client.row.metadata;
                if metadata.matching_post_logout_redirect_uri(&uri).is_none() {
                    let failure = refused("post_logout_redirect_uri", "one that the client registered", &uri);
                    return Err(failure.with_setting("post_logout_redirect_uris of the client"));
                }
                Some(uri)
            }
        };
        let asked = Asked {
            client: client.map(|client| client.row.row),
            is_proven: hint.is_some(),
            state: return_to.as_ref().and(value("state")?),
            return_to,
            session: None,
            language: None,
        };
        Ok(Self { hint, logout_hint: value("logout_hint")?, asked })
    }
}

fn unknown(client_id: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidClient, "client_id", "a registered client", client_id)
}

fn refused(check: &'static str, expected: &str, received: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidRequest, check, expected, received)
}
