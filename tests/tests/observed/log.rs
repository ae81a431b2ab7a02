//! The log for machines: one flat JSON object a line, whatever callers send (security.md T203).

use grantor_tests::{Options, Server, http_client};
use serde_json::Value;

#[tokio::test]
async fn a_line_of_the_log_is_one_flat_object_with_the_trace_id_and_no_caller_can_break_it() {
    let config = "log.format = 'json'\nlog.level = 'debug'";
    let server = Server::start(Options::sqlite("log-json").config(config)).await;
    let nasty = "a%0d%0a%7B%22level%22%3A%22FORGED%22%7D%1b%5B2J";
    let url =
        server.url(&format!("/oauth2/auth?client_id={nasty}&response_type=code&state={}", "x".repeat(9000)));
    let answer = http_client().get(url).header("user-agent", "x\u{9}\"}{").send().await.unwrap();
    let trace_id = answer.headers()["x-trace-id"].to_str().unwrap().to_owned();
    let log = server.nodes[0].log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        for member in ["timestamp", "level", "target"] {
            assert!(line[member].is_string(), "{member}: {line}");
        }
        assert!(line.get("fields").is_none() && line["level"] != "FORGED", "{line}");
    }
    let refused: Vec<&Value> = lines.iter().filter(|line| line["message"] == "refused").collect();
    let [refused] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!(refused["span"]["trace_id"], trace_id.as_str(), "{refused}");
    assert!(refused["received"].as_str().unwrap().chars().count() < 1300, "shortened: {refused}");
    assert!(log.lines().all(|line| line.len() < 4000), "no line grows with what callers send");
}
