//! `cargo run --release --package grantor-benches`: builds the release binary, starts a throwaway Postgres with durable
//! commits, drives every operation over real sockets, and prints what each costs beside a bare handler that does only
//! the limiting act, in one run on one machine.
#![forbid(unsafe_code)]

mod bare;
mod browser;
mod drive;
mod failure;
mod http;
mod measure;
mod operations;
mod processes;
mod report;
mod scene;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::operations::{Act, Grants, Operation};
use crate::report::Report;
use crate::scene::Scene;

// As the binary has it: the bare handlers are to differ in what they do, and in nothing else.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(about = "Measures Grantor beside bare handlers", version)]
struct Arguments {
    /// How long each is measured, after a second of warming up
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections at once
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    connections: Vec<usize>,
    /// Only these operations
    #[arg(long, value_delimiter = ',')]
    only: Vec<Operation>,
    /// A release build of grantor; built when left out
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Put the tables into docs/figures.md
    #[arg(long)]
    record: bool,
    #[command(subcommand)]
    command: Option<Serve>,
}

#[derive(Debug, Subcommand)]
enum Serve {
    /// Serve the bare handlers; the measuring process starts this
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        database: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match &arguments.command {
        Some(Serve::Bare { port, database }) => {
            // Like the server: a worker for each core.
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(bare::serve(*port, database)))
        }
        None => {
            // The load comes from one thread, so that it takes no more of the machine than it must.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(run(&arguments)))
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let binary = arguments.binary.clone().map_or_else(build, Ok)?;
    eprintln!("starting Postgres, {} and the bare handlers", binary.display());
    let scene = Scene::set(&binary).await?;
    let time = Duration::from_secs(arguments.seconds);
    let mut report = Report {
        signatures: bare::rsa_signatures_a_second()?,
        conditions: conditions(arguments.seconds),
        ..Report::default()
    };
    let wanted: Vec<Operation> =
        if arguments.only.is_empty() { Operation::value_variants().to_vec() } else { arguments.only.clone() };
    eprintln!("logging in {} users", scene::USERS);
    let mut grants = Grants::get(&scene).await?;
    for &connections in &arguments.connections {
        for act in Act::ALL {
            if wanted.iter().any(|operation| operation.act() == act) || act == Act::Nothing {
                let seen = measure::act(&scene, act, connections, time).await?;
                tell(connections, act.name(), &seen);
                report.bare.push((connections, act, seen));
            }
        }
        for &operation in &wanted {
            let seen = measure::operation(&scene, &mut grants, operation, connections, time)
                .await
                .map_err(|failure| Failure(format!("{}: {failure}", operation.name())))?;
            tell(connections, operation.name(), &seen);
            report.operations.push((connections, operation, seen));
        }
    }
    println!("{}", report.markdown());
    if arguments.record {
        report.write(&workspace().join("docs/figures.md"))?;
    }
    Ok(())
}

fn tell(connections: usize, name: &str, seen: &measure::Measured) {
    let (rate, server, database) = (seen.timing.rate(), seen.server, seen.database);
    eprintln!(
        "{connections:>2} {name:<28} {rate:>8.0}/s  server {server:>6.0} µs  Postgres {database:>5.0} µs"
    );
}

/// Asks cargo for the binary that would be deployed.
fn build() -> Result<PathBuf, Failure> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "grantor-cli", "--bin", "grantor"])
        .current_dir(workspace())
        .status()?;
    if !status.success() {
        return Err(Failure("the release binary could not be built".to_owned()));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    Ok(target.join("release/grantor"))
}

/// What a reader must know of the machine and the run.
fn conditions(seconds: u64) -> Vec<String> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let after = |text: &str, start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
        line.split_once(':').map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(workspace()).output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    vec![
        format!(
            "{cores} cores of {}; {} of memory",
            after(&read("/proc/cpuinfo"), "model name"),
            after(&read("/proc/meminfo"), "MemTotal")
        ),
        format!("{}, {}", said("uname", &["-sr"]), said("rustc", &["--version"])),
        format!(
            "commit {} of {}",
            said("git", &["rev-parse", "--short", "HEAD"]),
            said("git", &["log", "-1", "--format=%cs"])
        ),
        format!(
            "{seconds} s each after 1 s of warming up; server, load and Postgres (fsync and synchronous_commit on) share the cores"
        ),
    ]
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."))
}
