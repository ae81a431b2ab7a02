//! Whom Grantor believes to be who they say: TLS 1.3 and 1.2, the roots that browsers trust, and the operator's own.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

/// The usual roots with `more` of them. A certificate that is none was refused when the configuration was read.
pub(crate) fn client(more: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder().with_root_certificates(roots(more)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Whom it believes.
pub(super) fn roots(more: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(more.iter().cloned());
    roots
}
