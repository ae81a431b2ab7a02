//! Traces for a collector of OpenTelemetry.

use axum::http::{HeaderName, HeaderValue};
use grantor_crypto::Secret;

use super::Url;
use super::reader::Reader;

/// Where traces go, and which.
#[derive(Debug)]
pub struct Traces {
    /// The collector; `/v1/traces` is added to it (OTLP over HTTP).
    pub endpoint: Url,
    /// Headers that it asks for, each `name: value`.
    pub headers: Vec<(String, Secret)>,
    /// The share of the traces begun here that are sent, from 0 to 1.
    pub sample: f64,
    /// What this server is called there.
    pub service_name: String,
}

/// `None` where no collector is named; also where something is wrong, which the reader has noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Traces> {
    let headers = reader.secrets("traces.headers", "traces.headers_file");
    let headers: Vec<_> = headers.iter().map(header).collect();
    if headers.iter().any(Option::is_none) {
        // Which one is not said: it is a secret.
        reader.problem("traces.headers", "every header is written as \"name: value\"");
    }
    let (sample, service_name) = (reader.fraction("traces.sample"), reader.text("traces.service_name"));
    let endpoint = reader.url("traces.endpoint");
    let headers = headers.into_iter().flatten().collect();
    Some(Traces { endpoint: endpoint?, headers, sample: sample?, service_name: service_name? })
}

fn header(line: &Secret) -> Option<(String, Secret)> {
    let (name, value) = line.expose().split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let is_header = HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
    is_header.then(|| (name.to_owned(), Secret::from(value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};

    #[test]
    fn traces_go_nowhere_unless_a_collector_is_named() {
        assert!(config("").traces.is_none());
        let traces = config("traces.endpoint = 'http://collector:4318'").traces.unwrap();
        assert_eq!((traces.service_name.as_str(), traces.sample.to_bits()), ("grantor", 1.0_f64.to_bits()));
        assert!(traces.headers.is_empty());
    }

    #[test]
    fn a_share_is_between_nothing_and_all() {
        let sample = |value: &str| {
            config(&format!("traces.endpoint = 'http://a:4318'\ntraces.sample = {value}"))
                .traces
                .unwrap()
                .sample
        };
        assert!((sample("0.25") - 0.25).abs() < f64::EPSILON && sample("1") > 0.999);
        for wrong in ["1.5", "-0.1", "'all'", "nan"] {
            assert_eq!(problems_and_warnings(&format!("traces.sample = {wrong}")).0.len(), 1, "{wrong}");
        }
    }

    #[test]
    fn headers_are_secrets_and_no_problem_shows_one() {
        let text = "traces.endpoint = 'http://a:4318'\ntraces.headers = ['authorization: Bearer hush']";
        let traces = config(text).traces.unwrap();
        assert_eq!(traces.headers[0].0, "authorization");
        assert!(!format!("{traces:?}").contains("hush"), "{traces:?}");
        let (problems, _) = problems_and_warnings("traces.headers = ['Bearer hush']");
        assert!(problems.len() == 1 && !problems[0].contains("hush"), "{problems:?}");
    }
}
