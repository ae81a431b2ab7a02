//! One measurement: a rate, its latencies, and what it cost whom.

use std::time::Duration;

use crate::drive::{Timing, drive};
use crate::failure::Failure;
use crate::operations::{Act, Grants, Operation, Place};
use crate::processes::{Counted, forget_peak, peak_memory};
use crate::scene::Scene;

/// Caches fill, connections open and the database's plans are made before anything counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug)]
pub(crate) struct Measured {
    pub timing: Timing,
    /// Processor time for each, in microseconds: of the server, or of the bare handler.
    pub server: f64,
    /// Of all processes of Postgres.
    pub database: f64,
    /// SQL statements for each.
    pub statements: f64,
    /// The most memory resident in that time, in bytes.
    pub peak: u64,
}

/// An operation at so many connections.
pub(crate) async fn operation(
    scene: &Scene,
    grants: &mut Grants,
    operation: Operation,
    connections: usize,
    time: Duration,
) -> Result<Measured, Failure> {
    let mut places = operation.seats(scene, grants, connections, time + WARM_UP).await?;
    let measured = measure(scene, scene.server.pid, &mut places, time).await;
    grants.put_back(&places);
    measured
}

/// A bare handler at so many connections.
pub(crate) async fn act(
    scene: &Scene,
    act: Act,
    connections: usize,
    time: Duration,
) -> Result<Measured, Failure> {
    measure(scene, scene.bare.pid, &mut act.seats(scene, connections), time).await
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds below 2^52")]
async fn measure(
    scene: &Scene,
    pid: u32,
    places: &mut Vec<Place>,
    time: Duration,
) -> Result<Measured, Failure> {
    drive(places, WARM_UP).await?;
    forget_peak(pid)?;
    let (server, database) = (Counted::One(pid), Counted::WithChildren(scene.postgres));
    let before = (server.processor_time()?, database.processor_time()?, scene.statements().await?);
    let timing = drive(places, time).await?;
    let after = (server.processor_time()?, database.processor_time()?, scene.statements().await?);
    let count = timing.count() as f64;
    let each = |before: Duration, after: Duration| after.saturating_sub(before).as_micros() as f64 / count;
    Ok(Measured {
        server: each(before.0, after.0),
        database: each(before.1, after.1),
        statements: (after.2 - before.2) / count,
        peak: peak_memory(pid)?,
        timing,
    })
}
