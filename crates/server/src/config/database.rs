//! Which database remembers everything.

use std::fmt;

use super::reader::Reader;

/// The database and how it is used.
#[derive(Debug)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many Postgres connections are held at most; SQLite has one writer and a few readers.
    pub max_connections: u32,
    /// Whether `serve` migrates Postgres; SQLite is migrated whenever it is opened.
    pub migrate_on_start: bool,
}

/// `sqlite:PATH` or a `postgres://` URL. A password may be part of it, so `Debug` shows the engine only.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Checks `text`; the error never repeats it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path
                .strip_prefix("//")
                .unwrap_or(path)
                .split('?')
                .next()
                .unwrap_or_default();
            if path.is_empty() || path == ":memory:" {
                return Err("SQLite needs a file, such as \"sqlite:grantor.db\"".to_owned());
            }
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            url::Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
        } else {
            return Err("must be \"sqlite:PATH\" or \"postgres://USER@HOST/DATABASE\"".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL with whatever password it holds.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is the embedded engine.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = self.0.split(':').next().unwrap_or_default();
        write!(f, "DatabaseUrl({engine}:[redacted])")
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Database> {
    let text = reader.secret("database.url", "database.url_file");
    let url = text.and_then(|text| {
        let path = if reader.is_set("database.url_file") {
            "database.url_file"
        } else {
            "database.url"
        };
        DatabaseUrl::parse(text.expose())
            .map_err(|message| reader.problem(path, message))
            .ok()
    });
    let max_connections = reader.number("database.max_connections", 1, 1000);
    let migrate_on_start = reader.boolean("database.migrate_on_start");
    Some(Database {
        url: url?,
        max_connections: max_connections?,
        migrate_on_start: migrate_on_start?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::testing::Files;
    use super::*;

    fn database(text: &str) -> (Option<Database>, Vec<String>) {
        let source = Source::text(text);
        let mut reader = Reader::new(&source);
        let database = read(&mut reader);
        (
            database,
            reader.problems.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn sqlite_files_and_postgres_urls_are_accepted() {
        for text in [
            "sqlite:grantor.db",
            "sqlite:///var/lib/grantor.db",
            "postgres://u:p@db/grantor?sslmode=require",
            "postgresql:///grantor?host=/run",
        ] {
            assert_eq!(
                DatabaseUrl::parse(text).map(|url| url.expose().to_owned()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "grantor.db",
            "sqlite:",
            "sqlite::memory:",
            "mysql://db/x",
            "postgres:db",
        ] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_never_shown() {
        let url = DatabaseUrl::parse("postgres://grantor:hunter2@db/grantor").unwrap();
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres:[redacted])");
        let (_, problems) = database("database.url = 'postgres://grantor:hunter2@[db/x'");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn the_url_may_stand_in_a_file_but_not_in_both_places() {
        let files = Files::new();
        let file = files.write("url", "postgres://u:p@db/grantor\n");
        let (read, problems) = database(&format!("database.url_file = '{file}'"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(read.unwrap().url.expose(), "postgres://u:p@db/grantor");
        let (_, problems) = database(&format!(
            "database.url_file = '{file}'\ndatabase.url = 'sqlite:x'"
        ));
        assert_eq!(
            problems,
            ["database.url_file: give either this or database.url, not both"]
        );
    }

    #[test]
    fn a_pool_has_at_least_one_connection() {
        assert_eq!(
            database("database.max_connections = 0").1,
            ["database.max_connections: must be between 1 and 1000"]
        );
    }
}
