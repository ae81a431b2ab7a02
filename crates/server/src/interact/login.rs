//! The login page: user name and password on one page, and how a parked request goes on from it.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_crypto::Secret;
use grantor_protocol::Step;
use grantor_store::User;

use super::password::{Checked, check};
use super::sign_in::sign_in;
use super::{OpenedInteraction, Shown, Submitted, account, client_card};
use crate::authorize::step::{address, deny, page_of};
use crate::client_logo;
use crate::error::Failure;
use crate::pages::Foreign;
use crate::pages::views::{LoginPage, LoginProblem, WebLink};
use crate::visit::{Policy, Visit};

const PAGE: &str = "/login";
const DENY: &str = "deny";

/// `GET /login`.
pub(crate) async fn get(Shown { visit, opened }: Shown) -> Response {
    let verdict = opened.facts().verdict(&visit, false);
    match verdict.step {
        Step::Login | Step::SelectAccount => show(&visit, &opened, &Entered::default(), None).await,
        step @ (Step::Consent | Step::Nothing | Step::Refuse(_)) => {
            visit.redirect(&address(&visit, page_of(step), &opened.handle))
        }
    }
}

/// `POST /login`.
pub(crate) async fn post(submitted: Submitted) -> Response {
    let entered = Entered::read(|name| submitted.field(name));
    let (csrf, decision) = (submitted.field("csrf"), submitted.field("decision"));
    if let Err(answer) = submitted.visit.check_form(csrf, &submitted.opened.handle, PAGE).await {
        return answer;
    }
    let denies = decision == Some(DENY);
    let Submitted { mut visit, opened, .. } = submitted;
    if denies {
        return deny(&visit, &opened).await;
    }
    match check(&visit, &entered.login, entered.password.clone()).await {
        Ok(Checked::Right(user)) => match go_on(&mut visit, &opened, &entered, &user).await {
            Ok(answer) => answer,
            Err(failure) => visit.error(failure),
        },
        Ok(Checked::Wrong(problem)) => show(&visit, &opened, &entered, Some(problem)).await,
        Err(failure) => visit.error(failure),
    }
}

/// What the user typed.
#[derive(Debug, Default)]
pub(crate) struct Entered {
    pub(crate) login: String,
    pub(crate) password: Option<Secret>,
    pub(crate) remember: bool,
}

impl Entered {
    /// From the fields of the page.
    pub(crate) fn read<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            login: field("login").unwrap_or_default().to_owned(),
            password: field("password").map(|text| Secret::from(text.to_owned())),
            remember: field("remember").is_some(),
        }
    }
}

async fn go_on(
    visit: &mut Visit,
    opened: &OpenedInteraction,
    entered: &Entered,
    user: &User,
) -> Result<Response, Failure> {
    let session = sign_in(visit, &opened.sessions, user, entered.remember).await?;
    visit.app.store.interactions().bind_session(&opened.interaction.id, session, true).await?;
    // Whether consent is still needed shows there; it asks the database what this page has not read.
    Ok(visit.redirect(&address(visit, "/consent", &opened.handle)))
}

async fn show(
    visit: &Visit,
    opened: &OpenedInteraction,
    entered: &Entered,
    problem: Option<LoginProblem>,
) -> Response {
    let csrf = match visit.csrf_token(&opened.handle, PAGE).await {
        Ok(csrf) => csrf,
        Err(failure) => return visit.error(failure),
    };
    let request = &opened.interaction.request;
    let verdict = opened.facts().verdict(visit, false);
    // Signing in again is for a session that exists; choosing another account starts with an empty form.
    let again = verdict.session.as_ref().filter(|_| verdict.step == Step::Login);
    let signed_in = again.map(account);
    let hinted =
        request.login_hint.as_deref().or_else(|| again.map(|session| session.user.username_display.as_str()));
    let login = if entered.login.is_empty() { hinted.unwrap_or_default() } else { &entered.login };
    let page = visit.frame();
    let logo = client_logo::address(visit, &opened.client).await;
    let client = client_card(visit, &opened.client, logo.as_deref());
    let view = LoginPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &opened.handle),
        client: Some(&client),
        login: Foreign::typed(login),
        remember: entered.remember,
        recovery: visit.app.config.login.recovery_url.as_ref().and_then(|url| WebLink::new(url.as_str())),
        signed_in: signed_in.as_ref(),
        problem,
    };
    visit.page(status_of(problem), &view, &Policy::Form)
}

/// The status of a login page.
pub(crate) fn status_of(problem: Option<LoginProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(LoginProblem::WrongCredentials) => StatusCode::BAD_REQUEST,
        Some(LoginProblem::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
    }
}
