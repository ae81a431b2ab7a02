//! Signing out at Grantor: the user is asked, every session of this browser ends, and a page says so. Relying-party
//! initiated logout (`/oauth2/sessions/logout`) builds on this and is not served yet.

pub(crate) mod back_channel;
pub(crate) mod delivery;
mod failure;
pub(crate) mod health;
mod trial;

use axum::http::StatusCode;
use axum::response::Response;

use crate::extract::FormBody;
use crate::interact::account;
use crate::pages::views::{Account, LoggedOutPage, LogoutPage};
use crate::visit::{Policy, Visit};
use grantor_store::Ending;

pub use health::deliveries;
pub use trial::{TriedLogout, try_logout};

const PAGE: &str = "/logout";
/// There is no parked request behind a logout; the form is bound to the browser alone.
const NO_INTERACTION: &str = "logout";

/// `GET /logout`: asks. A GET changes nothing, so no image tag can sign anybody out (security.md T160).
pub(crate) async fn get(mut visit: Visit) -> Response {
    visit.cookies.browser_or_new();
    let hashes = visit.cookies.session_hashes();
    let sessions =
        match visit.app.store.sessions().alive(visit.issuer.id, &hashes, None, visit.now.timestamp()).await {
            Ok(sessions) => sessions,
            Err(fault) => return visit.error(fault.into()),
        };
    let csrf = match visit.csrf_token(NO_INTERACTION, PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let accounts: Vec<Account> = sessions.iter().map(account).collect();
    let page = visit.frame();
    let form = visit.form(PAGE, &csrf, NO_INTERACTION);
    let view = LogoutPage { page: &page, form, client: None, accounts: &accounts };
    visit.page(StatusCode::OK, &view, Policy::Form)
}

/// `POST /logout`: ends every session this browser holds; what they granted without `offline_access` dies with them.
pub(crate) async fn post(mut visit: Visit, FormBody(form): FormBody) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(failure) => return visit.error(failure),
    };
    let field = |name: &str| params.single(name).ok().flatten();
    if let Err(answer) = visit.check_form(field("csrf"), NO_INTERACTION, PAGE).await {
        return answer;
    }
    let signed_out = field("decision") == Some("accept");
    if signed_out {
        let hashes = visit.cookies.session_hashes();
        let sessions = visit.app.store.sessions();
        let alive = match sessions.alive(visit.issuer.id, &hashes, None, visit.now.timestamp()).await {
            Ok(alive) => alive,
            Err(fault) => return visit.error(fault.into()),
        };
        let which = Ending::Sessions(alive.iter().map(|held| held.session.id).collect());
        match visit.app.end_sessions(&which, visit.now).await {
            Ok(ended) => drop(visit.app.logout_delivery.settled(&ended, delivery::PATIENCE).await),
            Err(fault) => return visit.error(fault.into()),
        }
        visit.cookies.sign_out();
    }
    let page = visit.frame();
    let view = LoggedOutPage { page: &page, signed_out, continue_to: None };
    visit.page(StatusCode::OK, &view, Policy::Form)
}
