//! What the figures are held against: Ory Hydra 26.2 and the limits of the machine it was measured on.

use crate::operations::Operation;

/// Requests a second that a bare axum handler answered there, over eight connections on two cores.
pub(crate) const BARE_THERE: f64 = 129_000.0;

/// RSA-2048 signatures that one core made there in a second.
pub(crate) const SIGNATURES_THERE: f64 = 4_560.0;

/// The most processor time of an operation without a password hash, over that of its bare handler.
pub(crate) const LARGEST_RATIO: f64 = 3.0;

/// How an operation of Hydra did, and how many times better ours has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Of Hydra with a local Postgres and its fast settings, over eight connections, a second.
    pub hydra: f64,
    pub times: f64,
    /// Whether a signature limits it, rather than requests.
    pub signs: bool,
}

/// What is known of an operation.
pub(crate) fn target(operation: Operation) -> Option<Target> {
    let (hydra, times, signs) = match operation {
        Operation::Discovery => (2_600.0, 15.0, false),
        Operation::ClientCredentialsOpaque => (1_550.0, 10.0, false),
        Operation::ClientCredentialsRs256 => (510.0, 5.0, true),
        Operation::Introspection => (2_700.0, 3.0, false),
        Operation::Userinfo => (2_800.0, 3.0, false),
        Operation::Redemption => (360.0, 5.0, false),
        Operation::Refresh => (460.0, 5.0, false),
        Operation::SilentAuthorization => (184.0, 8.0, false),
        Operation::Jwks
        | Operation::ClientCredentialsEs256
        | Operation::RedemptionWithoutIdToken
        | Operation::RefreshWithoutIdToken
        | Operation::Login => return None,
    };
    Some(Target { hydra, times, signs })
}
