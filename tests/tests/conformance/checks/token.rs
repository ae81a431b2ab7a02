//! The answer of the token endpoint (conformance.md 2.3).

use grantor_tests::Answer;

use crate::checks::error::is_json;
use crate::checks::is_unguessable;

/// A success, of a code or a refresh token.
pub(crate) fn is_answer(answer: &Answer) {
    let tokens = answer.tokens();
    is_json(answer);
    assert_eq!(answer.header("pragma"), Some("no-cache"), "{answer}");
    is_unguessable(&tokens.access_token);
    assert!((1..=31_536_000).contains(&tokens.expires_in), "expires_in\n{answer}");
    if let Some(refresh) = &tokens.refresh_token {
        is_unguessable(refresh);
    }
}
