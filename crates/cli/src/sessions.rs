//! `grantor sessions`: logins in browsers.

use clap::Subcommand;
use grantor_protocol::{SessionId, Timestamp};
use grantor_server::listing;
use grantor_store::{Ending, Session, User};

use crate::failure::Failure;
use crate::output::{Listing, instant, print};
use crate::progress::waiting;
use crate::setup::{Opened, PAGE, Setup};
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
            let which = Ending::OfUser(user.id, None);
            let ended = waiting("ending logins", opened.ending().sessions(&which)).await?;
            print(&format!("{} logins were ended", ended.sessions.len()))
        }
        Command::End { ids, user: None } => {
            for id in ids {
                if opened.ending().sessions(&Ending::Sessions(vec![id])).await?.sessions.is_empty() {
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
        for session in all_of(opened, user).await? {
            let row = [
                session.id.to_string(),
                user.username_display.clone(),
                instant(Timestamp::from_milliseconds(session.authenticated_at_ms)),
                instant(session.last_seen_at),
                instant(session.expires_at),
                if session.remembered { "yes" } else { "no" }.to_owned(),
                session.address.clone().unwrap_or_default(),
            ];
            listing.add(row, listing::session(&session, user));
        }
    }
    listing.print(as_json)
}

async fn all_of(opened: &Opened, user: &User) -> Result<Vec<Session>, Failure> {
    let mut all: Vec<Session> = Vec::new();
    loop {
        let before = all.last().map(|session| session.id);
        let sessions = opened.store.sessions();
        let page = sessions.list_of_user(user.id, before, PAGE, opened.now.timestamp()).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
