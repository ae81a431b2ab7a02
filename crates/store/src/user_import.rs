//! Accounts that another system had, many at a time. The same again changes nothing, and no import takes back what was
//! done here since: a password that was changed or used, an account that was disabled.

mod batch;

use std::collections::HashMap;

use grantor_crypto::{SecretHash, imported_hash_mark};
use grantor_protocol::{ClaimError, IssuerId, Timestamp, UserClaims, UserId};

use crate::{
    Fault, Users,
    engine::{Row, Transaction},
    ids::RowId,
    json::text_of,
};
use batch::{BY_ID, BY_NAME, CLIENTS, INSERT, UPDATE, padded};

/// How many users one statement takes.
pub const IMPORT_BATCH: usize = 250;

const NAME: &str = "users.import";

/// A user as another system had it.
#[derive(Clone)]
pub struct ImportedUser {
    /// The `sub` that clients know already; `None` for one of ours.
    pub id: Option<UserId>,
    /// The canonical name.
    pub username: String,
    /// The name as it was typed.
    pub username_display: String,
    /// The password's hash as it is stored; `None` when nothing is said of it.
    pub password: Option<String>,
    /// Claims to set; others stay.
    pub claims: UserClaims,
    /// Claims to take away.
    pub removed_claims: Vec<String>,
    /// Whether it may not log in; `None` when nothing is said of it.
    pub disabled: Option<bool>,
}

impl std::fmt::Debug for ImportedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportedUser").finish_non_exhaustive()
    }
}

/// What holds for every user of an import.
#[derive(Clone, Copy, Debug)]
pub struct ImportTerms {
    /// The issuer they belong to.
    pub issuer: IssuerId,
    /// Whether the import goes before what was done here: passwords that were changed, accounts that were disabled.
    pub replace: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// The instant of the command.
    pub now: Timestamp,
}

/// What became of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// There is a new account.
    Created(UserId),
    /// There was an account of that name.
    Present(UserId, ImportChanges),
    /// Nothing was done.
    Refused(ImportRefusal),
}

impl Imported {
    /// Whether an account is made or changed.
    pub fn is_a_change(&self) -> bool {
        match self {
            Self::Created(_) => true,
            Self::Present(_, changes) => !changes.is_empty(),
            Self::Refused(_) => false,
        }
    }
}

/// What an import changes of an account that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportChanges {
    /// Claims, or the name's spelling; done.
    pub profile: bool,
    /// The password.
    pub password: PasswordImport,
    /// To disable; left to the caller, because sessions end with it.
    pub disable: bool,
    /// To enable; left to the caller.
    pub enable: bool,
}

impl ImportChanges {
    /// Whether everything stays as it is.
    pub fn is_empty(self) -> bool {
        let sets_password = match self.password {
            PasswordImport::Set => true,
            PasswordImport::Untouched | PasswordImport::Kept => false,
        };
        !(self.profile || self.disable || self.enable || sets_password)
    }
}

/// What an import does with a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordImport {
    /// It is the same as before, or nothing is said of it.
    #[default]
    Untouched,
    /// It was set; the caller ends what the one before opened.
    Set,
    /// Another than before came, and the one here stays: it was changed or used here since.
    Kept,
}

/// Why a user is not taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// A `sub` is one user's for ever.
    #[error("the sub is that of another user")]
    SubOfAnother,
    /// It cannot change either: clients know the user by it.
    #[error("the user is here with another sub, {0}, which cannot be changed")]
    OtherSub(UserId),
    /// A client's own tokens have its `client_id` as `sub` (RFC 9068 section 5).
    #[error("the sub is the client_id of a client")]
    SubOfClient,
    /// With the claims that are here already.
    #[error(transparent)]
    Claims(#[from] ClaimError),
    /// Somebody made the account at the same moment.
    #[error("the name or the sub was taken a moment ago: import it again")]
    TakenMeanwhile,
}

/// An account as an import finds it.
struct Present {
    id: UserId,
    username: String,
    username_display: String,
    password: Option<String>,
    imported: Option<SecretHash>,
    claims: UserClaims,
    is_disabled: bool,
}

impl Present {
    fn from_row(row: &Row) -> Result<Present, Fault> {
        Ok(Present {
            id: row.id("id")?,
            username: row.get("username")?,
            username_display: row.get("username_display")?,
            password: row.get("password")?,
            imported: row.optional_hash("imported_password")?,
            claims: row.json("claims")?,
            is_disabled: row.optional_instant("disabled_at")?.is_some(),
        })
    }

    /// What becomes of the password. One that is here as it was imported, nobody has used: a login would have replaced
    /// it, or it is a hash as good as ours and nobody is asked for it meanwhile.
    fn password(&self, user: &ImportedUser, replace: bool) -> PasswordImport {
        let Some(new) = user.password.as_deref().filter(|new| self.password.as_deref() != Some(new)) else {
            return PasswordImport::Untouched;
        };
        let is_as_imported = self.password.as_deref().map(imported_hash_mark) == self.imported;
        if replace {
            PasswordImport::Set
        } else if self.imported == Some(imported_hash_mark(new)) {
            PasswordImport::Untouched
        } else if is_as_imported {
            PasswordImport::Set
        } else {
            PasswordImport::Kept
        }
    }

    fn changes(&self, user: &ImportedUser, claims: &UserClaims, replace: bool) -> ImportChanges {
        ImportChanges {
            profile: *claims != self.claims || user.username_display != self.username_display,
            password: self.password(user, replace),
            disable: user.disabled == Some(true) && !self.is_disabled,
            enable: user.disabled == Some(false) && self.is_disabled && replace,
        }
    }
}

impl Users<'_> {
    /// Makes or changes up to [`IMPORT_BATCH`] accounts of different names in one transaction; the answers are in the
    /// order of `users`, and more than that many users are a defect of the caller that the database refuses.
    #[tracing::instrument(name = "store.users.import", level = "debug", skip_all)]
    pub async fn import(&self, users: &[ImportedUser], terms: ImportTerms) -> Result<Vec<Imported>, Fault> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.0.begin(NAME).await?;
        let present = present(&mut transaction, users, terms.issuer).await?;
        let taken = taken_subs(&mut transaction, users, terms.issuer).await?;
        let mut answers = Vec::with_capacity(users.len());
        let (mut new, mut profiles) = (Vec::new(), Vec::new());
        for user in users {
            let answer = match present.get(&user.username) {
                Some(present) => match change(&mut transaction, present, user, terms).await? {
                    Ok((claims, changes)) => {
                        if changes.profile {
                            profiles.push((present.id, user.username_display.as_str(), claims));
                        }
                        Imported::Present(present.id, changes)
                    }
                    Err(refusal) => Imported::Refused(refusal),
                },
                None => {
                    if let Some(refusal) = user.id.and_then(|id| taken.get(&id)) {
                        Imported::Refused(refusal.clone())
                    } else {
                        let id = user.id.unwrap_or_else(UserId::fresh);
                        new.push((id, user));
                        Imported::Created(id)
                    }
                }
            };
            answers.push(answer);
        }
        if terms.dry_run {
            return Ok(answers);
        }
        update(&mut transaction, &profiles, terms.now).await?;
        let made = insert(&mut transaction, &new, terms).await?;
        transaction.commit().await?;
        for answer in &mut answers {
            if matches!(answer, Imported::Created(id) if !made.contains(id)) {
                *answer = Imported::Refused(ImportRefusal::TakenMeanwhile);
            }
        }
        Ok(answers)
    }
}

async fn present(
    transaction: &mut Transaction,
    users: &[ImportedUser],
    issuer: IssuerId,
) -> Result<HashMap<String, Present>, Fault> {
    let mut read = transaction.statement(NAME, &BY_NAME).bind(issuer);
    for user in padded(users) {
        read = read.bind(&user.username);
    }
    let mut present = HashMap::new();
    for row in read.fetch_all().await? {
        let row = Present::from_row(&row)?;
        present.insert(row.username.clone(), row);
    }
    Ok(present)
}

/// The subs that cannot be given to a new account, and why.
async fn taken_subs(
    transaction: &mut Transaction,
    users: &[ImportedUser],
    issuer: IssuerId,
) -> Result<HashMap<UserId, ImportRefusal>, Fault> {
    let ids: Vec<UserId> = users.iter().filter_map(|user| user.id).collect();
    let mut taken = HashMap::new();
    if ids.is_empty() {
        return Ok(taken);
    }
    let mut accounts = transaction.statement(NAME, &BY_ID);
    for id in padded(&ids) {
        accounts = accounts.bind(*id);
    }
    for row in accounts.fetch_all().await? {
        taken.insert(row.id("id")?, ImportRefusal::SubOfAnother);
    }
    let mut clients = transaction.statement(NAME, &CLIENTS).bind(issuer);
    for id in padded(&ids) {
        clients = clients.bind(id.to_string());
    }
    for row in clients.fetch_all().await? {
        if let Ok(id) = row.get::<String>("client_id")?.parse() {
            taken.insert(id, ImportRefusal::SubOfClient);
        }
    }
    Ok(taken)
}

/// The claims of an account from now on, and what is changed of it; its password is written here.
async fn change(
    transaction: &mut Transaction,
    present: &Present,
    user: &ImportedUser,
    terms: ImportTerms,
) -> Result<Result<(UserClaims, ImportChanges), ImportRefusal>, Fault> {
    if user.id.is_some_and(|id| id != present.id) {
        return Ok(Err(ImportRefusal::OtherSub(present.id)));
    }
    let claims = match present.claims.changed(&user.claims, &user.removed_claims) {
        Ok(claims) => claims,
        Err(error) => return Ok(Err(error.into())),
    };
    let mut changes = present.changes(user, &claims, terms.replace);
    if changes.password == PasswordImport::Set && !terms.dry_run {
        let update = transaction.statement(
            NAME,
            "UPDATE account SET password = $2, imported_password = $3
              WHERE id = $1 AND COALESCE(password, '') = COALESCE($4, '')",
        );
        let update = update.bind(present.id).bind(user.password.as_deref());
        let update = update.bind(mark(user.password.as_deref())).bind(present.password.as_deref());
        if update.execute().await? == 0 {
            // Used or changed since it was read.
            changes.password = PasswordImport::Kept;
        }
    }
    Ok(Ok((claims, changes)))
}

async fn update(
    transaction: &mut Transaction,
    profiles: &[(UserId, &str, UserClaims)],
    now: Timestamp,
) -> Result<(), Fault> {
    if profiles.is_empty() {
        return Ok(());
    }
    let mut update = transaction.statement(NAME, &UPDATE).bind(now);
    for (id, username_display, claims) in padded(profiles) {
        update = update.bind(*id).bind(*username_display).bind(text_of(NAME, claims)?);
    }
    update.execute().await.map(drop)
}

/// Makes the accounts; the ids of those that were made.
async fn insert(
    transaction: &mut Transaction,
    users: &[(UserId, &ImportedUser)],
    terms: ImportTerms,
) -> Result<Vec<UserId>, Fault> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut insert = transaction.statement(NAME, &INSERT).bind(terms.issuer).bind(terms.now);
    for (id, user) in padded(users) {
        insert = insert.bind(*id).bind(&user.username).bind(&user.username_display);
        insert = insert.bind(user.password.as_deref()).bind(text_of(NAME, &user.claims)?);
        insert = insert.bind(user.disabled.filter(|disabled| *disabled).map(|_| terms.now));
        insert = insert.bind(mark(user.password.as_deref()));
    }
    insert.fetch_all().await?.iter().map(|row| row.id("id")).collect()
}

fn mark(password: Option<&str>) -> Option<Vec<u8>> {
    password.map(|password| imported_hash_mark(password).bytes().to_vec())
}
