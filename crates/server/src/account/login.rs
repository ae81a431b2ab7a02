//! Signing in to one's own page, where no application waits for an answer; and proving again who one is, before anything
//! is changed there. Password, throttling and session are those of every other login.

use axum::response::Response;
use grantor_store::{BrowserSession, User};

use super::{Present, address};
use crate::error::Failure;
use crate::extract::{FormBody, QueryParams};
use crate::interact::account;
use crate::interact::login::{Entered, status_of};
use crate::interact::password::{Checked, check};
use crate::interact::sign_in::sign_in;
use crate::pages::Foreign;
use crate::pages::account::Done;
use crate::pages::views::{LoginPage, LoginProblem, WebLink};
use crate::visit::{Policy, Visit};

pub(super) const PAGE: &str = "/account/login";
/// What the form carries where no session is to be confirmed.
const ANYBODY: &str = "account";

/// `GET /account/login`.
pub(crate) async fn get(mut visit: Visit, QueryParams(query): QueryParams) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(failure) => return visit.error(failure),
    };
    visit.cookies.browser_or_new();
    let asked = params.single("session").ok().flatten().unwrap_or(ANYBODY);
    match confirmed(&visit, asked).await {
        Ok(again) => show(&visit, again.as_ref(), &Entered::default(), None).await,
        Err(failure) => visit.error(failure),
    }
}

/// `POST /account/login`.
pub(crate) async fn post(mut visit: Visit, FormBody(form): FormBody) -> Response {
    let fields = match form {
        Ok(fields) => fields,
        Err(failure) => return visit.error(failure),
    };
    let field = |name: &str| fields.single(name).ok().flatten();
    let asked = field("interaction").unwrap_or(ANYBODY);
    if let Err(answer) = visit.check_form(field("csrf"), &binding(asked), PAGE).await {
        return answer;
    }
    if field("decision") == Some("deny") {
        return visit.redirect(&visit.address(super::PAGE));
    }
    let entered = Entered::read(field);
    match attempt(&mut visit, asked, &entered).await {
        Ok(answer) => answer,
        Err(failure) => visit.error(failure),
    }
}

async fn attempt(visit: &mut Visit, asked: &str, entered: &Entered) -> Result<Response, Failure> {
    match check(visit, &entered.login, entered.password.clone()).await? {
        Checked::Right(user) => go_on(visit, asked, entered, &user).await,
        Checked::Wrong(problem) => {
            let again = confirmed(visit, asked).await?;
            Ok(show(visit, again.as_ref(), entered, Some(problem)).await)
        }
    }
}

async fn go_on(visit: &mut Visit, asked: &str, entered: &Entered, user: &User) -> Result<Response, Failure> {
    let hashes = visit.cookies.session_hashes();
    let sessions = visit.app.store.sessions();
    let held = sessions.alive(visit.issuer.id, &hashes, None, visit.now.timestamp()).await?;
    let session = sign_in(visit, &held, user, entered.remember).await?;
    let before = held.into_iter().find(|found| found.session.id == session);
    let again = before.filter(|before| before.session.id.to_string() == asked);
    let address = match again {
        Some(session) => Present { session, others: Vec::new() }.done(visit, Done::Confirmed).await?,
        None => address(visit, session, ""),
    };
    Ok(visit.redirect(&address))
}

/// The session of this browser that is to be confirmed.
async fn confirmed(visit: &Visit, asked: &str) -> Result<Option<BrowserSession>, Failure> {
    let present = Present::find(visit, Some(asked)).await?.map(|present| present.session);
    Ok(present.filter(|found| found.session.id.to_string() == asked))
}

fn binding(asked: &str) -> String {
    format!("account login {asked}")
}

async fn show(
    visit: &Visit,
    again: Option<&BrowserSession>,
    entered: &Entered,
    problem: Option<LoginProblem>,
) -> Response {
    let asked = again.map_or_else(|| ANYBODY.to_owned(), |again| again.session.id.to_string());
    let csrf = match visit.csrf_token(&binding(&asked), PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let known = again.map(|again| again.user.username_display.as_str());
    let login = if entered.login.is_empty() { known.unwrap_or_default() } else { &entered.login };
    let signed_in = again.map(account);
    let page = visit.frame();
    let view = LoginPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &asked),
        client: None,
        login: Foreign::typed(login),
        remember: entered.remember,
        recovery: visit.app.config.login.recovery_url.as_ref().and_then(|url| WebLink::new(url.as_str())),
        signed_in: signed_in.as_ref(),
        problem,
    };
    visit.page(status_of(problem), &view, &Policy::OwnForm)
}
