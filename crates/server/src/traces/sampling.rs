//! Which traces are sent.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// What a trusted proxy decided where it began the trace, else a share of the traces. Statements that belong to no
/// request are no trace: nodes look after themselves every second.
#[derive(Clone, Debug)]
pub(super) struct Sampling(Sampler);

impl Sampling {
    pub(super) fn new(share: f64) -> Self {
        Self(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
    }
}

impl ShouldSample for Sampling {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_parent = parent.is_some_and(TraceContextExt::has_active_span);
        let mut result = self.0.should_sample(parent, trace_id, name, kind, attributes, links);
        if !has_parent && name.starts_with("store.") {
            result.decision = SamplingDecision::Drop;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(sampling: &Sampling, name: &str) -> SamplingDecision {
        let id = TraceId::from(7);
        sampling.should_sample(None, id, name, &SpanKind::Internal, &[], &[]).decision
    }

    #[test]
    fn a_statement_by_itself_is_no_trace_and_a_share_of_nothing_is_nothing() {
        let all = Sampling::new(1.0);
        assert_eq!(decision(&all, "http"), SamplingDecision::RecordAndSample);
        assert_eq!(decision(&all, "store.keys.list"), SamplingDecision::Drop);
        assert_eq!(decision(&Sampling::new(0.0), "http"), SamplingDecision::Drop);
    }
}
