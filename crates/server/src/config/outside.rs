//! What reaches beyond Grantor: origins that may call it from browsers, and networks it may call itself.

use std::path::PathBuf;

use ipnet::IpNet;

use super::Origin;
use super::listeners::{holds_certificate, network};
use super::reader::Reader;

/// Cross-origin requests of browsers.
#[derive(Debug)]
pub struct Cors {
    /// Allowed beside the origins of the clients' redirect URIs.
    pub allowed_origins: Vec<Origin>,
}

/// Requests that Grantor makes itself.
#[derive(Debug)]
pub struct Outbound {
    /// Private networks it may call all the same.
    pub allow_private: Vec<IpNet>,
    /// Root certificates it trusts beside the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

pub(super) fn read_cors(reader: &mut Reader<'_>) -> Option<Cors> {
    Some(Cors { allowed_origins: reader.list("cors.allowed_origins", Origin::parse)? })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Outbound> {
    let allow_private = reader.list("outbound.allow_private", network);
    let ca_file = reader.file("outbound.ca_file");
    if allow_private.as_ref().is_some_and(|networks| !networks.is_empty()) {
        reader.not_yet("outbound.allow_private");
    }
    if let Some((name, pem)) = &ca_file {
        reader.not_yet("outbound.ca_file");
        if !holds_certificate(pem) {
            reader.problem("outbound.ca_file", format!("{} holds no certificate in PEM", name.display()));
        }
    }
    Some(Outbound { allow_private: allow_private?, ca_file: ca_file.map(|(name, _)| name) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};

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
    fn outgoing_calls_are_understood_and_warned_about() {
        let (problems, warnings) = problems_and_warnings("outbound.allow_private = ['127.0.0.1/32']");
        assert_eq!(problems, [""; 0]);
        assert_eq!(warnings, ["outbound.allow_private: is not in this version yet and has no effect"]);
        assert_eq!(problems_and_warnings("outbound.allow_private = ['everywhere']").0.len(), 1);
        assert_eq!(problems_and_warnings("outbound.ca_file = '/nonexistent.pem'").0.len(), 1);
    }
}
