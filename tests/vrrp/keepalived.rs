//! Debian's keepalived in the namespace `k`.

use crate::cells::{Cell, Mac};
use crate::director::last_lines;
use e2e::processes::{Outcome, run, until};
use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

const FOLDER: &str = "/run/vrrp-k";
const STOPPED: Duration = Duration::from_secs(20);

pub(crate) struct Keepalived(Child);

fn configuration(cell: &Cell, priority: u8) -> String {
    let [other, own] = cell.own();
    let milliseconds = cell.interval;
    let mut words = String::new();
    if cell.unicast {
        words.push_str(&format!(
            "    unicast_src_ip {own}\n    unicast_peer {{\n        {other}\n    }}\n"
        ));
    }
    if cell.password {
        words.push_str(
            "    authentication {\n        auth_type PASS\n        auth_pass secret\n    }\n",
        );
    }
    if cell.mac != Mac::Own {
        words.push_str("    use_vmac\n");
    }
    if cell.mac == Mac::VirtualButAdverts {
        words.push_str("    vmac_xmit_base\n");
    }
    // Without a word the address is on the device with the hardware address.
    let place = if cell.mac == Mac::Own { " dev lan" } else { "" };
    format!(
        "global_defs {{\n    router_id k\n    vrrp_version {}\n}}\n\
         vrrp_instance web {{\n    state BACKUP\n    interface lan\n    virtual_router_id 51\n    \
         priority {priority}\n    advert_int {}.{:03}\n{words}    virtual_ipaddress {{\n        \
         {}{place}\n    }}\n}}\n",
        cell.version,
        milliseconds / 1000,
        milliseconds % 1000,
        cell.address()
    )
}

fn write(cell: &Cell, priority: u8) -> Outcome<()> {
    let file = format!("{FOLDER}/keepalived.conf");
    fs::write(&file, configuration(cell, priority)).map_err(|error| format!("{file}: {error}"))
}

impl Keepalived {
    pub(crate) fn start(cell: &Cell, priority: u8) -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("{FOLDER}: {error}");
        fs::create_dir_all(FOLDER).map_err(failed)?;
        write(cell, priority)?;
        let log = fs::File::create(format!("{FOLDER}/log")).map_err(failed)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "k", "keepalived", "--vrrp", "--dont-fork"]);
        command.args(["--log-console", "--no-syslog", "--log-detail"]);
        command.args(["-f", &format!("{FOLDER}/keepalived.conf")]);
        command.args(["-p", &format!("{FOLDER}/pid"), "-r", &format!("{FOLDER}/vrrp.pid")]);
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(|error| format!("keepalived: {error}"))?;
        Ok(Self(child))
    }

    /// Gives it another priority while it runs.
    pub(crate) fn set_priority(&self, cell: &Cell, priority: u8) -> Outcome<()> {
        write(cell, priority)?;
        run("kill", &["-HUP", &self.0.id().to_string()]).map(|_| ())
    }

    pub(crate) fn stop(mut self) -> Outcome<()> {
        run("kill", &["-TERM", &self.0.id().to_string()])?;
        until(STOPPED, || match self.0.try_wait() {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("keepalived does not stop".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Both of its processes at once: the first would start the second anew.
    pub(crate) fn kill(mut self) -> Outcome<()> {
        let file = format!("{FOLDER}/vrrp.pid");
        let second = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
        let first = self.0.id().to_string();
        run("kill", &["-STOP", &first])?;
        run("kill", &["-KILL", second.trim(), &first])?;
        self.0.wait().map(|_| ()).map_err(|error| error.to_string())
    }

    /// The state that it says it is in.
    pub(crate) fn state(&self) -> String {
        let text = fs::read_to_string(format!("{FOLDER}/log")).unwrap_or_default();
        let mut entered = text.lines().filter_map(|line| line.split("Entering ").nth(1));
        entered.next_back().and_then(|words| words.split(' ').next()).unwrap_or("").to_lowercase()
    }
}

/// The last lines that it said, for a story that broke.
pub(crate) fn log() -> String {
    last_lines(&format!("{FOLDER}/log"))
}
