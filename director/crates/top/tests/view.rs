//! What the view shows, cell by cell, and what its keys do.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use director_top::{Counters, Heard, Look, Model, Status, Wish, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};
use std::time::Duration;

const PLAIN: Look = Look { colour: false, unicode: false };
const RICH: Look = Look { colour: true, unicode: true };

fn server(number: usize, health: &str, why: &str) -> Value {
    let weight = if health == "up" { 10 } else { 0 };
    json!({
        "address": format!("10.0.{}.{}:80", number / 200, 20 + number % 200), "health": health,
        "since_ms": 3_725_000, "why": why, "weight": 10, "desired_weight": weight,
        "kernel_weight": weight, "active": 4711 + number, "inactive": 7, "failures": 0,
        "check_us": 1500, "duty": "serve", "duty_ms": null, "by": null, "damped_ms": null,
    })
}

fn service(name: &str, port: u16, servers: Vec<Value>) -> Value {
    json!({
        "name": name, "key": { "tcp": format!("10.0.0.100:{port}") }, "settings": "wlc",
        "fallback": "127.0.0.1:80", "fallback_serving": false, "quorate": true,
        "panicking": false, "servers": servers,
    })
}

fn status() -> Value {
    let mut drained = server(3, "up", "3 checks in a row succeeded");
    drained["duty"] = "drain".into();
    drained["by"] = json!({ "who": "root", "why": "new disk" });
    drained["desired_weight"] = 0.into();
    let servers = vec![
        server(1, "up", "2 checks in a row succeeded"),
        server(2, "down", "connect: connection refused after 3 checks in a row"),
        drained,
    ];
    let mail = vec![server(9, "unknown", "it has not been checked yet")];
    json!({
        "cluster": "shop", "node": "d1", "config": "0000000000001234", "started_ms": 93_784_000,
        "witness": true,
        "groups": [
            { "name": "web", "role": "active", "since_ms": 185_000, "resting": false,
              "why": "the kernel holds its addresses", "owner": "d1",
              "addresses": [{ "address": "10.0.0.100", "prefix": 24, "interface": "eth0",
                              "held": true }] },
            { "name": "mail", "role": "waiting", "since_ms": 4_000, "resting": false,
              "why": "it has just started", "owner": null, "addresses": [] },
        ],
        "peers": [{ "name": "d2", "state": "alive", "same_config": true, "heard_ms": 40,
            "links": [{ "interface": "eth0", "up": true, "heard_ms": 40 },
                      { "interface": "eth1", "up": false, "heard_ms": null }] }],
        "services": [service("http", 80, servers), service("smtp", 25, mail)],
        "draining": [{ "service": { "fw-mark": 7 }, "address": "10.0.0.29:0", "connections": 3,
                       "remaining_ms": 12_000 }],
        "kernel": { "converged": false, "observed_ms": 250,
                    "refused": ["set net/ipv4/vs/expire_nodest_conn = 1: it does not exist"],
                    "foreign": ["service tcp 10.0.0.200:25"] },
    })
}

fn take(model: &mut Model, status: &Value) -> Option<Wish> {
    let status: Status = serde_json::from_value(status.clone()).unwrap();
    model.heard(Heard::Status(Box::new(status)))
}

fn model() -> Model {
    let mut model = Model::default();
    take(&mut model, &status());
    for (read_ms, connections) in [(1000, 100), (3000, 125)] {
        let counters: Counters = serde_json::from_value(json!({ "read_ms": read_ms, "servers": [{
            "service": "http", "server": "10.0.0.21:80", "active": 4712, "inactive": 9,
            "connections": connections, "bytes_in": connections * 1000,
        }]}))
        .unwrap();
        model.heard(Heard::Counters(counters));
    }
    for (number, level, message) in
        [(1, "info", "group web: standby → active"), (2, "warn", "peer d2: link eth1 is lost")]
    {
        let line = json!({ "version": 1, "event": number, "level": level, "message": message });
        model.heard(Heard::Event(line.to_string()));
    }
    model.tick(Duration::from_millis(3500));
    model
}

fn screen(model: &mut Model, width: u16, height: u16, look: Look) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, frame, look)).unwrap();
    terminal
}

fn text(model: &mut Model, width: u16, height: u16, look: Look) -> String {
    let terminal = screen(model, width, height, look);
    let cells = terminal.backend().buffer().content.chunks(usize::from(width));
    let lines = cells.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn press(model: &mut Model, keys: &str) -> Option<Wish> {
    let mut wish = None;
    for word in keys.split(' ') {
        let code = match word {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "down" => KeyCode::Down,
            "up" => KeyCode::Up,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "end" => KeyCode::End,
            "home" => KeyCode::Home,
            "pagedown" => KeyCode::PageDown,
            "tab" => KeyCode::Tab,
            letter => KeyCode::Char(letter.chars().next().unwrap()),
        };
        wish = model.press(KeyEvent::new(code, KeyModifiers::NONE));
    }
    wish
}

/// The line that the cursor is on.
fn chosen(model: &mut Model) -> String {
    let text = text(model, 80, 24, PLAIN);
    let line = text.lines().find(|line| line.starts_with('>')).unwrap_or_default();
    let line = line.trim_start_matches(['>', '!']);
    line.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn a_small_screen() {
    insta::assert_snapshot!(text(&mut model(), 80, 24, RICH));
}

#[test]
fn a_small_screen_without_colour_and_other_letters() {
    let shown = text(&mut model(), 80, 24, PLAIN);
    assert!(shown.is_ascii(), "{shown}");
    let terminal = screen(&mut model(), 80, 24, PLAIN);
    let cells = &terminal.backend().buffer().content;
    let plain = ratatui::style::Color::Reset;
    assert!(cells.iter().all(|cell| cell.fg == plain && cell.bg == plain));
    insta::assert_snapshot!(shown);
}

#[test]
fn a_large_screen() {
    insta::assert_snapshot!(text(&mut model(), 200, 50, RICH));
}

#[test]
fn every_size_can_be_drawn() {
    for width in (1..130).step_by(7) {
        for height in 1..30 {
            let mut model = model();
            text(&mut model, width, height, RICH);
            press(&mut model, "down down down down d");
            text(&mut model, width, height, PLAIN);
            press(&mut model, "esc enter");
            text(&mut model, width, height, RICH);
        }
    }
}

#[test]
fn the_cursor_stays_on_its_thing() {
    let mut model = model();
    assert_eq!(chosen(&mut model), "web");
    press(&mut model, "down down down down");
    assert_eq!(chosen(&mut model), "10.0.0.21:80");
    let mut fewer = status();
    fewer["groups"].as_array_mut().unwrap().remove(1);
    take(&mut model, &fewer);
    assert_eq!(chosen(&mut model), "10.0.0.21:80");
    fewer["services"][0]["servers"].as_array_mut().unwrap().remove(0);
    take(&mut model, &fewer);
    assert_eq!(chosen(&mut model), "10.0.0.22:80");
    press(&mut model, "home");
    assert_eq!(chosen(&mut model), "web");
}

#[test]
fn a_filter_finds_names_addresses_and_reasons() {
    let mut model = model();
    press(&mut model, "/ r e f u s e d enter");
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(shown.contains("10.0.0.22:80") && !shown.contains("10.0.0.21:80"), "{shown}");
    assert!(shown.contains("filter: refused (Esc shows all)"), "{shown}");
    press(&mut model, "esc p");
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(shown.contains("10.0.0.22:80") && !shown.contains("10.0.0.21:80"), "{shown}");
    assert!(shown.contains("mail") && !shown.contains("  web"), "{shown}");
    press(&mut model, "p left");
}

#[test]
fn a_folded_service_hides_its_servers() {
    let mut model = model();
    press(&mut model, "down down down down left");
    assert_eq!(chosen(&mut model), "+");
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(!shown.contains("10.0.0.21:80") && shown.contains("10.0.0.29:80"), "{shown}");
    press(&mut model, "right");
    assert!(text(&mut model, 80, 24, PLAIN).contains("10.0.0.21:80"));
}

fn json_of(wish: Option<Wish>) -> Value {
    match wish {
        Some(Wish::Order(command) | Wish::Explain(command)) => {
            serde_json::to_value(command).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_drain_asks_before_it_is_done() {
    let mut model = model();
    assert_eq!(press(&mut model, "d"), None);
    assert!(text(&mut model, 80, 24, PLAIN).contains("choose a server first"));
    assert_eq!(press(&mut model, "down down down down d q tab"), None);
    insta::assert_snapshot!(text(&mut model, 80, 24, RICH));
    let order = json_of(press(&mut model, "enter"));
    let wanted = json!({ "command": "drain", "server": "http/10.0.0.21:80", "reason": "q",
        "force": true, "deadline_ms": null });
    assert_eq!(order, wanted);
    model.heard(Heard::Ordered(Err("service http would be left without a server".into())));
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(shown.contains("Refused: service http would be left"), "{shown}");
    model.heard(Heard::Ordered(Ok("d1 has done it".into())));
    assert!(text(&mut model, 80, 24, PLAIN).contains("d1 has done it"));
    assert_eq!(press(&mut model, "d esc q"), Some(Wish::Quit));
}

#[test]
fn groups_are_handed_over_and_servers_weighed() {
    let mut model = model();
    let order = json_of(press(&mut model, "h enter"));
    assert_eq!(order, json!({ "command": "handover", "group": "web", "reason": "" }));
    press(&mut model, "esc end");
    press(&mut model, "home down down down down w x 7 enter n e w");
    let order = json_of(press(&mut model, "enter"));
    let wanted = json!({ "command": "weight", "server": "http/10.0.0.21:80", "weight": 7,
        "reason": "new" });
    assert_eq!(order, wanted);
}

#[test]
fn a_page_says_why_and_stays_fresh() {
    let mut model = model();
    let question = json_of(press(&mut model, "down down down down down enter"));
    let wanted = json!({ "command": "explain", "subject": "http/10.0.0.22:80", "format": "text" });
    assert_eq!(question, wanted);
    let why = "server 10.0.0.22:80 of service http: down\n  3 s ago  it went down: connection \
               refused after 3 checks in a row, which is as many as `fall` asks for\n  checked \
               1 s ago, 1.2 ms: connection refused\n";
    model.heard(Heard::Explained(why.into()));
    insta::assert_snapshot!(text(&mut model, 80, 24, RICH));
    assert_eq!(json_of(take(&mut model, &status())), wanted);
    press(&mut model, "esc");
    assert_eq!(chosen(&mut model), "10.0.0.22:80");
}

#[test]
fn a_lost_director_is_shown_and_found_again() {
    let mut model = model();
    model.heard(Heard::Lost("/run/director/control.sock: no director runs here".into()));
    model.tick(Duration::from_secs(8));
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(shown.contains("NOT CONNECTED for 4s, trying again: /run/director"), "{shown}");
    assert!(shown.contains("10.0.0.21:80"), "what was known stays: {shown}");
    take(&mut model, &status());
    assert!(!text(&mut model, 80, 24, PLAIN).contains("NOT CONNECTED"));
}

#[test]
fn what_a_server_answers_is_no_command_to_the_terminal() {
    let mut model = model();
    let mut rude = status();
    rude["services"][0]["servers"][1]["why"] = "\u{1b}]0;pwned\u{7}\u{9b}31m".into();
    take(&mut model, &rude);
    press(&mut model, "down down down down down");
    let shown = text(&mut model, 200, 50, RICH);
    assert!(shown.contains("?]0;pwned??31m"), "{shown}");
    assert!(!shown.chars().any(|letter| letter.is_control() && letter != '\n'));
}

#[test]
fn of_a_thousand_servers_the_visible_are_drawn_and_all_are_reached() {
    let mut large = status();
    let services = (0..100).map(|number| {
        let servers = (0..10).map(|n| server(number * 10 + n, "up", "checks succeed")).collect();
        service(&format!("s{number:03}"), 1000, servers)
    });
    large["services"] = services.collect();
    let mut model = Model::default();
    take(&mut model, &large);
    assert!(text(&mut model, 80, 24, PLAIN).contains("1000/1000 servers up"));
    press(&mut model, "end");
    assert_eq!(chosen(&mut model), "not", "what is not ours in the kernel is last");
    for _ in 0..60 {
        press(&mut model, "pagedown");
    }
    press(&mut model, "/ s 0 9 9 enter");
    let shown = text(&mut model, 80, 24, PLAIN);
    assert!(shown.contains("- s099") && !shown.contains("- s098"), "{shown}");
}

/// What `director status --json` writes is what is read here.
#[test]
fn the_promised_form_of_the_status_is_understood() {
    let promise =
        include_str!("../../shell/tests/text/snapshots/text__status__programs_read_json.snap");
    let (_, json) = promise.split_once("---\n").unwrap().1.split_once("---\n").unwrap();
    let mut model = Model::default();
    take(&mut model, &serde_json::from_str(json).unwrap());
    insta::assert_snapshot!(text(&mut model, 120, 24, RICH));
}
