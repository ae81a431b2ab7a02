//! Signing out at Grantor: the user is asked, sessions of this browser end, and a page says so. The same page puts the
//! question when a relying party asked (`end_session`).

pub(crate) mod back_channel;
pub(crate) mod delivery;
mod failure;
pub(crate) mod health;
mod trial;

use axum::http::StatusCode;
use axum::response::Response;
use grantor_store::BrowserSession;

use crate::end_session::{Asked, Outcome, Which, finish, tell};
use crate::error::Failure;
use crate::extract::FormBody;
use crate::interact::account;
use crate::pages::views::{Account, LogoutPage};
use crate::visit::{Policy, Visit};

pub use health::deliveries;
pub use trial::{TriedLogout, try_logout};

/// The path of the page.
pub(crate) const PAGE: &str = "/logout";

/// The live sessions of this browser.
pub(crate) async fn sessions(visit: &Visit) -> Result<Vec<BrowserSession>, Failure> {
    let hashes = visit.cookies.session_hashes();
    let sessions = visit.app.store.sessions();
    Ok(sessions.alive(visit.issuer.id, &hashes, None, visit.now.timestamp()).await?)
}

/// `GET /logout`: asks. A GET changes nothing, so no image tag can sign anybody out (security.md T160).
pub(crate) async fn get(mut visit: Visit) -> Response {
    visit.cookies.browser_or_new();
    let sessions = match sessions(&visit).await {
        Ok(sessions) => sessions,
        Err(failure) => return visit.error(failure),
    };
    let interaction = Asked::default().text();
    let csrf = match visit.csrf_token(&interaction, PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let accounts: Vec<Account> = sessions.iter().map(account).collect();
    let page = visit.frame();
    let form = visit.form(PAGE, &csrf, &interaction);
    let view = LogoutPage { page: &page, form, client: None, accounts: &accounts };
    visit.page(StatusCode::OK, &view, &Policy::Form)
}

/// `POST /logout`: ends the sessions that the page was about.
pub(crate) async fn post(mut visit: Visit, FormBody(form): FormBody) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(failure) => return visit.error(failure),
    };
    let field = |name: &str| params.single(name).ok().flatten();
    let interaction = field("interaction").unwrap_or_default();
    if let Err(answer) = visit.check_form(field("csrf"), interaction, PAGE).await {
        return answer;
    }
    let asked = Asked::read(interaction).unwrap_or_default();
    if let Some(language) = &asked.language {
        visit.speak(std::slice::from_ref(language));
    }
    if field("decision") != Some("accept") {
        return tell(&visit, &asked, Outcome::Stayed).await;
    }
    match sessions(&visit).await {
        Ok(sessions) => {
            let which = asked.session.map_or(Which::All, Which::One);
            finish(&mut visit, &sessions, which, &asked).await
        }
        Err(failure) => visit.error(failure),
    }
}
