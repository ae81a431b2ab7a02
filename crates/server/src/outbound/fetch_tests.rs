//! The fetcher against hosts that answer badly, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderMap;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::testing::{Peer, answer, fetcher, fetcher_with, resolving, settings};
use super::*;

const NOW: Now = Now { ms: 1_000_000 };

/// What a host sends to a request, piece by piece.
type Script = fn(&str) -> Vec<Vec<u8>>;

async fn failure(host: &Peer) -> FetchError {
    fetcher().get(&host.url("/"), Wanted::JSON, NOW).await.unwrap_err()
}

// T145
#[tokio::test]
async fn a_document_is_asked_for_plainly_and_taken_whole() {
    let host = Peer::plain(|_| {
        answer("200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nSet-Cookie: a=b", b"{}")
    })
    .await;
    let fetched = fetcher().get(&host.url("/jwks?a=b#c"), Wanted::JSON, NOW).await.unwrap();
    assert_eq!((&fetched.body[..], fetched.media_type.as_deref()), (&b"{}"[..], Some("application/json")));
    let expected = format!(
        "GET /jwks?a=b HTTP/1.1\r\nhost: app.example:{}\r\nuser-agent: {}\r\naccept: {}\r\n\
         accept-encoding: identity\r\nconnection: close\r\ncache-control: no-cache\r\n\r\n",
        host.address.port(),
        concat!("Grantor/", env!("CARGO_PKG_VERSION")),
        Wanted::JSON.accept,
    );
    assert_eq!(host.heard(), [expected]);
}

// T136
#[tokio::test]
async fn no_connection_is_attempted_to_a_refused_address() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let closed = Outbound { allow_private: Vec::new(), ..settings(10_000) };
    let port = host.address.port();
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://app.example:{port}/"),
        format!("http://app.example:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://metadata.google.internal/computeMetadata/v1/".to_owned(),
    ] {
        let fetcher = resolving(&closed, |name| match name {
            "metadata.google.internal" => vec!["169.254.169.254".parse().unwrap()],
            _ => vec!["127.0.0.1".parse().unwrap()],
        });
        let error = fetcher.get(&url, Wanted::JSON, NOW).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(Refusal::Address(_))), "{url}: {error}");
        assert_eq!(error.setting(), Some("outbound.allow_private"));
        assert!(error.to_string().contains("outbound.allow_private"), "{error}");
    }
    assert_eq!(host.heard(), [""; 0]);
}

// T138
#[tokio::test]
async fn the_address_that_was_looked_at_is_the_one_connected_to() {
    let host = Peer::plain(|_| answer("200 OK\r\nCache-Control: no-store", b"{}")).await;
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    // First an address that may be connected to, from then on one that may not.
    let fetcher = resolving(&settings(10_000), move |_| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if first { "127.0.0.1" } else { "127.0.0.2" }.parse().unwrap()]
    });
    fetcher.get(&host.url("/"), Wanted::JSON, NOW).await.unwrap();
    assert_eq!(lookups.load(Ordering::SeqCst), 1, "the name is not looked up again to connect");
    let later = Now { ms: NOW.ms + 3_600_000 };
    let refused = fetcher.get(&host.url("/"), Wanted::JSON, later).await.unwrap_err();
    assert!(matches!(refused, FetchError::Refused(Refusal::Address(_))), "{refused}");
    assert_eq!(host.heard().len(), 1);
}

// T138
#[tokio::test]
async fn of_a_name_with_good_and_bad_addresses_the_bad_are_not_connected_to() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let fetcher = resolving(&settings(10_000), |_| {
        vec!["10.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()]
    });
    fetcher.get(&host.url("/"), Wanted::JSON, NOW).await.unwrap();
}

// T139
#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Peer::plain(|_| answer("200 OK", b"{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.url("/");
        let host =
            Peer::plain(move |_| answer(&format!("{status} Moved\r\nLocation: {location}"), b"{}")).await;
        assert_eq!(failure(&host).await, FetchError::Redirect(status));
    }
    assert_eq!(target.heard(), [""; 0]);
}

// T141
#[tokio::test]
async fn a_body_is_taken_up_to_its_limit() {
    let host = Peer::plain(|_| answer("200 OK", &vec![b' '; 64 * 1024])).await;
    assert_eq!(fetcher().get(&host.url("/"), Wanted::JSON, NOW).await.unwrap().body.len(), 64 * 1024);
    let host = Peer::plain(|_| answer("200 OK", &vec![b' '; 64 * 1024 + 1])).await;
    assert_eq!(failure(&host).await, FetchError::TooLarge(64 * 1024));
    let endless = Peer::plain(|_| {
        let mut pieces = vec![b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()];
        pieces.extend(std::iter::repeat_n([&b"4000\r\n"[..], &[b' '; 0x4000], b"\r\n"].concat(), 10_000));
        pieces
    })
    .await;
    assert_eq!(failure(&endless).await, FetchError::TooLarge(64 * 1024));
}

// T141
#[tokio::test]
async fn slow_bodies_heads_and_handshakes_end_at_the_deadline() {
    let scripts: [Script; 3] = [
        |_| vec![Vec::new()],
        |_| vec![b"HTTP/1.1 200 OK\r\nX: ".to_vec(), Vec::new()],
        |_| vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec(), Vec::new()],
    ];
    for script in scripts {
        let host = Peer::plain(script).await;
        let error = fetcher_with(&settings(200)).get(&host.url("/"), Wanted::JSON, NOW).await.unwrap_err();
        assert_eq!(error, FetchError::Timeout(Duration::from_millis(200)));
        assert_eq!(error.setting(), Some("outbound.timeout"));
    }
    let host = Peer::plain(|_| vec![Vec::new()]).await;
    let url = host.url("/").replace("http:", "https:");
    let hasty = Wanted { time: Some(Duration::from_millis(100)), ..Wanted::JSON };
    let error = fetcher().get(&url, hasty, NOW).await.unwrap_err();
    assert_eq!(error, FetchError::Timeout(Duration::from_millis(100)));
}

// T141
#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let host = Peer::plain(|_| {
        let mut pieces = vec![b"HTTP/1.1 200 OK\r\n".to_vec()];
        pieces.extend(std::iter::repeat_n(b"X-Filler: ".repeat(100), 10_000));
        pieces
    })
    .await;
    assert!(matches!(failure(&host).await, FetchError::Answer(_)));
    let many = "X: y\r\n".repeat(200);
    let host = Peer::plain(move |_| answer(&format!("200 OK\r\n{many}Y: z"), b"{}")).await;
    assert!(matches!(failure(&host).await, FetchError::Answer(_)));
}

// T141, T125
#[tokio::test]
async fn compressed_answers_are_refused_before_a_byte_is_unpacked() {
    for encoding in ["gzip", "br", "deflate, gzip", "identity\r\nContent-Encoding: gzip", ""] {
        let head = format!("200 OK\r\nContent-Encoding: {encoding}");
        let host = Peer::plain(move |_| answer(&head, b"\x1f\x8b\x08")).await;
        assert!(matches!(failure(&host).await, FetchError::Compressed(_)), "{encoding}");
    }
    let host = Peer::plain(|_| answer("200 OK\r\nContent-Encoding: identity", b"{}")).await;
    assert!(fetcher().get(&host.url("/"), Wanted::JSON, NOW).await.is_ok());
}

#[tokio::test]
async fn other_statuses_and_answers_that_are_not_http_are_failures() {
    for status in [201, 204, 206, 304, 400, 404, 500, 503] {
        let host = Peer::plain(move |_| answer(&format!("{status} X"), b"")).await;
        let error = failure(&host).await;
        let expected = [FetchError::Status(status), FetchError::Redirect(status)];
        assert!(expected.contains(&error), "{status}: {error}");
    }
    let scripts: [Script; 3] = [
        |_| vec![b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()],
        |_| Vec::new(),
        |_| vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec()],
    ];
    for script in scripts {
        let host = Peer::plain(script).await;
        assert!(matches!(failure(&host).await, FetchError::Answer(_)));
    }
}

// T125
#[tokio::test]
async fn where_the_media_type_matters_another_one_is_refused() {
    let wanted = Wanted { media_types: &["application/jwt"], ..Wanted::JSON };
    for (sent, is_taken) in [("application/jwt; x=y", true), ("text/html", false), ("", false)] {
        let host = Peer::plain(move |_| answer(&format!("200 OK\r\nContent-Type: {sent}"), b"x")).await;
        assert_eq!(fetcher().get(&host.url("/"), wanted, NOW).await.is_ok(), is_taken, "{sent}");
    }
}

#[tokio::test]
async fn a_host_that_knows_our_version_confirms_it() {
    let host = Peer::plain(|request| {
        if request.contains("if-none-match: \"v1\"\r\n") {
            vec![b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n".to_vec()]
        } else {
            answer("200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=60", b"{}")
        }
    })
    .await;
    let fetcher = fetcher();
    let at = |seconds: i64| Now { ms: NOW.ms + seconds * 1000 };
    let first = fetcher.get(&host.url("/"), Wanted::JSON, at(0)).await.unwrap();
    let same = fetcher.get(&host.url("/"), Wanted::JSON, at(59)).await.unwrap();
    let confirmed = fetcher.get(&host.url("/"), Wanted::JSON, at(60)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &same) && Arc::ptr_eq(&first, &confirmed));
    assert_eq!(host.heard().len(), 2);
    drop(fetcher.get(&host.url("/"), Wanted::JSON.newest(), at(69)).await.unwrap());
    assert_eq!(host.heard().len(), 2);
    drop(fetcher.get(&host.url("/"), Wanted::JSON.newest(), at(70)).await.unwrap());
    assert_eq!(host.heard().len(), 3);
}

// T114
#[tokio::test]
async fn who_asks_for_the_same_document_at_once_waits_for_one_fetch() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let fetcher = fetcher();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (fetcher, url) = (fetcher.clone(), host.url("/"));
            tokio::spawn(async move { fetcher.get(&url, Wanted::JSON, NOW).await })
        })
        .collect();
    for one in waiting {
        assert_eq!(&one.await.unwrap().unwrap().body[..], b"{}");
    }
    assert_eq!(host.heard().len(), 1);
    assert!(lock(&fetcher.0.running).is_empty());
}

// T114, T143: a fragment is sent to nobody, and is no way to have a host asked more often.
#[tokio::test]
async fn a_fragment_makes_no_other_document() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let away = Peer::plain(|_| answer("503 Service Unavailable", b"")).await;
    let fetcher = fetcher();
    for number in 0..20 {
        fetcher.get(&host.url(&format!("/#{number}")), Wanted::JSON, NOW).await.unwrap();
        fetcher.get(&away.url(&format!("/#{number}")), Wanted::JSON, NOW).await.unwrap_err();
    }
    assert_eq!((host.heard().len(), away.heard().len()), (1, 1));
}

// T114, T143: anybody may send request_uri; nobody loses their keys by it.
#[tokio::test]
async fn request_objects_take_no_room_from_keys() {
    let keys = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let fetcher = fetcher();
    fetcher.get(&keys.url("/jwks"), Wanted::JSON, NOW).await.unwrap();
    let object = Arc::new(Fetched::new(&HeaderMap::new(), vec![b' '; 32 * 1024].into()));
    for number in 0..10_000 {
        let url = format!("https://app.example/{number}");
        fetcher.0.caches.of(Kind::Object).keep(url, Arc::clone(&object), &HeaderMap::new(), NOW.ms);
    }
    fetcher.get(&keys.url("/jwks"), Wanted::JSON, NOW).await.unwrap();
    assert_eq!(keys.heard().len(), 1);
}

/// Waits, for real, until `done`: for threads that no clock of ours moves.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// T143
#[tokio::test]
async fn names_that_are_looked_up_for_long_hold_their_own_places_alone() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (open, waiting) = std::sync::mpsc::channel::<()>();
    let waiting = Mutex::new(waiting);
    let fetcher = {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        resolving(&settings(150), move |name| {
            if name.ends_with("slow.example") {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                lock(&waiting).recv().unwrap_err();
                running.fetch_sub(1, Ordering::SeqCst);
            }
            vec!["127.0.0.1".parse().unwrap()]
        })
    };
    // One name, asked for again and again after each fetch gave up: its lookups still run.
    for number in 0..8 {
        let url = format!("https://slow.example/{number}");
        fetcher.get(&url, Wanted::JSON, NOW).await.unwrap_err();
    }
    assert_eq!(most.load(Ordering::SeqCst), 4, "lookups of one host");
    // As many names as there may be in one zone.
    let asked: Vec<_> = (0..200)
        .map(|number| {
            let (fetcher, url) = (fetcher.clone(), format!("https://{number}.slow.example/"));
            tokio::spawn(async move { fetcher.get(&url, Wanted::JSON, NOW).await.unwrap_err() })
        })
        .collect();
    // Whoever is elsewhere is fetched from meanwhile.
    fetcher.get(&host.url("/"), Wanted::JSON, NOW).await.unwrap();
    for one in asked {
        assert!(matches!(one.await.unwrap(), FetchError::Busy | FetchError::Timeout(_)));
    }
    fetcher.get(&host.url("/later"), Wanted::JSON, NOW).await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 8, "lookups of one zone");
    drop(open);
    until(|| running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_fetch_goes_on_when_the_one_who_asked_hangs_up() {
    let host = Peer::plain(|_| answer("200 OK", b"{}")).await;
    let (fetcher, url) = (fetcher(), host.url("/"));
    {
        let asked = std::pin::pin!(fetcher.get(&url, Wanted::JSON, NOW));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(asked.poll(&mut context).is_pending());
    }
    fetcher.get(&url, Wanted::JSON, NOW).await.unwrap();
    assert_eq!(host.heard().len(), 1);
}

fn certificate(
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> (TlsAcceptor, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_protocol_versions(versions)
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.der().clone())
}

#[tokio::test]
async fn a_certificate_is_believed_from_a_known_root_and_for_the_name_alone() {
    let (tls, root) = certificate("app.example", &[&TLS13, &TLS12]);
    let host = Peer::start(Arc::new(|_| answer("200 OK", b"{}")), Some(tls)).await;
    let url = host.url("/").replace("http:", "https:");
    let error = fetcher().get(&url, Wanted::JSON, NOW).await.unwrap_err();
    assert!(matches!(error, FetchError::Certificate(_)), "{error}");
    assert_eq!(error.setting(), Some("outbound.ca_file"));
    let trusting = Outbound { roots: vec![root], ..settings(10_000) };
    assert!(fetcher_with(&trusting).get(&url, Wanted::JSON, NOW).await.is_ok());
    for other in [url.replace("app.example", "other.example"), url.replace("app.example", "127.0.0.1")] {
        let error = fetcher_with(&trusting).get(&other, Wanted::JSON, NOW).await.unwrap_err();
        assert!(matches!(error, FetchError::Certificate(_)), "{error}");
    }
}

// The conformance suite warns of whoever does not offer 1.3.
#[tokio::test]
async fn tls_1_3_and_1_2_are_spoken() {
    for version in [&TLS13, &TLS12] {
        let (tls, root) = certificate("app.example", &[version]);
        let host = Peer::start(Arc::new(|_| answer("200 OK", b"{}")), Some(tls)).await;
        let url = host.url("/").replace("http:", "https:");
        let trusting = Outbound { roots: vec![root], ..settings(10_000) };
        assert!(fetcher_with(&trusting).get(&url, Wanted::JSON, NOW).await.is_ok(), "{version:?}");
    }
}

// T139, Back-Channel Logout section 2.8
#[tokio::test]
async fn what_is_posted_is_neither_kept_nor_followed_and_only_a_refusal_is_read_and_no_further_than_it_counts()
 {
    let host = Peer::plain(|request| match request.split(' ').nth(1) {
        Some("/elsewhere") => answer("307 Temporary Redirect\r\nLocation: /", b""),
        Some("/endless") => vec![b"HTTP/1.1 400 Bad Request\r\n\r\nno".to_vec(), Vec::new()],
        Some("/long") => answer("500 Internal Server Error", &vec![b'x'; 1 << 20]),
        _ => vec![b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n".to_vec(), Vec::new()],
    })
    .await;
    let fetcher = fetcher();
    let post = async |path: &str| fetcher.post_form(&host.url(path), "a=b".to_owned()).await;
    for _ in 0..2 {
        let accepted = post("/").await.unwrap();
        assert_eq!((accepted.status.as_u16(), accepted.said.len()), (200, 0));
    }
    assert_eq!(host.heard().len(), 2);
    let asked = host.heard().remove(0).to_lowercase();
    assert!(asked.starts_with("post / http/1.1\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/x-www-form-urlencoded\r\n"), "{asked}");
    assert!(asked.contains("content-length: 3\r\n"), "{asked}");
    assert_eq!(post("/elsewhere").await, Err(FetchError::Redirect(307)));
    let refused = post("/endless").await.unwrap();
    assert_eq!((refused.status.as_u16(), &refused.said[..]), (400, &b"no"[..]));
    let failed = post("/long").await.unwrap();
    assert_eq!((failed.status.as_u16(), failed.said.len()), (500, EXPLANATION_BYTES));
}
