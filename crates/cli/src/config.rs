//! `grantor config check`.

use clap::{Args, Subcommand};
use grantor_server::clock::Clock;
use grantor_server::config::{Config, Problem};
use grantor_server::key_ring::KeyRing;
use grantor_server::self_check::{self, Database, Report};
use grantor_store::Store;

use crate::failure::Failure;
use crate::output::{print, warn};
use crate::setup::{Opened, Setup};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with the configuration, one line a problem
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Also ask the issuer, as its users reach it, whether a server of this configuration answers, and what the proxy
    /// changes on the way; a server has to run
    #[arg(long)]
    live: bool,
}

/// Prints every problem on standard output, since they are what was asked for; warnings go to standard error.
pub(crate) async fn check(check: Check, setup: &Setup) -> Result<(), Failure> {
    let config = match setup.load() {
        Ok(config) => config,
        Err(problems) => return tell(&problems),
    };
    for warning in &config.warnings {
        warn(&warning.to_string());
    }
    if !check.live {
        return print("the configuration is valid");
    }
    let problems = live(&config, setup).await;
    if problems.is_empty() {
        print("the configuration is valid, and the issuer leads to a server that has it")
    } else {
        tell(&problems)
    }
}

fn tell(problems: &[Problem]) -> Result<(), Failure> {
    problems.iter().try_for_each(|problem| print(&problem.to_string()))?;
    Err(Failure::told())
}

/// What a request meets on its way. Without the database it can still be said where the issuer leads.
async fn live(config: &Config, setup: &Setup) -> Vec<Problem> {
    let opened: Result<(Store, KeyRing), Failure> = async {
        let opened: Opened = setup.open().await?;
        let keys = opened.key_ring().await?;
        Ok((opened.store, keys))
    }
    .await;
    let clock = Clock::default();
    match opened {
        Ok((store, keys)) => {
            let Report { problems, .. } =
                self_check::check(config, Some(Database { store: &store, keys: &keys }), &clock).await;
            store.close().await;
            problems
        }
        Err(failure) => {
            let mut problems = failure.under("database.url");
            problems.extend(self_check::check(config, None, &clock).await.problems);
            problems
        }
    }
}
