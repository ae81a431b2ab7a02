//! Which client asks, and where its answer may go. Errors here stay on our page: a redirect to an
//! unchecked address would make this server an open redirector (RFC 6749 section 4.1.2.1).

use crate::client_metadata::ClientMetadata;
use crate::error::{ErrorCode, RequestRefusal};
use crate::ids::ClientId;
use crate::params::Params;
use crate::scope;

/// An error that must not leave our page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct PageError(pub RequestRefusal);

/// What a request says about its client, before anything is known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedClient {
    /// `client_id`.
    pub client_id: ClientId,
    /// `redirect_uri`, when it was sent.
    pub redirect_uri: Option<String>,
}

/// A redirect URI that the client registered: from here on errors go to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo {
    /// The address as it was requested, or the only registered one.
    pub redirect_uri: String,
    /// Whether the request named it.
    pub given: bool,
}

impl RequestedClient {
    /// Reads `client_id` and `redirect_uri`; both must not repeat.
    pub fn read(params: &Params) -> Result<Self, PageError> {
        let client_id =
            page_single(params, "client_id")?.ok_or_else(|| page("client_id", "a client_id", "none"))?;
        let client_id = ClientId::parse(client_id)
            .map_err(|_| page("client_id", "1 to 255 printable ASCII characters", client_id))?;
        let redirect_uri = page_single(params, "redirect_uri")?.map(str::to_owned);
        Ok(Self { client_id, redirect_uri })
    }

    /// The address to answer to, checked against what `client` registered. A request that names none
    /// uses the only registered one, unless it is an OpenID Connect request, which must name it.
    pub fn return_to(&self, params: &Params, client: &ClientMetadata) -> Result<ReturnTo, PageError> {
        if let Some(requested) = &self.redirect_uri {
            return match client.matching_redirect_uri(requested) {
                Some(_) => Ok(ReturnTo { redirect_uri: requested.clone(), given: true }),
                None => Err(unregistered(client, requested)),
            };
        }
        let is_openid =
            params.many("scope").iter().any(|scope| scope.split(' ').any(|value| value == scope::OPENID));
        match client.redirect_uris.as_slice() {
            [only] if !is_openid && client.matching_redirect_uri(only).is_some() => {
                Ok(ReturnTo { redirect_uri: only.clone(), given: false })
            }
            _ => Err(unregistered(client, "none")),
        }
    }
}

fn unregistered(client: &ClientMetadata, received: &str) -> PageError {
    let expected = format!("one of the client's redirect_uris, byte for byte: {:?}", client.redirect_uris);
    PageError(page("redirect_uri", expected, received).0.because_of("the client's redirect_uris"))
}

fn page_single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, PageError> {
    params.single(name).map_err(|_| page(name, "the parameter once", "several of them"))
}

fn page(check: &'static str, expected: impl Into<String>, received: impl Into<String>) -> PageError {
    PageError(RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, received))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_metadata::ApplicationType;

    fn client(uris: &[&str]) -> ClientMetadata {
        ClientMetadata {
            redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            ..ClientMetadata::default()
        }
    }

    fn return_to(query: &str, client: &ClientMetadata) -> Result<ReturnTo, PageError> {
        let params = Params::parse(query.as_bytes()).unwrap();
        RequestedClient::read(&params)?.return_to(&params, client)
    }

    #[test]
    fn t017_a_missing_redirect_uri_has_a_default_only_in_plain_oauth() {
        let one = client(&["https://app.example/cb"]);
        let two = client(&["https://app.example/cb", "https://app.example/other"]);
        assert!(return_to("client_id=c&scope=openid", &one).is_err());
        assert!(return_to("client_id=c&scope=api+openid", &one).is_err());
        assert!(return_to("client_id=c&scope=api&scope=openid", &one).is_err());
        let default = ReturnTo { redirect_uri: "https://app.example/cb".to_owned(), given: false };
        assert_eq!(return_to("client_id=c&scope=api", &one), Ok(default.clone()));
        assert_eq!(return_to("client_id=c&redirect_uri=", &one), Ok(default));
        assert!(return_to("client_id=c&scope=api", &two).is_err());
        assert!(return_to("client_id=c", &client(&[])).is_err());
    }

    #[test]
    fn t026_parameter_pollution_stays_on_the_page() {
        let one = client(&["https://app.example/cb"]);
        for query in [
            "client_id=c&scope=openid&redirect_uri=https://app.example/cb&redirect_uri=https://evil.example",
            "client_id=c&scope=openid&redirect_uri=https://evil.example&redirect_uri=https://app.example/cb",
            "client_id=c&scope=openid&redirect_uri[]=https://app.example/cb",
            "client_id=c&scope=openid&Redirect_Uri=https://app.example/cb",
            "client_id=c&client_id=d&redirect_uri=https://app.example/cb",
            "client_id=c&redirect_uri=https://evil.example/cb",
        ] {
            let PageError(refusal) = return_to(query, &one).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::InvalidRequest, "{query}");
        }
    }

    #[test]
    fn client_ids_that_cannot_exist_stay_on_the_page() {
        for query in [
            "",
            "client_id=",
            "client_id=caf%C3%A9",
            "client_id=a%0d%0ab",
            &format!("client_id={}", "a".repeat(256)),
        ] {
            assert!(return_to(query, &client(&["https://app.example/cb"])).is_err(), "{query}");
        }
    }

    #[test]
    fn a_chosen_loopback_port_is_where_the_answer_goes() {
        let native =
            ClientMetadata { application_type: ApplicationType::Native, ..client(&["http://127.0.0.1/cb"]) };
        let answer = return_to("client_id=c&redirect_uri=http://127.0.0.1:51000/cb", &native).unwrap();
        assert_eq!(answer, ReturnTo { redirect_uri: "http://127.0.0.1:51000/cb".to_owned(), given: true });
    }
}
