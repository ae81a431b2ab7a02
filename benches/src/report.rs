//! The tables, in Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::measure::Measured;
use crate::operations::{Act, Operation};
use crate::targets::{BARE_THERE, LARGEST_RATIO, SIGNATURES_THERE, target};

/// All that one run saw.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub bare: Vec<(usize, Act, Measured)>,
    pub operations: Vec<(usize, Operation, Measured)>,
    /// RSA-2048 signatures of one core in a second.
    pub signatures: f64,
    /// The machine and the versions, a line each.
    pub conditions: Vec<String>,
}

/// Hydra was measured so.
const COMPARED_AT: usize = 8;

/// What stands around the tables in the document that keeps them.
const BEGIN: &str = "<!-- figures begin: written by the benchmarks -->\n";
const END: &str = "<!-- figures end -->\n";

impl Report {
    fn beside(&self, connections: usize, act: Act) -> Option<&Measured> {
        self.bare.iter().find(|(at, which, _)| (*at, *which) == (connections, act)).map(|(_, _, seen)| seen)
    }

    /// The whole report.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.conditions {
            let _ = writeln!(text, "- {line}");
        }
        let mut counts: Vec<usize> = self.operations.iter().map(|(connections, _, _)| *connections).collect();
        counts.dedup();
        for connections in counts {
            self.table(&mut text, connections);
        }
        self.compared(&mut text);
        text
    }

    fn table(&self, text: &mut String, connections: usize) {
        let plural = if connections == 1 { "" } else { "s" };
        let _ = write!(
            text,
            "\n### {connections} connection{plural}\n\n\
             | operation | a second | p50 ms | p99 ms | server µs | Postgres µs | statements | peak MiB | beside | its rate | its µs | ratio |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|\n"
        );
        for (at, operation, seen) in &self.operations {
            if *at != connections {
                continue;
            }
            let act = operation.act();
            let beside = self.beside(connections, act);
            let _ = write!(text, "| {} | {} | {} |", operation.name(), figures(seen), mebibytes(seen.peak));
            let _ = match beside {
                Some(bare) => {
                    let (rate, cost) = (bare.timing.rate(), bare.server);
                    writeln!(text, " {} | {rate:.0} | {cost:.0} | {} |", act.name(), ratio(seen, bare, act))
                }
                None => writeln!(text, " {} | | | |", act.name()),
            };
        }
    }

    /// Beside Hydra, scaled to this machine.
    fn compared(&self, text: &mut String) {
        let Some(bare) = self.beside(COMPARED_AT, Act::Nothing) else { return };
        let (requests, signatures) = (bare.timing.rate() / BARE_THERE, self.signatures / SIGNATURES_THERE);
        let _ = write!(
            text,
            "\n### Beside Ory Hydra 26.2\n\n\
             Hydra on two cores with a local Postgres, {COMPARED_AT} connections, its fast settings. That machine's bare handler\n\
             answered {BARE_THERE:.0} requests a second and one core signed {SIGNATURES_THERE:.0} times by RSA-2048; this one's {:.0} and {:.0}, so\n\
             Hydra's figures are scaled by {requests:.2}, and by {signatures:.2} where a signature is the limit.\n\n\
             | operation | Grantor, a second | Hydra, measured | Hydra, scaled | times | target |\n\
             |---|---:|---:|---:|---:|---:|\n",
            bare.timing.rate(),
            self.signatures,
        );
        for (connections, operation, seen) in &self.operations {
            let Some(target) = target(*operation).filter(|_| *connections == COMPARED_AT) else { continue };
            let scaled = target.hydra * if target.signs { signatures } else { requests };
            let times = seen.timing.rate() / scaled;
            let missed = if times < target.times { " (missed)" } else { "" };
            let _ = writeln!(
                text,
                "| {} | {:.0} | {:.0} | {scaled:.0} | {times:.1} | {:.0}{missed} |",
                operation.name(),
                seen.timing.rate(),
                target.hydra,
                target.times,
            );
        }
    }

    /// Puts the tables in the place of those of before.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        let text = fs::read_to_string(file)?;
        let missing = || Failure(format!("{} has no place for figures", file.display()));
        let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
        let (_, after) = rest.split_once(END).ok_or_else(missing)?;
        Ok(fs::write(file, format!("{before}{BEGIN}{}{END}{after}", self.markdown()))?)
    }
}

fn figures(seen: &Measured) -> String {
    let timing = &seen.timing;
    format!(
        "{:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {:.2}",
        timing.rate(),
        timing.quantile(500),
        timing.quantile(990),
        seen.server,
        seen.database,
        seen.statements
    )
}

fn ratio(seen: &Measured, bare: &Measured, act: Act) -> String {
    let ratio = seen.server / bare.server;
    let missed = if ratio > LARGEST_RATIO && act != Act::Password { " (missed)" } else { "" };
    format!("{ratio:.2}{missed}")
}

#[expect(clippy::cast_precision_loss, reason = "bytes below 2^52")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1024.0 / 1024.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drive::Timing;

    fn measured(count: u64, server: f64) -> Measured {
        let timing = Timing::new(Duration::from_secs(1), (0..count).collect());
        Measured { timing, server, database: 0.0, statements: 0.0, peak: 40 * 1024 * 1024 }
    }

    #[test]
    fn a_missed_target_is_said() {
        let mut report = Report { signatures: SIGNATURES_THERE, ..Report::default() };
        report.bare.push((8, Act::Nothing, measured(129_000, 10.0)));
        report.operations.push((8, Operation::Discovery, measured(26_000, 31.0)));
        let text = report.markdown();
        assert!(text.contains("| 3.10 (missed) |"), "{text}");
        assert!(text.contains("| discovery | 26000 | 2600 | 2600 | 10.0 | 15 (missed) |"), "{text}");
    }

    #[test]
    fn the_tables_replace_those_of_before() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("head\n{BEGIN}old{END}tail\n")).unwrap();
        let report = Report { conditions: vec!["a machine".to_owned()], ..Report::default() };
        report.write(file.path()).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, format!("head\n{BEGIN}- a machine\n{END}tail\n"));
        fs::write(file.path(), "no place").unwrap();
        assert!(report.write(file.path()).is_err());
    }
}
