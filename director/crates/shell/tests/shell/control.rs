//! The control socket of a director that runs.

use crate::support::{Cluster, FakeKernel};
use director_core::name::GroupName;
use director_shell::control::{AskError, Command, Control, OpenError, Shape, ask};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use tokio::task::{LocalSet, spawn_blocking};

/// A director behind a socket, and `asking` beside it on another thread.
async fn beside<T: Send + 'static>(asking: impl FnOnce(PathBuf) -> T + Send + 'static) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/control.sock");
    let asked = path.clone();
    let local = LocalSet::new();
    let answered = local.run_until(async move {
        let director = Cluster::default().start("d1", 1, &FakeKernel::default());
        let control = Control::open(&asked).unwrap();
        let serving = tokio::task::spawn_local(control.serve(director.orders.clone()));
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
fn converse(path: &Path, line: &[u8]) -> Value {
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
