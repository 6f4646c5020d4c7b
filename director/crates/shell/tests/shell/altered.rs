//! Real servers that are added and removed while a director runs.

use crate::control::{beside, converse};
use serde_json::Value;
use std::path::Path;

/// Asks one question.
fn of(path: &Path, question: &str) -> Value {
    converse(path, format!("{question}\n").as_bytes())
}

/// The servers of the only service, each with its state and its weight in the kernel.
fn servers(path: &Path) -> Vec<(String, String, Option<u64>)> {
    let status = of(path, r#"{"command":"status"}"#);
    let list = status["status"]["services"][0]["servers"].as_array().unwrap().clone();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let one = |it: &Value| (text(it, "address"), text(it, "health"), it["kernel_weight"].as_u64());
    list.iter().map(one).collect()
}

const ADD: &str =
    r#"{"command":"add-server","service":"http","address":"10.0.0.23","weight":5,"reason":"more"}"#;

#[tokio::test]
async fn a_server_that_is_added_serves_after_its_first_good_check_and_stays_over_a_reload() {
    let (done, again, altered, reloaded, served) = beside(|path| {
        let (done, again) = (of(&path, ADD), of(&path, ADD));
        let altered = of(&path, r#"{"command":"altered"}"#);
        let reloaded = of(&path, r#"{"command":"reload"}"#);
        let new = || servers(&path).into_iter().find(|(at, ..)| at == "10.0.0.23:80").unwrap();
        let mut served = new();
        while served.2 != Some(5) {
            served = new();
        }
        (done, again, altered, reloaded, served)
    })
    .await;
    assert_eq!((&done["done"], &done["node"]), (&true.into(), &"d1".into()), "{done}");
    assert!(again["refused"].as_str().unwrap().contains("already"), "{again}");
    let one = &altered["altered"]["servers"][0];
    assert_eq!((&one["change"], &one["server"]), (&"add".into(), &"10.0.0.23:80".into()));
    assert_ne!(altered["altered"]["read"], reloaded["config"], "the one in use has the server");
    assert_eq!(served.1, "up");
}

#[tokio::test]
async fn a_server_that_is_removed_leaves_and_the_last_one_does_not() {
    let (gone, left, last, forced, none) = beside(|path| {
        let remove = |address: &str, more: &str| {
            let head = r#"{"command":"remove-server","service":"http","address":""#;
            of(&path, &format!("{head}{address}\"{more}}}"))
        };
        let gone = remove("10.0.0.21", "");
        let left = servers(&path);
        let last = remove("10.0.0.22", "");
        let forced = remove("10.0.0.22", r#","force":true"#);
        (gone, left, last, forced, servers(&path))
    })
    .await;
    assert_eq!(gone["done"], true, "{gone}");
    assert_eq!(left.iter().map(|(at, ..)| at.as_str()).collect::<Vec<_>>(), ["10.0.0.22:80"]);
    assert!(last["refused"].as_str().unwrap().contains("only server"), "{last}");
    assert_eq!((forced["done"].clone(), none.len()), (true.into(), 0));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let refused = beside(|path| {
        [
            r#"{"command":"add-server","service":"nosuch","address":"10.0.0.23"}"#,
            r#"{"command":"add-server","service":"http","address":"10.0.0.100"}"#,
            r#"{"command":"add-server","service":"http","address":"2001:db8::23"}"#,
            r#"{"command":"remove-server","service":"http","address":"10.0.0.29"}"#,
        ]
        .map(|question| of(&path, question)["refused"].as_str().unwrap_or_default().to_owned())
    })
    .await;
    let words = ["no service nosuch", "a virtual", "family", "no server"];
    for (why, word) in refused.iter().zip(words) {
        assert!(why.contains(word), "{why}");
    }
}
