//! The database dies, goes, stands still, has no room or takes no writes, under load (security.md 3.2 rows 2 and 26): what needs no
//! row goes on being served, the rest is 503 with `Retry-After`, and all of it heals by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grantor_test_postgres::Cluster;
use grantor_tests::{Database, Options, Server};
use reqwest::Client;
use tokio::task::{JoinSet, block_in_place};

use crate::dice::{Dice, seed, times};
use crate::load::{Load, World};

/// By itself, after the database accepts connections again.
const READY_WITHIN: Duration = Duration::from_secs(5);
const CONFIG: &str = "registration.enabled = true\nregistration.rate_limit = 0";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_loses_and_doubles_nothing() {
    let (seed, kills) = (seed(), times(3));
    let cluster = Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let world = three_nodes("faults-postgres-killed", database.url().to_owned()).await;
    let (mut dice, load) = (Dice::new(seed), Load::start(&world, seed));
    for kill in 0..kills {
        tokio::time::sleep(dice.milliseconds(100, 900)).await;
        block_in_place(|| cluster.crash()).unwrap();
        world.documents_are_served().await;
        if kill % 10 == 0 {
            world.asks_everywhere("introspect while the database is away", "/oauth2/introspect", 503).await;
        }
        block_in_place(|| cluster.start()).unwrap();
        world.heals().await;
        world.audit().await;
        if kill % 10 == 0 {
            world.registers_a_user(kill).await;
        }
    }
    load.stop().await;
    world.final_audit().await;
    world.ledger.close(&format!("kill -9 of Postgres under three nodes, {kills} times"));
}

/// The other ways in which a database is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_stands_still_or_refuses_is_waited_for() {
    let seed = seed();
    let pause = Duration::from_secs(if times(0) > 0 { 20 } else { 7 });
    let cluster = Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    // Not a superuser, so that limits count for it.
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    let owner = format!("ALTER DATABASE {name} OWNER TO app");
    cluster.run(&["CREATE ROLE app LOGIN", &owner]).unwrap();
    let url = database.url().replace("grantor@", "app@");
    let world = three_nodes("faults-outages", url).await;
    let load = Load::start(&world, seed);
    let busy = Duration::from_secs(1);
    tokio::time::sleep(busy).await;

    block_in_place(|| cluster.stop()).unwrap();
    world.documents_are_served().await;
    world.asks_everywhere("introspect while Postgres is stopped", "/oauth2/introspect", 503).await;
    block_in_place(|| cluster.start()).unwrap();
    world.heals().await;
    tokio::time::sleep(busy).await;

    cluster.pause().unwrap();
    let asked = Instant::now();
    world.documents_are_served().await;
    tokio::time::sleep(pause.saturating_sub(asked.elapsed())).await;
    cluster.resume().unwrap();
    world.heals().await;
    tokio::time::sleep(busy).await;

    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
    block_in_place(|| cluster.run(&["ALTER ROLE app CONNECTION LIMIT 0", cut])).unwrap();
    world.documents_are_served().await;
    world.asks_everywhere("introspect without a connection left", "/oauth2/introspect", 503).await;
    block_in_place(|| cluster.run(&["ALTER ROLE app CONNECTION LIMIT -1"])).unwrap();
    world.heals().await;
    tokio::time::sleep(busy).await;

    // As after a failover that leaves connections to what is a standby now: they stay read-only until they are closed.
    let read_only = "ALTER ROLE app SET default_transaction_read_only = on";
    block_in_place(|| cluster.run(&[read_only, cut])).unwrap();
    world.documents_are_served().await;
    world.asks_everywhere("revoke while the database is read-only", "/oauth2/revoke", 503).await;
    block_in_place(|| cluster.run(&["ALTER ROLE app RESET default_transaction_read_only"])).unwrap();
    world.heals().await;
    tokio::time::sleep(busy).await;

    load.stop().await;
    world.audit().await;
    world.final_audit().await;
    world.ledger.close(&format!(
        "Postgres stopped, standing still for {pause:?}, without room, read-only, under three nodes"
    ));
}

async fn three_nodes(name: &str, url: String) -> Arc<World> {
    let options = Options::new(name, Database::Postgres(url)).nodes(3).config(CONFIG);
    World::on(Server::start(options).await, None).await
}

impl World {
    /// By every node, soon.
    pub(crate) async fn documents_are_served(&self) {
        for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/health/alive"] {
            for base in self.caller.bases() {
                let begun = Instant::now();
                let ask = |http: &Client, base: &str| http.get(format!("{base}{path}"));
                let answer = self.caller.once(&self.ledger, "document during an outage", base, ask).await;
                self.ledger.took("document during an outage", begun.elapsed());
                if !answer.is_ok_and(|reply| reply.status == 200) {
                    self.ledger.broken(format!("{base}{path} is not served without the database"));
                }
            }
        }
    }

    /// What needs a row: once at every node, at the same time, with this status.
    async fn asks_everywhere(self: &Arc<Self>, what: &'static str, path: &'static str, expected: u16) {
        let life = self.ledger.lives.lock().unwrap().first().cloned();
        let token = life.map(|life| life.lock().unwrap().access.clone()).unwrap_or_default();
        let mut asking = JoinSet::new();
        for base in self.caller.bases().to_vec() {
            let (world, token) = (Arc::clone(self), token.clone());
            asking.spawn(async move {
                let app = &world.caller.app;
                let ask = |http: &Client, base: &str| {
                    let request = http.post(format!("{base}{path}"));
                    request.basic_auth(&app.client_id, app.secret.as_ref()).form(&[("token", &token)])
                };
                let reply = world.caller.once(&world.ledger, what, &base, ask).await;
                if reply.as_ref().map_or(0, |reply| reply.status) != expected {
                    world.ledger.broken(format!("{what} at {base}: {reply:?}"));
                }
            });
        }
        asking.join_all().await;
    }

    /// Until every node is ready and changes something again.
    pub(crate) async fn heals(&self) {
        let accepts = Instant::now();
        for node in &self.server.nodes {
            node.ready().await;
        }
        self.ledger.took("ready after the database accepts", accepts.elapsed());
        let cookie = self.ledger.sessions.lock().unwrap().first().cloned().unwrap_or_default();
        self.code(&cookie).await;
        let healed = accepts.elapsed();
        self.ledger.took("a grant after the database accepts", healed);
        if healed > READY_WITHIN {
            self.ledger.broken(format!("{healed:?} to heal, at most {READY_WITHIN:?}"));
        }
    }
}
