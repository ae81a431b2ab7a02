//! Account choice (`prompt=select_account`): which of the browser's sessions goes on, or another account.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::{ErrorCode, Step};

use super::{Shown, Submitted, account, client_card};
use crate::authorize::step::{address, deny, page_of};
use crate::client_logo;
use crate::error::Failure;
use crate::pages::views::{AccountChoice, Problem, SelectAccountPage};
use crate::visit::Policy;

const PAGE: &str = "/select-account";

/// `GET /select-account`.
pub(crate) async fn get(Shown { visit, opened }: Shown) -> Response {
    let step = opened.facts().verdict(&visit, false).step;
    if step != Step::SelectAccount {
        return visit.redirect(&address(&visit, page_of(step), &opened.handle));
    }
    let csrf = match visit.csrf_token(&opened.handle, PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let ids: Vec<String> = opened.sessions.iter().map(|found| found.session.id.to_string()).collect();
    let accounts: Vec<AccountChoice<'_>> = opened
        .sessions
        .iter()
        .zip(&ids)
        .map(|(session, value)| AccountChoice { value, account: account(session) })
        .collect();
    let page = visit.frame();
    let logo = client_logo::address(&visit, &opened.client).await;
    let client = client_card(&visit, &opened.client, logo.as_deref());
    let view = SelectAccountPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &opened.handle),
        client: &client,
        accounts: &accounts,
    };
    visit.page(StatusCode::OK, &view, &Policy::Form)
}

/// `POST /select-account`.
pub(crate) async fn post(submitted: Submitted) -> Response {
    let Submitted { visit, opened, .. } = &submitted;
    if let Err(answer) = visit.check_form(submitted.field("csrf"), &opened.handle, PAGE).await {
        return answer;
    }
    match submitted.field("decision") {
        Some("deny") => return deny(visit, opened).await,
        Some("another") => return visit.redirect(&address(visit, "/login", &opened.handle)),
        _ => {}
    }
    let chosen = submitted.field("account");
    let Some(session) =
        opened.sessions.iter().find(|session| chosen == Some(session.session.id.to_string().as_str()))
    else {
        let expected = "an account that is signed in here";
        let failure = Failure::refused(ErrorCode::InvalidRequest, "account", expected, "another");
        return visit.error_of(failure, Problem::Expired);
    };
    let interactions = visit.app.store.interactions();
    match interactions.bind_session(&opened.interaction.id, session.session.id, false).await {
        Ok(_) => visit.redirect(&address(visit, "/consent", &opened.handle)),
        Err(fault) => visit.error(fault.into()),
    }
}
