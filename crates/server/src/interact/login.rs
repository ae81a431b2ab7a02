//! The login page: user name and password on one page. Whatever is wrong with an account, the answer is the same, and
//! takes the same work (security.md T163).

use axum::http::StatusCode;
use axum::response::Response;
use grantor_crypto::{DataKeyPurpose, Secret, base64url};
use grantor_protocol::{SessionId, Step, Timestamp, UserId, Username};
use grantor_store::{Attempt, Authentication, NewSession, Reauthentication, ThrottleEntry, User};

use super::{OpenedInteraction, Shown, Submitted, account, client_card};
use crate::authorize::step::{address, deny, page_of};
use crate::client_logo;
use crate::discovery::PASSWORD_ACR;
use crate::error::Failure;
use crate::extract::HeldSession;
use crate::pages::Foreign;
use crate::pages::views::{LoginPage, LoginProblem, WebLink};
use crate::visit::{Policy, Visit};

const PAGE: &str = "/login";
/// Wrong passwords for one account from one network, or one browser it knows, before each further try has to wait.
const ACCOUNT_ALLOWANCE: i64 = 5;
/// The same for one network, behind which a whole office may sit.
const NETWORK_ALLOWANCE: i64 = 50;
/// The same for one account from anywhere.
const ACCOUNT_EVERYWHERE_ALLOWANCE: i64 = 100;
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
    let entered = Entered::read(&submitted);
    let (csrf, decision) = (submitted.field("csrf"), submitted.field("decision"));
    if let Err(answer) = submitted.visit.check_form(csrf, &submitted.opened.handle, PAGE).await {
        return answer;
    }
    let denies = decision == Some(DENY);
    let Submitted { mut visit, opened, .. } = submitted;
    if denies {
        return deny(&visit, &opened).await;
    }
    match check(&visit, &entered).await {
        Ok(Checked::Right(user)) => match sign_in(&mut visit, &opened, &entered, user).await {
            Ok(answer) => answer,
            Err(failure) => visit.error(failure),
        },
        Ok(Checked::Wrong(problem)) => show(&visit, &opened, &entered, Some(problem)).await,
        Err(failure) => visit.error(failure),
    }
}

/// What the user typed.
#[derive(Debug, Default)]
struct Entered {
    login: String,
    password: Option<Secret>,
    remember: bool,
}

impl Entered {
    fn read(submitted: &Submitted) -> Self {
        Self {
            login: submitted.field("login").unwrap_or_default().to_owned(),
            password: submitted.field("password").map(|text| Secret::from(text.to_owned())),
            remember: submitted.field("remember").is_some(),
        }
    }
}

enum Checked {
    Right(User),
    Wrong(LoginProblem),
}

/// Charges the try, then looks: parallel guesses cannot slip past a count that is only made afterwards.
async fn check(visit: &Visit, entered: &Entered) -> Result<Checked, Failure> {
    let app = &visit.app;
    let username = Username::parse(&entered.login).ok();
    let charged = Charged::take(visit, username.as_ref(), &entered.login).await?;
    if let Some(seconds) = charged.wait {
        app.metrics.login("throttled");
        return Ok(Checked::Wrong(LoginProblem::TooManyAttempts { seconds }));
    }
    let user = match &username {
        Some(username) => app.store.users().by_username(visit.issuer.id, username.as_str()).await?,
        None => None,
    };
    let enabled = user.filter(|user| user.disabled_at.is_none());
    let hash = enabled.as_ref().and_then(|user| user.password.clone());
    let password = entered.password.clone().unwrap_or_else(|| Secret::from(String::new()));
    let right = match app.hashing.verify(password.clone(), hash.clone()).await {
        Ok(right) => right,
        Err(crate::hash_pool::HashPoolError::Password(_)) => false,
        Err(error) => return Err(error.into()),
    };
    match enabled {
        Some(user) if right => {
            charged.give_back(visit).await?;
            renew_hash(visit, &user, password, hash).await;
            app.metrics.login("accepted");
            Ok(Checked::Right(user))
        }
        _ => {
            app.metrics.login("refused");
            let account = visit.app.keys.current(visit.now.ms).await?;
            let account =
                account.data_key(DataKeyPurpose::Cookies)?.mac().tag(&[b"log", entered.login.as_bytes()]);
            let account = base64url::encode(account);
            tracing::info!(
                check = "password",
                account = account.get(..12).unwrap_or_default(),
                address = %visit.peer.addr,
                "a login was refused"
            );
            Ok(Checked::Wrong(LoginProblem::WrongCredentials))
        }
    }
}

/// A hash made with older parameters is replaced while the password is at hand; failing to is no reason to refuse.
async fn renew_hash(visit: &Visit, user: &User, password: Secret, old: Option<String>) {
    let Some(old) = old.filter(|hash| grantor_crypto::needs_rehash(hash)) else {
        return;
    };
    let Ok(new) = visit.app.hashing.hash(password).await else {
        return;
    };
    let users = visit.app.store.users();
    if let Err(fault) = users.replace_password_hash_if(user.id, &old, &new).await {
        tracing::warn!(%fault, "a password hash was not renewed");
    }
}

/// A try that was counted before it was looked at: against the account from this network (or this known browser),
/// against the network, and against the account from anywhere. The first two stop a guesser without stopping the owner,
/// who sits elsewhere; the third, far more generous, stops one with many addresses.
struct Charged {
    account_here: [u8; 32],
    network: [u8; 32],
    account: [u8; 32],
    attempt: Attempt,
    wait: Option<u64>,
}

impl Charged {
    async fn take(visit: &Visit, username: Option<&Username>, typed: &str) -> Result<Self, Failure> {
        let keys = visit.app.keys.current(visit.now.ms).await?;
        let mac = keys.data_key(DataKeyPurpose::Cookies)?.mac();
        // Keyed, so that the table tells nobody who tried; for unknown names too, so that it tells nobody who exists.
        let name = username.map_or(typed, Username::as_str).as_bytes();
        let network = visit.peer.network();
        let known = visit
            .cookies
            .device()
            .and_then(|device| device.key_for(mac, username.map_or(typed, Username::as_str)));
        let charged = Self {
            account_here: known
                .unwrap_or_else(|| mac.tag(&[b"throttle account at", name, network.as_bytes()])),
            network: mac.tag(&[b"throttle network", network.as_bytes()]),
            // A browser that the account knows does not wait for what others do to it.
            account: known
                .map_or_else(|| mac.tag(&[b"throttle account", name]), |known| mac.tag(&[b"known", &known])),
            attempt: Attempt::new(),
            wait: None,
        };
        let entries = [
            ThrottleEntry { key: charged.account_here, allowance: ACCOUNT_ALLOWANCE },
            ThrottleEntry { key: charged.network, allowance: NETWORK_ALLOWANCE },
            ThrottleEntry { key: charged.account, allowance: ACCOUNT_EVERYWHERE_ALLOWANCE },
        ];
        let throttle = visit.app.store.throttle();
        let states = throttle.charge(entries, charged.attempt, visit.now.timestamp()).await?;
        let waits =
            states.iter().filter(|state| !state.allowed).map(|state| state.retry_after.unsigned_abs());
        Ok(Self { wait: waits.max(), ..charged })
    }

    async fn give_back(&self, visit: &Visit) -> Result<(), Failure> {
        let throttle = visit.app.store.throttle();
        let shared = [&self.network, &self.account];
        Ok(throttle.clear(&self.account_here, shared, self.attempt, visit.now.timestamp()).await?)
    }
}

/// A session with a new secret: a new one, or the user's old one re-authenticated.
async fn sign_in(
    visit: &mut Visit,
    opened: &OpenedInteraction,
    entered: &Entered,
    user: User,
) -> Result<Response, Failure> {
    let secret = Secret::generate();
    let before = opened.sessions.iter().find(|found| found.user.id == user.id).map(|found| &found.session);
    let remembered = entered.remember || before.is_some_and(|before| before.remembered);
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
        None => insert_session(visit, user.id, &secret, authentication, remembered, &term).await?,
    };
    let keys = visit.app.keys.current(visit.now.ms).await?;
    visit.cookies.know_device(keys.data_key(DataKeyPurpose::Cookies)?.mac(), &user.username);
    visit.cookies.sign_in(HeldSession { secret, remembered }, replaced.map(|before| &before.secret_hash));
    visit.app.store.interactions().bind_session(&opened.interaction.id, session, true).await?;
    // Whether consent is still needed shows there; it asks the database what this page has not read.
    Ok(visit.redirect(&address(visit, "/consent", &opened.handle)))
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
    user: UserId,
    secret: &Secret,
    authentication: Authentication,
    remembered: bool,
    term: &Term,
) -> Result<SessionId, Failure> {
    let session = NewSession {
        issuer: visit.issuer.id,
        secret_hash: secret.hash(),
        user,
        authentication,
        remembered,
        idle_seconds: term.idle_seconds,
        expires_at: term.expires_at,
        user_agent: visit.user_agent.clone(),
        address: Some(visit.peer.addr.to_string()),
    };
    Ok(visit.app.store.sessions().insert(session).await?.id)
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
    let client = client_card(&opened.client, logo.as_deref());
    let view = LoginPage {
        page: &page,
        form: visit.form(PAGE, &csrf, &opened.handle),
        client: &client,
        login: Foreign::typed(login),
        remember: entered.remember,
        recovery: visit.app.config.login.recovery_url.as_ref().and_then(|url| WebLink::new(url.as_str())),
        signed_in: signed_in.as_ref(),
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(LoginProblem::WrongCredentials) => StatusCode::BAD_REQUEST,
        Some(LoginProblem::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
    };
    visit.page(status, &view, Policy::Form)
}
