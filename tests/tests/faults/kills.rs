//! `kill -9` of the server under load (security.md 3.2 row 1): nothing acknowledged is lost, nothing is used twice, and it is
//! ready again by itself.

use std::time::Instant;

use grantor_tests::{Database, Options, Server};

use crate::dice::{Dice, seed, times};
use crate::load::{Load, World};

const REGISTRATION: &str = "registration.enabled = true\nregistration.rate_limit = 0";

#[tokio::test(flavor = "multi_thread")]
async fn three_killed_processes_on_postgres_lose_and_double_nothing() {
    let cluster = grantor_test_postgres::Cluster::private().unwrap();
    let database = cluster.database().unwrap();
    let options = Options::new("faults-kills-postgres", Database::Postgres(database.url().to_owned()));
    kills("kill -9 of one of three nodes on Postgres", options.nodes(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_on_sqlite_loses_and_doubles_nothing() {
    kills("kill -9 of the one node on SQLite", Options::sqlite("faults-kills-sqlite")).await;
}

/// The judge is judged: what a crash could have lost is taken away by hand, and found missing.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_notices_what_was_lost_and_what_came_back() {
    let world =
        World::on(Server::start(Options::sqlite("faults-audit").config(REGISTRATION)).await, None).await;
    let load = Load::start(&world, 7);
    while world.ledger.acknowledged() < 100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    load.stop().await;
    world.audit().await;
    assert_eq!(world.ledger.promises_broken(), 0);
    let lives = world.ledger.lives.lock().unwrap().clone();
    let live = lives.iter().find(|life| !life.lock().unwrap().revoked).unwrap();
    live.lock().unwrap().revoked = true; // as if its revocation had been acknowledged, and then lost
    world.checks(live).await;
    assert_eq!(world.ledger.promises_broken(), 2, "both of its tokens");
    live.lock().unwrap().revoked = false;
    world.server.cli(&["grants", "revoke", "--user", "alice", "--client", "faults"]).await.succeeded();
    world.checks(live).await;
    assert_eq!(world.ledger.promises_broken(), 4, "both of its tokens");
}

async fn kills(run: &str, options: Options) {
    let (seed, kills) = (seed(), times(3));
    let world = World::on(Server::start(options.config(REGISTRATION)).await, None).await;
    let (mut dice, load) = (Dice::new(seed), Load::start(&world, seed));
    for kill in 0..kills {
        tokio::time::sleep(dice.milliseconds(100, 900)).await;
        let victim = dice.below(world.server.nodes.len());
        world.server.nodes[victim].kill().await;
        let begun = Instant::now();
        world.server.restart(victim).await;
        world.ledger.took("ready after a kill", begun.elapsed());
        if kill % 10 == 0 {
            world.registers_a_user(kill).await;
        }
        world.audit().await;
    }
    load.stop().await;
    world.final_audit().await;
    world.ledger.close(&format!("{run}, {kills} times"));
}

impl World {
    /// By a command, which works on the database while the servers come and go.
    pub(crate) async fn registers_a_user(&self, number: usize) {
        let name = format!("user-{number}");
        self.server.create_user(&name).await;
        self.ledger.users.lock().unwrap().push(name);
    }
}
