//! A network that breaks between Grantor and Postgres, under load (security.md 3.2 row 3): a statement is carried out and its answer
//! never arrives. Nobody then knows whether it was, and it has one outcome all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use grantor_tests::{Database, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::dice::{Dice, seed, times};
use crate::load::{Load, World};

/// One answer of Postgres in so many is lost.
const ONE_IN: usize = 60;
/// A connection is let alone until it has introduced itself.
const GREETINGS: usize = 4;

/// Stands between, and cuts.
struct TornNetwork {
    port: u16,
    is_tearing: AtomicBool,
    /// Connections cut after the server has answered.
    answers_lost: AtomicUsize,
    /// Connections cut before the server has heard.
    statements_lost: AtomicUsize,
}

impl TornNetwork {
    async fn before(port: u16, seed: u64) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let network = Arc::new(Self {
            port: listener.local_addr().unwrap().port(),
            is_tearing: AtomicBool::new(false),
            answers_lost: AtomicUsize::new(0),
            statements_lost: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&network);
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((client, _)) = listener.accept().await {
                connections += 1;
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let dice = Dice::new(seed ^ connections);
                tokio::spawn(Arc::clone(&accepting).carry(client, server, dice));
            }
        });
        network
    }

    async fn carry(self: Arc<Self>, mut client: TcpStream, mut server: TcpStream, mut dice: Dice) {
        let (mut asked, mut answered) = ([0; 16384], [0; 16384]);
        for _greeting in 0..GREETINGS {
            tokio::select! {
                read = client.read(&mut asked) => if !passes(read, &asked, &mut server).await { return },
                read = server.read(&mut answered) => if !passes(read, &answered, &mut client).await { return },
            }
        }
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    if self.cuts(&mut dice, 10 * ONE_IN) {
                        self.statements_lost.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    if !passes(read, &asked, &mut server).await { return }
                }
                read = server.read(&mut answered) => {
                    if self.cuts(&mut dice, ONE_IN) {
                        self.answers_lost.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    if !passes(read, &answered, &mut client).await { return }
                }
            }
        }
    }

    fn cuts(&self, dice: &mut Dice, one_in: usize) -> bool {
        self.is_tearing.load(Ordering::Relaxed) && dice.below(one_in) == 0
    }
}

/// What was read goes on to the other side, unless there is nobody any more.
async fn passes(read: std::io::Result<usize>, bytes: &[u8], to: &mut TcpStream) -> bool {
    match read {
        Ok(length @ 1..) => to.write_all(&bytes[..length]).await.is_ok(),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_answer_is_lost_has_one_outcome() {
    let (seed, cuts) = (seed(), 10 * times(6));
    let database = grantor_test_postgres::database();
    let mut url: Url = database.url().parse().unwrap();
    let network = TornNetwork::before(url.port().unwrap(), seed).await;
    url.set_port(Some(network.port)).unwrap();
    let options = Options::new("faults-torn", Database::Postgres(url.to_string())).nodes(3);
    let options = options.config("registration.enabled = true\nregistration.rate_limit = 0");
    let world = World::on(Server::start(options).await, None).await;
    let load = Load::start(&world, seed);
    while network.answers_lost.load(Ordering::Relaxed) < cuts {
        network.is_tearing.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3)).await;
        network.is_tearing.store(false, Ordering::Relaxed);
        world.audit().await;
    }
    load.stop().await;
    world.final_audit().await;
    let lost = network.answers_lost.load(Ordering::Relaxed);
    let unheard = network.statements_lost.load(Ordering::Relaxed);
    world.ledger.close(&format!("{lost} answers of Postgres lost, {unheard} statements lost, three nodes"));
}
