//! What the user changes on their own page. A session that was stolen a while ago changes nothing: what ends other logins
//! or applications needs a login within the last hour, and a new password needs the current one.

use axum::response::Response;
use grantor_crypto::{PasswordError, Secret};
use grantor_protocol::{ClientRowId, ErrorCode, Params, SessionId};
use grantor_store::{Ending, RevocationReason, User};

use super::{Asked, PAGE, Present, login, show};
use crate::audit::AuditEvent;
use crate::end_session::{self, Which, finish};
use crate::error::Failure;
use crate::extract::FormBody;
use crate::hash_pool::HashPoolError;
use crate::interact::password::{Checked, check};
use crate::interact::sign_in::sign_in;
use crate::pages::account::{AccountMessage, Done, PasswordProblem};
use crate::pages::views::{LoginProblem, Problem};
use crate::visit::Visit;

/// How old the login may be that ends other logins and applications.
const RECENT_MILLISECONDS: i64 = 3600 * 1000;

/// What a form of the page asks for.
enum Change {
    EndSession(Option<SessionId>),
    EndOthers,
    Disconnect(Option<ClientRowId>),
    Password { current: Option<Secret>, new: Secret },
}

impl Change {
    fn read(fields: &Params) -> Option<Self> {
        let field = |name: &str| fields.single(name).ok().flatten();
        let secret = |name: &str| field(name).map(|text| Secret::from(text.to_owned()));
        match (field("end_session"), field("disconnect"), field("decision")) {
            (Some(session), None, None) => Some(Self::EndSession(session.parse().ok())),
            (None, Some(client), None) => Some(Self::Disconnect(client.parse().ok())),
            (None, None, Some("end-others")) => Some(Self::EndOthers),
            (None, None, Some("change-password")) => Some(Self::Password {
                current: secret("current_password"),
                new: secret("new_password").unwrap_or_else(|| Secret::from(String::new())),
            }),
            _ => None,
        }
    }

    /// Whether only somebody who signed in a moment ago may ask for it. Whoever leaves ends their own session alone, and
    /// a password is asked for anyway where it is changed.
    fn needs_recent_login(&self, here: SessionId) -> bool {
        match self {
            Self::EndSession(session) => *session != Some(here),
            Self::EndOthers | Self::Disconnect(_) => true,
            Self::Password { .. } => false,
        }
    }
}

/// `POST /account`.
pub(crate) async fn post(mut visit: Visit, FormBody(form): FormBody) -> Response {
    let fields = match form {
        Ok(fields) => fields,
        Err(failure) => return visit.error(failure),
    };
    let field = |name: &str| fields.single(name).ok().flatten();
    let present = match Present::find(&visit, field("interaction")).await {
        Ok(present) => present,
        Err(fault) => return visit.error(fault.into()),
    };
    let Some(present) = present else {
        if visit.cookies.browser().is_some() {
            return visit.redirect(&visit.address(login::PAGE));
        }
        return match visit.check_form(None, "", PAGE).await {
            Ok(()) => visit.not_found(),
            Err(answer) => answer,
        };
    };
    if let Err(answer) = visit.check_form(field("csrf"), &present.binding(), PAGE).await {
        return answer;
    }
    let Some(change) = Change::read(&fields) else {
        let failure =
            Failure::refused(ErrorCode::InvalidRequest, "decision", "a button of the page", "another");
        return visit.error_of(failure, Problem::Expired);
    };
    let here = &present.session.session;
    let age = visit.now.ms.saturating_sub(here.authenticated_at_ms);
    if change.needs_recent_login(here.id) && age > RECENT_MILLISECONDS {
        return visit.redirect(&visit.address(&format!("{}?session={}", login::PAGE, here.id)));
    }
    match make(&mut visit, &present, change).await {
        Ok(answer) => answer,
        Err(failure) => visit.error(failure),
    }
}

async fn make(visit: &mut Visit, present: &Present, change: Change) -> Result<Response, Failure> {
    let (here, user) = (&present.session.session, present.session.user.id);
    let done = match change {
        Change::EndSession(Some(session)) if session == here.id => return Ok(leave(visit, present).await),
        Change::EndSession(session) => end_session(visit, present, session).await?,
        Change::EndOthers => {
            let which = Ending::OfUser(user, Some(here.id));
            visit.app.ending(visit.cause(Some(user))).sessions(&which).await?;
            Done::OthersEnded
        }
        Change::Disconnect(row) => {
            let client = match row {
                Some(row) => visit.app.clients.by_row(row, visit.now.ms).await?,
                None => None,
            };
            // Where there is no such client it has nothing.
            if let Some(client) = client {
                let ending = visit.app.ending(visit.cause(Some(user)));
                ending.disconnect(user, Some(&client.row), RevocationReason::User).await?;
            }
            Done::Disconnected
        }
        Change::Password { current, new } => return change_password(visit, present, current, new).await,
    };
    tracing::info!(account = %user, session = %here.id, done = done.name(), "a user changed what uses their account");
    Ok(visit.redirect(&present.done(visit, done).await?))
}

/// Ends this browser's session, and only it.
async fn leave(visit: &mut Visit, present: &Present) -> Response {
    let which = Which::One(present.session.session.id);
    finish(visit, std::slice::from_ref(&present.session), which, &end_session::Asked::default()).await
}

/// Ends another session of the same user. One of somebody else is answered like one that has ended.
async fn end_session(visit: &Visit, present: &Present, session: Option<SessionId>) -> Result<Done, Failure> {
    let Some(session) = session else {
        return Ok(Done::SessionGone);
    };
    let found = visit.app.store.sessions().by_id(session, visit.now.timestamp()).await?;
    if found.is_none_or(|found| found.user != present.session.user.id) {
        return Ok(Done::SessionGone);
    }
    let cause = visit.cause(Some(present.session.user.id));
    let ended = visit.app.ending(cause).sessions(&Ending::Sessions(vec![session])).await?;
    Ok(if ended.sessions.is_empty() { Done::SessionGone } else { Done::SessionEnded })
}

/// A new password for whoever knows the current one. This session goes on with a new secret; every other, and what it
/// gave, ends.
async fn change_password(
    visit: &mut Visit,
    present: &Present,
    current: Option<Secret>,
    new: Secret,
) -> Result<Response, Failure> {
    let app = visit.app.clone();
    let Some(account) = app.store.users().by_id(present.session.user.id).await? else {
        return refuse(visit, present, PasswordProblem::Current(LoginProblem::WrongCredentials)).await;
    };
    let user = match check(visit, &account.username, current).await? {
        Checked::Right(user) if user.id == account.id => user,
        Checked::Right(_) => {
            return refuse(visit, present, PasswordProblem::Current(LoginProblem::WrongCredentials)).await;
        }
        Checked::Wrong(problem) => return refuse(visit, present, PasswordProblem::Current(problem)).await,
    };
    let hash = match app.hashing.hash(new).await {
        Ok(hash) => hash,
        Err(HashPoolError::Password(PasswordError::PasswordTooShort)) => {
            return refuse(visit, present, PasswordProblem::TooShort).await;
        }
        Err(HashPoolError::Password(PasswordError::PasswordTooLong)) => {
            return refuse(visit, present, PasswordProblem::TooLong).await;
        }
        Err(error) => return Err(error.into()),
    };
    // What the old password opened ends before it is replaced, so that no fault afterwards lets it live, and once more
    // afterwards, with what began in between.
    let cause = visit.cause(Some(user.id));
    let ending = app.ending(cause.clone());
    let here = present.session.session.id;
    ending.replaced_password(user.id, Some(here), RevocationReason::User).await?;
    // Whoever changed it since the current one was checked was first. (After a lost connection it may have been us.)
    let old = user.password.as_deref().unwrap_or_default();
    let users = app.store.users();
    let replaced = users.replace_password_hash_if(user.id, old, &hash).await?
        || users.by_id(user.id).await?.is_some_and(|user| user.password.as_ref() == Some(&hash));
    let user = User { password: Some(hash), ..user };
    if !replaced {
        return refuse(visit, present, PasswordProblem::Current(LoginProblem::WrongCredentials)).await;
    }
    app.audit.record(&cause, &AuditEvent::PasswordChanged { subject: user.id });
    let kept = sign_in(visit, &present.all(), &user, false).await?;
    let (ended, grants) = ending.replaced_password(user.id, Some(kept), RevocationReason::User).await?;
    tracing::info!(account = %user.id, sessions = ended.sessions.len(), grants, "a user changed their password");
    Ok(visit.redirect(&present.done(visit, Done::PasswordChanged).await?))
}

async fn refuse(visit: &Visit, present: &Present, problem: PasswordProblem) -> Result<Response, Failure> {
    let message = Some(AccountMessage::Refused(problem));
    Ok(show::show(visit, present, &Asked::default(), message).await)
}
