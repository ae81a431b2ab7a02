//! Accounts. `sub` is the row's id as text; names are canonical (`protocol::Username`) and unique per issuer.

use grantor_protocol::{IssuerId, Timestamp, UserClaims, UserId};

use crate::{
    Fault,
    engine::{Engine, Row},
    ids::RowId,
    json::text_of,
};

/// An account.
#[derive(Clone)]
pub struct User {
    /// Its row, and as text its `sub`.
    pub id: UserId,
    /// The issuer it belongs to.
    pub issuer: IssuerId,
    /// The canonical name that is looked up.
    pub username: String,
    /// The name as it was typed, for display.
    pub username_display: String,
    /// The argon2id hash; `None` for an account without password.
    pub password: Option<String>,
    /// Standard claims.
    pub claims: UserClaims,
    /// Since when it may not log in and nothing of it counts.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its claims were last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the hash nor what is known of the person belongs into a log.
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What claims and pages are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct UserFacts {
    /// The account.
    pub id: UserId,
    /// The name as it was typed.
    pub username_display: String,
    /// Standard claims.
    pub claims: UserClaims,
    /// `updated_at`.
    pub updated_at: Timestamp,
}

/// An account to make.
#[derive(Clone)]
pub struct NewUser {
    /// An id that was given elsewhere (import); `None` for a new one.
    pub id: Option<UserId>,
    /// The issuer it belongs to.
    pub issuer: IssuerId,
    /// The canonical name.
    pub username: String,
    /// The name as it was typed.
    pub username_display: String,
    /// The password's hash.
    pub password: Option<String>,
    /// Standard claims, validated.
    pub claims: UserClaims,
    /// The request's instant.
    pub now: Timestamp,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, issuer_id, username, username_display, password, claims, disabled_at, created_at,
               updated_at FROM account ",
            $which
        )
    };
}

impl User {
    fn from_row(row: &Row) -> Result<User, Fault> {
        Ok(User {
            id: row.id("id")?,
            issuer: IssuerId(row.get("issuer_id")?),
            username: row.get("username")?,
            username_display: row.get("username_display")?,
            password: row.get("password")?,
            claims: row.json("claims")?,
            disabled_at: row.optional_instant("disabled_at")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
        })
    }
}

/// Remembers accounts.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a Engine);

impl Users<'_> {
    /// Makes an account; [`Fault::Conflict`] when its name or id is taken.
    #[tracing::instrument(name = "store.users.insert", level = "debug", skip_all)]
    pub async fn insert(&self, user: NewUser) -> Result<User, Fault> {
        let id = user.id.unwrap_or_else(UserId::fresh);
        let insert = self.0.statement(
            "users.insert",
            "INSERT INTO account (id, issuer_id, username, username_display, password, claims, created_at,
               updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        );
        let insert = insert.bind(id).bind(user.issuer).bind(&user.username).bind(&user.username_display);
        let insert = insert.bind(user.password.as_deref()).bind(text_of("users.insert", &user.claims)?);
        insert.bind(user.now).execute().await?;
        Ok(User {
            id,
            issuer: user.issuer,
            username: user.username,
            username_display: user.username_display,
            password: user.password,
            claims: user.claims,
            disabled_at: None,
            created_at: user.now,
            updated_at: user.now,
        })
    }

    /// The account of a canonical name, disabled or not.
    #[tracing::instrument(name = "store.users.by_username", level = "debug", skip_all)]
    pub async fn by_username(&self, issuer: IssuerId, username: &str) -> Result<Option<User>, Fault> {
        let read = self.0.statement("users.by_username", select!("WHERE issuer_id = $1 AND username = $2"));
        let row = read.bind(issuer).bind(username).read().fetch_optional().await?;
        row.as_ref().map(User::from_row).transpose()
    }

    /// The account of an id, disabled or not.
    #[tracing::instrument(name = "store.users.by_id", level = "debug", skip_all)]
    pub async fn by_id(&self, id: UserId) -> Result<Option<User>, Fault> {
        let read = self.0.statement("users.by_id", select!("WHERE id = $1"));
        let row = read.bind(id).read().fetch_optional().await?;
        row.as_ref().map(User::from_row).transpose()
    }

    /// Accounts in the order they were made, after one of them.
    #[tracing::instrument(name = "store.users.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        issuer: IssuerId,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<User>, Fault> {
        let read = self.0.statement(
            "users.list",
            select!("WHERE issuer_id = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"),
        );
        let rows = read.bind(issuer).bind(after).bind(limit).read().fetch_all().await?;
        rows.iter().map(User::from_row).collect()
    }

    /// Sets or takes away the password; `false` when the account is gone.
    #[tracing::instrument(name = "store.users.set_password", level = "debug", skip_all)]
    pub async fn set_password(&self, id: UserId, password: Option<&str>) -> Result<bool, Fault> {
        let set = self.0.statement("users.set_password", "UPDATE account SET password = $2 WHERE id = $1");
        Ok(set.bind(id).bind(password).repeatable().execute().await? == 1)
    }

    /// Stores a newer hash of the same password, unless the password was changed meanwhile.
    #[tracing::instrument(name = "store.users.replace_password_hash_if", level = "debug", skip_all)]
    pub async fn replace_password_hash_if(
        &self,
        id: UserId,
        old: &str,
        replacement: &str,
    ) -> Result<bool, Fault> {
        let replace = self.0.statement(
            "users.replace_password_hash_if",
            "UPDATE account SET password = $3 WHERE id = $1 AND password = $2",
        );
        Ok(replace.bind(id).bind(old).bind(replacement).repeatable().execute().await? == 1)
    }

    /// Makes everything of the account dead until it is enabled again; `false` when there is no such account.
    #[tracing::instrument(name = "store.users.disable", level = "debug", skip_all)]
    pub async fn disable(&self, id: UserId, now: Timestamp) -> Result<bool, Fault> {
        let disable = self.0.statement(
            "users.disable",
            "UPDATE account SET disabled_at = COALESCE(disabled_at, $2) WHERE id = $1",
        );
        Ok(disable.bind(id).bind(now).repeatable().execute().await? == 1)
    }

    /// Undoes [`Users::disable`].
    #[tracing::instrument(name = "store.users.enable", level = "debug", skip_all)]
    pub async fn enable(&self, id: UserId) -> Result<bool, Fault> {
        let enable = self.0.statement("users.enable", "UPDATE account SET disabled_at = NULL WHERE id = $1");
        Ok(enable.bind(id).repeatable().execute().await? == 1)
    }

    /// Removes the account and its consents; its sessions, grants and tokens are dead without it.
    #[tracing::instrument(name = "store.users.delete", level = "debug", skip_all)]
    pub async fn delete(&self, id: UserId) -> Result<bool, Fault> {
        let mut transaction = self.0.begin("users.delete").await?;
        let delete = transaction.statement("users.delete", "DELETE FROM account WHERE id = $1");
        let deleted = delete.bind(id).execute().await? == 1;
        let consents = transaction.statement("users.delete", "DELETE FROM consent WHERE user_id = $1");
        consents.bind(id).execute().await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}
