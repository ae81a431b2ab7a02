//! `grantor health`: for whoever restarts or routes, such as a container's health check, and needs neither a shell nor
//! `wget` for it.

use clap::Args;
use grantor_server::config::Outbound;
use grantor_server::health;

use crate::failure::Failure;
use crate::setup::Setup;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to ask; without it /health/ready at admin.listen of the configuration
    #[arg(long)]
    url: Option<String>,
}

/// The database is not opened: the server that runs says what it thinks of it. With an address the configuration is not
/// needed; where there is one, its `outbound.ca_file` counts.
pub(crate) async fn run(arguments: &Arguments, setup: &Setup) -> Result<(), Failure> {
    let asked = match (&arguments.url, setup.load()) {
        (None, Err(problems)) => return Err(Failure::problems(problems)),
        (None, Ok(config)) => health::ask(&health::address(&config), &config.outbound).await,
        (Some(url), Ok(config)) => health::ask(url, &config.outbound).await,
        (Some(url), Err(_)) => health::ask(url, &Outbound::default()).await,
    };
    asked.map_err(Failure::new)
}
