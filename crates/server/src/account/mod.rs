//! `/account`, the user's own page: where they are signed in, which applications use the account, and their password.
//! What is done there counts at once, and the applications concerned are told of it.

mod change;
pub(crate) mod login;
mod show;

use axum::response::Response;
use grantor_crypto::Secret;
use grantor_protocol::{ClientRowId, Params, SessionId};
use grantor_store::{BrowserSession, Fault};

use crate::authorize::touch;
use crate::error::Failure;
use crate::extract::QueryParams;
use crate::pages::account::{AccountMessage, Done};
use crate::visit::Visit;

pub(crate) use change::post;

const PAGE: &str = "/account";

/// A user at their own page: the session they use it with, and the others that this browser holds.
struct Present {
    session: BrowserSession,
    others: Vec<BrowserSession>,
}

impl Present {
    /// The session of this browser that is asked for, or the current one; `None` when nobody is signed in.
    async fn find(visit: &Visit, asked: Option<&str>) -> Result<Option<Self>, Fault> {
        let hashes = visit.cookies.session_hashes();
        let sessions = visit.app.store.sessions();
        let mut alive = sessions.alive(visit.issuer.id, &hashes, None, visit.now.timestamp()).await?;
        if alive.is_empty() {
            return Ok(None);
        }
        let asked = asked.and_then(|asked| asked.parse().ok());
        let index = alive.iter().position(|found| Some(found.session.id) == asked).unwrap_or_default();
        let session = alive.remove(index);
        Ok(Some(Self { session, others: alive }))
    }

    /// All of this browser's sessions, the one that the page is used with first.
    fn all(&self) -> Vec<BrowserSession> {
        std::iter::once(&self.session).chain(&self.others).cloned().collect()
    }

    /// What the forms of the page are bound to, beside the browser: a page shown for one account cannot be answered by
    /// another (T149).
    fn binding(&self) -> String {
        format!("account {} {}", self.session.session.id, self.session.user.id)
    }

    /// The address of the page that says what was done; nobody else can make one for this browser.
    async fn done(&self, visit: &Visit, done: Done) -> Result<String, Failure> {
        let proof = visit.csrf_token(&self.done_binding(done), PAGE).await?;
        Ok(address(visit, self.session.session.id, &format!("&done={}&proof={proof}", done.name())))
    }

    fn done_binding(&self, done: Done) -> String {
        format!("done {} {}", done.name(), self.session.user.id)
    }

    async fn message(&self, visit: &Visit, asked: &Asked) -> Result<Option<AccountMessage>, Failure> {
        let Some(done) = asked.done else {
            return Ok(None);
        };
        let proof = Secret::from(visit.csrf_token(&self.done_binding(done), PAGE).await?);
        let proven = !proof.expose().is_empty() && asked.proof.as_ref() == Some(&proof);
        Ok(proven.then_some(AccountMessage::Done(done)))
    }
}

/// Which part of the page is asked for. What cannot be read counts as not asked.
#[derive(Debug, Default)]
struct Asked {
    session: Option<String>,
    sessions_before: Option<SessionId>,
    apps_after: Option<ClientRowId>,
    done: Option<Done>,
    proof: Option<Secret>,
}

impl Asked {
    fn read(params: &Params) -> Self {
        let text = |name| params.single(name).ok().flatten();
        Self {
            session: text("session").map(str::to_owned),
            sessions_before: text("sessions_before").and_then(|id| id.parse().ok()),
            apps_after: text("apps_after").and_then(|id| id.parse().ok()),
            done: text("done").and_then(|name| Done::ALL.into_iter().find(|done| done.name() == name)),
            proof: text("proof").map(|proof| Secret::from(proof.to_owned())),
        }
    }
}

/// `GET /account`.
pub(crate) async fn get(mut visit: Visit, QueryParams(query): QueryParams) -> Response {
    let asked = match query {
        Ok(params) => Asked::read(&params),
        Err(failure) => return visit.error(failure),
    };
    visit.cookies.browser_or_new();
    let present = match Present::find(&visit, asked.session.as_deref()).await {
        Ok(Some(present)) => present,
        Ok(None) => return visit.redirect(&visit.address(login::PAGE)),
        Err(fault) => return visit.error(fault.into()),
    };
    touch(&visit, &present.session).await;
    match present.message(&visit, &asked).await {
        Ok(message) => show::show(&visit, &present, &asked, message).await,
        Err(failure) => visit.error(failure),
    }
}

/// The address of the page for one of this browser's sessions.
fn address(visit: &Visit, session: SessionId, more: &str) -> String {
    visit.address(&format!("{PAGE}?session={session}{more}"))
}
