//! Where Grantor may connect on behalf of a client (security.md 1.10): pure decisions over a URL and an address, so that
//! tests and fuzzers can ask them anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// A URL that may be fetched, as far as its text can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to, without a fragment.
    url: Url,
    host: Host,
    port: u16,
    is_tls: bool,
}

/// Why a URL or an address is not connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no URL.
    #[error("is not a URL")]
    NotAUrl,
    /// Only the web is fetched from.
    #[error("is neither https nor, for addresses in outbound.allow_private, http")]
    Scheme,
    /// A user name or password would be sent to a stranger.
    #[error("has a user name or password")]
    UserInformation,
    /// A port of another protocol, which a request could be smuggled into.
    #[error("has port {0}, which is not for the web")]
    Port(u16),
    /// None of the addresses may be connected to; this is one of them.
    #[error("leads to {0}, which is not on the public internet or, for http, not in outbound.allow_private")]
    Address(IpAddr),
}

impl Refusal {
    /// The setting that would permit it; `None` when nothing does.
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Scheme | Self::Port(_) | Self::Address(_) => Some("outbound.allow_private"),
            Self::NotAUrl | Self::UserInformation => None,
        }
    }
}

impl Target {
    /// Reads a URL as a client sent it. The parser has turned every spelling of an address (decimal, octal, hexadecimal,
    /// other digits of Unicode, a dot at the end) into the address itself.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut url = Url::parse(text).map_err(|_| Refusal::NotAUrl)?;
        let is_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Refusal::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInformation);
        }
        url.set_fragment(None);
        let host = match url.host().ok_or(Refusal::NotAUrl)? {
            // A dot at the end makes it no other name, and certificates are without it.
            Host::Domain(".") => return Err(Refusal::NotAUrl),
            Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(name).to_owned()),
            Host::Ipv4(address) => Host::Ipv4(address),
            Host::Ipv6(address) => Host::Ipv6(address),
        };
        let port = url.port_or_known_default().ok_or(Refusal::NotAUrl)?;
        Ok(Self { url, host, port, is_tls })
    }

    /// The URL without a fragment: the same text is the same document.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The host: a name to be resolved, or an address.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// What stands in the `Host` header: the name, and a port other than the scheme's own.
    pub fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// The path with the query, as the request line has it.
    pub fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

/// Which addresses may be connected to: the public internet, and what the operator adds.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    allow_private: Vec<IpNet>,
}

impl AddressPolicy {
    /// The public internet, and these networks (`outbound.allow_private`).
    pub fn new(allow_private: Vec<IpNet>) -> Self {
        Self { allow_private }
    }

    /// The addresses of `candidates` that `target` may be fetched from, in their order; of a name with good and bad
    /// addresses the good ones are used, since the one that was looked at is the one connected to. An error names the
    /// first that was refused.
    pub fn permitted(&self, target: &Target, candidates: &[IpAddr]) -> Result<Vec<IpAddr>, Refusal> {
        let permitted: Vec<IpAddr> =
            candidates.iter().copied().filter(|address| self.permits(target, *address)).collect();
        match candidates.first() {
            Some(first) if permitted.is_empty() => Err(Self::refusal(target, *first)),
            _ => Ok(permitted),
        }
    }

    /// Whether `target` may be fetched from `address`.
    pub fn permits(&self, target: &Target, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if never(address) {
            return false;
        }
        let allowed = self.allow_private.iter().any(|network| network.contains(&address));
        allowed || (target.is_tls && is_web_port(target.port) && is_public(address))
    }

    fn refusal(target: &Target, address: IpAddr) -> Refusal {
        if !is_public(address.to_canonical()) {
            Refusal::Address(address)
        } else if !target.is_tls {
            Refusal::Scheme
        } else {
            Refusal::Port(target.port)
        }
    }
}

/// Ports where something else than a web server is expected: everything that the system reserves but 443, and what
/// databases, caches and brokers listen on (T140).
fn is_web_port(port: u16) -> bool {
    const OTHERS: [u16; 22] = [
        1433, 1521, 1883, 2049, 2181, 2375, 2376, 2379, 3306, 3389, 4222, 5432, 5672, 5984, 6379, 6443, 6667,
        9042, 9092, 10250, 11211, 27017,
    ];
    port == 443 || (port >= 1024 && !OTHERS.contains(&port))
}

/// Whether no setting opens this address: nothing is served there that a client may point at. The metadata services of
/// clouds hand out the credentials of the machine.
fn never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.octets().first() == Some(&0)
                || v4.is_multicast()
                || v4.is_broadcast()
                || matches!(
                    v4.octets(),
                    [169, 254, 169 | 170, _] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192]
                )
        }
        IpAddr::V6(v6) => {
            v6.is_unspecified()
                || v6.is_multicast()
                || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
                || v6.segments() == [0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
        }
    }
}

/// Whether the address is one of the public internet (the special-purpose registries of RFC 6890, and of IANA since).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127 | 224..=255, ..]  // this network, private use, loopback, multicast, reserved
        | [192, 0, 0 | 2, _]            // IETF protocol assignments, documentation
        | [198, 51, 100, _] | [203, 0, 113, _] // documentation
        | [192, 88, 99, _]              // 6to4 relays
        | [192, 168, ..] | [169, 254, ..] // private use, link-local
        | [198, 18 | 19, ..] => true,   // benchmarking
        [100, second, ..] => second & 0xc0 == 64, // carriers' NAT
        [172, second, ..] => second & 0xf0 == 16, // private use
        _ => false,
    };
    !special && !never(IpAddr::V4(address))
}

/// Only `2000::/3` is given out as global unicast; what of it is special is taken away again. NAT64 (RFC 6052) leads to
/// the IPv4 address in it, and is as good as that one; the local forms of it and 6to4 (RFC 7526) have no use here.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8, // Teredo, ORCHID and others; documentation
        [0x2002, ..] => false,                                      // 6to4
        [0x3fff, second, ..] => second >= 0x1000,                   // documentation
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
