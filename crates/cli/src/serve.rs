//! `grantor serve`: reads the configuration, opens the database and its keys, and serves until it is told to stop.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use grantor_protocol::IssuerId;
use grantor_server::App;
use grantor_server::audit::{AuditEvent, Cause};
use grantor_server::clock::{Clock, Now};
use grantor_server::config::{Config, Log, LogFormat};
use grantor_server::key_ring::{KeyRing, KeyRingError};
use grantor_server::playground::{self, Playground};
use grantor_server::serve::Listeners;
use grantor_store::{Fault, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::output::print;
use crate::setup::{NOT_MIGRATED, Setup, audit_failure};

/// Between two attempts to reach a database that is away at the start.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or SIGINT, then lets open requests finish.
pub(crate) async fn run(setup: &Setup) -> Result<(), Failure> {
    let config = setup.load().map_err(Failure::problems)?;
    start_log(&config.log)?;
    for warning in &config.warnings {
        tracing::warn!(setting = warning.path, "{}", warning.message);
    }
    let mut stop = stop_signal()?;
    let clock = Clock::default();
    let opening = open(&config, &clock);
    let (store, keys) = tokio::select! {
        opened = opening => opened?,
        _ = stop.changed() => return Ok(()),
    };
    let fingerprint = config.fingerprint.clone();
    let app = App::new(config, store, keys, clock, setup.dev.then_some(Playground));
    if setup.dev {
        playground::seed(&app).await.map_err(|error| Failure::new(error.to_string()))?;
    }
    app.audit.reopen().map_err(|error| audit_failure(&app.config, &error))?;
    reopen_when_told(app.clone())?;
    let listeners = Listeners::bind(&app).await?;
    let started =
        AuditEvent::ServerStarted { version: env!("CARGO_PKG_VERSION"), configuration: fingerprint };
    app.audit.record(&by_itself(&app), &started);
    announce(&app.config, setup.dev)?;
    listeners.serve(app.clone(), stop).await?;
    app.store.close().await;
    app.audit.record(&by_itself(&app), &AuditEvent::ServerStopped {});
    tracing::info!("stopped");
    Ok(())
}

/// Opens the database and its keys, waiting for a database that is not there yet: containers start in any order.
async fn open(config: &Config, clock: &Clock) -> Result<(Store, KeyRing), Failure> {
    loop {
        match try_open(config, clock).await {
            Err(KeyRingError::Fault(fault)) if fault.is_unavailable() => {
                tracing::warn!(%fault, "waiting for the database");
                tokio::time::sleep(PATIENCE).await;
            }
            Err(error) => return Err(error.into()),
            Ok(None) => return Err(Failure::new(NOT_MIGRATED)),
            Ok(Some(opened)) => return Ok(opened),
        }
    }
}

/// `None` when the database lacks migrations that this process must not apply.
async fn try_open(config: &Config, clock: &Clock) -> Result<Option<(Store, KeyRing)>, KeyRingError> {
    let store = Store::open(&config.database.store()).await?;
    if config.database.migrate_on_start {
        store.migrate().await?;
    }
    if !store.pending_migrations().await?.is_empty() {
        return Ok(None);
    }
    warn_about_clocks(&store, clock).await?;
    let keys = KeyRing::open(
        &store,
        Arc::clone(&config.secrets),
        IssuerId::FIRST,
        config.key_policy(),
        clock.now_ms(),
    )
    .await?;
    Ok(Some((store, keys)))
}

/// Nodes whose clocks differ disagree about what has expired.
async fn warn_about_clocks(store: &Store, clock: &Clock) -> Result<(), Fault> {
    const TOLERATED_SECONDS: u64 = 2;
    let skew = store.skew(clock.now()).await?;
    if skew.unsigned_abs() > TOLERATED_SECONDS {
        tracing::warn!(skew, "the clock of the database differs from this machine's; synchronise both");
    }
    Ok(())
}

/// Turns true at SIGTERM or SIGINT.
fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let (stop, stopped) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new connections, open requests finish");
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// What the server does by itself, now.
fn by_itself(app: &App) -> Cause {
    Cause::server(Now { ms: app.clock.now_ms() })
}

/// Opens the file of the audit trail anew at SIGHUP, for those who move it away when it has grown.
fn reopen_when_told(app: App) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(error) = app.audit.reopen() {
                tracing::error!(%error, setting = "audit.file", "the file of the audit trail stays as it is");
            }
        }
    });
    Ok(())
}

fn start_log(log: &Log) -> Result<(), Failure> {
    // The audit trail is not a matter of taste: whatever is logged, it is.
    let filter = EnvFilter::try_new(&log.level)?.add_directive("audit=info".parse()?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
    }
    Ok(())
}

fn announce(config: &Config, dev: bool) -> Result<(), Failure> {
    tracing::info!(
        issuer = config.issuer.as_str(),
        public = %config.public.listen,
        admin = %config.admin.listen,
        database = %config.database.url,
        "ready"
    );
    if dev {
        print(&format!(
            "\n  Grantor runs for development.\n\n  Open     {}\n  Sign in  {} / {}\n\n  Issuer   {}\n  Files    {} and grantor-dev.secret, here\n  Stop     Ctrl-C\n",
            config.issuer.at("/"),
            playground::USERNAME,
            playground::PASSWORD,
            config.issuer,
            config.database.url,
        ))?;
    }
    Ok(())
}
