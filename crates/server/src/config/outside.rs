//! What reaches beyond Grantor: origins that may call it from browsers, and networks it may call itself.

use std::time::Duration;

use ipnet::IpNet;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::Origin;
use super::listeners::network;
use super::reader::Reader;

/// Longer than this nobody waits for a page.
const MOST_SECONDS: i64 = 20;

/// Cross-origin requests of browsers.
#[derive(Debug)]
pub struct Cors {
    /// Allowed beside the origins of the clients' redirect URIs.
    pub allowed_origins: Vec<Origin>,
}

/// Requests that Grantor makes itself.
#[derive(Debug)]
pub struct Outbound {
    /// Private networks it may call all the same, and over plain `http`.
    pub allow_private: Vec<IpNet>,
    /// Root certificates it trusts beside the usual ones.
    pub roots: Vec<CertificateDer<'static>>,
    /// How long one call may take, from the name to the last byte.
    pub timeout: Duration,
}

impl Default for Outbound {
    /// What counts where nothing is configured.
    fn default() -> Self {
        Self { allow_private: Vec::new(), roots: Vec::new(), timeout: Duration::from_secs(5) }
    }
}

pub(super) fn read_cors(reader: &mut Reader<'_>) -> Option<Cors> {
    Some(Cors { allowed_origins: reader.list("cors.allowed_origins", Origin::parse)? })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Outbound> {
    let allow_private = reader.list("outbound.allow_private", network);
    let ca_file = reader.file("outbound.ca_file");
    let timeout = reader.lifetime("outbound.timeout");
    if allow_private.iter().flatten().any(|network| network.prefix_len() == 0) {
        reader.warning(
            "outbound.allow_private",
            "opens every network: whoever registers a client can then have Grantor call anything it reaches",
        );
    }
    let roots = ca_file.map(|(name, pem)| {
        roots(&pem)
            .map_err(|reason| reader.problem("outbound.ca_file", format!("{} {reason}", name.display())))
    });
    let timeout = timeout?;
    if timeout.seconds() > MOST_SECONDS {
        reader.problem(
            "outbound.timeout",
            format!("must be at most {MOST_SECONDS}s, for a user may be waiting"),
        );
    }
    Some(Outbound {
        allow_private: allow_private?,
        roots: roots.transpose().ok()?.unwrap_or_default(),
        timeout: Duration::from_secs(timeout.seconds().unsigned_abs()),
    })
}

/// The certificates of a PEM file, each of which can be trusted as a root.
fn roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| format!("is not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("holds no certificate in PEM".to_owned());
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| format!("holds a certificate of no use: {error}"))?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Files, config, problems_and_warnings};

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_at_its_place() {
        let (problems, _) =
            problems_and_warnings("cors.allowed_origins = ['https://a.example', 'https://b.example/']");
        assert!(problems[0].starts_with("cors.allowed_origins[1]: browsers never send"), "{problems:?}");
        assert_eq!(
            config("cors.allowed_origins = ['https://a.example']").cors.allowed_origins[0].as_str(),
            "https://a.example"
        );
    }

    #[test]
    fn outgoing_calls_are_for_networks_and_roots_that_exist() {
        let (problems, warnings) = problems_and_warnings("outbound.allow_private = ['127.0.0.1/32']");
        assert_eq!((problems, warnings), (vec![], vec![]));
        assert_eq!(problems_and_warnings("outbound.allow_private = ['everywhere']").0.len(), 1);
        assert_eq!(problems_and_warnings("outbound.allow_private = ['0.0.0.0/0']").1.len(), 1);
        assert_eq!(problems_and_warnings("outbound.ca_file = '/nonexistent.pem'").0.len(), 1);
        assert_eq!(problems_and_warnings("outbound.timeout = '1m'").0.len(), 1);
    }

    #[test]
    fn the_file_of_roots_holds_certificates_and_nothing_else() {
        let files = Files::new();
        let root = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap().cert.pem();
        let good = files.write("good.pem", &format!("{root}{root}"));
        assert_eq!(config(&format!("outbound.ca_file = '{good}'")).outbound.roots.len(), 2);
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (content, problem) in
            [("", "holds no certificate in PEM"), (damaged, "holds a certificate of no use")]
        {
            let file = files.write("bad.pem", content);
            let (problems, _) = problems_and_warnings(&format!("outbound.ca_file = '{file}'"));
            assert!(problems.len() == 1 && problems[0].contains(problem), "{problems:?}");
        }
    }
}
