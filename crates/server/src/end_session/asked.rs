//! What is to follow a logout that the user still has to agree to. It travels in the form, whose csrf value is of it, so
//! that nobody else can have written it.

use std::sync::Arc;

use grantor_protocol::{ClientRowId, SessionId};
use serde::{Deserialize, Serialize};

use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::visit::Visit;

/// Who asked for a logout, and where the user goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Who asks; nobody when the user came by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<ClientRowId>,
    /// Whether an ID token of the client showed that it is this client who asks.
    #[serde(default)]
    pub(crate) is_proven: bool,
    /// `post_logout_redirect_uri`, registered by the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) return_to: Option<String>,
    /// `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// The one session that it is about; every one of the browser when it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionId>,
    /// The tag of the language that the question was put in because of `ui_locales`: the answer is in the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
}

impl Asked {
    /// As it stands in the form.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what a form carries; nothing of it counts before the csrf value was checked.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // A list would be taken for the members in their order.
        text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
    }

    /// The client, if it is still there.
    pub(crate) async fn client(&self, visit: &Visit) -> Result<Option<Arc<KnownClient>>, Failure> {
        match self.client {
            Some(row) => Ok(visit.app.clients.by_row(row, visit.now.ms).await?),
            None => Ok(None),
        }
    }

    /// Where the user goes on, with `state` (RP-Initiated Logout section 3).
    pub(crate) fn address(&self) -> Option<String> {
        let uri = self.return_to.as_ref()?;
        let Some(state) = &self.state else { return Some(uri.clone()) };
        let separator = if uri.contains('?') { '&' } else { '?' };
        let state = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
        Some(format!("{uri}{separator}{state}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_joins_the_query_that_is_there() {
        let asked = |uri: &str, state: Option<&str>| Asked {
            return_to: Some(uri.to_owned()),
            state: state.map(str::to_owned),
            ..Asked::default()
        };
        assert_eq!(asked("https://a.example/bye", None).address().unwrap(), "https://a.example/bye");
        let plain = asked("https://a.example/bye", Some("a b&c"));
        assert_eq!(plain.address().unwrap(), "https://a.example/bye?state=a+b%26c");
        let query = asked("https://a.example/bye?x=1", Some("s"));
        assert_eq!(query.address().unwrap(), "https://a.example/bye?x=1&state=s");
        assert_eq!(Asked::default().address(), None);
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let asked = Asked { is_proven: true, state: Some("\"<s>".to_owned()), ..Asked::default() };
        assert_eq!(Asked::read(&asked.text()), Some(asked));
        for text in ["", "logout", "[]", r#"{"admin":true}"#] {
            assert_eq!(Asked::read(text), None, "{text}");
        }
    }
}
