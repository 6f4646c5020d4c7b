//! `accept = false`: what is to be had at the virtual addresses of an active router, and what not.
//!
//! `d` runs a director with a virtual router of each family. At its address a service is given to a
//! server on `k` (direct routing), and another to a fallback on `d` itself; beside them `d` listens
//! on a port of its own. `r` is who asks.

use crate::topology::{self, devices, ip_in};
use e2e::processes::{Outcome, run, until};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};
use std::time::Duration;

const FOLDER: &str = "/run/closed";
/// It boots, listens for three intervals, checks its servers, and takes the addresses.
const READY: Duration = Duration::from_secs(20);
/// A question that nobody answers is over after this.
const ANSWER: Duration = Duration::from_secs(2);
const VIRTUAL: &str = "10.0.0.100";
const VIRTUAL_SIX: &str = "fd00:a::100";
/// Of the director's host alone.
const OWN_PORT: &str = "22";

fn configuration(accept: bool) -> String {
    format!(
        r#"
[cluster]
key-file = "cluster.key"

[nodes.d]
addresses = {{ lan = "10.0.0.1" }}
priority  = 200

[groups.web]
addresses = ["{VIRTUAL}/24 on lan"]
vrrp      = {{ id = 51, interval = "100ms", virtual-mac = true, accept = {accept} }}

[groups.six]
addresses = ["{VIRTUAL_SIX}/64 on lan"]
vrrp      = {{ id = 51, interval = "100ms", accept = {accept} }}

[services.far]
listen  = "{VIRTUAL}:80"
check   = {{ type = "tcp", interval = "500ms", timeout = "200ms", rise = 1 }}
servers = [{{ address = "10.0.0.2" }}]

[services.here]
listen   = "{VIRTUAL}:81"
check    = {{ type = "tcp", interval = "500ms", timeout = "200ms" }}
fallback = "127.0.0.1:81"
servers  = [{{ address = "10.0.0.2" }}]
"#
    )
}

/// A process that ends with this one.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(node: &str, words: &[&str], log: &str) -> Outcome<Process> {
    let failed = |error: std::io::Error| format!("{log}: {error}");
    let log = fs::File::create(format!("{FOLDER}/{log}")).map_err(failed)?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", node]).args(words);
    command.stdout(log.try_clone().map_err(failed)?).stderr(log);
    command.spawn().map(Process).map_err(|error| format!("{words:?}: {error}"))
}

/// Says a word to everybody who connects to a port, of either family.
pub(crate) fn listen(port: &str, word: &str) -> Outcome<()> {
    let port: u16 = port.parse().map_err(|error| format!("{port}: {error}"))?;
    let any: IpAddr = std::net::Ipv6Addr::UNSPECIFIED.into();
    let listener =
        TcpListener::bind((any, port)).map_err(|error| format!("port {port}: {error}"))?;
    for stream in listener.incoming() {
        // Who goes away at once is nobody's loss.
        let _ = stream.and_then(|mut stream| stream.write_all(word.as_bytes()));
    }
    Ok(())
}

/// Prints what is said at an address and port.
pub(crate) fn greet(address: &str, port: &str) -> Outcome<()> {
    let failed = |error: &dyn std::fmt::Display| format!("{address} port {port}: {error}");
    let ip: IpAddr = address.parse().map_err(|error| failed(&error))?;
    let to = SocketAddr::new(ip, port.parse().map_err(|error| failed(&error))?);
    let stream = TcpStream::connect_timeout(&to, ANSWER);
    let mut stream = stream.map_err(|error| failed(&error.kind()))?;
    let mut word = String::new();
    stream.read_to_string(&mut word).map_err(|error| failed(&error.kind()))?;
    println!("{word}");
    Ok(())
}

/// Asks from `r`: what is said, or how it ends.
fn asked(address: &str, port: &str) -> Outcome<String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let own = own.display().to_string();
    let said = run("ip", &["netns", "exec", "r", &own, "greet", address, port]);
    Ok(said.unwrap_or_else(|why| why).trim().to_owned())
}

fn write(accept: bool) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("{FOLDER}: {error}");
    fs::create_dir_all(FOLDER).map_err(failed)?;
    let key = format!("{FOLDER}/cluster.key");
    fs::write(&key, "a key of its own\n").map_err(failed)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    fs::write(format!("{FOLDER}/director.toml"), configuration(accept)).map_err(failed)
}

fn log() -> String {
    fs::read_to_string(format!("{FOLDER}/log")).unwrap_or_default()
}

/// Plays it; how many of the demands are broken.
pub(crate) fn play(program: &str) -> Outcome<usize> {
    topology::build()?;
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let own = own.display().to_string();
    write(false)?;
    let script = "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore";
    run("ip", &["netns", "exec", "k", "sh", "-c", script])?;
    ip_in("k", &format!("addr add {VIRTUAL}/32 dev lo"))?;
    // As distributions have it: what comes by a device of its own must pass all the same.
    let script = "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter";
    run("ip", &["netns", "exec", "d", "sh", "-c", script])?;
    until(READY, || topology::link_local("d"))?;
    let _far = start("k", &[&own, "listen", "80", "far"], "far")?;
    let _here = start("d", &[&own, "listen", "81", "here"], "here")?;
    let _own = start("d", &[&own, "listen", OWN_PORT, "own"], "own")?;
    let config = format!("{FOLDER}/director.toml");
    let control = format!("{FOLDER}/control");
    let words = [program, "run", "--node", "d", "--config", &config, "--control", &control];
    let mut director = start("d", &words, "log")?;
    let mut demands = Demands::default();
    until(READY, || match asked(VIRTUAL, "80")?.as_str() {
        "far" => Ok(()),
        other => Err(format!("the service does not answer: {other}")),
    })
    .map_err(|why| format!("{why}\n{}", log()))?;
    demands.is("a service on another host", asked(VIRTUAL, "80")?, "far");
    demands.is("a fallback on this host", asked(VIRTUAL, "81")?, "here");
    demands.silent("a port of the host's own", asked(VIRTUAL, OWN_PORT)?);
    demands.silent("the same over IPv6", asked(VIRTUAL_SIX, OWN_PORT)?);
    demands.silent("a port on which nobody listens", asked(VIRTUAL, "9")?);
    demands.is("the host's own address", asked("10.0.0.1", OWN_PORT)?, "own");
    for (address, mac) in [(VIRTUAL, Some("00:00:5e:00:01:33")), (VIRTUAL_SIX, None)] {
        let known = run("ip", &["-n", "r", "neigh", "show", address])?;
        let found = known.contains("lladdr") && mac.is_none_or(|mac| known.contains(mac));
        demands.is("neighbours find the address", found.to_string(), "true");
    }
    write(true)?;
    run("kill", &["-HUP", &director.0.id().to_string()])?;
    let opened = until(READY, || match asked(VIRTUAL, OWN_PORT)?.as_str() {
        "own" => Ok("own".to_owned()),
        other => Err(other.to_owned()),
    });
    demands.is("with accept = true the host's own port", opened.unwrap_or_else(|why| why), "own");
    write(false)?;
    run("kill", &["-HUP", &director.0.id().to_string()])?;
    let shut = until(READY, || match asked(VIRTUAL, OWN_PORT)?.as_str() {
        "own" => Err("it is open".to_owned()),
        other => Ok(other.to_owned()),
    });
    demands.silent("shut again, the host's own port", shut.unwrap_or_else(|why| why));
    run("kill", &["-TERM", &director.0.id().to_string()])?;
    until(READY, || match director.0.try_wait() {
        Ok(Some(_)) => Ok(()),
        _ => Err("the director does not stop".to_owned()),
    })?;
    let tables = run("ip", &["netns", "exec", "d", "nft", "list", "tables"])?;
    demands.is("after a stop there are no rules", tables.trim().to_owned(), "");
    demands.is("and no device", devices("d")?.join(" "), "");
    if demands.broken > 0 {
        println!("{}", log());
    }
    Ok(demands.broken)
}

#[derive(Default)]
struct Demands {
    broken: usize,
}

impl Demands {
    fn is(&mut self, what: &str, found: String, wanted: &str) {
        if found == wanted {
            println!("holds: {what}: {found:?}");
        } else {
            self.broken += 1;
            println!("BROKEN: {what}: {found:?}, not {wanted:?}");
        }
    }

    /// Neither an answer nor a refusal.
    fn silent(&mut self, what: &str, found: String) {
        let wanted = "timed out";
        let silent = found.ends_with(wanted);
        self.is(what, if silent { wanted.to_owned() } else { found }, wanted);
    }
}
