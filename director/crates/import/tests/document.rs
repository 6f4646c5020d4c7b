//! `docs/import.md` has the tables that the code obeys.

use director_import::tables;
use std::path::Path;

const MARK: &str = "<!-- What follows is made of the code: `UPDATE_DOCS=1 cargo nextest run -p \
                    director-import` writes it. -->\n";

#[test]
fn the_tables_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/import.md");
    let text = std::fs::read_to_string(&path).expect("a page");
    let (before, after) = text.split_once(MARK).expect("the mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{}", tables())).expect("written");
        return;
    }
    assert!(after == tables(), "{} is old: {MARK}", path.display());
}
