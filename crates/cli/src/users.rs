//! `grantor users`: accounts.

mod import;

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use grantor_crypto::{Secret, hash_password};
use grantor_protocol::{IssuerId, UserClaims, UserId, Username};
use grantor_server::audit::AuditEvent;
use grantor_store::{NewUser, RevocationReason, User};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Listing, instant, print, print_json};
use crate::setup::{Opened, PAGE, Setup, standard_input};
use import::ImportArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an account and print it
    Create {
        /// The name to log in with
        #[arg(long, value_name = "NAME")]
        username: String,
        /// Read the password from standard input; without it, nobody can log in until it is set
        #[arg(long)]
        password_stdin: bool,
        /// The email claim
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// A file with OpenID Connect claims (JSON), such as {"name": "Ada", "email": "ada@example.com"}
        #[arg(long, value_name = "FILE")]
        claims: Option<PathBuf>,
    },
    /// List the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print an account
    Show {
        /// Its name or sub
        user: String,
        /// Say that JSON is wanted, which it always is
        #[arg(long)]
        json: bool,
    },
    /// Import the users that another system has, with their password hashes
    Import(ImportArguments),
    /// Set the password from standard input; ends all logins and revokes all grants of the account
    SetPassword {
        /// Its name or sub
        user: String,
        /// Say that the password comes from standard input, which it always does
        #[arg(long)]
        password_stdin: bool,
        /// Leave logins and grants alone
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Keep an account from logging in; its logins end and its tokens stop working
    Disable {
        /// Its name or sub
        user: String,
    },
    /// Let a disabled account log in again
    Enable {
        /// Its name or sub
        user: String,
    },
    /// Delete an account; its logins end and its tokens stop working
    Delete {
        /// Its name or sub
        user: String,
    },
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    match command {
        Command::Create { username, password_stdin, email, claims } => {
            let claims = read_claims(claims, email)?;
            let password = password_stdin.then(standard_input).transpose()?;
            create(&opened, &username, password, claims).await
        }
        Command::List { json } => list(&opened, json).await,
        Command::Show { user, json: _ } => print_json(&document(&find(&opened, &user).await?)),
        Command::Import(arguments) => import::run(&opened, arguments).await,
        Command::SetPassword { user, keep_sessions, password_stdin: _ } => {
            set_password(&opened, &find(&opened, &user).await?, keep_sessions).await
        }
        Command::Disable { user } => {
            let user = find(&opened, &user).await?;
            let ended = opened.ending().disable_user(user.id).await?.unwrap_or_default();
            print(&format!(
                "{} cannot log in, {} logins were ended, and no token of this account works any more",
                user.username_display,
                ended.sessions.len()
            ))
        }
        Command::Enable { user } => {
            let user = find(&opened, &user).await?;
            opened.store.users().enable(user.id).await?;
            opened.record(&AuditEvent::UserEnabled { subject: user.id });
            print(&format!("{} can log in again", user.username_display))
        }
        Command::Delete { user } => {
            let user = find(&opened, &user).await?;
            opened.ending().delete_user(user.id).await?;
            print(&format!(
                "{} is deleted, and no token of this account works any more",
                user.username_display
            ))
        }
    }
}

/// The account of this name or `sub`, or a failure that names it.
pub(crate) async fn find(opened: &Opened, user: &str) -> Result<User, Failure> {
    let users = opened.store.users();
    let by_name = match Username::parse(user) {
        Ok(name) => users.by_username(IssuerId::FIRST, name.as_str()).await?,
        Err(_) => None,
    };
    let found = match (by_name, user.parse::<UserId>()) {
        (None, Ok(id)) => users.by_id(id).await?,
        (by_name, _) => by_name,
    };
    found.ok_or_else(|| Failure::new(format!("there is no user {user:?}")))
}

async fn create(
    opened: &Opened,
    name: &str,
    password: Option<Secret>,
    claims: UserClaims,
) -> Result<(), Failure> {
    let username = Username::parse(name).map_err(|error| Failure::new(format!("--username: {error}")))?;
    let password = password.map(|password| hash_password(&password)).transpose()?;
    let user = NewUser {
        id: None,
        issuer: IssuerId::FIRST,
        username: username.as_str().to_owned(),
        username_display: name.trim().to_owned(),
        password,
        claims,
        now: opened.now.timestamp(),
    };
    let created = opened.store.users().insert(user).await.map_err(|fault| {
        if fault.is_conflict() {
            Failure::new(format!("there is a user {name:?} already"))
        } else {
            fault.into()
        }
    })?;
    opened.record(&AuditEvent::UserCreated { subject: created.id });
    print_json(&document(&created))
}

async fn list(opened: &Opened, as_json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new(["USERNAME", "SUB", "EMAIL", "STATE", "CREATED"]);
    for user in all(opened).await? {
        let row = [
            user.username_display.clone(),
            user.id.to_string(),
            user.claims.text("email").unwrap_or_default().to_owned(),
            state(&user).to_owned(),
            instant(user.created_at),
        ];
        listing.add(row, document(&user));
    }
    listing.print(as_json)
}

/// Every account, oldest first.
pub(crate) async fn all(opened: &Opened) -> Result<Vec<User>, Failure> {
    let mut all: Vec<User> = Vec::new();
    loop {
        let users = opened.store.users().list(IssuerId::FIRST, all.last().map(|user| user.id), PAGE).await?;
        if users.is_empty() {
            return Ok(all);
        }
        all.extend(users);
    }
}

async fn set_password(opened: &Opened, user: &User, keep_sessions: bool) -> Result<(), Failure> {
    let hash = hash_password(&standard_input()?)?;
    opened.store.users().set_password(user.id, Some(&hash)).await?;
    opened.record(&AuditEvent::PasswordChanged { subject: user.id });
    if keep_sessions {
        return print(&format!("the password of {} is set", user.username_display));
    }
    let (ended, grants) =
        opened.ending().replaced_password(user.id, None, RevocationReason::Operator).await?;
    print(&format!(
        "the password of {} is set; {} logins were ended and {grants} grants revoked",
        user.username_display,
        ended.sessions.len()
    ))
}

fn read_claims(file: Option<PathBuf>, email: Option<String>) -> Result<UserClaims, Failure> {
    let document = match file {
        None => json!({}),
        Some(path) => {
            let wrong = |reason: String| Failure::new(format!("--claims: {}: {reason}", path.display()));
            let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
            serde_json::from_str(&text).map_err(|error| wrong(format!("not JSON: {error}")))?
        }
    };
    let mut claims =
        UserClaims::parse(document).map_err(|error| Failure::new(format!("--claims: {error}")))?;
    if let Some(email) = email {
        claims
            .set("email", Value::String(email))
            .map_err(|error| Failure::new(format!("--email: {error}")))?;
    }
    Ok(claims)
}

fn state(user: &User) -> &'static str {
    match (user.disabled_at, &user.password) {
        (Some(_), _) => "disabled",
        (None, None) => "no password",
        (None, Some(_)) => "active",
    }
}

fn document(user: &User) -> Value {
    json!({
        "sub": user.id,
        "username": user.username_display,
        "state": state(user),
        "claims": user.claims.as_map(),
        "disabled_at": user.disabled_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_email_option_goes_before_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("claims.json");
        fs::write(&path, r#"{"name": "Ada", "email": "old@example.com"}"#).unwrap();
        let claims = read_claims(Some(path), Some("ada@example.com".to_owned())).unwrap();
        assert_eq!((claims.text("name"), claims.text("email")), (Some("Ada"), Some("ada@example.com")));
    }

    #[test]
    fn claims_of_a_wrong_type_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        for (number, text) in [r#"{"email_verified": "yes"}"#, "[]", "{"].into_iter().enumerate() {
            let path = directory.path().join(number.to_string());
            fs::write(&path, text).unwrap();
            assert!(read_claims(Some(path), None).is_err(), "{text}");
        }
    }
}
