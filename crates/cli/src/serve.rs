//! `grantor serve`: reads the configuration, opens the database and its keys, and serves until it is told to stop.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grantor_protocol::IssuerId;
use grantor_server::App;
use grantor_server::audit::{AuditEvent, Cause};
use grantor_server::clock::{Clock, Now};
use grantor_server::config::{Config, Log, LogFormat};
use grantor_server::key_ring::{KeyRing, KeyRingError};
use grantor_server::playground::{self, Playground};
use grantor_server::self_check;
use grantor_server::serve::Listeners;
use grantor_server::traces::{self, Traces};
use grantor_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;
use crate::output::print;
use crate::setup::{NOT_MIGRATED, Setup, audit_failure};

/// How long the last spans may take to be sent, whatever the drain has left.
const LEAST_FOR_TRACES: Duration = Duration::from_secs(1);
const MOST_FOR_TRACES: Duration = Duration::from_secs(5);

/// Between two attempts to reach a database that is away at the start.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long statements of requests that were given up may keep the process from ending.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or SIGINT, then lets open requests finish.
pub(crate) async fn run(setup: &Setup) -> Result<(), Failure> {
    let config = setup.load().map_err(Failure::problems)?;
    let traces = config.traces.as_ref().map(|traces| Traces::start(traces, &config.outbound)).transpose();
    let traces = traces.map_err(|reason| Failure::new(format!("traces: {reason}")))?;
    start_log(&config.log, traces.as_ref())?;
    for warning in &config.warnings {
        tracing::warn!(setting = warning.path, "{}", warning.message);
    }
    let mut stop = stop_signal()?;
    let told_to_stop = when_told(stop.clone());
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
    app.audit.reopen().await.map_err(|error| audit_failure(&app.config, &error))?;
    reopen_when_told(app.clone())?;
    let listeners = Listeners::bind(&app).await?;
    let started =
        AuditEvent::ServerStarted { version: env!("CARGO_PKG_VERSION"), configuration: fingerprint };
    app.audit.record(&by_itself(&app), &started);
    announce(&app.config, setup.dev)?;
    // The sockets are bound, so what it asks is answered as soon as somebody accepts; nobody waits for what it finds.
    let checking = tokio::spawn(self_check::at_start(app.clone()));
    listeners.serve(app.clone(), stop).await?;
    checking.abort();
    if tokio::time::timeout(CLOSING_TIME, app.store.close()).await.is_err() {
        tracing::warn!("the database still works for requests that were given up");
    }
    app.audit.record(&by_itself(&app), &AuditEvent::ServerStopped {});
    app.audit.close();
    if let Some(traces) = traces {
        let drained = told_to_stop.await.map(|since| since.elapsed()).unwrap_or_default();
        let limits = &app.config.limits;
        let left = (limits.drain_delay + limits.drain_time).saturating_sub(drained);
        traces.stop(left.clamp(LEAST_FOR_TRACES, MOST_FOR_TRACES)).await;
    }
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

/// The instant at which it is told to stop.
fn when_told(mut stop: watch::Receiver<bool>) -> JoinHandle<Instant> {
    tokio::spawn(async move {
        drop(stop.wait_for(|stop| *stop).await);
        Instant::now()
    })
}

/// What the server does by itself, now.
fn by_itself(app: &App) -> Cause {
    Cause::server(Now { ms: app.clock.now_ms() })
}

/// SIGHUP is how daemons are told that files have changed: the certificate is read again, and the file of the audit trail
/// opened anew, for those who move it away when it has grown.
fn reopen_when_told(app: App) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            app.reread_certificate();
            let app = app.clone();
            // On its own: a disk that stalls does not keep the next certificate waiting.
            tokio::spawn(async move {
                if let Err(error) = app.audit.reopen().await {
                    tracing::error!(%error, setting = "audit.file", "the file of the audit trail stays as it is");
                }
            });
        }
    });
    Ok(())
}

/// Without traces the filter stands before everything, so that what is not logged costs nothing.
fn start_log(log: &Log, traces: Option<&Traces>) -> Result<(), Failure> {
    // The audit trail is not a matter of taste: whatever is logged, it is.
    let filter = EnvFilter::try_new(&log.level)?.add_directive("audit=info".parse()?);
    let filter = filter.add_directive(format!("{}=off", traces::TARGET).parse()?);
    match traces {
        None => tracing_subscriber::registry().with(filter).with(lines(log)).init(),
        Some(traces) => {
            let lines = lines(log).with_filter(filter);
            tracing_subscriber::registry().with(lines).with(traces.layer()).init();
        }
    }
    log_panics();
    Ok(())
}

/// The log on standard error, in its format.
fn lines<S>(log: &Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match log.format {
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
    }
}

/// A panic is an event of the log, in its format, and not lines of its own.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, panic = message, "a defect was met");
    }));
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
