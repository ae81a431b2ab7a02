//! Which database remembers everything.

use grantor_store::{DatabaseConfig, DatabaseUrl};

use super::reader::Reader;

/// The database and how it is used.
#[derive(Debug)]
pub struct Database {
    /// Where it is; a password in it is never shown.
    pub url: DatabaseUrl,
    /// How many Postgres connections are held at most; SQLite has one writer and a few readers.
    pub max_connections: u32,
    /// Whether `serve` migrates Postgres; SQLite is migrated whenever it is opened.
    pub migrate_on_start: bool,
}

impl Database {
    /// What opening the store takes.
    pub fn store(&self) -> DatabaseConfig {
        DatabaseConfig { url: self.url.clone(), max_connections: self.max_connections }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Database> {
    let text = reader.secret("database.url", "database.url_file");
    let url = text.and_then(|text| {
        let path = if reader.is_set("database.url_file") { "database.url_file" } else { "database.url" };
        parse(text.expose()).map_err(|message| reader.problem(path, message)).ok()
    });
    let max_connections = reader.number("database.max_connections", 1, 1000);
    let migrate_on_start = reader.boolean("database.migrate_on_start");
    Some(Database { url: url?, max_connections: max_connections?, migrate_on_start: migrate_on_start? })
}

fn parse(text: &str) -> Result<DatabaseUrl, String> {
    if text.starts_with("sqlite:") && text.contains('?') {
        return Err("sqlite: takes no parameters; write only the path of the file".to_owned());
    }
    text.parse::<DatabaseUrl>().map_err(|error| error.to_string())
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
        (database, reader.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn sqlite_files_and_postgres_urls_are_accepted() {
        for text in
            ["sqlite:grantor.db", "sqlite:///var/lib/grantor.db", "postgres://u:p@db/grantor?sslmode=require"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["", "grantor.db", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "mysql://db/x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_never_shown() {
        let (read, _) = database("database.url = 'postgres://grantor:hunter2@db/grantor'");
        assert!(!format!("{read:?}").contains("hunter2"));
        let (_, problems) = database("database.url = 'mysql://grantor:hunter2@db/x'");
        assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn the_url_may_stand_in_a_file_but_not_in_both_places() {
        let files = Files::new();
        let file = files.write("url", "sqlite:elsewhere.db\n");
        let (read, problems) = database(&format!("database.url_file = '{file}'"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(read.unwrap().url.to_string(), "sqlite:elsewhere.db");
        let (_, problems) = database(&format!("database.url_file = '{file}'\ndatabase.url = 'sqlite:x'"));
        assert_eq!(problems, ["database.url_file: give either this or database.url, not both"]);
    }

    #[test]
    fn a_pool_has_at_least_one_connection() {
        assert_eq!(
            database("database.max_connections = 0").1,
            ["database.max_connections: must be between 1 and 1000"]
        );
    }
}
