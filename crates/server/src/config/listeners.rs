//! Where Grantor listens, whom it asks for a token there, and whose forwarding headers it believes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use grantor_crypto::Secret;
use ipnet::IpNet;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::reader::Reader;

/// The listener that browsers and clients reach.
#[derive(Debug)]
pub struct Public {
    /// Its address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Present when Grantor ends TLS itself.
    pub tls: Option<Tls>,
}

/// PEM files that hold a certificate chain and its private key; both were readable at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The listener that operators and their tools reach.
#[derive(Debug)]
pub struct Admin {
    /// Its address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The bearer tokens it accepts. Empty means that it asks for none, which loading permits on loopback addresses
    /// or where the operator said so; a token file without tokens is refused.
    pub tokens: Vec<Secret>,
}

pub(super) fn read_public(reader: &mut Reader<'_>) -> Option<Public> {
    let listen = reader.parsed("public.listen", address);
    let cert = reader.file("public.tls.cert");
    let key = reader.file("public.tls.key");
    for (has, lacks) in [("public.tls.cert", "public.tls.key"), ("public.tls.key", "public.tls.cert")] {
        if reader.is_set(has) && !reader.is_set(lacks) {
            reader.problem(lacks, format!("is missing: {has} needs it"));
        }
    }
    if let Some((name, pem)) = &cert
        && !holds_certificate(pem)
    {
        reader.problem("public.tls.cert", format!("{} holds no certificate in PEM", name.display()));
    }
    if let Some((name, pem)) = &key
        && PrivateKeyDer::from_pem_slice(pem).is_err()
    {
        reader.problem("public.tls.key", format!("{} holds no private key in PEM", name.display()));
    }
    let tls = cert.zip(key).map(|((cert, _), (key, _))| Tls { cert, key });
    Some(Public { listen: listen?, tls })
}

pub(super) fn read_admin(reader: &mut Reader<'_>) -> Option<Admin> {
    let listen = reader.parsed("admin.listen", address);
    let unauthenticated = reader.boolean("admin.unauthenticated");
    let tokens = reader.lines_of("admin.token_file");
    let has_token_file = reader.is_set("admin.token_file");

    if has_token_file && unauthenticated == Some(true) {
        reader.problem("admin.unauthenticated", "is true although admin.token_file is given: choose one");
    }
    if !has_token_file && unauthenticated == Some(false) {
        reader.problem("admin.token_file", "is required, since admin.unauthenticated is false");
    }
    if !has_token_file && unauthenticated.is_none() && listen.is_some_and(|listen| !listen.ip().is_loopback())
    {
        reader.problem(
            "admin.token_file",
            "is required, since admin.listen can be reached from other machines; \
             or set admin.unauthenticated = true when something in front of it checks who calls",
        );
    }
    if has_token_file {
        check_tokens(reader, &tokens);
    }
    Some(Admin { listen: listen?, tokens })
}

pub(super) fn read_trusted_proxies(reader: &mut Reader<'_>) -> Option<Vec<IpNet>> {
    let networks = reader.list("trusted_proxies", network)?;
    if networks.iter().any(|network| network.prefix_len() == 0) {
        reader.warning(
            "trusted_proxies",
            "believes everybody: any client can then choose the address that is logged and slowed down",
        );
    }
    Some(networks)
}

/// A network such as `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let network = address.or_else(|_| text.parse::<IpNet>());
    let network = network
        .map_err(|_| format!("\"{text}\" is neither an address nor a network such as \"10.0.0.0/8\""))?;
    if network.addr() != network.network() {
        return Err(format!("\"{text}\" has bits beside its network; did you mean \"{}\"?", network.trunc()));
    }
    Ok(network)
}

/// Whether `pem` begins with a certificate, other kinds of PEM sections aside.
pub(super) fn holds_certificate(pem: &[u8]) -> bool {
    matches!(CertificateDer::pem_slice_iter(pem).next(), Some(Ok(_)))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| {
        format!("\"{text}\" is not an address and a port, such as \"0.0.0.0:4444\" or \"[::]:4444\"")
    })
}

fn check_tokens(reader: &mut Reader<'_>, tokens: &[Secret]) {
    const PATH: &str = "admin.token_file";
    if tokens.is_empty() && reader.problems.iter().all(|problem| problem.path != PATH) {
        reader.problem(PATH, "holds no token");
    }
    // RFC 6750 section 2.1: anything else cannot be sent as a bearer token.
    let is_sendable = |token: &Secret| {
        let characters = token.expose().trim_end_matches('=').chars();
        token.expose().len() > token.expose().matches('=').count()
            && characters.into_iter().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c))
    };
    if !tokens.iter().all(is_sendable) {
        reader
            .problem(PATH, "holds a line that cannot be a bearer token: use letters, digits and - . _ ~ + /");
    }
    if tokens.iter().any(|token| token.expose().len() < 32) {
        reader.warning(PATH, "holds a token shorter than 32 characters, which can be guessed");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::testing::{Files, problems_and_warnings};
    use super::*;

    const CERT: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

    fn public(text: &str) -> (Option<Public>, Vec<String>) {
        let source = Source::text(text);
        let mut reader = Reader::new(&source);
        let public = read_public(&mut reader);
        (public, reader.problems.iter().map(ToString::to_string).collect())
    }

    fn admin(text: &str) -> (Option<Admin>, Vec<String>) {
        let source = Source::text(text);
        let mut reader = Reader::new(&source);
        let admin = read_admin(&mut reader);
        (admin, reader.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_address_needs_a_port_and_localhost_is_ipv4() {
        assert_eq!(address("localhost:4444"), Ok("127.0.0.1:4444".parse().unwrap()));
        assert!(address("[::]:4444").is_ok());
        for text in ["4444", ":4444", "0.0.0.0", "example.com:4444", "1.2.3.4:70000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tls_needs_both_files_and_both_in_pem() {
        let files = Files::new();
        let (cert, key) = (files.write("cert.pem", CERT), files.write("key.pem", KEY));
        let (read, problems) = public(&format!("public.tls = {{ cert = '{cert}', key = '{key}' }}"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(read.unwrap().tls, Some(Tls { cert: cert.clone().into(), key: key.clone().into() }));

        let (_, problems) = public(&format!("public.tls.cert = '{cert}'"));
        assert_eq!(problems, ["public.tls.key: is missing: public.tls.cert needs it"]);
        let (_, problems) = public(&format!("public.tls = {{ cert = '{key}', key = '{cert}' }}"));
        assert_eq!(problems.len(), 2, "{problems:?}");
        let (_, problems) = public(&format!("public.tls = {{ cert = '/nonexistent', key = '{key}' }}"));
        assert!(problems[0].starts_with("public.tls.cert: /nonexistent cannot be read"), "{problems:?}");
    }

    #[test]
    fn an_admin_listener_on_loopback_asks_for_no_token_unless_told_to() {
        for text in ["", "admin.listen = '[::1]:1'", "admin.unauthenticated = true"] {
            let (admin, problems) = admin(text);
            assert_eq!(problems, [""; 0], "{text}");
            assert!(admin.unwrap().tokens.is_empty(), "{text}");
        }
        assert!(admin("admin.unauthenticated = false").1[0].starts_with("admin.token_file: is required"));
    }

    #[test]
    fn an_admin_listener_that_others_can_reach_needs_tokens_or_a_clear_word() {
        assert!(admin("admin.listen = '0.0.0.0:4445'").1[0].starts_with("admin.token_file: is required"));
        assert_eq!(admin("admin.listen = '0.0.0.0:4445'\nadmin.unauthenticated = true").1, [""; 0]);
    }

    #[test]
    fn admin_tokens_are_one_a_line_and_exclude_unauthenticated() {
        let files = Files::new();
        let file = files
            .write("tokens", "first-token-of-thirty-two-letters-\r\n\nsecond-token-of-thirty-two-letters\n");
        let (read, problems) = admin(&format!("admin.listen = '0.0.0.0:1'\nadmin.token_file = '{file}'"));
        assert_eq!(problems, [""; 0]);
        let tokens = read.unwrap().tokens;
        let tokens: Vec<_> = tokens.iter().map(Secret::expose).collect();
        assert_eq!(tokens, ["first-token-of-thirty-two-letters-", "second-token-of-thirty-two-letters"]);
        let (_, problems) = admin(&format!("admin.token_file = '{file}'\nadmin.unauthenticated = true"));
        assert!(problems[0].contains("choose one"));
    }

    #[test]
    fn admin_tokens_must_be_sendable_and_should_be_long() {
        let files = Files::new();
        for text in ["", "two words of which one is refused", "=", "snow☃"] {
            let file = files.write("tokens", text);
            assert_eq!(admin(&format!("admin.token_file = '{file}'")).1.len(), 1, "{text}");
        }
        let file = files.write("tokens", "short");
        let (problems, warnings) = problems_and_warnings(&format!("admin.token_file = '{file}'"));
        assert_eq!(problems, [""; 0]);
        assert!(warnings[0].contains("shorter than 32"));
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        assert_eq!(network("10.0.0.1"), Ok("10.0.0.1/32".parse().unwrap()));
        assert_eq!(network("fd00::/8"), Ok("fd00::/8".parse().unwrap()));
        assert!(network("10.0.0.1/8").unwrap_err().contains("did you mean \"10.0.0.0/8\"?"));
        assert!(network("proxy.internal").is_err());
    }

    #[test]
    fn believing_everybody_is_warned_about() {
        let (problems, warnings) = problems_and_warnings("trusted_proxies = ['0.0.0.0/0']");
        assert_eq!(problems, [""; 0]);
        assert!(warnings[0].starts_with("trusted_proxies: believes everybody"));
    }
}
