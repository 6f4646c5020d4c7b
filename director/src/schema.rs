//! `director schema`: a JSON schema of `director.toml`, for editors.

use crate::output::{Failure, say};
use director_config::reference::{Form, Key, Table, reference};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Writes the schema to standard output.
pub(crate) fn schema() -> Result<ExitCode, Failure> {
    say(&format!("{:#}", document()))?;
    Ok(ExitCode::SUCCESS)
}

/// The schema (JSON Schema, draft 2020-12).
fn document() -> Value {
    let tables = reference();
    let named = |name: &str| json!({ "type": "object", "additionalProperties": of(name) });
    let definitions: Map<String, Value> =
        tables.iter().map(|table| (table.name.to_owned(), object(table))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "director.toml",
        "type": "object",
        "additionalProperties": false,
        "required": ["cluster", "nodes"],
        "properties": {
            "include": {
                "type": "array",
                "items": { "type": "string" },
                "description": "Files that are part of the configuration, beside this one.",
            },
            "cluster": of("cluster"),
            "nodes": named("node"),
            "groups": named("group"),
            "services": named("service"),
            "alerts": named("alert"),
            "telemetry": of("telemetry"),
            "api": of("api"),
            "maintenance": of("maintenance"),
        },
        "$defs": definitions,
    })
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn object(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> =
        table.keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn property(key: &Key) -> Value {
    let mut schema = key.form.map_or_else(|| json!({}), form);
    let mut text = key.text.clone();
    if !key.default.is_empty() {
        text = format!("{text}\nDefault: {}", key.default);
    }
    if let Some(object) = schema.as_object_mut().filter(|_| !text.is_empty()) {
        object.insert("description".to_owned(), json!(text));
    }
    schema
}

fn form(form: Form) -> Value {
    match form {
        Form::Text => json!({ "type": "string" }),
        Form::Duration => {
            json!({ "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(us|ms|s|m|h)$" })
        }
        Form::Number(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Form::Names => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Form::Table(name) => of(name),
        Form::Tables(name) => json!({ "type": "array", "items": of(name) }),
        Form::Any(forms) => {
            let forms: Vec<Value> = forms.iter().map(|it| self::form(*it)).collect();
            json!({ "anyOf": forms })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why a value is not what the schema wants: as much of JSON Schema as `document` uses.
    fn wrong(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/");
            return wrong(value, &root["$defs"][name], root, at);
        }
        if let Some(forms) = schema["anyOf"].as_array() {
            let fits = forms.iter().any(|form| wrong(value, form, root, at).is_none());
            return (!fits).then(|| format!("{at}: none of the forms"));
        }
        if let Some(words) = schema["enum"].as_array() {
            return (!words.contains(value)).then(|| format!("{at}: none of the words"));
        }
        let fits = match schema["type"].as_str() {
            None => true,
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.as_i64().is_some_and(|number| {
                schema["minimum"].as_i64().is_none_or(|least| least <= number)
                    && schema["maximum"].as_i64().is_none_or(|most| number <= most)
            }),
            Some("array") => {
                let values = value.as_array();
                let mut values = values.into_iter().flatten();
                return values.find_map(|value| wrong(value, &schema["items"], root, at));
            }
            Some("object") => return wrong_object(value, schema, root, at),
            Some(other) => panic!("{other}"),
        };
        (!fits).then(|| format!("{at}: {value} is not {}", schema["type"]))
    }

    fn wrong_object(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
        let Some(object) = value.as_object() else { return Some(format!("{at}: no table")) };
        let required = schema["required"].as_array().into_iter().flatten();
        let mut required = required.filter_map(Value::as_str);
        if let Some(missing) = required.find(|key| !object.contains_key(*key)) {
            return Some(format!("{at}: no {missing}"));
        }
        object.iter().find_map(|(key, value)| {
            let at = format!("{at}.{key}");
            let own = &schema["properties"][key];
            match (own, &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => Some(format!("{at}: not known")),
                (Value::Null, other) => wrong(value, other, root, &at),
                (own, _) => wrong(value, own, root, &at),
            }
        })
    }

    fn examples() -> Vec<Value> {
        let grammar = include_str!("../crates/config/GRAMMAR.md");
        let blocks = grammar.split("```toml\n").skip(1);
        let whole = blocks.filter_map(|block| block.split("```").next());
        let parsed = whole.filter(|text| text.contains("[cluster]"));
        parsed.map(|text| toml::from_str(text).expect("TOML")).collect()
    }

    #[test]
    fn the_examples_of_the_grammar_fit() {
        let (schema, examples) = (document(), examples());
        assert!(examples.len() >= 2);
        for example in examples {
            assert_eq!(wrong(&example, &schema, &schema, ""), None);
        }
    }

    #[test]
    fn what_is_wrong_does_not_fit() {
        let schema = document();
        let good = examples().remove(0);
        let changed = |table: &str, key: &str, value: Value| {
            let mut example = good.clone();
            example[table][key] = value;
            wrong(&example, &schema, &schema, "")
        };
        for (key, value) in [
            ("keepalive", json!(100)),
            ("detection", json!("guess")),
            ("port", json!(0)),
            ("keepalve", json!("100ms")),
            ("links", json!([{ "interfaces": "eth0" }])),
        ] {
            assert!(changed("cluster", key, value).is_some(), "{key}");
        }
        assert_eq!(changed("cluster", "keepalive", json!("200ms")), None);
    }
}
