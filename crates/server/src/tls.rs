//! TLS of the public listener. The certificate is read again when its files have changed, so that renewing it needs no
//! restart; one that cannot be used leaves the old one in place.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;
use crate::serve::ServeError;

/// How often the files are looked at.
const ROUND: Duration = Duration::from_mins(1);

/// The certificate in use.
pub(crate) struct Certificate {
    files: Tls,
    acceptor: RwLock<TlsAcceptor>,
    /// The contents that were read last, used or not: the same are not tried, and not warned of, twice.
    read: Mutex<Pem>,
}

/// The contents of the two files.
#[derive(Clone, PartialEq, Eq)]
struct Pem {
    chain: Vec<CertificateDer<'static>>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

/// What reading again came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// The files are as they were.
    Same,
    /// New connections get the new certificate.
    Replaced,
}

impl Certificate {
    /// Reads the files for the first time.
    pub(crate) fn open(files: &Tls) -> Result<Arc<Self>, ServeError> {
        let pem = Pem::read(files)?;
        let acceptor = pem.acceptor()?;
        Ok(Arc::new(Self { files: files.clone(), acceptor: RwLock::new(acceptor), read: Mutex::new(pem) }))
    }

    /// What accepts the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again. An error leaves everything as it was.
    pub(crate) fn reread(&self) -> Result<Reread, ServeError> {
        let pem = Pem::read(&self.files)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == pem {
            return Ok(Reread::Same);
        }
        *read = pem.clone();
        let acceptor = pem.acceptor()?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(Reread::Replaced)
    }

    /// Reads them again every minute, and whenever it is told to.
    pub(crate) async fn keep(self: Arc<Self>, told: &Notify) {
        loop {
            // Whether a minute passed or somebody said so makes no difference.
            drop(tokio::time::timeout(ROUND, told.notified()).await);
            match self.reread() {
                Ok(Reread::Same) => {}
                Ok(Reread::Replaced) => tracing::info!("the certificate was renewed"),
                Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
            }
        }
    }
}

impl Pem {
    fn read(files: &Tls) -> Result<Self, ServeError> {
        let read = |path: &Path| {
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>)
        };
        let chain = read(&files.cert).map_err(|error| failed("public.tls.cert", &error))?;
        let key =
            PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed("public.tls.key", &error))?;
        Ok(Self { chain, key: zeroize::Zeroizing::new(key.secret_der().to_vec()) })
    }

    fn acceptor(&self) -> Result<TlsAcceptor, ServeError> {
        let key =
            PrivateKeyDer::try_from(self.key.to_vec()).map_err(|error| failed("public.tls.key", &error))?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .map_err(|error| failed("public.tls", &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn failed(setting: &'static str, error: &dyn std::fmt::Display) -> ServeError {
    ServeError::Tls { setting, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn renew(files: &Tls, name: &str) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        fs::write(&files.cert, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    fn files() -> (tempfile::TempDir, Tls) {
        let folder = tempfile::tempdir().unwrap();
        let files = Tls { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        renew(&files, "old.example");
        (folder, files)
    }

    #[test]
    fn a_certificate_is_replaced_when_its_files_have_changed() {
        let (_folder, files) = files();
        let certificate = Certificate::open(&files).unwrap();
        assert_eq!(certificate.reread().unwrap(), Reread::Same);
        renew(&files, "new.example");
        assert_eq!(certificate.reread().unwrap(), Reread::Replaced);
        assert_eq!(certificate.reread().unwrap(), Reread::Same);
    }

    #[test]
    fn a_half_written_pair_leaves_the_old_one_until_it_is_whole() {
        let (_folder, files) = files();
        let certificate = Certificate::open(&files).unwrap();
        let before = Arc::as_ptr(certificate.acceptor().config());
        let old_key = fs::read(&files.key).unwrap();
        renew(&files, "new.example");
        let new_key = fs::read(&files.key).unwrap();
        for half in [b"".as_slice(), &old_key] {
            fs::write(&files.key, half).unwrap();
            assert!(certificate.reread().is_err());
            assert_eq!(Arc::as_ptr(certificate.acceptor().config()), before);
        }
        fs::write(&files.key, new_key).unwrap();
        assert_eq!(certificate.reread().unwrap(), Reread::Replaced);
    }
}
