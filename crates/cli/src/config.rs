//! `grantor config check`.

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::{print, warn};
use crate::setup::Setup;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with the configuration, one line a problem
    Check,
}

/// Prints every problem on standard output, since they are what was asked for; warnings go to standard error.
pub(crate) fn check(setup: &Setup) -> Result<(), Failure> {
    match setup.load() {
        Ok(config) => {
            for warning in &config.warnings {
                warn(&warning.to_string());
            }
            print("the configuration is valid")
        }
        Err(problems) => {
            for problem in &problems {
                print(&problem.to_string())?;
            }
            Err(Failure::told())
        }
    }
}
