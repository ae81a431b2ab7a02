//! Nodes are restarted one after another under load (security.md 3.2 row 19): no request fails, neither behind a balancer that asks
//! for readiness, as Kubernetes does, nor behind nginx, which does not.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grantor_tests::{Options, Server, http_client, output_path, system_program};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::dice::{seed, times};
use crate::load::{Load, World};

const CONFIG: &str =
    "registration.enabled = true\nregistration.rate_limit = 0\nlimits.drain_delay = '2s'\nlog.level = 'warn'";
/// Between two looks of the balancer; `limits.drain_delay` is longer.
const LOOK: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_behind_a_balancer_that_asks_for_readiness_fails_no_request() {
    let database = grantor_test_postgres::database();
    let server = three_nodes("faults-rolling-balancer", database.url()).await;
    let front = balancer(&server).await;
    rolling_restarts("behind a balancer that asks for readiness", server, front).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_behind_nginx_fails_no_request() {
    let database = grantor_test_postgres::database();
    let server = three_nodes("faults-rolling-nginx", database.url()).await;
    let (front, _nginx) = nginx(&server).await;
    rolling_restarts("behind nginx", server, front).await;
}

async fn three_nodes(name: &str, url: &str) -> Server {
    let database = grantor_tests::Database::Postgres(url.to_owned());
    Server::start(Options::new(name, database).nodes(3).config(CONFIG)).await
}

async fn rolling_restarts(run: &str, server: Server, front: String) {
    let (seed, rounds) = (seed(), times(3).div_ceil(3));
    let world = World::on(server, Some(front)).await;
    let load = Load::start(&world, seed);
    for _round in 0..rounds {
        for node in 0..world.server.nodes.len() {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let begun = Instant::now();
            let status = world.server.nodes[node].terminate().await;
            assert!(status.success(), "SIGTERM ended node {node} with {status}");
            world.ledger.took("SIGTERM to end", begun.elapsed());
            let begun = Instant::now();
            world.server.restart(node).await;
            world.ledger.took("ready after a start", begun.elapsed());
            tokio::time::sleep(5 * LOOK).await; // as a deployment waits until the new one is seen to be ready
        }
        world.audit().await;
    }
    load.stop().await;
    world.final_audit().await;
    let failed = world.ledger.total(|name| {
        ["lost", "not connected", "temporarily_unavailable"].iter().any(|end| name.ends_with(end))
            || name.rsplit(": ").next().is_some_and(|status| status.starts_with('5'))
    });
    if failed > 0 {
        world.ledger.broken(format!("{failed} requests failed"));
    }
    world.ledger.close(&format!("{rounds} rolling restarts of three nodes {run}, {failed} failed requests"));
}

/// Passes each new connection to the next node that said to be ready when it was last asked.
async fn balancer(server: &Server) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let front = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let origins: Vec<String> = server.nodes.iter().map(grantor_tests::Node::origin).collect();
    let ready: Arc<Vec<AtomicBool>> = Arc::new(origins.iter().map(|_| AtomicBool::new(true)).collect());
    for (number, origin) in origins.iter().cloned().enumerate() {
        let (http, ready) = (http_client(), Arc::clone(&ready));
        tokio::spawn(async move {
            loop {
                let answer = http.get(format!("{origin}/health/ready")).send().await;
                ready[number].store(answer.is_ok_and(|answer| answer.status() == 200), Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
        });
    }
    tokio::spawn(async move {
        let next = AtomicUsize::new(0);
        while let Ok((mut client, _)) = listener.accept().await {
            let chosen = (0..origins.len())
                .map(|_| next.fetch_add(1, Ordering::Relaxed) % origins.len())
                .find(|number| ready[*number].load(Ordering::Relaxed));
            let Some(origin) = chosen.map(|number| origins[number].clone()) else { continue };
            tokio::spawn(async move {
                let address = origin.replace("http://localhost", "127.0.0.1");
                let Ok(mut node) = TcpStream::connect(address).await else { return };
                drop(copy_bidirectional(&mut client, &mut node).await);
            });
        }
    });
    front
}

/// With what config/nginx.conf says of the nodes behind it.
async fn nginx(server: &Server) -> (String, Child) {
    let program = system_program("nginx", "nginx").expect("nginx is installed, or can be by apt-get");
    let folder = server.directory().join("nginx");
    std::fs::create_dir(&folder).unwrap();
    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let nodes: Vec<String> = server
        .nodes
        .iter()
        .map(|node| {
            format!("server {} fail_timeout=1s;", node.origin().replace("http://localhost", "127.0.0.1"))
        })
        .collect();
    let (nodes, log) = (nodes.join("\n"), output_path("logs/faults-rolling-nginx.log"));
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {log} info;
         events {{}}
         http {{
             access_log off;
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
             uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
             upstream grantor {{
                 {nodes}
                 keepalive 32;
                 keepalive_timeout 1s; # sooner than limits.drain_delay, as docs/operating.md says
             }}
             server {{
                 listen 127.0.0.1:{port};
                 location / {{
                     proxy_pass http://grantor;
                     proxy_http_version 1.1;
                     proxy_set_header Connection \"\";
                     proxy_set_header Host $host;
                     proxy_connect_timeout 2s;
                     proxy_next_upstream error;
                     proxy_next_upstream_tries 2;
                 }}
             }}
         }}",
        folder = folder.display(),
        log = log.display()
    );
    let file = folder.join("nginx.conf");
    std::fs::File::create(&file).unwrap().write_all(text.as_bytes()).unwrap();
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).arg("-c").arg(&file).stdin(Stdio::null()).kill_on_drop(true);
    let running = command.spawn().expect("nginx starts");
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (format!("http://localhost:{port}"), running)
}
