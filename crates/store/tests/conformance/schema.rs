//! The twin migrations: same files, same tables, same columns, same indices.

use std::{collections::BTreeSet, fs, path::Path};

use sqlx::{Connection as _, Row as _};

use crate::world::World;

fn names(engine: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(engine);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    files.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn both_engines_end_with_the_same_tables_columns_and_indices() {
    let (sqlite, postgres) = (World::sqlite().await, World::postgres().await);
    let mut of_sqlite = sqlx::SqliteConnection::connect(&sqlite.url).await.unwrap();
    let mut of_postgres = sqlx::PgConnection::connect(&postgres.url).await.unwrap();

    let columns = sqlx::query(
        r#"SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c."notnull" THEN ' NOT NULL' ELSE '' END
             || CASE WHEN c.pk > 0 THEN ' key' ELSE '' END
             FROM sqlite_master AS m, pragma_table_info(m.name) AS c
            WHERE m.type = 'table' AND m.name NOT LIKE '\_sqlx%' ESCAPE '\' AND m.name NOT LIKE 'sqlite%'"#,
    );
    let in_sqlite: BTreeSet<String> =
        columns.fetch_all(&mut of_sqlite).await.unwrap().iter().map(|row| row.get(0)).collect();

    let columns = sqlx::query(
        "SELECT c.table_name || '.' || c.column_name || ' '
              || CASE c.data_type WHEN 'uuid' THEN 'BLOB' WHEN 'bytea' THEN 'BLOB' ELSE upper(c.data_type) END
              || CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
              || CASE WHEN EXISTS (SELECT 1 FROM information_schema.key_column_usage k
                                     JOIN information_schema.table_constraints t USING (constraint_name)
                                    WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name
                                      AND k.column_name = c.column_name) THEN ' key' ELSE '' END
           FROM information_schema.columns c
          WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx%'",
    );
    let in_postgres: BTreeSet<String> =
        columns.fetch_all(&mut of_postgres).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(in_sqlite.len() > 80, "{in_sqlite:?}");
    assert_eq!(in_sqlite, in_postgres);

    let indices = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
    let in_sqlite: BTreeSet<String> =
        indices.fetch_all(&mut of_sqlite).await.unwrap().iter().map(|row| row.get(0)).collect();
    let indices = sqlx::query(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
            AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key'",
    );
    let in_postgres: BTreeSet<String> =
        indices.fetch_all(&mut of_postgres).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(in_sqlite, in_postgres);
}
