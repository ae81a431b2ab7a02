//! Whether somebody knows an account's password: the one place that answers, for every page that asks. Whatever is wrong
//! with an account, the answer is the same, and takes the same work (security.md T163); tries are slowed down (T164).

use grantor_crypto::{DataKeyPurpose, Secret, base64url};
use grantor_protocol::Username;
use grantor_store::{Attempt, ThrottleEntry, User};

use crate::audit::AuditEvent;
use crate::error::Failure;
use crate::pages::views::LoginProblem;
use crate::visit::Visit;

/// Wrong passwords for one account from one network, or one browser it knows, before each further try has to wait.
const ACCOUNT_ALLOWANCE: i64 = 5;
/// The same for one network, behind which a whole office may sit.
const NETWORK_ALLOWANCE: i64 = 50;
/// The same for one account from anywhere.
const ACCOUNT_EVERYWHERE_ALLOWANCE: i64 = 100;

/// Whether it was the account's password.
pub(crate) enum Checked {
    /// Yes; the account as it is now.
    Right(User),
    /// No, or nobody may try now.
    Wrong(LoginProblem),
}

/// Charges the try, then looks: parallel guesses cannot slip past a count that is only made afterwards.
pub(crate) async fn check(visit: &Visit, login: &str, password: Option<Secret>) -> Result<Checked, Failure> {
    let app = &visit.app;
    let username = Username::parse(login).ok();
    let charged = Charged::take(visit, username.as_ref(), login).await?;
    if let Some(seconds) = charged.wait {
        app.metrics.login("throttled");
        let account = noted(visit, login).await?;
        app.audit.record(&visit.cause(None), &AuditEvent::LoginThrottled { account });
        return Ok(Checked::Wrong(LoginProblem::TooManyAttempts { seconds }));
    }
    let user = match &username {
        Some(username) => app.store.users().by_username(visit.issuer.id, username.as_str()).await?,
        None => None,
    };
    let subject = user.as_ref().map(|user| user.id);
    let enabled = user.filter(|user| user.disabled_at.is_none());
    let hash = enabled.as_ref().and_then(|user| user.password.clone());
    let password = password.unwrap_or_else(|| Secret::from(String::new()));
    let right = match app.hashing.verify(password.clone(), hash.clone()).await {
        Ok(right) => right,
        Err(crate::hash_pool::HashPoolError::Password(_)) => false,
        Err(error) => return Err(error.into()),
    };
    match enabled {
        Some(mut user) if right => {
            charged.give_back(visit).await?;
            renew_hash(visit, &mut user, password, hash).await;
            app.metrics.login("accepted");
            Ok(Checked::Right(user))
        }
        _ => {
            app.metrics.login("refused");
            let account = noted(visit, login).await?;
            tracing::info!(check = "password", account, address = %visit.peer.addr, "a login was refused");
            app.audit.record(&visit.cause(None), &AuditEvent::LoginRefused { account, subject });
            Ok(Checked::Wrong(LoginProblem::WrongCredentials))
        }
    }
}

/// What was typed as a name, so that tries of the same can be told without telling what it was: it may have been the
/// password.
async fn noted(visit: &Visit, login: &str) -> Result<String, Failure> {
    let keys = visit.app.keys.current(visit.now.ms).await?;
    let tag = keys.data_key(DataKeyPurpose::Cookies)?.mac().tag(&[b"log", login.as_bytes()]);
    Ok(base64url::encode(tag).chars().take(12).collect())
}

/// A hash of another system, or made with older parameters, is replaced while the password is at hand; failing to is no
/// reason to refuse.
async fn renew_hash(visit: &Visit, user: &mut User, password: Secret, old: Option<String>) {
    let Some(old) = old.filter(|hash| grantor_crypto::needs_rehash(hash)) else {
        return;
    };
    let Ok(new) = visit.app.hashing.rehash(password).await else {
        return;
    };
    let users = visit.app.store.users();
    match users.replace_password_hash_if(user.id, &old, &new).await {
        Ok(true) => user.password = Some(new),
        Ok(false) => {}
        Err(fault) => tracing::warn!(%fault, "a password hash was not renewed"),
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
