//! The binary `grantor`: runs the server and works on its database directly, so every command but `serve` works
//! before, while and after a server runs.

mod backup;
mod clients;
mod config;
mod failure;
mod grants;
mod health;
mod keys;
mod migrate;
mod output;
mod progress;
mod registration;
mod serve;
mod sessions;
mod setup;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use failure::Failure;
use setup::Setup;

/// Gives the 19 MiB of every password hash back to the system at once. The system's allocator keeps them in an arena
/// for each thread that ever hashed: hundreds of megabytes after a burst of logins.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where help shows the options that every command takes.
const EVERYWHERE: &str = "Options of every command";
const FIRST_STEPS: &str = "To see it work on this machine, with nothing configured: grantor serve --dev";

/// An OAuth 2 and OpenID Connect authorization server.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "the comments are the help, which shows backticks as they are")]
#[command(name = "grantor", version, propagate_version = true, max_term_width = 100, after_help = FIRST_STEPS)]
struct Arguments {
    /// The configuration file [env: GRANTOR_CONFIG]; without one, GRANTOR__SECTION__KEY variables alone count
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// For development on this machine: needs no configuration, keeps its files in the working directory
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    dev: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Ask a running server whether it is ready: exit 0 if it is, else 1 and one line
    Health(health::Arguments),
    /// Bring the database to this version
    Migrate,
    /// Copy an SQLite database into a new file, while the server runs
    Backup {
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Signing keys, and the keys that seal what is stored
    #[command(subcommand)]
    Keys(keys::Command),
    /// Registered clients
    #[command(subcommand)]
    Clients(clients::Command),
    /// Who may register clients by themselves
    #[command(subcommand)]
    Registration(registration::Command),
    /// Accounts
    #[command(subcommand)]
    Users(users::Command),
    /// Logins in browsers
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// What users allowed clients to do
    #[command(subcommand)]
    Grants(grants::Command),
    /// The configuration
    #[command(subcommand)]
    Config(config::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let Arguments { config, dev, command } =
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let setup = Setup::new(config, dev, name_of(&matches));
    match Box::pin(run(command, &setup)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::FAILURE
        }
    }
}

/// The names of the command and of its subcommands, without their arguments.
fn name_of(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut next = matches.subcommand();
    while let Some((name, of_it)) = next {
        names.push(name);
        next = of_it.subcommand();
    }
    names.join(" ")
}

async fn run(command: Command, setup: &Setup) -> Result<(), Failure> {
    match command {
        Command::Serve => serve::run(setup).await,
        Command::Health(arguments) => health::run(&arguments, setup).await,
        Command::Migrate => migrate::run(setup).await,
        Command::Backup { file } => backup::run(&file, setup).await,
        Command::Keys(command) => keys::run(command, setup).await,
        Command::Clients(command) => clients::run(command, setup).await,
        Command::Registration(command) => registration::run(command, setup).await,
        Command::Users(command) => users::run(command, setup).await,
        Command::Sessions(command) => sessions::run(command, setup).await,
        Command::Grants(command) => grants::run(command, setup).await,
        Command::Config(config::Command::Check(check)) => config::check(check, setup).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_audit_trail_names_a_command_without_its_arguments() {
        let line = ["grantor", "registration", "tokens", "create", "--label", "secret plans"];
        assert_eq!(name_of(&Arguments::command().get_matches_from(line)), "registration tokens create");
    }

    #[test]
    fn every_command_that_shows_something_takes_json() {
        let mut commands = vec![Arguments::command()];
        let mut listings = 0;
        while let Some(command) = commands.pop() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let shows = ["List ", "Show ", "Print ", "Import "].iter().any(|verb| about.starts_with(verb));
            if shows || matches!(command.get_name(), "list" | "show") {
                listings += 1;
                assert!(command.get_arguments().any(|argument| argument.get_id() == "json"), "{command}");
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(listings > 9, "{listings}");
    }

    #[test]
    fn the_configuration_file_may_be_named_before_and_after_the_command() {
        for line in ["grantor --config a.toml config check", "grantor config check --config a.toml"] {
            let arguments = Arguments::parse_from(line.split(' '));
            assert_eq!(arguments.config, Some(PathBuf::from("a.toml")));
        }
        assert!(Arguments::parse_from(["grantor", "serve", "--dev"]).dev);
    }
}
