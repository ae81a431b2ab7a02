//! The end of a logout: the sessions end, their clients are told, and the user goes on or is told so.

use axum::http::StatusCode;
use axum::response::Response;
use grantor_protocol::SessionId;
use grantor_store::{BrowserSession, Ending};

use super::asked::Asked;
use super::front_channel;
use crate::audit::AuditEvent;
use crate::error::Failure;
use crate::interact::{client_card, introduction};
use crate::logout::delivery;
use crate::pages::views::{LoggedOutPage, WebLink};
use crate::visit::{Policy, Visit};

/// Which of the browser's sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// None: the user is signed out already.
    Nothing,
    /// This one.
    One(SessionId),
    /// All of them.
    All,
}

/// What became of a logout that leads nowhere else by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    /// The user is signed out, and may go on to the address that was asked for.
    SignedOut(Option<&'a str>),
    /// The user chose to stay, and may go back to whoever asked.
    Stayed,
}

/// Ends sessions of those that the browser holds, and answers as was asked.
pub(crate) async fn finish(
    visit: &mut Visit,
    sessions: &[BrowserSession],
    which: Which,
    asked: &Asked,
) -> Response {
    let ending: Vec<&BrowserSession> = sessions
        .iter()
        .filter(|held| match which {
            Which::Nothing => false,
            Which::One(session) => held.session.id == session,
            Which::All => true,
        })
        .collect();
    let frames = match end(visit, &ending, asked).await {
        Ok(frames) => frames,
        Err(failure) => return visit.error(failure),
    };
    match which {
        // A request from another site's page comes without our cookies, and must not take them from the browser.
        Which::Nothing | Which::All if visit.cookies.session_hashes().is_empty() => {}
        Which::Nothing | Which::All => visit.cookies.sign_out(),
        Which::One(_) => {
            for held in ending {
                visit.cookies.forget(&held.session.secret_hash);
            }
        }
    }
    let address = asked.address().or_else(|| {
        let elsewhere = visit.app.config.urls.post_logout_redirect.as_ref();
        elsewhere.filter(|_| asked.return_to.is_none()).map(ToString::to_string)
    });
    // Without a proof the user decides whether to go where the request says.
    let goes_on = address.as_deref().filter(|_| asked.is_proven || asked.return_to.is_none());
    if !frames.is_empty() {
        return front_channel::page(visit, &frames, goes_on, address.as_deref());
    }
    match goes_on {
        Some(address) => visit.redirect(address),
        None => tell(visit, asked, Outcome::SignedOut(address.as_deref())).await,
    }
}

/// Ends the sessions; the addresses of clients that the browser has to tell.
async fn end(visit: &Visit, ending: &[&BrowserSession], asked: &Asked) -> Result<Vec<String>, Failure> {
    let Some(first) = ending.first() else {
        return Ok(Vec::new());
    };
    let sessions = ending.iter().map(|held| held.session.id).collect();
    // A browser that holds several accounts is one person's.
    let cause = visit.cause(Some(first.user.id));
    // Whom to name in the trail. Looked for before the act, which stands whether it is found or not.
    let client = asked.client(visit).await.ok().flatten();
    let ended = visit.app.ending(cause.clone()).sessions(&Ending::Sessions(sessions)).await?;
    if !ended.sessions.is_empty() {
        let client_id = client.map(|client| client.row.client_id.clone());
        let count = ended.sessions.len() as u64;
        let event = AuditEvent::Logout { subject: Some(first.user.id), client_id, count };
        visit.app.audit.record(&cause, &event);
    }
    visit.app.logout_delivery.settled(&ended, delivery::PATIENCE).await;
    let clients = visit.app.store.sessions().front_channel_clients(&ended.sessions).await?;
    Ok(front_channel::addresses(&visit.issuer.url, &clients))
}

/// The page that says what became of a logout, with a way on to the client where there is one.
pub(crate) async fn tell(visit: &Visit, asked: &Asked, outcome: Outcome<'_>) -> Response {
    let client = match asked.client(visit).await {
        Ok(client) => client,
        Err(failure) => return visit.error(failure),
    };
    let (signed_out, address) = match outcome {
        Outcome::SignedOut(address) => (true, address),
        Outcome::Stayed => (false, client.as_ref().and_then(|client| introduction(visit, client).home)),
    };
    let link = address.and_then(WebLink::new);
    let card = client.as_ref().map(|client| client_card(visit, client, None));
    let page = visit.frame();
    let continue_to = card.zip(link).map(|(card, link)| (card.name, link));
    let view = LoggedOutPage { page: &page, signed_out, continue_to };
    visit.page(StatusCode::OK, &view, &Policy::Form)
}
