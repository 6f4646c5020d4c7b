//! What docs/api.md promises, asked of a director that runs.

use crate::control::{beside, converse};
use director_shell::control::{Command, ask, listen};
use serde_json::Value;
use std::collections::BTreeSet;

const API: &str = include_str!("../../../../../docs/api.md");

/// The first field of the answer that each row of the tables promises, and its question.
fn promised() -> Vec<(String, Option<String>)> {
    let rows = API.lines().filter(|line| line.starts_with("| `{\"command\""));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let question = cells.next().unwrap().trim_matches('`').to_owned();
        let answer = cells.next().unwrap();
        let field = answer.strip_prefix('`').and_then(|rest| rest.split('`').next());
        (question, field.map(str::to_owned))
    })
    .collect()
}

/// Names of all fields, however deep, without the numbers of lists.
fn fields(value: &Value, under: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = format!("{under}.{name}");
                fields(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| fields(value, under, found)),
        _ => {}
    }
}

fn fields_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    fields(value, "", &mut found);
    found
}

/// The blocks of JSON in the document.
fn examples() -> Vec<Value> {
    let blocks = API.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_question_of_the_documentation_is_understood_and_has_the_promised_answer() {
    let questions = promised();
    assert!(questions.len() >= 12, "{questions:?}");
    let answered = beside(move |path| {
        let ask = |(question, field): (String, Option<String>)| {
            let answer = converse(&path, format!("{question}\n").as_bytes());
            (question, field, answer)
        };
        questions.into_iter().map(ask).collect::<Vec<_>>()
    })
    .await;
    for (question, field, answer) in answered {
        assert_eq!(answer["version"], 1, "{question}: {answer}");
        match field {
            Some(field) => assert!(answer.get(&field).is_some(), "{question}: {answer}"),
            // An order is carried out or refused in words, and never misunderstood.
            None => {
                let settled = answer.get("done").or_else(|| answer.get("refused"));
                assert!(settled.is_some(), "{question}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn examples_have_the_fields_that_a_director_gives() {
    let (counters, event) = beside(|path| {
        let of = || ask(&path, &Command::Counters).unwrap();
        let mut counters = of();
        while counters["counters"]["servers"].as_array().unwrap().is_empty() {
            counters = of();
        }
        let mut event = Value::Null;
        listen(&path, |line| {
            event = serde_json::from_str(line).unwrap();
            event.get("event").is_none()
        })
        .unwrap();
        (counters, event)
    })
    .await;
    let examples = examples();
    let has = |field: &str| {
        examples
            .iter()
            .find(|example| example.get(field).is_some())
            .unwrap_or_else(|| panic!("no example with {field}"))
    };
    assert_eq!(fields_of(has("counters")), fields_of(&counters));
    let outer = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(outer(has("event")), outer(&event));
    let report = has("event")["report"].clone();
    serde_json::from_value::<director_core::Report>(report).expect("the example is a report");
}
