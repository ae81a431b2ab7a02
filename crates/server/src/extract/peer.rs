//! Who is at the other end. Forwarded headers are believed only from configured proxies (security.md T174, T175).

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::app::App;

/// The certificate a client showed in the TLS handshake or through a trusted proxy (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    /// The certificate as DER.
    pub der: Vec<u8>,
}

/// What the connection says of itself before any forwarded header is read: set by the listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// The socket's other end.
    pub addr: SocketAddr,
    /// Whether we terminated TLS on it.
    pub tls: bool,
}

/// The client's end of the request, proxies taken off.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The address that throttling counts.
    pub addr: IpAddr,
    /// Whether the client's own hop was TLS, ours or the trusted proxy's; `None` behind a proxy that is not trusted.
    pub tls: Option<bool>,
    /// The certificate it proved possession of.
    #[expect(dead_code, reason = "the seam of design.md 3: mutual TLS reads it (RFC 8705)")]
    pub client_certificate: Option<ClientCertificate>,
}

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let connection = parts
            .extensions
            .get::<Connection>()
            .copied()
            .unwrap_or(Connection {
                addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
                tls: false,
            });
        Ok(Self::of(connection, &parts.headers, &app.config.trusted_proxies))
    }
}

impl Peer {
    /// Walks the forwarded addresses from the right while the hop that wrote them is trusted.
    pub(crate) fn of(connection: Connection, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |addr: IpAddr| {
            trusted
                .iter()
                .any(|network| network.contains(&addr.to_canonical()))
        };
        let mut addr = connection.addr.ip().to_canonical();
        if !is_trusted(addr) {
            return Self {
                addr,
                tls: connection.tls.then_some(true),
                client_certificate: None,
            };
        }
        let hops = forwarded_for(headers);
        for hop in hops.iter().rev() {
            let Ok(ip) = hop.parse::<IpAddr>() else { break };
            addr = ip.to_canonical();
            if !is_trusted(addr) {
                break;
            }
        }
        let tls = last_value(headers, "x-forwarded-proto").map(|proto| proto == "https");
        Self {
            addr,
            tls: tls.or(connection.tls.then_some(true)),
            client_certificate: None,
        }
    }
}

/// The addresses of `X-Forwarded-For`, left to right, over all its header lines.
fn forwarded_for(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|hop| hop.trim().trim_matches(['[', ']']).to_owned())
        .collect()
}

fn last_value(headers: &HeaderMap, name: &str) -> Option<String> {
    let line = headers.get_all(name).into_iter().next_back()?.to_str().ok()?;
    line.rsplit(',')
        .next()
        .map(|value| value.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(socket: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let connection = Connection {
            addr: format!("{socket}:1").parse().unwrap(),
            tls: false,
        };
        Peer::of(connection, &headers, &trusted).addr.to_string()
    }

    /// T174: the default trust set is empty.
    #[test]
    fn forwarded_headers_from_an_untrusted_peer_have_no_effect() {
        assert_eq!(peer("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(
            peer("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
    }

    /// T175: spoofed entries stand to the left of what the trusted proxies wrote.
    #[test]
    fn the_rightmost_hop_that_is_not_trusted_counts() {
        assert_eq!(
            peer("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
        assert_eq!(
            peer("10.0.0.1", &["1.1.1.1", "198.51.100.7"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
        assert_eq!(peer("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(peer("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
