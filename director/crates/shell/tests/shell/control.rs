//! The control socket of a director that runs.

use crate::support::{Cluster, FakeKernel};
use director_core::name::GroupName;
use director_shell::control::{AskError, Command, Control, OpenError, Shape, ask, listen};
use director_shell::counters::Counters;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use tokio::task::{LocalSet, spawn_blocking};

/// A director behind a socket, and `asking` beside it on another thread.
pub(crate) async fn beside<T: Send + 'static>(
    asking: impl FnOnce(PathBuf) -> T + Send + 'static,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/control.sock");
    let asked = path.clone();
    let local = LocalSet::new();
    let answered = local.run_until(async move {
        let kernel = FakeKernel::default();
        let director = Cluster::default().start_with(crate::alerts::told(), "d1", 1, &kernel);
        let control = Control::open(&asked).unwrap();
        let counters = Counters::new(director.kernel.clone());
        let limit = std::sync::Arc::default();
        let serving =
            tokio::task::spawn_local(control.serve(director.orders.clone(), counters, limit));
        let answered = spawn_blocking(move || asking(asked)).await.unwrap();
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
        answered
    });
    let answered = answered.await;
    assert!(!path.exists(), "the socket goes with its director");
    answered
}

/// Says `line` and reads one line.
pub(crate) fn converse(path: &Path, line: &[u8]) -> Value {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(line).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn a_status_is_answered_in_both_forms() {
    let (json, text) = beside(|path| {
        let of = |format| ask(&path, &Command::Status { format }).unwrap();
        (of(Shape::Json), of(Shape::Text))
    })
    .await;
    assert_eq!(json["version"], 1);
    assert_eq!(json["status"]["node"], "d1");
    assert_eq!(json["status"]["groups"][0]["name"], "web");
    assert!(text["text"].as_str().unwrap().starts_with("director d1 of cluster test: "));
}

#[tokio::test]
async fn one_connection_can_ask_more_than_once_and_the_form_can_be_left_out() {
    let answers = beside(|path| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"{\"command\":\"status\"}\n{\"command\":\"status\"}\n").unwrap();
        let lines = BufReader::new(stream).lines().take(2);
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect::<Vec<Value>>()
    })
    .await;
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|answer| answer["status"]["node"] == "d1"));
}

#[tokio::test]
async fn what_is_not_understood_is_refused_in_words() {
    let answers = beside(|path| {
        let long = [&[b' '; 5000][..], b"\n"].concat();
        let questions: [&[u8]; 4] = [b"status\n", b"{}\n", b"{\"command\":\"fly\"}\n", &long];
        questions.map(|question| converse(&path, question))
    })
    .await;
    for answer in answers {
        assert_eq!(answer["version"], 1);
        assert!(answer["error"].as_str().unwrap().contains("not understood"), "{answer}");
    }
}

#[tokio::test]
async fn only_its_owner_may_ask() {
    let mode = beside(|path| fs::metadata(path).unwrap().permissions().mode()).await;
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_second_director_is_refused() {
    let error = beside(|path| Control::open(&path).unwrap_err()).await;
    assert!(matches!(error, OpenError::Busy(_)));
    assert!(error.to_string().contains("another director runs here"), "{error}");
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let error = ask(&path, &Command::Status { format: Shape::Text }).unwrap_err();
    assert!(matches!(error, AskError::NotRunning(_)), "{error}");
    drop(Control::open(&path).unwrap());
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    fs::write(&path, "dear").unwrap();
    assert!(matches!(Control::open(&path).unwrap_err(), OpenError::NotSocket(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "dear");
}

#[test]
fn nobody_there_is_said_with_what_to_do() {
    let error = ask(Path::new("/nonexistent/c.sock"), &Command::Status { format: Shape::Text });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no director runs here; start one"), "{error}");
}

#[tokio::test]
async fn a_handover_that_nobody_can_take_is_refused_with_the_reason() {
    let (handover, ready, strange) = beside(|path| {
        let group = Some(GroupName::new("web").unwrap());
        let handover = ask(&path, &Command::Handover { group, reason: String::new() }).unwrap();
        let ready = ask(&path, &Command::Ready { group: None, reason: String::new() }).unwrap();
        (handover, ready, converse(&path, b"{\"command\":\"handover\",\"group\":\"a b\"}\n"))
    })
    .await;
    let why = handover["refused"].as_str().unwrap();
    assert!(why.contains("group web"), "{why}");
    assert_eq!(ready["done"], true);
    assert!(strange["error"].as_str().unwrap().contains("a name has letters"));
}

#[tokio::test]
async fn orders_for_servers_are_refused_with_the_reason_while_a_director_listens() {
    let answers = beside(|path| {
        [
            &br#"{"command":"drain","server":"10.0.0.21","reason":"disk"}"#[..],
            br#"{"command":"drain","server":"10.9.9.9"}"#,
            br#"{"command":"weight","server":"web1","weight":3}"#,
            br#"{"command":"maintenance","server":"10.0.0.21"}"#,
        ]
        .map(|line| converse(&path, &[line, b"\n"].concat()))
    })
    .await;
    let word = |answer: &Value, key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    assert!(word(&answers[0], "refused").contains("has just started"), "{}", answers[0]);
    assert!(word(&answers[1], "refused").contains("no service has the server 10.9.9.9"));
    assert!(word(&answers[2], "error").contains("`web1` is not the address of a server"));
    assert!(word(&answers[3], "error").contains("missing field `on`"), "{}", answers[3]);
}

#[tokio::test]
async fn orders_that_come_too_fast_are_refused_and_questions_are_not() {
    let (refused, status) = beside(|path| {
        let ready = || ask(&path, &Command::Ready { group: None, reason: String::new() }).unwrap();
        for _ in 0..59 {
            ready();
        }
        (ready(), ask(&path, &Command::Status { format: Shape::Json }).unwrap())
    })
    .await;
    assert!(refused["refused"].as_str().unwrap().contains("too many orders"), "{refused}");
    assert_eq!(status["status"]["node"], "d1");
}

#[tokio::test]
async fn a_reload_is_answered_with_what_comes_of_it() {
    let answer = beside(|path| ask(&path, &Command::Reload { reason: "new server".into() })).await;
    let answer = answer.unwrap();
    assert_eq!(answer["done"], true, "{answer}");
    assert_eq!(answer["config"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn everything_is_explained_and_what_is_not_there_is_refused() {
    let (json, text, refused) = beside(|path| {
        let of = |subject: &str, format| {
            ask(&path, &Command::Explain { subject: subject.into(), format }).unwrap()
        };
        (of("web", Shape::Json), of("d2", Shape::Text), of("nobody", Shape::Text))
    })
    .await;
    let first = &json["explanation"][0];
    assert_eq!(first["subject"], "group web");
    assert!(first["state"].as_str().unwrap().contains("this node is waiting"), "{first}");
    assert!(text["text"].as_str().unwrap().starts_with("node d2: unknown"), "{text}");
    assert!(refused["refused"].as_str().unwrap().contains("nothing is called `nobody`"));
}

#[tokio::test]
async fn events_are_told_as_they_happen_until_the_listener_goes() {
    let lines = beside(|path| {
        let mut lines: Vec<Value> = Vec::new();
        listen(&path, |line| {
            lines.push(serde_json::from_str(line).unwrap());
            // The reports of the checks and of the end of listening come within seconds.
            lines.len() < 4
        })
        .unwrap();
        lines
    })
    .await;
    assert_eq!(lines[0]["listening"], true);
    let numbers: Vec<u64> = lines[1..].iter().map(|line| line["event"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    for line in &lines[1..] {
        assert!(line["report"]["event"].is_string() && line["message"].is_string(), "{line}");
        assert!(line["ts_ns"].as_u64().unwrap() > 0 && line["level"].is_string());
    }
}

#[tokio::test]
async fn counters_are_of_servers_in_the_table_and_one_reading_is_shared() {
    let (first, second) = beside(|path| {
        let of = || ask(&path, &Command::Counters).unwrap()["counters"].clone();
        // The director puts its table into the kernel when it begins.
        let mut first = of();
        while first["servers"].as_array().unwrap().is_empty() {
            first = of();
        }
        (first, of())
    })
    .await;
    let server = &first["servers"][0];
    assert_eq!((&server["service"], &server["server"]), (&"http".into(), &"10.0.0.21:80".into()));
    let connections = server["connections"].as_u64().unwrap();
    assert!(connections > 0 && server["bytes_in"] == 60 * connections, "{server}");
    assert!(first["read_ms"].as_u64().unwrap() > 0);
    assert_eq!(first, second, "asked again at once, the kernel is not");
}

#[tokio::test]
async fn metrics_are_a_whole_exposition() {
    let text = beside(|path| {
        let answer = ask(&path, &Command::Metrics).unwrap();
        answer["text"].as_str().unwrap().to_owned()
    })
    .await;
    // For readers of another make: ci/steps/prometheus.sh.
    if let Some(path) = std::env::var_os("SCRAPE_TO") {
        fs::write(path, &text).unwrap();
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("director_group_role{group=\"web\",role=\"waiting\"} 1\n"), "{text}");
    assert!(text.contains("director_service_servers{service=\"http\",state=\"up\"}"), "{text}");
}

/// The names of metrics in an expression.
fn metrics_of(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("director_"))
}

/// The family of a series: counters and histograms add a word to it.
fn is_declared(text: &str, series: &str) -> bool {
    let declared = |name: &str, kind: &str| text.contains(&format!("# TYPE {name} {kind}\n"));
    let counter = series.strip_suffix("_total").is_some_and(|name| declared(name, "counter"));
    let buckets = series.strip_suffix("_bucket").is_some_and(|name| declared(name, "histogram"));
    let info = series.strip_suffix("_info").is_some_and(|name| declared(name, "info"));
    counter || buckets || info || ["gauge", "histogram"].iter().any(|kind| declared(series, kind))
}

#[tokio::test]
async fn every_expression_of_the_alerts_and_of_the_dashboard_is_about_what_is_scraped() {
    let text = beside(|path| ask(&path, &Command::Metrics).unwrap()["text"].clone()).await;
    let text = text.as_str().unwrap();
    let alerts = include_str!("../../../../dist/alerts.yml");
    let rules = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let dashboard: Value =
        serde_json::from_str(include_str!("../../../../dist/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let drawn = targets.map(|target| target["expr"].as_str().unwrap());
    let expressions: Vec<&str> = rules.chain(drawn).collect();
    assert!(expressions.len() > 25, "{}", expressions.len());
    for expression in expressions {
        let mut names = metrics_of(expression).peekable();
        assert!(names.peek().is_some(), "{expression}");
        for name in names {
            assert!(is_declared(text, name), "{name} of `{expression}` is not in\n{text}");
        }
    }
    // There is no voter here to answer.
    let absent = "director_voter_answers";
    assert!(!is_declared(text, absent), "{absent} without a voter");
    let documented = include_str!("../../../../../docs/api.md").split('`');
    let documented = documented.filter(|name| name.starts_with("director_") && *name != absent);
    for name in documented.flat_map(metrics_of) {
        assert!(is_declared(text, name), "{name} of the documentation is not in\n{text}");
    }
}

#[tokio::test]
async fn every_line_of_the_metrics_is_of_a_family_that_was_declared() {
    let text = beside(|path| ask(&path, &Command::Metrics).unwrap()["text"].clone()).await;
    let text = text.as_str().unwrap();
    assert!(text.ends_with("# EOF\n"));
    let mut family = String::new();
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            family = declared.split(' ').next().unwrap().to_owned();
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(series.starts_with(&family), "{line} stands under {family}");
            let labels = series.split_once('{').map_or("", |(_, labels)| labels);
            assert!(labels.is_empty() || labels.ends_with("\"}"), "{line}");
        }
    }
}
