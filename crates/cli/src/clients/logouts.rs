//! `grantor clients logouts` and `test-logout`: whether clients are told when a session ends (Back-Channel Logout).

use grantor_protocol::{ClientId, IssuerId};
use grantor_server::App;
use grantor_server::clock::Clock;
use grantor_server::logout::{TriedLogout, deliveries, try_logout};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Listing, instant_or_none, print};
use crate::setup::Opened;

/// How well each client is told.
pub(super) async fn list(opened: &Opened, as_json: bool) -> Result<(), Failure> {
    let mut listing = Listing::new([
        "CLIENT ID",
        "DELIVERED",
        "FAILED",
        "GIVEN UP",
        "SUCCESS",
        "PENDING",
        "LAST DELIVERED",
        "LAST ERROR",
    ]);
    for delivery in deliveries(&opened.store, IssuerId::FIRST).await? {
        let row = [
            delivery.client_id.to_string(),
            delivery.delivered.to_string(),
            delivery.failed.to_string(),
            delivery.given_up.to_string(),
            delivery.success_rate.map(|rate| format!("{:.1}%", rate * 100.0)).unwrap_or_default(),
            delivery.pending.to_string(),
            instant_or_none(delivery.last_delivered_at),
            delivery.last_error.clone().unwrap_or_default(),
        ];
        listing.add(row, json!(delivery));
    }
    listing.print(as_json)
}

/// Sends one logout token about nobody, and says how it was taken.
pub(super) async fn try_one(opened: Opened, id: &str) -> Result<(), Failure> {
    let unknown = || Failure::new(format!("there is no client {id:?}"));
    let client_id = ClientId::parse(id).map_err(|_| unknown())?;
    let keys = opened.key_ring().await?;
    let app = App::new(opened.config, opened.store, keys, Clock::default(), None);
    let tried = try_logout(&app, &client_id).await?.ok_or_else(unknown)?;
    let milliseconds = tried.took.as_millis();
    match (&tried.problem, &tried.url) {
        (None, Some(url)) => {
            print(&format!("{client_id} accepts logout tokens: {url} answered within {milliseconds} ms"))
        }
        (_, None) => Err(Failure::new(format!(
            "{client_id} is not told of logouts: it has no backchannel_logout_uri. Set one with `grantor clients update \
             {client_id} --metadata FILE`"
        ))),
        (Some(problem), Some(url)) => {
            Err(Failure::new(report(&client_id, url, problem, milliseconds, &tried)))
        }
    }
}

fn report(client: &ClientId, url: &str, problem: &str, milliseconds: u128, tried: &TriedLogout) -> String {
    let mut report = format!("{client} was not told at {url}: {problem} (after {milliseconds} ms)");
    if let Some(setting) = tried.setting {
        report.push_str("\n  setting that would change it: ");
        report.push_str(setting);
    }
    if let Some(advice) = tried.advice {
        report.push_str("\n  look at: ");
        report.push_str(advice);
    }
    report
}
