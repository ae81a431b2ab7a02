//! Certificates that are made for a test, and TLS with them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::header::HeaderName;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::guardian::Folder;

/// A certificate, its key, and the root certificate that vouches for it (PEM).
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) root: String,
}

/// Good from the day before yesterday until so many days from now, signed by a root of its own.
#[expect(clippy::disallowed_methods, reason = "the machine's clock is what certificates are held against")]
fn pem_for(names: &[&str], days: i32) -> Issued {
    const DAY: Duration = Duration::from_hours(24);
    let (root, key) = (root(), KeyPair::generate().unwrap());
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut certificate = CertificateParams::new(names).unwrap();
    let (now, distance) = (SystemTime::now(), DAY * days.unsigned_abs());
    certificate.not_before = (now - DAY * 2).into();
    certificate.not_after = if days < 0 { now - distance } else { now + distance }.into();
    let certificate = certificate.signed_by(&key, &root).unwrap();
    Issued { certificate: certificate.pem(), key: key.serialize_pem(), root: root.pem() }
}

fn root() -> CertifiedIssuer<'static, KeyPair> {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "Grantor tests");
    CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate as operators have it: a chain, its key, and the root that vouches for it, in files.
#[derive(Debug)]
pub struct CertificateFiles(Folder);

impl CertificateFiles {
    /// For this host, until so many days from now.
    pub fn new(host: &str, days: i32) -> Self {
        let files = Self(Folder::new("grantor-certificate-"));
        files.renew(host, days);
        files
    }

    /// One that signs itself, as `openssl req -x509` makes them.
    pub fn self_signed(host: &str) -> Self {
        let files = Self(Folder::new("grantor-certificate-"));
        let mut certificate = CertificateParams::new(vec![host.to_owned()]).unwrap();
        certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = certificate.self_signed(&key).unwrap().pem();
        for (file, text) in
            [(files.key(), key.serialize_pem()), (files.chain(), pem.clone()), (files.root(), pem)]
        {
            std::fs::write(file, text).unwrap();
        }
        files
    }

    /// Puts another in its place, by another root.
    pub fn renew(&self, host: &str, days: i32) {
        let pem = pem_for(&[host], days);
        for (file, text) in [(self.key(), pem.key), (self.chain(), pem.certificate), (self.root(), pem.root)]
        {
            std::fs::write(file, text).unwrap();
        }
    }

    /// The server's own certificate.
    pub fn chain(&self) -> PathBuf {
        self.0.path().join("chain.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// The root.
    pub fn root(&self) -> PathBuf {
        self.0.path().join("root.pem")
    }

    /// Connections that believe this root and no other, and say this much in every request.
    pub fn http(&self, headers: &[(&'static str, &str)]) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(&std::fs::read(self.root()).unwrap()).unwrap();
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .default_headers(headers.collect())
            .tls_certs_only([root])
            .build()
            .unwrap()
    }
}

/// TLS for a server of these names, and the root certificate (PEM) that vouches for it.
pub(crate) fn tls_for(names: &[&str]) -> (TlsAcceptor, String) {
    let issued = issued_for(names);
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap(),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), issued.root)
}

/// A certificate for a server of these names, good for a month.
pub(crate) fn issued_for(names: &[&str]) -> Issued {
    pem_for(names, 30)
}
