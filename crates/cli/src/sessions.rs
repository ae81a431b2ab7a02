//! `grantor sessions`: logins in browsers.

use clap::Subcommand;
use grantor_protocol::SessionId;
use grantor_store::{Ending, User};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Listing, instant, print};
use crate::setup::{Opened, Setup};
use crate::users;

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
pub(crate) enum Command {
    /// List the logins that are alive
    List {
        /// Only of this user (name or sub)
        #[arg(long)]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End logins; what clients got without offline_access ends with them
    End {
        /// Ids of logins
        #[arg(value_name = "SESSION", required_unless_present = "user")]
        ids: Vec<SessionId>,
        /// All of this user (name or sub)
        #[arg(long, conflicts_with = "ids")]
        user: Option<String>,
    },
}

pub(crate) async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    match command {
        Command::List { user: Some(user), json } => {
            list(&opened, &[users::find(&opened, &user).await?], json).await
        }
        Command::List { user: None, json } => list(&opened, &users::all(&opened).await?, json).await,
        Command::End { user: Some(user), .. } => {
            let user = users::find(&opened, &user).await?;
            let ended = opened.end_sessions(&Ending::OfUser(user.id, None)).await?;
            print(&format!("{} logins were ended", ended.sessions.len()))
        }
        Command::End { ids, user: None } => {
            for id in ids {
                if opened.end_sessions(&Ending::Sessions(vec![id])).await?.sessions.is_empty() {
                    return Err(Failure::new(format!("there is no login {id} that is alive")));
                }
                print(&format!("{id} was ended"))?;
            }
            Ok(())
        }
    }
}

async fn list(opened: &Opened, users: &[User], as_json: bool) -> Result<(), Failure> {
    let mut listing =
        Listing::new(["SESSION", "USERNAME", "LOGGED IN", "LAST SEEN", "ENDS", "REMEMBERED", "ADDRESS"]);
    for user in users {
        for session in opened.store.sessions().list_of_user(user.id, opened.now.timestamp()).await? {
            let authenticated_at =
                grantor_protocol::Timestamp::from_milliseconds(session.authenticated_at_ms);
            let row = [
                session.id.to_string(),
                user.username_display.clone(),
                instant(authenticated_at),
                instant(session.last_seen_at),
                instant(session.expires_at),
                if session.remembered { "yes" } else { "no" }.to_owned(),
                session.address.clone().unwrap_or_default(),
            ];
            let document = json!({
                "id": session.id,
                "sub": user.id,
                "username": user.username_display,
                "authenticated_at": authenticated_at,
                "last_seen_at": session.last_seen_at,
                "expires_at": session.expires_at,
                "idle_seconds": session.idle_seconds,
                "remembered": session.remembered,
                "acr": session.acr,
                "amr": session.amr,
                "address": session.address,
                "user_agent": session.user_agent,
            });
            listing.add(row, document);
        }
    }
    listing.print(as_json)
}
