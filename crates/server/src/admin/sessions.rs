//! Sessions on the admin listener: of a user, listed and ended. Their clients are told, as when the user signs out.

use axum::extract::{Path, State};
use axum::response::Response;
use grantor_protocol::{SessionId, UserId};
use grantor_store::{Ending, Fault, User};

use super::paging::{Page, answer, no_content, not_found, refused, single};
use crate::app::App;
use crate::audit::OperatorCause;
use crate::clock::Now;
use crate::error::JsonFailure;
use crate::extract::{Issuer, QueryParams};
use crate::listing;

/// The account with this `sub`.
pub(super) async fn user(app: &App, issuer: &Issuer, sub: &str) -> Result<Option<User>, Fault> {
    let Ok(id) = sub.parse::<UserId>() else {
        return Ok(None);
    };
    Ok(app.store.users().by_id(id).await?.filter(|user| user.issuer == issuer.id))
}

/// `GET /admin/users/{sub}/sessions`: the live ones, the newest first.
pub(crate) async fn list(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    Path(sub): Path<String>,
    QueryParams(query): QueryParams,
) -> Result<Response, JsonFailure> {
    let page: Page<SessionId> = Page::read(&query?)?;
    let Some(user) = user(&app, &issuer, &sub).await? else {
        return Ok(not_found("user"));
    };
    let sessions = app.store.sessions();
    let mut sessions = sessions.list_of_user(user.id, page.after(), page.limit(), now.timestamp()).await?;
    let next = page.cut(&mut sessions, |session| session.id.to_string());
    let rows = sessions.iter().map(|session| listing::session(session, &user)).collect();
    Ok(answer(&format!("/admin/users/{}/sessions?", user.id), rows, next))
}

/// `DELETE /admin/users/{sub}/sessions`: ends all of them.
pub(crate) async fn end_all(
    State(app): State<App>,
    issuer: Issuer,
    OperatorCause(cause): OperatorCause,
    Path(sub): Path<String>,
) -> Result<Response, JsonFailure> {
    let Some(user) = user(&app, &issuer, &sub).await? else {
        return Ok(not_found("user"));
    };
    app.ending(cause).sessions(&Ending::OfUser(user.id, None)).await?;
    Ok(no_content())
}

/// `DELETE /admin/sessions/{id}`: ends one.
pub(crate) async fn end(
    State(app): State<App>,
    OperatorCause(cause): OperatorCause,
    Path(id): Path<String>,
) -> Result<Response, JsonFailure> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(not_found("session"));
    };
    let ended = app.ending(cause).sessions(&Ending::Sessions(vec![id])).await?;
    Ok(if ended.sessions.is_empty() { not_found("session") } else { no_content() })
}

/// `DELETE /admin/oauth2/auth/sessions/login` of Ory Hydra: all of `subject`, or the one that `sid` names as the listing
/// does. What has ended already is no failure there.
pub(crate) async fn end_login_sessions(
    State(app): State<App>,
    issuer: Issuer,
    OperatorCause(cause): OperatorCause,
    QueryParams(query): QueryParams,
) -> Result<Response, JsonFailure> {
    let query = query?;
    let which = match (single(&query, "sid")?, single(&query, "subject")?) {
        (None, None) => return Err(refused("subject", "subject or sid", "neither").into()),
        (Some(sid), _) => sid.parse().ok().map(|id| Ending::Sessions(vec![id])),
        (None, Some(subject)) => {
            user(&app, &issuer, subject).await?.map(|user| Ending::OfUser(user.id, None))
        }
    };
    if let Some(which) = which {
        app.ending(cause).sessions(&which).await?;
    }
    Ok(no_content())
}
