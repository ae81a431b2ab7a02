//! Logins: one user in one browser. A browser holds several, each under a secret of its own that changes
//! whenever its user authenticates again, so a cookie that was planted before is worth nothing after.

use grantor_crypto::SecretHash;
use grantor_protocol::{ClientRowId, IssuerId, Scope, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    Fault, UserFacts,
    engine::{Engine, Row},
    ids::RowId,
    json::text_of,
    liveness::session_lives,
};

/// The most sessions one browser presents.
pub(crate) const SESSIONS_PER_BROWSER: usize = 6;
/// The most authentications a session remembers; the first and the latest ones matter.
const AUTHENTICATIONS_KEPT: usize = 10;

/// One time the user proved who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// How well (`acr`).
    pub acr: String,
    /// By what means (`amr`, RFC 8176).
    pub amr: Vec<String>,
    /// When, in milliseconds.
    pub at_ms: i64,
}

/// A login.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its row.
    pub id: SessionId,
    /// The issuer it is at.
    pub issuer: IssuerId,
    /// SHA-256 of the secret in the browser's cookie.
    pub secret_hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// The latest authentication, in milliseconds.
    pub authenticated_at_ms: i64,
    /// Every authentication, oldest first.
    pub authentications: Vec<Authentication>,
    /// How well the user was authenticated last.
    pub acr: String,
    /// By what means the user was authenticated last.
    pub amr: Vec<String>,
    /// Whether the cookie outlives the browser.
    pub remembered: bool,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// How long it lives unused.
    pub idle_seconds: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends for good.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// The browser, as it named itself.
    pub user_agent: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
}

/// A live session with what the next page needs.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowserSession {
    /// The login.
    pub session: Session,
    /// Whose it is.
    pub user: UserFacts,
    /// What the user standing consented to for the client that was asked about.
    pub consented_scope: Option<Scope>,
    /// Whether it is noted that this client is to be told when the session ends.
    pub tells_client: bool,
}

/// A login to remember.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The issuer it is at.
    pub issuer: IssuerId,
    /// SHA-256 of its secret.
    pub secret_hash: SecretHash,
    /// Whose it is.
    pub user: UserId,
    /// How it began.
    pub authentication: Authentication,
    /// Whether the cookie outlives the browser.
    pub remembered: bool,
    /// How long it lives unused.
    pub idle_seconds: i64,
    /// When it ends for good.
    pub expires_at: Timestamp,
    /// The browser, as it names itself.
    pub user_agent: Option<String>,
    /// Where it comes from.
    pub address: Option<String>,
    /// The hash of the password that was verified: of an account that has another one by now, or is disabled, there is no
    /// login. `None` where no password was asked for.
    pub password: Option<String>,
}

/// A session's user proved again who they are.
#[derive(Clone, Debug)]
pub struct Reauthentication {
    /// SHA-256 of the secret that replaces the one before.
    pub secret_hash: SecretHash,
    /// How.
    pub authentication: Authentication,
    /// Whether the cookie outlives the browser now.
    pub remembered: bool,
    /// How long it lives unused now.
    pub idle_seconds: i64,
    /// When it ends for good now.
    pub expires_at: Timestamp,
}

macro_rules! session_columns {
    () => {
        "session.id, session.issuer_id, session.secret_hash, session.user_id, session.authenticated_at_ms,
         session.authentications, session.acr, session.amr, session.remembered, session.last_seen_at,
         session.idle_seconds, session.created_at, session.expires_at, session.ended_at,
         session.user_agent, session.address"
    };
}

pub(crate) use session_columns;

impl Session {
    fn from_row(row: &Row) -> Result<Session, Fault> {
        Ok(Session {
            id: row.id("id")?,
            issuer: IssuerId(row.get("issuer_id")?),
            secret_hash: row.hash("secret_hash")?,
            user: row.id("user_id")?,
            authenticated_at_ms: row.get("authenticated_at_ms")?,
            authentications: row.json("authentications")?,
            acr: row.get("acr")?,
            amr: row.json("amr")?,
            remembered: row.get("remembered")?,
            last_seen_at: row.instant("last_seen_at")?,
            idle_seconds: row.get("idle_seconds")?,
            created_at: row.instant("created_at")?,
            expires_at: row.instant("expires_at")?,
            ended_at: row.optional_instant("ended_at")?,
            user_agent: row.get("user_agent")?,
            address: row.get("address")?,
        })
    }
}

impl BrowserSession {
    pub(crate) fn from_row(row: &Row) -> Result<BrowserSession, Fault> {
        let session = Session::from_row(row)?;
        let user = UserFacts {
            id: session.user,
            username_display: row.get("username_display")?,
            claims: row.json("claims")?,
            updated_at: row.instant("user_updated_at")?,
        };
        Ok(BrowserSession {
            session,
            user,
            consented_scope: row.optional_parsed("consented_scope")?,
            tells_client: row.get("tells_client")?,
        })
    }
}

/// Remembers logins.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Engine);

impl Sessions<'_> {
    /// Remembers a login; `None` when the account was changed since its password was verified.
    #[tracing::instrument(name = "store.sessions.insert", level = "debug", skip_all)]
    pub async fn insert(&self, session: NewSession) -> Result<Option<Session>, Fault> {
        const NAME: &str = "sessions.insert";
        let id = SessionId::fresh();
        let now = Timestamp::from_milliseconds(session.authentication.at_ms);
        let Authentication { acr, amr, at_ms } = session.authentication.clone();
        let authentications = vec![session.authentication];
        let insert = self.0.statement(
            NAME,
            "INSERT INTO session (id, issuer_id, secret_hash, user_id, authenticated_at_ms, authentications,
               acr, amr, remembered, last_seen_at, idle_seconds, created_at, expires_at, user_agent, address)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $12, $13, $14
              WHERE $15 IS NULL OR EXISTS (SELECT 1 FROM account
                      WHERE account.id = $4 AND account.password = $15 AND account.disabled_at IS NULL)",
        );
        let insert = insert.bind(id).bind(session.issuer).bind(&session.secret_hash).bind(session.user);
        let insert = insert.bind(at_ms).bind(text_of(NAME, &authentications)?).bind(&acr);
        let insert = insert.bind(text_of(NAME, &amr)?).bind(session.remembered).bind(now);
        let insert = insert.bind(session.idle_seconds).bind(session.expires_at);
        let insert = insert.bind(session.user_agent.as_deref()).bind(session.address.as_deref());
        if insert.bind(session.password.as_deref()).execute().await? == 0 {
            return Ok(None);
        }
        Ok(Some(Session {
            id,
            issuer: session.issuer,
            secret_hash: session.secret_hash,
            user: session.user,
            authenticated_at_ms: at_ms,
            authentications,
            acr,
            amr,
            remembered: session.remembered,
            last_seen_at: now,
            idle_seconds: session.idle_seconds,
            created_at: now,
            expires_at: session.expires_at,
            ended_at: None,
            user_agent: session.user_agent,
            address: session.address,
        }))
    }

    /// The live sessions behind a browser's secrets, in the order given, of users who are enabled; with what each
    /// user consented to for `client`. Secrets past the sixth do not count.
    #[tracing::instrument(name = "store.sessions.alive", level = "debug", skip_all)]
    pub async fn alive(
        &self,
        issuer: IssuerId,
        secrets: &[SecretHash],
        client: Option<ClientRowId>,
        now: Timestamp,
    ) -> Result<Vec<BrowserSession>, Fault> {
        let secrets = secrets.get(..SESSIONS_PER_BROWSER).unwrap_or(secrets);
        if secrets.is_empty() {
            return Ok(Vec::new());
        }
        let mut alive = self
            .0
            .statement(
                "sessions.alive",
                concat!(
                    "SELECT ",
                    session_columns!(),
                    ", account.username_display, account.claims, account.updated_at AS user_updated_at,
                       consent.scope AS consented_scope,
                       EXISTS (SELECT 1 FROM session_client WHERE session_client.session_id = session.id
                         AND session_client.client = $2) AS tells_client
                      FROM session
                      JOIN account ON account.id = session.user_id AND account.disabled_at IS NULL
                      LEFT JOIN consent ON consent.user_id = session.user_id AND consent.client = $2
                     WHERE session.issuer_id = $1 AND ",
                    session_lives!("$3"),
                    " AND session.secret_hash IN ($4, $5, $6, $7, $8, $9)"
                ),
            )
            .bind(issuer)
            .bind(client)
            .bind(now);
        for index in 0..SESSIONS_PER_BROWSER {
            alive = alive.bind(secrets.get(index));
        }
        let rows = alive.read().fetch_all().await?;
        let mut found = rows.iter().map(BrowserSession::from_row).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|found| secrets.iter().position(|secret| *secret == found.session.secret_hash));
        Ok(found)
    }

    /// Notes that the user of `session` authenticated again and changes its secret. `false` when the session has
    /// ended, or its secret was changed by another window first.
    #[tracing::instrument(name = "store.sessions.reauthenticate", level = "debug", skip_all)]
    pub async fn reauthenticate(&self, session: &Session, renewal: &Reauthentication) -> Result<bool, Fault> {
        const NAME: &str = "sessions.reauthenticate";
        let mut authentications = session.authentications.clone();
        authentications.push(renewal.authentication.clone());
        if authentications.len() > AUTHENTICATIONS_KEPT {
            authentications.remove(1);
        }
        let now = Timestamp::from_milliseconds(renewal.authentication.at_ms);
        // The old secret is part of the condition, so the list that was read is the list that is extended.
        let update = self.0.statement(
            NAME,
            "UPDATE session SET secret_hash = $3, authenticated_at_ms = $4, authentications = $5, acr = $6,
               amr = $7, remembered = $8, last_seen_at = $9, idle_seconds = $10, expires_at = $11
              WHERE id = $1 AND secret_hash = $2 AND ended_at IS NULL AND expires_at > $9",
        );
        let update = update.bind(session.id).bind(&session.secret_hash).bind(&renewal.secret_hash);
        let update = update.bind(renewal.authentication.at_ms).bind(text_of(NAME, &authentications)?);
        let update =
            update.bind(&renewal.authentication.acr).bind(text_of(NAME, &renewal.authentication.amr)?);
        let update = update.bind(renewal.remembered).bind(now).bind(renewal.idle_seconds);
        Ok(update.bind(renewal.expires_at).execute().await? == 1)
    }

    /// Notes that the session was used; instants before the last one change nothing.
    #[tracing::instrument(name = "store.sessions.touch", level = "debug", skip_all)]
    pub async fn touch(&self, id: SessionId, now: Timestamp) -> Result<(), Fault> {
        let touch = self.0.statement(
            "sessions.touch",
            "UPDATE session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
        );
        touch.bind(id).bind(now).repeatable().execute().await.map(drop)
    }

    /// The live sessions of a user, the newest login first, those before one of them.
    #[tracing::instrument(name = "store.sessions.list_of_user", level = "debug", skip_all)]
    pub async fn list_of_user(
        &self,
        user: UserId,
        before: Option<SessionId>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Session>, Fault> {
        let read = self.0.statement(
            "sessions.list_of_user",
            concat!(
                "SELECT ",
                session_columns!(),
                " FROM session WHERE session.user_id = $1 AND ($3 IS NULL OR session.id < $3) AND ",
                session_lives!("$2"),
                " ORDER BY session.id DESC LIMIT $4"
            ),
        );
        let read = read.bind(user).bind(now).bind(before).bind(limit);
        read.read().fetch_all().await?.iter().map(Session::from_row).collect()
    }

    /// A live session by its id, which is no secret: the caller sees to whose it is.
    #[tracing::instrument(name = "store.sessions.by_id", level = "debug", skip_all)]
    pub async fn by_id(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>, Fault> {
        let read = self.0.statement(
            "sessions.by_id",
            concat!(
                "SELECT ",
                session_columns!(),
                " FROM session WHERE session.id = $1 AND ",
                session_lives!("$2")
            ),
        );
        read.bind(id).bind(now).read().fetch_optional().await?.as_ref().map(Session::from_row).transpose()
    }
}
