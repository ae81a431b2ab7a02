//! What the user's own page shows.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::claims::standard_scope_of;
use grantor_protocol::{Scope, Timestamp, claim_of_consent};
use grantor_store::{ConnectedClient, Session};

use super::{Asked, PAGE, Present, address, login};
use crate::error::Failure;
use crate::interact::account;
use crate::interact::login::status_of;
use crate::pages::Foreign;
use crate::pages::account::{
    AccountMessage, AccountPage, AppCard, Moment, OtherAccount, PasswordProblem, SessionCard, device_words,
};
use crate::pages::texts::Language;
use crate::pages::views::{ScopeLine, scope_lines};
use crate::visit::{Policy, Visit};

/// How many sessions, and how many applications, one page shows.
const SHOWN: usize = 20;

/// The page, with what it says about the last act.
pub(super) async fn show(
    visit: &Visit,
    present: &Present,
    asked: &Asked,
    message: Option<AccountMessage>,
) -> Response {
    match build(visit, present, asked, message).await {
        Ok(answer) => answer,
        Err(failure) => visit.error(failure),
    }
}

async fn build(
    visit: &Visit,
    present: &Present,
    asked: &Asked,
    message: Option<AccountMessage>,
) -> Result<Response, Failure> {
    let (sessions, more_sessions) = sessions(visit, present, asked).await?;
    let (apps, more_apps) = apps(visit, present, asked).await?;
    let csrf = visit.csrf_token(&present.binding(), PAGE).await?;
    let handle = present.session.session.id.to_string();
    let others: Vec<OtherAccount> = present
        .others
        .iter()
        .map(|other| OtherAccount { address: address(visit, other.session.id, ""), account: account(other) })
        .collect();
    let page = visit.frame();
    let view = AccountPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &handle),
        account: &account(&present.session),
        others: &others,
        login: &visit.address(login::PAGE),
        message,
        sessions: &sessions,
        more_sessions: more_sessions.as_deref(),
        apps: &apps,
        more_apps: more_apps.as_deref(),
    };
    let status = match message {
        None | Some(AccountMessage::Done(_)) => StatusCode::OK,
        Some(AccountMessage::Refused(PasswordProblem::Current(problem))) => status_of(Some(problem)),
        Some(AccountMessage::Refused(PasswordProblem::TooShort | PasswordProblem::TooLong)) => {
            StatusCode::BAD_REQUEST
        }
    };
    Ok(visit.page(status, &view, &Policy::OwnForm))
}

/// This browser's session, then the others from the newest on, and where more of them are.
async fn sessions(
    visit: &Visit,
    present: &Present,
    asked: &Asked,
) -> Result<(Vec<SessionCard>, Option<String>), Failure> {
    let (language, now, here) = (&visit.language, visit.now.timestamp(), &present.session.session);
    // One more than is shown tells that there are more, and one may be the session that is shown anyway.
    let limit = i64::try_from(SHOWN + 2).unwrap_or(i64::MAX);
    let sessions = visit.app.store.sessions();
    let mut others = sessions.list_of_user(here.user, asked.sessions_before, limit, now).await?;
    others.retain(|session| session.id != here.id);
    let has_more = others.len() > SHOWN;
    others.truncate(SHOWN);
    let last = others.last().filter(|_| has_more).map(|last| last.id);
    let more = last.map(|last| address(visit, here.id, &format!("&sessions_before={last}")));
    let mut cards = vec![SessionCard { last_seen: None, ..card(here, now, language) }];
    cards.extend(others.iter().map(|session| card(session, now, language)));
    Ok((cards, more))
}

fn card(session: &Session, now: Timestamp, language: &Language) -> SessionCard {
    SessionCard {
        value: session.id.to_string(),
        device: device_words(session.user_agent.as_deref(), language),
        address: session.address.as_deref().map(Foreign::shown),
        signed_in: Moment::date(Timestamp::from_milliseconds(session.authenticated_at_ms), language),
        last_seen: Some(Moment::ago(session.last_seen_at, now, language)),
    }
}

async fn apps<'v>(
    visit: &'v Visit,
    present: &Present,
    asked: &Asked,
) -> Result<(Vec<AppCard<'v>>, Option<String>), Failure> {
    let (here, now) = (&present.session.session, visit.now.timestamp());
    let limit = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
    let grants = visit.app.store.grants();
    let mut clients = grants.connected_clients(here.user, asked.apps_after, limit, now).await?;
    let has_more = clients.len() > SHOWN;
    clients.truncate(SHOWN);
    let last = clients.last().filter(|_| has_more).map(|last| last.client);
    let more = last.map(|last| address(visit, here.id, &format!("&apps_after={last}")));
    Ok((clients.iter().map(|client| app_card(visit, client)).collect(), more))
}

fn app_card<'v>(visit: &'v Visit, client: &ConnectedClient) -> AppCard<'v> {
    let (language, now) = (&visit.language, visit.now.timestamp());
    let name = client.metadata.introduction(&language.tag).name.unwrap_or_default();
    AppCard {
        value: client.client.to_string(),
        name: Foreign::first_shown([name, client.client_id.as_str()]),
        access: access(visit, &client.scope),
        since: Moment::date(client.since, language),
        last_used: client.last_used_at.map(|at| Moment::ago(at, now, language)),
        offline: client.offline,
    }
}

/// What the consent page said for the same: scopes, and the claims that they or the request named. That access is kept
/// is said by the grant, not by its scope.
fn access<'v>(visit: &'v Visit, consented: &Scope) -> Vec<ScopeLine<'v>> {
    let claims: Vec<String> = consented.iter().filter_map(claim_of_consent).collect();
    let scopes = consented
        .iter()
        .filter(|value| claim_of_consent(value).is_none() && !matches!(*value, "offline" | "offline_access"));
    let of_scope = visit.app.config.claims.scopes.released_by(consented);
    let of_scope = of_scope
        .into_iter()
        .filter(|claim| standard_scope_of(claim).is_none_or(|scope| !consented.contains(scope)));
    scope_lines(&visit.language, scopes, of_scope.chain(claims.iter().map(String::as_str)))
}
