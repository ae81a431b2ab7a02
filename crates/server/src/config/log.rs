//! What is logged, and in which form.

use tracing_subscriber::EnvFilter;

use super::reader::Reader;

/// The log on standard error.
#[derive(Debug)]
pub struct Log {
    /// A filter that `tracing_subscriber::EnvFilter` accepts: a level, or levels by module.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Log> {
    let level = reader.parsed("log.level", |text| {
        let problem = |error| {
            format!("\"{text}\" is neither a level (error, warn, info, debug, trace) nor a filter: {error}")
        };
        // The filter takes any word for the name of a module, so a misspelt level would silence everything.
        let is_level = |word: &str| word.parse::<tracing::metadata::LevelFilter>().is_ok();
        if text.is_empty() || (!text.contains(['=', ',', '[']) && !is_level(text)) {
            return Err(problem("no such level".to_owned()));
        }
        EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| problem(error.to_string()))
    });
    let format = reader.parsed("log.format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("\"{text}\" is not a format: use \"text\" or \"json\"")),
    });
    Some(Log { level: level?, format: format? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};
    use super::*;

    #[test]
    fn the_level_is_a_level_or_a_filter() {
        for level in ["info", "off", "WARN", "info,grantor_store=debug", "grantor_server::token=trace"] {
            assert_eq!(config(&format!("log.level = '{level}'")).log.level, level);
        }
        for level in ["verbose", "", "info,grantor=loud"] {
            assert_eq!(problems_and_warnings(&format!("log.level = '{level}'")).0.len(), 1, "{level}");
        }
    }

    #[test]
    fn the_format_is_text_or_json() {
        assert_eq!(config("log.format = 'json'").log.format, LogFormat::Json);
        assert_eq!(problems_and_warnings("log.format = 'xml'").0.len(), 1);
    }
}
