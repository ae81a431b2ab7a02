//! `grantor serve`: reads the configuration, opens the database and its keys, and serves until it is told to stop.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use grantor_protocol::IssuerId;
use grantor_server::App;
use grantor_server::clock::Clock;
use grantor_server::config::{Config, Log, LogFormat};
use grantor_server::key_ring::{KeyRing, KeyRingError};
use grantor_server::playground::{self, Playground};
use grantor_server::self_check;
use grantor_server::serve::Listeners;
use grantor_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::output::print;
use crate::setup::{NOT_MIGRATED, Setup};

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
    let app = App::new(config, store, keys, clock, setup.dev.then_some(Playground));
    if setup.dev {
        playground::seed(&app).await.map_err(|error| Failure::new(error.to_string()))?;
    }
    let listeners = Listeners::bind(&app).await?;
    announce(&app.config, setup.dev)?;
    reread_certificate_at_hangup(app.clone())?;
    // The sockets are bound, so what it asks is answered as soon as somebody accepts; nobody waits for what it finds.
    let checking = tokio::spawn(self_check::at_start(app.clone()));
    listeners.serve(app.clone(), stop).await?;
    checking.abort();
    app.store.close().await;
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

/// Turns true at SIGTERM or SIGINT.
fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let (stop, stopped) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!(
            "stopping: not ready any more, serves on for limits.drain_delay, then open requests finish"
        );
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// SIGHUP is how daemons are told that files have changed.
fn reread_certificate_at_hangup(app: App) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            app.reread_certificate();
        }
    });
    Ok(())
}

fn start_log(log: &Log) -> Result<(), Failure> {
    let builder =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(&log.level)?).with_writer(io::stderr);
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
