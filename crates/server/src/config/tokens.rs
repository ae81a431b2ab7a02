//! How long codes and tokens are valid, and the form of access tokens.

use grantor_protocol::Lifetime;

use super::reader::Reader;

/// A code that lives longer is worth stealing; RFC 6749 section 4.1.2 recommends ten minutes as the most.
const LONGEST_CODE_SECONDS: i64 = 600;

/// All tokens.
#[derive(Debug)]
pub struct Tokens {
    /// Access tokens.
    pub access: AccessTokens,
    /// Refresh tokens.
    pub refresh: RefreshTokens,
    /// ID tokens (OpenID Connect Core section 2).
    pub id: TokenLifetime,
    /// Authorization codes.
    pub code: TokenLifetime,
}

impl Tokens {
    /// How long after its last signature a key must stay published.
    pub fn longest_signed_lifetime(&self) -> Lifetime {
        self.access.lifetime.max(self.id.lifetime)
    }
}

/// Access tokens.
#[derive(Debug)]
pub struct AccessTokens {
    /// Their form, unless the client's metadata chooses.
    pub format: TokenFormat,
    /// How long they are valid.
    pub lifetime: Lifetime,
}

/// The form of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// Sealed, for us alone to read: dead at once when revoked.
    Opaque,
    /// Signed, for resource servers to read (RFC 9068): valid to its end wherever it is not introspected.
    Jwt,
}

/// Refresh tokens.
#[derive(Debug)]
pub struct RefreshTokens {
    /// How long one lasts unused.
    pub lifetime: Lifetime,
    /// How long after the login refreshing ends, used or not.
    pub max_lifetime: Lifetime,
    /// How long a client whose answer was lost may ask again; zero: a second use is always theft.
    pub retry: Lifetime,
}

/// Something of which only the lifetime can be set.
#[derive(Debug)]
pub struct TokenLifetime {
    /// How long it is valid.
    pub lifetime: Lifetime,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Tokens> {
    let format = reader.parsed("tokens.access.format", |text| match text {
        "opaque" => Ok(TokenFormat::Opaque),
        "jwt" => Ok(TokenFormat::Jwt),
        _ => Err(format!("\"{text}\" is not a format: use \"opaque\" or \"jwt\"")),
    });
    let access = reader.lifetime("tokens.access.lifetime");
    let refresh = reader.lifetime("tokens.refresh.lifetime");
    let max = reader.lifetime("tokens.refresh.max_lifetime");
    let retry = reader.lifetime_or_zero("tokens.refresh.retry");
    let id = reader.lifetime("tokens.id.lifetime");
    let code = reader.lifetime("tokens.code.lifetime");

    reader.at_most(("tokens.access.lifetime", access), ("tokens.refresh.max_lifetime", max));
    reader.at_most(("tokens.refresh.lifetime", refresh), ("tokens.refresh.max_lifetime", max));
    reader.at_most(("tokens.refresh.retry", retry), ("tokens.refresh.lifetime", refresh));
    if code.is_some_and(|code| code.seconds() > LONGEST_CODE_SECONDS) {
        reader.problem("tokens.code.lifetime", "must not be longer than 10m (RFC 6749 section 4.1.2)");
    }
    Some(Tokens {
        access: AccessTokens { format: format?, lifetime: access? },
        refresh: RefreshTokens { lifetime: refresh?, max_lifetime: max?, retry: retry? },
        id: TokenLifetime { lifetime: id? },
        code: TokenLifetime { lifetime: code? },
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};
    use super::*;

    #[test]
    fn lifetimes_are_read_with_units_or_as_seconds() {
        let tokens =
            config("[tokens.access]\nformat = 'jwt'\nlifetime = 90\n[tokens.id]\nlifetime = '2h'").tokens;
        assert_eq!(tokens.access.format, TokenFormat::Jwt);
        assert_eq!(tokens.access.lifetime.seconds(), 90);
        assert_eq!(tokens.longest_signed_lifetime().seconds(), 7200);
    }

    #[test]
    fn a_lifetime_is_positive_but_the_retry_time_may_be_nothing() {
        for path in [
            "tokens.access.lifetime",
            "tokens.refresh.lifetime",
            "tokens.refresh.max_lifetime",
            "tokens.id.lifetime",
            "tokens.code.lifetime",
        ] {
            let (problems, _) = problems_and_warnings(&format!("{path} = '0s'"));
            assert_eq!(problems, [format!("{path}: must be longer than nothing")]);
        }
        assert_eq!(config("tokens.refresh.retry = '0s'").tokens.refresh.retry.seconds(), 0);
    }

    #[test]
    fn text_that_is_no_length_of_time_is_refused() {
        for text in ["'1 fortnight'", "''", "'-1h'", "-5", "true", "1.5"] {
            let (problems, _) = problems_and_warnings(&format!("tokens.access.lifetime = {text}"));
            assert!(
                problems[0].starts_with("tokens.access.lifetime: expected a length of time"),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn nothing_outlives_the_end_of_refreshing() {
        assert_eq!(
            problems_and_warnings(
                "tokens.access.lifetime = '2d'\ntokens.refresh = { lifetime = '1h', max_lifetime = '1d' }"
            )
            .0,
            ["tokens.access.lifetime: is 2d, longer than tokens.refresh.max_lifetime (1d)"]
        );
        assert_eq!(
            problems_and_warnings("tokens.refresh = { lifetime = '2d', max_lifetime = '1d' }").0,
            ["tokens.refresh.lifetime: is 2d, longer than tokens.refresh.max_lifetime (1d)"]
        );
    }

    #[test]
    fn a_code_lives_ten_minutes_at_most() {
        assert_eq!(problems_and_warnings("tokens.code.lifetime = '10m'").0, [""; 0]);
        assert!(problems_and_warnings("tokens.code.lifetime = '601s'").0[0].contains("10m"));
    }

    #[test]
    fn the_format_is_opaque_or_jwt() {
        assert_eq!(problems_and_warnings("tokens.access.format = 'paseto'").0.len(), 1);
    }
}
