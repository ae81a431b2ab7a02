//! The session that a login begins or renews, and the cookies that carry it.

use grantor_crypto::{DataKeyPurpose, Secret, SecretHash};
use grantor_protocol::{ErrorCode, SessionId, Timestamp};
use grantor_store::{Authentication, BrowserSession, Ending, NewSession, Reauthentication, User};

use crate::audit::AuditEvent;
use crate::discovery::PASSWORD_ACR;
use crate::error::Failure;
use crate::extract::HeldSession;
use crate::visit::Visit;

/// A session with a new secret for a user who has just proved who they are: a new one, or their old one among `sessions`,
/// the live ones of this browser, re-authenticated. It becomes the browser's current one; one that finds no place any more
/// ends.
pub(crate) async fn sign_in(
    visit: &mut Visit,
    sessions: &[BrowserSession],
    user: &User,
    remember: bool,
) -> Result<SessionId, Failure> {
    let secret = Secret::generate();
    let before = sessions.iter().find(|found| found.user.id == user.id).map(|found| &found.session);
    let remembered = remember || before.is_some_and(|before| before.remembered);
    let term = Term::of(visit, remembered);
    let authentication =
        Authentication { acr: PASSWORD_ACR.to_owned(), amr: vec!["pwd".to_owned()], at_ms: visit.now.ms };
    let mut replaced = None;
    if let Some(before) = before {
        let renewal = Reauthentication {
            secret_hash: secret.hash(),
            authentication: authentication.clone(),
            remembered,
            idle_seconds: term.idle_seconds,
            expires_at: term.expires_at,
        };
        if visit.app.store.sessions().reauthenticate(before, &renewal).await? {
            replaced = Some(before);
        }
    }
    let session = match replaced {
        Some(before) => before.id,
        None => insert_session(visit, user, &secret, authentication, remembered, &term).await?,
    };
    let accepted = AuditEvent::LoginAccepted { subject: user.id, session };
    visit.app.audit.record(&visit.cause(Some(user.id)), &accepted);
    let keys = visit.app.keys.current(visit.now.ms).await?;
    visit.cookies.know_device(keys.data_key(DataKeyPurpose::Cookies)?.mac(), &user.username);
    let others = sessions.iter().map(|held| &held.session).filter(|held| held.id != session);
    let alive: Vec<SecretHash> = others.clone().map(|held| held.secret_hash).collect();
    let pushed_out = visit.cookies.sign_in(HeldSession { secret, remembered }, &alive);
    let ending: Vec<SessionId> =
        others.filter(|held| pushed_out.contains(&held.secret_hash)).map(|held| held.id).collect();
    if !ending.is_empty() {
        visit.app.ending(visit.cause(Some(user.id))).sessions(&Ending::Sessions(ending)).await?;
    }
    Ok(session)
}

/// How long a session lasts.
struct Term {
    idle_seconds: i64,
    expires_at: Timestamp,
}

impl Term {
    fn of(visit: &Visit, remembered: bool) -> Self {
        let config = &visit.app.config.session;
        let (lifetime, idle) = if remembered {
            (config.remembered_lifetime, config.remembered_lifetime)
        } else {
            (config.lifetime, config.idle)
        };
        Self { idle_seconds: idle.seconds(), expires_at: visit.now.timestamp().plus(lifetime.seconds()) }
    }
}

async fn insert_session(
    visit: &Visit,
    user: &User,
    secret: &Secret,
    authentication: Authentication,
    remembered: bool,
    term: &Term,
) -> Result<SessionId, Failure> {
    let session = NewSession {
        issuer: visit.issuer.id,
        secret_hash: secret.hash(),
        user: user.id,
        authentication,
        remembered,
        idle_seconds: term.idle_seconds,
        expires_at: term.expires_at,
        user_agent: visit.user_agent.clone(),
        address: Some(visit.peer.addr.to_string()),
        password: user.password.clone(),
    };
    let inserted = visit.app.store.sessions().insert(session).await?;
    inserted.map(|session| session.id).ok_or_else(|| {
        let expected = "an account as it was when its password was checked";
        Failure::refused(
            ErrorCode::AccessDenied,
            "account of the login",
            expected,
            "one that was changed since",
        )
    })
}
