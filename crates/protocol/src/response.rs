//! Response types and modes (OAuth 2.0 Multiple Response Type Encoding Practices 1.0; Form Post
//! Response Mode 1.0). A response type is an unordered set: `id_token code` is `code id_token`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which values the authorization response carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResponseType {
    code: bool,
    id_token: bool,
    token: bool,
}

impl ResponseType {
    /// `code`.
    pub const CODE: Self = Self { code: true, id_token: false, token: false };
    /// `id_token`.
    pub const ID_TOKEN: Self = Self { code: false, id_token: true, token: false };
    /// `token`: an access token and nothing that says whom it is for.
    pub const TOKEN: Self = Self { code: false, id_token: false, token: true };
    /// `none`: the client only learns that the user agreed.
    pub const NONE: Self = Self { code: false, id_token: false, token: false };

    /// Reads the values in any order; a repeated, unknown or empty one is refused.
    pub fn parse(text: &str) -> Result<Self, ResponseTypeError> {
        if text == "none" {
            return Ok(Self::NONE);
        }
        let mut response_type = Self::NONE;
        for value in text.split(' ') {
            let part = match value {
                "code" => &mut response_type.code,
                "id_token" => &mut response_type.id_token,
                "token" => &mut response_type.token,
                _ => return Err(ResponseTypeError::Unknown),
            };
            if std::mem::replace(part, true) {
                return Err(ResponseTypeError::Repeated);
            }
        }
        Ok(response_type)
    }

    /// Whether the answer has an authorization code.
    pub const fn has_code(self) -> bool {
        self.code
    }

    /// Whether the answer has an ID token.
    pub const fn has_id_token(self) -> bool {
        self.id_token
    }

    /// Whether the answer has an access token.
    pub const fn has_token(self) -> bool {
        self.token
    }

    /// Whether the client gets an access token, here or with the code; then it can ask userinfo.
    pub const fn gives_access_token(self) -> bool {
        self.code || self.token
    }

    /// Whether tokens travel through the browser; such an answer must not use the query.
    pub const fn has_front_channel_token(self) -> bool {
        self.id_token || self.token
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.code, self.id_token, self.token) {
            (false, false, false) => "none",
            (true, false, false) => "code",
            (false, true, false) => "id_token",
            (false, false, true) => "token",
            (true, true, false) => "code id_token",
            (true, false, true) => "code token",
            (false, true, true) => "id_token token",
            (true, true, true) => "code id_token token",
        })
    }
}

/// Why a text is no response type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseTypeError {
    /// A value other than `code`, `id_token` and `token`, or `none` beside another.
    #[error("a response type is made of code, id_token and token, or is none alone")]
    Unknown,
    /// The same value twice.
    #[error("a response type must not repeat a value")]
    Repeated,
}

impl FromStr for ResponseType {
    type Err = ResponseTypeError;

    fn from_str(text: &str) -> Result<Self, ResponseTypeError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ResponseType {
    type Error = ResponseTypeError;

    fn try_from(text: String) -> Result<Self, ResponseTypeError> {
        Self::parse(&text)
    }
}

impl From<ResponseType> for String {
    fn from(response_type: ResponseType) -> Self {
        response_type.to_string()
    }
}

/// How the authorization response travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// Parameters in the query of the redirect URI.
    Query,
    /// Parameters in its fragment.
    Fragment,
    /// A form that the browser posts to it.
    FormPost,
}

impl ResponseMode {
    /// Every mode, as discovery lists them.
    pub const ALL: &[Self] = &[Self::Query, Self::Fragment, Self::FormPost];

    /// The mode of a request that names none.
    pub const fn default_for(response_type: &ResponseType) -> Self {
        if response_type.has_front_channel_token() { Self::Fragment } else { Self::Query }
    }

    /// Whether an answer of this type may travel so: tokens never go into the query.
    pub const fn suits(self, response_type: &ResponseType) -> bool {
        !matches!(self, Self::Query) || !response_type.has_front_channel_token()
    }

    /// The name in requests and discovery.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}

impl fmt::Display for ResponseMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_types_are_sets() {
        for (text, canonical) in [
            ("code", "code"),
            ("id_token code", "code id_token"),
            ("token id_token", "id_token token"),
            ("token code id_token", "code id_token token"),
            ("none", "none"),
        ] {
            assert_eq!(ResponseType::parse(text).unwrap().to_string(), canonical);
        }
        for (text, error) in [
            ("code code", ResponseTypeError::Repeated),
            ("", ResponseTypeError::Unknown),
            ("Code", ResponseTypeError::Unknown),
            ("none code", ResponseTypeError::Unknown),
            ("code  token", ResponseTypeError::Unknown),
            ("code none", ResponseTypeError::Unknown),
        ] {
            assert_eq!(ResponseType::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn tokens_never_travel_in_the_query() {
        for text in ["id_token", "token", "code id_token", "code token", "id_token token"] {
            let response_type = ResponseType::parse(text).unwrap();
            assert_eq!(ResponseMode::default_for(&response_type), ResponseMode::Fragment);
            assert!(!ResponseMode::Query.suits(&response_type));
        }
        assert_eq!(ResponseMode::default_for(&ResponseType::CODE), ResponseMode::Query);
        assert_eq!(ResponseMode::default_for(&ResponseType::NONE), ResponseMode::Query);
    }

    #[test]
    fn modes_keep_their_name_in_json() {
        for mode in ResponseMode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            assert_eq!(ResponseMode::from_name(mode.name()), Some(*mode));
        }
        assert_eq!(ResponseMode::from_name("FORM_POST"), None);
    }
}
