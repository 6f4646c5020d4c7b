//! `e2e-page`: the page of a director in a browser and `director top` in a terminal, by keyboard
//! alone, and how soon they show a change.
//!
//! `e2e-page PAIR DIRECTOR FOLDER` starts the pair of paper (`paper_pair` of `director-shell`) with
//! a thousand servers, opens its page in a Chromium without a window and `top` in a tmux, and shows
//! one line for each thing that holds or does not. Pictures of the page are left in FOLDER. Status
//! 1 when something does not hold, 2 when it cannot be tried.

mod browser;
mod look;
mod soon;
mod terminal;

use browser::Browser;
use e2e::processes::{Outcome, until};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// Services, servers of each, and the port of the first director's page.
const SHAPE: [&str; 3] = ["250", "4", "19470"];
pub(crate) const PAGE: &str = "http://127.0.0.1:19470/";
const READY: Duration = Duration::from_secs(60);

/// What is being tried.
pub(crate) struct Trial {
    pub(crate) browser: Browser,
    pub(crate) director: PathBuf,
    pub(crate) folder: PathBuf,
    broken: u32,
}

impl Trial {
    /// Shows whether something holds.
    pub(crate) fn hold(&mut self, what: &str, holds: bool, said: impl std::fmt::Display) {
        println!("{what}: {}: {said}", if holds { "holds" } else { "BROKEN" });
        self.broken += u32::from(!holds);
    }
}

/// The directors of paper; they end with this program.
struct Pair(Child);

impl Drop for Pair {
    fn drop(&mut self) {
        let _gone = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [pair, director, folder] = words.as_slice() else {
        eprintln!("usage: e2e-page PAIR DIRECTOR FOLDER");
        return ExitCode::from(2);
    };
    match tried(pair, Path::new(director), Path::new(folder)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn tried(pair: &str, director: &Path, folder: &Path) -> Outcome<u32> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = Command::new(pair);
    command.arg(folder).args(SHAPE).stdout(Stdio::null()).stderr(Stdio::null());
    let _pair = Pair(command.spawn().map_err(|error| format!("{pair}: {error}"))?);
    let socket = folder.join("d1.sock");
    until(READY, || match socket.exists() {
        true => Ok(()),
        false => Err("the directors do not start".to_owned()),
    })?;
    let browser = Browser::start(&folder.join("browser"))?;
    let (director, folder) = (director.to_owned(), folder.to_owned());
    let mut trial = Trial { browser, director, folder, broken: 0 };
    trial.browser.size(1280, 900)?;
    trial.browser.open(PAGE)?;
    ready(&mut trial)?;
    // A director that has just started takes no orders yet.
    until(READY, || soon::order(&trial, "on", "10.1.3.20:80"))?;
    soon::order(&trial, "off", "10.1.3.20:80")?;
    look::desktop(&mut trial)?;
    look::keyboard(&mut trial)?;
    soon::page(&mut trial)?;
    look::telephone(&mut trial)?;
    terminal::all(&mut trial)?;
    Ok(trial.broken)
}

/// Waits until the page has everything.
pub(crate) fn ready(trial: &mut Trial) -> Outcome<()> {
    until(READY, || match trial.browser.see(look::READY)?.as_bool() {
        Some(true) => Ok(()),
        _ => Err("the page does not become ready".to_owned()),
    })
}
