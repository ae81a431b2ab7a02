//! An authorization request as the suite sends it, and what it says once request objects are read.

use grantor_tests::random_text;
use serde_json::{Map, Value};
use url::Url;

use crate::scene::claims_of_scope;

/// One authorization request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    endpoint: String,
    /// What is meant.
    pub(crate) parameters: Vec<(String, String)>,
    /// What goes over the wire, where a request object says the rest.
    sent: Option<Vec<(String, String)>>,
}

impl Request {
    pub(crate) fn new(endpoint: String, parameters: &[(&str, &str)]) -> Self {
        Self { endpoint, parameters: owned(parameters), sent: None }
    }

    /// With a parameter set to this value alone.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// With these parameters over the wire, while `parameters` says what they mean.
    pub(crate) fn sent_as(mut self, sent: &[(&str, &str)]) -> Self {
        self.sent = Some(owned(sent));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The parameters over the wire.
    pub(crate) fn wire(&self) -> &[(String, String)] {
        self.sent.as_ref().unwrap_or(&self.parameters)
    }

    /// The address that the browser is sent to.
    pub(crate) fn url(&self) -> String {
        Url::parse_with_params(&self.endpoint, self.wire()).unwrap().to_string()
    }

    /// Its parameters as members of a request object.
    pub(crate) fn members(&self) -> Map<String, Value> {
        self.parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
    }

    /// Names of claims that the scope asks for.
    pub(crate) fn scope_claims(&self) -> Vec<&'static str> {
        let scope = self.get("scope").unwrap_or_default();
        scope.split(' ').flat_map(|value| claims_of_scope(value).iter().copied()).collect()
    }

    /// Names of claims that the `claims` parameter asks for in `userinfo` or `id_token`.
    pub(crate) fn asked_claims(&self, place: &str) -> Vec<String> {
        let Some(text) = self.get("claims") else { return Vec::new() };
        let document: Value = serde_json::from_str(text).unwrap();
        document[place].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }
}

/// A state as long as the suite's longest.
pub(crate) fn long_state() -> String {
    format!("{}{}{}", random_text(), random_text(), random_text())[..128].to_owned()
}

fn owned(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
