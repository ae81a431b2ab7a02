//! The bare handlers: axum on the same runtime and allocator, each doing the one thing that an operation of Grantor
//! cannot do without. What Grantor needs beyond them is what it costs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor_crypto::{Secret, hash_password, verify_password};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::failure::Failure;

/// As many as Grantor has by default (`database.max_connections`).
const CONNECTIONS: u32 = 10;

/// As many bytes as the header and claims of an access token have.
const SIGNED: [u8; 600] = [b'a'; 600];

/// Rows that selects and updates are spread over.
pub(crate) const ROWS: i64 = 1000;

const PASSWORD: &str = "the bare handler likes 42 green horses";

#[derive(Clone)]
struct Bare {
    rsa: Arc<KeyPair>,
    ecdsa: Arc<EcdsaKeyPair>,
    random: SystemRandom,
    pool: PgPool,
    turn: Arc<AtomicI64>,
    hash: Arc<str>,
}

/// Serves until it is killed. `database` has the table that [`create_table`] makes.
pub(crate) async fn serve(port: u16, database: &str) -> Result<(), Failure> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(database).await?;
    let bare = Bare {
        rsa: Arc::new(KeyPair::generate(KeySize::Rsa2048)?),
        ecdsa: Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
        random: SystemRandom::new(),
        pool,
        turn: Arc::default(),
        hash: hash_password(&Secret::from(PASSWORD.to_owned()))?.into(),
    };
    let router = Router::new()
        .route("/nothing", get(async || json("{\"access_token\":\"\",\"token_type\":\"bearer\"}".to_owned())))
        .route("/rs256", post(rs256))
        .route("/es256", post(es256))
        .route("/select", post(select))
        .route("/update", post(update))
        .route("/update-and-rs256", post(update_and_rs256))
        .route("/password", post(password))
        .with_state(bare);
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    Ok(axum::serve(listener, router).await?)
}

/// What selects and updates work on.
pub(crate) async fn create_table(database: &str) -> Result<(), Failure> {
    let pool = PgPoolOptions::new().max_connections(1).connect(database).await?;
    sqlx::query("CREATE TABLE bare (id BIGINT PRIMARY KEY, subject TEXT NOT NULL, uses BIGINT NOT NULL)")
        .execute(&pool)
        .await?;
    sqlx::query("INSERT INTO bare SELECT n, 'somebody', 0 FROM generate_series(0, $1 - 1) AS n")
        .bind(ROWS)
        .execute(&pool)
        .await?;
    Ok(())
}

fn json(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}

fn failed(error: impl std::fmt::Display) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

async fn update_and_rs256(State(bare): State<Bare>) -> Response {
    let updated = update(State(bare.clone())).await;
    if updated.status().is_success() { rs256(State(bare)).await } else { updated }
}

async fn rs256(State(bare): State<Bare>) -> Response {
    let mut signature = vec![0; bare.rsa.public_modulus_len()];
    match bare.rsa.sign(&RSA_PKCS1_SHA256, &bare.random, &SIGNED, &mut signature) {
        Ok(()) => json(format!("{{\"access_token\":\"{}\"}}", URL_SAFE_NO_PAD.encode(signature))),
        Err(error) => failed(error),
    }
}

async fn es256(State(bare): State<Bare>) -> Response {
    match bare.ecdsa.sign(&bare.random, &SIGNED) {
        Ok(signature) => json(format!("{{\"access_token\":\"{}\"}}", URL_SAFE_NO_PAD.encode(signature))),
        Err(error) => failed(error),
    }
}

async fn select(State(bare): State<Bare>) -> Response {
    let id = bare.turn.fetch_add(1, Ordering::Relaxed) % ROWS;
    let found = sqlx::query_scalar::<_, String>("SELECT subject FROM bare WHERE id = $1")
        .bind(id)
        .fetch_one(&bare.pool)
        .await;
    found.map_or_else(failed, |subject| json(format!("{{\"sub\":\"{subject}\"}}")))
}

async fn update(State(bare): State<Bare>) -> Response {
    let id = bare.turn.fetch_add(1, Ordering::Relaxed) % ROWS;
    let updated =
        sqlx::query_scalar::<_, i64>("UPDATE bare SET uses = uses + 1 WHERE id = $1 RETURNING uses")
            .bind(id)
            .fetch_one(&bare.pool)
            .await;
    updated.map_or_else(failed, |uses| json(format!("{{\"uses\":{uses}}}")))
}

async fn password(State(bare): State<Bare>) -> Response {
    let hash = Arc::clone(&bare.hash);
    let verified =
        tokio::task::spawn_blocking(move || verify_password(&Secret::from(PASSWORD.to_owned()), &hash)).await;
    match verified {
        Ok(Ok(true)) => json("{}".to_owned()),
        other => failed(format!("{other:?}")),
    }
}

/// RSA-2048 signatures that one core of this machine makes in a second: the limit that targets for RS256 scale by.
pub(crate) fn rsa_signatures_a_second() -> Result<f64, Failure> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    let started = std::time::Instant::now();
    let mut made = 0_u32;
    while started.elapsed().as_secs() < 2 {
        key.sign(&RSA_PKCS1_SHA256, &random, &SIGNED, &mut signature)?;
        made += 1;
    }
    Ok(f64::from(made) / started.elapsed().as_secs_f64())
}
