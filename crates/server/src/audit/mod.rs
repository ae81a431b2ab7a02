//! The audit trail: who did what to whose access, from where, and how it ended. Each act that matters to security is an
//! [`AuditEvent`], recorded by [`AuditLog::record`] and nowhere else, whatever `log.level` says. No secret is in any
//! (security.md T202): events are made of ids and of names from our own tables.

mod cause;
mod event;
mod file;
mod record;
mod trail;

#[cfg(test)]
mod tests;

pub(crate) use cause::OperatorCause;
pub use cause::{Actor, Cause};
pub use event::{AuditEvent, Outcome};
pub use trail::AuditLog;
