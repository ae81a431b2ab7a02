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
            .unwrap_or(Connection { addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), tls: false });
        Ok(Self::of(connection, &parts.headers, &app.config.trusted_proxies))
    }
}

impl Peer {
    /// What an address is counted by: itself, or the /64 an IPv6 customer owns whole.
    pub(crate) fn network(&self) -> String {
        truncated(self.addr, 32, 64)
    }

    /// What surrounds it: the networks that one customer may own many addresses of.
    pub(crate) fn neighbourhood(&self) -> String {
        truncated(self.addr, 24, 48)
    }

    /// Walks the forwarded addresses from the right while the hop that wrote them is trusted.
    pub(crate) fn of(connection: Connection, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let mut addr = connection.addr.ip().to_canonical();
        if !is_trusted(addr, trusted) {
            return Self { addr, tls: connection.tls.then_some(true), client_certificate: None };
        }
        let noted = Noted::of(headers);
        for hop in noted.hops(headers).iter().rev() {
            let Ok(ip) = hop.parse::<IpAddr>() else { break };
            addr = ip.to_canonical();
            if !is_trusted(addr, trusted) {
                break;
            }
        }
        let tls = noted.proto(headers).map(|proto| proto == "https");
        Self { addr, tls: tls.or(connection.tls.then_some(true)), client_certificate: None }
    }
}

/// Whether what this address forwards is believed: `trusted` is `trusted_proxies`.
pub(crate) fn is_trusted(addr: IpAddr, trusted: &[IpNet]) -> bool {
    let addr = addr.to_canonical();
    trusted.iter().any(|network| network.contains(&addr))
}

fn truncated(addr: IpAddr, v4_bits: u8, v6_bits: u8) -> String {
    let bits = if addr.is_ipv4() { v4_bits } else { v6_bits };
    IpNet::new(addr, bits).map_or_else(|_| addr.to_string(), |net| net.network().to_string())
}

/// Which of the two headers the proxies write. A proxy sets one and passes the other on as the client sent it, so where
/// both are present neither is believed.
pub(crate) enum Noted {
    /// The elements of `Forwarded`.
    Forwarded(Vec<String>),
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    XForwarded,
    /// There is none, or there are both.
    Neither,
}

impl Noted {
    /// What the headers of a request have.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let older = ["x-forwarded-for", "x-forwarded-proto"].iter().any(|name| headers.contains_key(*name));
        match (headers.contains_key("forwarded"), older) {
            (true, false) => Self::Forwarded(elements(headers, "forwarded")),
            (false, true) => Self::XForwarded,
            (true, true) | (false, false) => Self::Neither,
        }
    }

    /// The addresses that proxies noted, left to right (RFC 7239 section 5.2, or `X-Forwarded-For`).
    pub(crate) fn hops(&self, headers: &HeaderMap) -> Vec<String> {
        match self {
            // An element without `for` is a hop that hides its client: nothing to its left can be believed.
            Self::Forwarded(elements) => elements
                .iter()
                .map(|element| parameter(element, "for").map(|hop| address_of(&hop)).unwrap_or_default())
                .collect(),
            Self::XForwarded => {
                elements(headers, "x-forwarded-for").iter().map(|hop| address_of(hop)).collect()
            }
            Self::Neither => Vec::new(),
        }
    }

    /// The scheme of the client's own hop, as the nearest proxy noted it.
    pub(crate) fn proto(&self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::Forwarded(elements) => elements.last().and_then(|element| parameter(element, "proto")),
            Self::XForwarded => elements(headers, "x-forwarded-proto").pop(),
            Self::Neither => None,
        }
        .map(|proto| proto.to_ascii_lowercase())
    }
}

/// The comma-separated values of a header, over all its lines.
fn elements(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|value| value.trim().to_owned()).collect()
}

/// A parameter of one `Forwarded` element, quotes taken off.
fn parameter(element: &str, name: &str) -> Option<String> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim_matches('"').to_owned())
}

/// The address of a node that may carry a port: `192.0.2.1:80`, `[2001:db8::1]:80`.
fn address_of(node: &str) -> String {
    if let Some(rest) = node.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default().to_owned();
    }
    match node.split_once(':') {
        Some((address, port)) if !port.contains(':') => address.to_owned(),
        _ => node.to_owned(),
    }
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
        let connection = Connection { addr: format!("{socket}:1").parse().unwrap(), tls: false };
        Peer::of(connection, &headers, &trusted).addr.to_string()
    }

    /// T174: the default trust set is empty.
    #[test]
    fn forwarded_headers_from_an_untrusted_peer_have_no_effect() {
        assert_eq!(peer("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(peer("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    /// T175: spoofed entries stand to the left of what the trusted proxies wrote.
    #[test]
    fn the_rightmost_hop_that_is_not_trusted_counts() {
        assert_eq!(peer("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(peer("10.0.0.1", &["1.1.1.1", "198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(peer("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(peer("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn an_address_is_counted_by_what_one_customer_owns() {
        let peer = |addr: &str| Peer { addr: addr.parse().unwrap(), tls: None, client_certificate: None };
        assert_eq!(peer("203.0.113.9").network(), "203.0.113.9");
        assert_eq!(peer("203.0.113.9").neighbourhood(), "203.0.113.0");
        assert_eq!(peer("2001:db8:1:2:3:4:5:6").network(), "2001:db8:1:2::");
        assert_eq!(peer("2001:db8:1:2:3:4:5:6").neighbourhood(), "2001:db8:1::");
    }

    /// RFC 7239 section 4.
    #[test]
    fn forwarded_is_read_and_where_both_headers_stand_neither_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append("forwarded", "for=1.1.1.1, for=\"[2001:db8::7]:4711\";proto=http".parse().unwrap());
        let connection = Connection { addr: "10.0.0.1:1".parse().unwrap(), tls: false };
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let peer = Peer::of(connection, &headers, &trusted);
        assert_eq!((peer.addr.to_string().as_str(), peer.tls), ("2001:db8::7", Some(false)));
        headers.append("x-forwarded-for", "9.9.9.9".parse().unwrap());
        let peer = Peer::of(connection, &headers, &trusted);
        assert_eq!((peer.addr.to_string().as_str(), peer.tls), ("10.0.0.1", None));
    }
}
