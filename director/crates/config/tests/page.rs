//! `docs/reference.md` has every key of the grammar.

use director_config::reference::{Form, Key, Table, reference};
use std::path::Path;

const MARK: &str = "<!-- What follows is made of the code: `UPDATE_DOCS=1 cargo nextest run -p \
                    director-config` writes it. -->\n";

fn form(form: Form) -> String {
    match form {
        Form::Text => "text".to_owned(),
        Form::Duration => "duration".to_owned(),
        Form::Number(least, most) => format!("{least} to {most}"),
        Form::Boolean => "`true`, `false`".to_owned(),
        Form::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        Form::Texts => "list of texts".to_owned(),
        Form::Names => "texts by name".to_owned(),
        Form::Table(name) => format!("table {name}"),
        Form::Tables(name) => format!("list of tables {name}"),
        Form::Any(forms) => {
            let forms: Vec<String> = forms.iter().map(|it| self::form(*it)).collect();
            forms.join(" or ")
        }
    }
}

fn row(key: &Key) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let form = key.form.map(form).unwrap_or_default();
    let default = if key.is_required { "required" } else { key.default.as_str() };
    let (text, default) = (escaped(&key.text), escaped(default));
    format!("| `{}` | {form} | {default} | {text} |\n", key.name)
}

fn section(table: &Table) -> String {
    let rows: String = table.keys.iter().map(row).collect();
    let head = "| key | value | default | |\n| --- | --- | --- | --- |\n";
    let title = if table.title.starts_with('[') {
        format!("`{}`", table.title)
    } else {
        table.title.to_owned()
    };
    format!("\n## {title}\n\n{head}{rows}")
}

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reference.md");
    let text = std::fs::read_to_string(&path).expect("a page");
    let (before, after) = text.split_once(MARK).expect("the mark");
    let page: String = reference().iter().map(section).collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{page}")).expect("written");
        return;
    }
    assert!(after == page, "{} is old: {MARK}", path.display());
}
