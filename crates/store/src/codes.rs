//! Authorization codes (RFC 6749 section 4.1.2): a state of their grant, redeemed once by one statement.
//! Only what could be the code's owner is held against it: a wrong client or address changes nothing.

use grantor_crypto::SecretHash;
use grantor_protocol::{Challenge, ClientRowId, Timestamp};

use crate::{
    Attempt, Fault, GrantFacts, RevocationReason,
    engine::{Engine, Row},
    grant_facts::grant_facts,
    liveness::{grant_lives, session_lives},
};

/// A code, as somebody presents it.
#[derive(Clone, Copy, Debug)]
pub struct CodeUse<'a> {
    /// SHA-256 of the code.
    pub code: &'a SecretHash,
    /// Who presents it, authenticated.
    pub client: ClientRowId,
    /// The redirect URI presented with it.
    pub redirect_uri: Option<&'a str>,
    /// The challenge of the verifier presented with it.
    pub challenge: Option<&'a Challenge>,
    /// This try; it tells a repeated statement from a replay.
    pub attempt: Attempt,
    /// How long an offline grant then lives without being used.
    pub idle_seconds: i64,
    /// How long any other grant then lives: as long as its access token.
    pub access_seconds: i64,
    /// The request's instant.
    pub now: Timestamp,
}

/// What presenting a code led to.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one, and each is moved once")]
pub enum CodeOutcome {
    /// This try, and no other, got the grant.
    Redeemed(GrantFacts),
    /// The right client presented it again with everything right: the grant is revoked (RFC 6749 section 10.5).
    Replayed,
    /// Nothing was given.
    Refused(CodeRefusal),
}

/// Why a code gave nothing, for the log: on the wire all of them are `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// No such code, or one of another client.
    UnknownOrForeign,
    /// Its time has passed.
    Expired,
    /// Not the redirect URI of the authorization request, or none although the request named one.
    RedirectMismatch,
    /// Not the verifier of the challenge; the fifth wrong one burns the code.
    VerifierMismatch {
        /// Whether the code is gone now.
        burnt: bool,
    },
    /// Asked for with a challenge, presented without verifier.
    VerifierMissing,
    /// Asked for without challenge, presented with a verifier (RFC 9700 section 4.8.2).
    VerifierUnexpected,
    /// Its user, session or client has ended, or its grant was revoked.
    Dead,
    /// Redeemed before, and this time not everything was right.
    AlreadyUsed,
}

/// Redeems codes.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a>(pub(crate) &'a Engine);

/// The verifier is right, or neither side has one. No challenge is empty, so absence has a value of its own.
macro_rules! verifier_is_right {
    () => {
        "COALESCE(code_challenge, '') = COALESCE($4, '')"
    };
}

/// The first use with everything right.
macro_rules! redeems {
    () => {
        concat!("code_redeemed_at IS NULL AND ", verifier_is_right!())
    };
}

/// A later use with everything right by somebody else than the try that redeemed it.
macro_rules! replays {
    () => {
        concat!("code_redeemed_at IS NOT NULL AND code_attempt <> $5 AND ", verifier_is_right!())
    };
}

/// A guess at the verifier; a missing one is a mistake and no guess.
macro_rules! guesses {
    () => {
        "code_redeemed_at IS NULL AND code_challenge <> $4"
    };
}

impl Codes<'_> {
    /// Redeems a code. Exactly one try wins, in one statement; it may be run again after a lost connection, because
    /// the row keeps the winner's attempt.
    #[tracing::instrument(name = "store.codes.redeem", level = "debug", skip_all)]
    pub async fn redeem(&self, code: &CodeUse<'_>) -> Result<CodeOutcome, Fault> {
        let redeem = self.0.statement(
            "codes.redeem",
            concat!(
                "UPDATE oauth_grant SET
                   code_redeemed_at = CASE WHEN ",
                redeems!(),
                " THEN $6 ELSE code_redeemed_at END,
                   code_attempt = CASE WHEN ",
                redeems!(),
                " THEN $5 ELSE code_attempt END,
                   expires_at = CASE WHEN NOT (",
                redeems!(),
                ") THEN expires_at
                                     WHEN NOT offline AND ends_at <= code_expires_at + $8 THEN $6 + $8
                                     WHEN $6 + $7 < ends_at THEN $6 + $7 ELSE ends_at END,
                   code_failures = CASE WHEN ",
                guesses!(),
                " THEN code_failures + 1 ELSE code_failures END,
                   revoked_at = CASE WHEN ",
                replays!(),
                " THEN $6 WHEN code_failures >= 4 AND ",
                guesses!(),
                " THEN $6 ELSE NULL END,
                   revoked_because = CASE WHEN ",
                replays!(),
                " THEN $9 WHEN code_failures >= 4 AND ",
                guesses!(),
                " THEN $10 ELSE NULL END
                 WHERE code_hash = $1 AND client = $2
                   AND (code_redirect_uri = $3 OR ($3 IS NULL AND NOT code_redirect_uri_given))
                   AND (code_redeemed_at IS NOT NULL OR code_expires_at > $6)
                   AND ",
                grant_lives!("$6"),
                " RETURNING code_attempt, code_challenge, revoked_because, ",
                grant_facts!()
            ),
        );
        let row = redeem
            .bind(code.code)
            .bind(code.client)
            .bind(code.redirect_uri)
            .bind(code.challenge.map(Challenge::as_str))
            .bind(code.attempt.uuid())
            .bind(code.now)
            .bind(code.idle_seconds)
            .bind(code.access_seconds)
            .bind(RevocationReason::CodeReplayed.name())
            .bind(RevocationReason::CodeBurnt.name())
            .repeatable()
            .fetch_optional()
            .await?;
        match row {
            Some(row) => outcome(code, &row),
            None => self.why_refused(code).await.map(CodeOutcome::Refused),
        }
    }

    /// The audience of a code's grant, which never changes: what a narrowed request is held against before the code is
    /// used up. `None` for a code that this client does not have.
    #[tracing::instrument(name = "store.codes.audience", level = "debug", skip_all)]
    pub async fn audience(
        &self,
        code: &SecretHash,
        client: ClientRowId,
    ) -> Result<Option<Vec<String>>, Fault> {
        let read = self.0.statement(
            "codes.audience",
            "SELECT audience FROM oauth_grant WHERE code_hash = $1 AND client = $2",
        );
        let row = read.bind(code).bind(client).read().fetch_optional().await?;
        row.map(|row| row.json("audience")).transpose()
    }

    /// Only for the log, after the statement has decided.
    async fn why_refused(&self, code: &CodeUse<'_>) -> Result<CodeRefusal, Fault> {
        let read = self.0.statement(
            "codes.why_refused",
            "SELECT client, code_redirect_uri, code_redirect_uri_given, code_redeemed_at, code_expires_at,
                    revoked_because
               FROM oauth_grant WHERE code_hash = $1",
        );
        let Some(row) = read.bind(code.code).read().fetch_optional().await? else {
            return Ok(CodeRefusal::UnknownOrForeign);
        };
        if row.id::<ClientRowId>("client")? != code.client {
            return Ok(CodeRefusal::UnknownOrForeign);
        }
        let redirect_uri: Option<String> = row.get("code_redirect_uri")?;
        let may_be_absent = !row.get::<bool>("code_redirect_uri_given")?;
        let redirect_matches = match code.redirect_uri {
            Some(presented) => redirect_uri.as_deref() == Some(presented),
            None => may_be_absent,
        };
        if !redirect_matches {
            return Ok(CodeRefusal::RedirectMismatch);
        }
        if row.optional_instant("code_redeemed_at")?.is_some() {
            return Ok(CodeRefusal::AlreadyUsed);
        }
        if row.get::<Option<String>>("revoked_because")?.as_deref()
            == Some(RevocationReason::CodeBurnt.name())
        {
            return Ok(CodeRefusal::VerifierMismatch { burnt: true });
        }
        if row.optional_instant("code_expires_at")?.is_none_or(|at| at <= code.now) {
            return Ok(CodeRefusal::Expired);
        }
        Ok(CodeRefusal::Dead)
    }
}

fn outcome(code: &CodeUse<'_>, row: &Row) -> Result<CodeOutcome, Fault> {
    let revoked: Option<String> = row.get("revoked_because")?;
    if let Some(because) = revoked {
        return Ok(if because == RevocationReason::CodeBurnt.name() {
            CodeOutcome::Refused(CodeRefusal::VerifierMismatch { burnt: true })
        } else {
            CodeOutcome::Replayed
        });
    }
    let challenge: Option<String> = row.get("code_challenge")?;
    match row.get::<Option<uuid::Uuid>>("code_attempt")? {
        Some(attempt) if attempt == code.attempt.uuid() => {
            Ok(CodeOutcome::Redeemed(GrantFacts::from_row(row)?))
        }
        Some(_) => Ok(CodeOutcome::Refused(CodeRefusal::AlreadyUsed)),
        None => Ok(CodeOutcome::Refused(match (challenge, code.challenge) {
            (Some(_), None) => CodeRefusal::VerifierMissing,
            (None, _) => CodeRefusal::VerifierUnexpected,
            (Some(_), Some(_)) => CodeRefusal::VerifierMismatch { burnt: false },
        })),
    }
}
