//! Relying parties in other languages: programs that say where they send the browser, and learn where it arrived.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::http::Left;
use crate::maven;
use crate::npm::{folder, node_module};
use crate::packages::{found_or_installed, on_path};

/// Logs in with npm's `openid-client` as `plan` says (see `tests/node/relying-party.mjs`); `walk` takes the
/// authorization URL through the pages to the redirect back. Gives what the program concluded.
pub async fn login_with_openid_client(plan: &Value, walk: impl AsyncFnOnce(String) -> Left) -> Value {
    node_module("openid-client/package.json");
    let node = found_or_installed(|| on_path(&["node"]), &["nodejs"])
        .unwrap_or_else(|| panic!("this relying party needs Node.js: as root, apt-get install nodejs"));
    let mut command = Command::new(node);
    command.arg(folder().join("relying-party.mjs")).arg(plan.to_string()).current_dir(folder());
    runs(command, walk).await
}

/// Registers and logs in with the Java SDK of Nimbus, by a signed request object.
pub async fn login_with_nimbus(plan: &Value, walk: impl AsyncFnOnce(String) -> Left) -> Value {
    let mut command = Command::new(maven::java());
    command.args(["-XX:TieredStopAtLevel=1", "-cp"]).arg(maven::class_path("java")).arg("RelyingParty");
    command.arg(plan.to_string());
    runs(command, walk).await
}

async fn runs(mut command: Command, walk: impl AsyncFnOnce(String) -> Left) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("stdin");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut walk = Some(walk);
    while let Some(line) = lines.next_line().await.expect("the program writes text") {
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line}"));
        if let Some(url) = message["visit"].as_str() {
            let walk = walk.take().expect("the program sends the browser once");
            let left = walk(url.to_owned()).await;
            let arrived = json!({ "arrived": left.to.as_str() });
            input.write_all(format!("{arrived}\n").as_bytes()).await.expect("the program reads");
        } else {
            return message["result"].clone();
        }
    }
    let output = child.wait_with_output().await.expect("the program ends");
    panic!("the relying party failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
