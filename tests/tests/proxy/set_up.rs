//! What operators start from: the proxy's example, the compose file, the image, and the command that asks whether a
//! server is ready.

use std::fs;
use std::path::Path;

use grantor_tests::{CleanRoot, Nginx, Options, Server, compose_project, http_client};
use serde_json::json;

fn workspace_file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name)).unwrap()
}

#[test]
fn nginx_accepts_its_example_without_a_remark() {
    let nginx = Nginx::new();
    let said = nginx.test(&nginx.example(4444)).unwrap();
    assert!(!said.contains("[warn]"), "{said}");
    assert!(nginx.test("upstream grantor { server 127.0.0.1:1; } nonsense on;").is_err());
}

const HOST: &str = "GRANTOR_HOST=id.example.com";

#[test]
fn the_compose_file_is_one_and_asks_for_the_host() {
    let project = compose_project("docker-compose.yml", &[HOST]).unwrap();
    let services = project["services"].as_object().unwrap();
    let mut names: Vec<&String> = services.keys().collect();
    names.sort();
    assert_eq!(names, ["grantor", "migrate", "postgres", "proxy"]);
    assert_eq!(services["grantor"]["environment"]["GRANTOR__ISSUER"], "https://id.example.com");
    let refused = compose_project("docker-compose.yml", &[]).unwrap_err();
    assert!(refused.contains("GRANTOR_HOST"), "{refused}");
}

#[test]
fn of_the_compose_file_only_the_proxy_is_reached_from_outside_and_only_it_is_trusted() {
    let project = compose_project("docker-compose.yml", &[HOST]).unwrap();
    let services = project["services"].as_object().unwrap();
    for (name, service) in services {
        assert_eq!(service.get("ports").is_some(), name == "proxy", "{name}");
        let on_back = service["networks"].get("back").is_some();
        assert_eq!(on_back, name != "proxy", "{name}");
    }
    assert_eq!(project["networks"]["back"]["internal"], true);
    let proxy = &services["proxy"]["networks"]["front"];
    assert_eq!(services["grantor"]["environment"]["GRANTOR__TRUSTED_PROXIES"], proxy["ipv4_address"]);
    assert_eq!(proxy["aliases"], json!(["id.example.com"]));
}

#[test]
fn the_compose_file_keeps_secrets_in_files_and_starts_in_order() {
    let project = compose_project("docker-compose.yml", &[HOST]).unwrap();
    let services = &project["services"];
    for service in ["grantor", "migrate"] {
        let environment = services[service]["environment"].as_object().unwrap();
        for (name, value) in environment {
            let is_secret = ["SYSTEM", "PASSWORD", "URL"].iter().any(|part| name.contains(part));
            let is_file = name.ends_with("_FILE") && value.as_str().unwrap().starts_with("/run/secrets/");
            assert!(!is_secret || is_file, "{service}: {name}");
        }
        assert_eq!(services[service]["read_only"], true);
        assert_eq!(services[service]["cap_drop"], json!(["ALL"]));
    }
    let waits = |service: &str, of: &str| services[service]["depends_on"][of]["condition"].clone();
    assert_eq!(waits("migrate", "postgres"), "service_healthy");
    assert_eq!(waits("grantor", "migrate"), "service_completed_successfully");
    assert_eq!(waits("proxy", "grantor"), "service_healthy");
    let patience = services["grantor"]["stop_grace_period"].as_str().unwrap();
    assert_eq!(patience, "1m0s", "longer than limits.drain_time, 20 s by default, and a limits.drain_delay");
}

/// The proxy of the compose file gets the example with two things replaced, and what it mounts is where that looks.
#[test]
fn the_proxy_of_the_compose_file_finds_what_the_example_names() {
    let project = compose_project("docker-compose.yml", &[HOST]).unwrap();
    let proxy = &project["services"]["proxy"];
    let example = workspace_file("config/nginx.conf");
    let command = proxy["command"][2].as_str().unwrap();
    let expressions = command.split('\'').filter(|part| part.starts_with("s/") || part.starts_with("s#"));
    let replaced: Vec<&str> = expressions.map(|part| part.split(&part[1..2]).nth(1).unwrap()).collect();
    let [server, log] = replaced[..] else { panic!("{command}") };
    assert_eq!(example.matches(&format!(" server {server} ")).count(), 1, "{command}");
    assert_eq!(example.matches(&format!("access_log {log} ")).count(), 1, "{command}");
    let mounted: Vec<&str> =
        proxy["volumes"].as_array().unwrap().iter().map(|one| one["target"].as_str().unwrap()).collect();
    for line in example.lines().filter(|line| line.trim_start().starts_with("ssl_certificate")) {
        let file = Path::new(line.trim().split(' ').nth(1).unwrap().trim_end_matches(';'));
        assert!(mounted.contains(&file.parent().unwrap().to_str().unwrap()), "{line}");
    }
}

/// An image without a shell runs what it is told as it stands.
#[tokio::test]
async fn what_the_image_and_the_compose_file_run_are_commands_of_the_binary() {
    let dockerfile = workspace_file("Dockerfile");
    let lists = |instruction: &str| -> Vec<Vec<String>> {
        let lines = dockerfile.lines().filter(|line| line.trim_start().starts_with(instruction));
        lines.map(|line| serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()).collect()
    };
    let final_stage = dockerfile.rsplit("FROM ").next().unwrap();
    assert!(final_stage.starts_with("gcr.io/distroless/cc-debian12:nonroot"), "{final_stage}");
    assert_eq!(final_stage.matches("RUN ").count(), 0, "nothing runs in it");
    let binary = lists("ENTRYPOINT")[0][0].clone();
    assert!(final_stage.contains(&format!("/out/grantor {binary}")));
    let mut commands = lists("CMD");
    assert_eq!(commands.len(), 2, "the health check's, and the image's");
    for command in &mut commands {
        command.retain(|argument| *argument != binary);
    }
    let project = compose_project("docker-compose.yml", &[HOST]).unwrap();
    for service in ["grantor", "migrate"] {
        commands.push(serde_json::from_value(project["services"][service]["command"].clone()).unwrap());
    }
    let server = Server::start(Options::sqlite("set-up-commands")).await;
    for command in commands {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let said = server.cli(&arguments).await.succeeded();
        assert!(said.stdout.contains(&format!("Usage: grantor {}", command[0])), "{}", said.stdout);
    }
}

#[tokio::test]
async fn health_is_0_where_a_server_is_ready_and_1_with_a_line_where_none_is() {
    let server = Server::start(Options::sqlite("set-up-health")).await;
    let output = server.cli(&["health"]).await.succeeded();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    let public = server.nodes[0].url("/health/alive");
    server.cli(&["health", "--url", &public]).await.succeeded();
    let missing = server.nodes[0].url("/nothing");
    let refused = server.cli(&["health", "--url", &missing]).await.failed();
    assert!(refused.contains(&format!("{missing}: 404")), "{refused}");
    server.nodes[0].terminate().await;
    let refused = server.cli(&["health"]).await.failed();
    assert!(refused.contains("/health/ready: the host cannot be connected to"), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}

/// A container asks its own environment, and whoever watches from elsewhere has no configuration at all.
#[tokio::test]
async fn health_of_an_address_needs_no_configuration() {
    let server = Server::start(Options::sqlite("set-up-health-bare")).await;
    let nowhere = server.directory().join("none.toml");
    fs::write(&nowhere, "").unwrap();
    let public = server.nodes[0].url("/health/ready");
    let arguments = ["health", "--url", &public, "--config", nowhere.to_str().unwrap()];
    server.cli(&arguments).await.succeeded();
    let refused = server.cli(&["health", "--config", nowhere.to_str().unwrap()]).await.failed();
    assert!(refused.contains("issuer: is required"), "{refused}");
}

/// The image without an engine: `tests/container/try` is the same with one.
#[tokio::test]
async fn the_binary_needs_nothing_but_its_libraries_and_one_place_to_write() {
    let mut root = CleanRoot::new();
    let migrated = root.runs(&["migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    root.serves();
    let mut health = root.runs(&["health"]);
    for _ in 0..200 {
        if health.status.success() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        health = root.runs(&["health"]);
    }
    assert!(health.status.success(), "{health:?}");
    let checked = root.runs(&["config", "check", "--live"]);
    assert!(checked.status.success(), "{checked:?}");
    let url = format!("http://localhost:{}/.well-known/openid-configuration", root.port);
    assert_eq!(http_client().get(url).send().await.unwrap().status(), 200);
    let elsewhere = root.runs_with("GRANTOR__DATABASE__URL", "sqlite:/elsewhere.db", &["migrate"]);
    let said = String::from_utf8(elsewhere.stderr).unwrap();
    assert!(!elsewhere.status.success() && said.contains("/elsewhere.db"), "{said}");
}
