//! A Chromium without a window, over its DevTools protocol: by two pipes, so that nothing listens.

use e2e::processes::Outcome;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program that reads commands from its third and writes answers to its fourth file: the one
/// that is nothing but that, or the whole browser.
const START: &str = "exec \"$(command -v chromium-headless-shell || command -v chromium)\" \
     --headless=new --no-sandbox --disable-gpu --disable-extensions \
     --remote-debugging-pipe --user-data-dir=\"$0\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    number: u64,
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It has no work of its own that would be lost.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Browser {
    pub(crate) fn start(folder: &Path) -> Outcome<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", START]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("chromium: {error}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("chromium has no pipes".to_owned());
        };
        let from = BufReader::new(from);
        let mut browser = Self { child, to, from, number: 0, session: String::new() };
        let made = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))?;
        let asked = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", asked)?;
        browser.session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        Ok(browser)
    }

    /// One command and its result.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Outcome<Value> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).map_err(|error| format!("chromium: {error}"))?;
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer).map_err(|error| format!("chromium: {error}"))?;
            if answer.pop() != Some(0) {
                return Err("chromium has ended".to_owned());
            }
            let answer: Value = serde_json::from_slice(&answer).map_err(|it| it.to_string())?;
            if answer["id"] != json!(self.number) {
                continue;
            }
            return match answer.get("error") {
                Some(error) => Err(format!("{method}: {error}")),
                None => Ok(answer["result"].clone()),
            };
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn see(&mut self, expression: &str) -> Outcome<Value> {
        let asked = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let done = self.ask("Runtime.evaluate", asked)?;
        match done.get("exceptionDetails") {
            Some(wrong) => Err(format!("{expression}: {wrong}")),
            None => Ok(done["result"]["value"].clone()),
        }
    }

    /// Presses a key and lets it go, as a keyboard does.
    pub(crate) fn press(&mut self, key: &str) -> Outcome<()> {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            " " => ("Space", 32, " "),
            other => ("", 0, other),
        };
        let event = |kind: &str| {
            json!({
                "type": kind, "key": key, "code": code, "text": text,
                "windowsVirtualKeyCode": number,
            })
        };
        self.ask("Input.dispatchKeyEvent", event("keyDown"))?;
        self.ask("Input.dispatchKeyEvent", event("keyUp"))?;
        Ok(())
    }

    /// The size of the window; a small one is a telephone's.
    pub(crate) fn size(&mut self, width: u32, height: u32) -> Outcome<()> {
        let mobile = width < 600;
        let factor = if mobile { 2 } else { 1 };
        let asked = json!({
            "width": width, "height": height, "deviceScaleFactor": factor, "mobile": mobile,
        });
        self.ask("Emulation.setDeviceMetricsOverride", asked).map(|_| ())
    }

    pub(crate) fn open(&mut self, address: &str) -> Outcome<()> {
        self.ask("Page.enable", json!({}))?;
        self.ask("Page.navigate", json!({ "url": address })).map(|_| ())
    }

    /// What the window shows, as a PNG.
    pub(crate) fn picture(&mut self, path: &Path) -> Outcome<()> {
        use base64::Engine as _;
        let taken = self.ask("Page.captureScreenshot", json!({ "format": "png" }))?;
        let text = taken["data"].as_str().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        let bytes = bytes.map_err(|error| error.to_string())?;
        std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
    }
}
