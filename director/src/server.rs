//! `director server`: real servers that come and go while the director runs.
//!
//! Without `--keep` the running director is told, and forgets with its end. With `--keep` the file
//! is changed and the director reads it anew: the file must be the one that is in use, or somebody
//! else's unfinished work would come into use with it.

mod edit;

use crate::cli::orders::{Asked, ServerTask, Which};
use crate::operate::order;
use crate::output::{Failure, complain, say, shown};
use director_config::parse_all;
use director_core::config::Config;
use director_shell::control::{Command, ask};
use edit::{Edit, Server};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Adds, removes, or lists.
pub(crate) fn server(task: &ServerTask) -> Result<ExitCode, Failure> {
    match task {
        ServerTask::Add { which, weight, asked } => {
            let command = Command::AddServer {
                service: which.service.clone(),
                address: which.server.address,
                port: which.server.port,
                weight: *weight,
                reason: asked.reason.clone(),
            };
            let server = which.server.address;
            let done = format!("{server} gets connections after its first good check");
            carry_out(which, asked, Edit::Add(the(which), *weight), &command, &done)
        }
        ServerTask::Remove { which, force, asked } => {
            let command = Command::RemoveServer {
                service: which.service.clone(),
                address: which.server.address,
                port: which.server.port,
                force: *force,
                reason: asked.reason.clone(),
            };
            let done = format!("{} leaves when its drain is over", which.server.address);
            carry_out(which, asked, Edit::Remove(the(which)), &command, &done)
        }
        ServerTask::List { control } => {
            let answer = ask(&control.control, &Command::Altered).map_err(Failure::machine)?;
            let servers = answer["altered"]["servers"].as_array().cloned().unwrap_or_default();
            let line = |it: &Value| {
                let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                let weight = it["weight"].as_u64();
                let weight = weight.map(|weight| format!(" weight {weight}")).unwrap_or_default();
                format!("{} {}/{}{weight}", text("change"), text("service"), text("server"))
            };
            let lines: Vec<String> = servers.iter().map(line).collect();
            let none = "nothing was added or removed beside the configuration".to_owned();
            say(&if lines.is_empty() { none } else { lines.join("\n") })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn the(which: &Which) -> Server {
    Server { address: which.server.address, port: which.server.port }
}

fn carry_out(
    which: &Which,
    asked: &Asked,
    edit: Edit,
    command: &Command,
    done: &str,
) -> Result<ExitCode, Failure> {
    match &which.keep {
        false => order(asked, command, done),
        true => keep(which, asked, edit, done),
    }
}

/// Changes the file, has it read, and puts it back when it is not taken.
fn keep(which: &Which, asked: &Asked, edit: Edit, done: &str) -> Result<ExitCode, Failure> {
    let wrong = |problems| Failure::input(shown(&problems));
    let (config, texts) = director_config::load(&which.config).map_err(wrong)?;
    is_in_use(&config, &which.config, asked)?;
    // The service may stand in a file that the configuration includes.
    let defined = texts.defining("services", which.service.as_str());
    let (name, before) = defined.or(texts.iter().next()).unwrap_or_default();
    let path = Path::new(name);
    let failed = |error: io::Error| Failure::machine(format_args!("{name}: {error}"));
    let service = config.services.get(&which.service);
    let own = service.and_then(|service| service.key.address()).map(|key| key.port());
    let after = edit::edited(before, which.service.as_str(), own, edit);
    let after = after.map_err(|why| Failure::input(format_args!("{name}: {why}")))?;
    parse_all(&texts.with(name, &after)).map_err(wrong)?;
    if fs::read_to_string(path).map_err(failed)? != before {
        return Err(Failure::machine(format_args!("{name} has just been changed; try again")));
    }
    replace(path, &after).map_err(failed)?;
    let reload = Command::Reload { reason: asked.reason.clone() };
    let refused = match ask(&asked.control.control, &reload) {
        Ok(answer) => match answer.get("refused").and_then(Value::as_str) {
            None => {
                return say(&format!("{name} is changed and in use: {done}"))
                    .map(|()| ExitCode::SUCCESS);
            }
            Some(why) => {
                let problems = answer.get("problems").and_then(Value::as_array);
                for problem in problems.into_iter().flatten().filter_map(Value::as_str) {
                    complain(problem);
                }
                why.to_owned()
            }
        },
        Err(error) => error.to_string(),
    };
    replace(path, before).map_err(failed)?;
    Err(Failure::machine(format_args!("refused, {name} is as it was: {refused}")))
}

/// Refuses to change a file that the running director does not have in use.
fn is_in_use(config: &Config, path: &Path, asked: &Asked) -> Result<(), Failure> {
    let answer = ask(&asked.control.control, &Command::Altered).map_err(Failure::machine)?;
    let read = answer["altered"]["read"].as_str().unwrap_or_default().to_owned();
    if read == config.digest().to_string() {
        return Ok(());
    }
    Err(Failure::machine(format_args!(
        "refused, nothing was changed: {} is not what the director has read (it has {read}); \
         look at the difference, then `director reload`, then try again",
        path.display()
    )))
}

/// Puts a file in the place of another, whole or not at all, with its owner and mode.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new: PathBuf = folder.join(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut options = File::options();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
        file.set_permissions(old.permissions())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    })();
    if written.is_err() {
        // What is left of it is no use to anybody.
        let _gone = fs::remove_file(&new);
    }
    written?;
    // The name must survive a power loss, too.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("director.toml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
    }
}
