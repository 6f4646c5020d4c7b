//! Established connections through a takeover and a failback.

use crate::Outcome;
use crate::cells::{HEALTH_PORT, HELD_PORT};
use crate::director::{self, Running};
use e2e::processes::{run, until};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Connections that are held.
const HELD: usize = 200;
/// How long they exchange data: the takeover and the failback happen meanwhile.
const LONG: Duration = Duration::from_secs(70);
/// The kernel sends what it has to tell after two seconds at the latest (`ip_vs_sync.c`).
const TOLD: Duration = Duration::from_secs(4);
const TAKEN: Duration = Duration::from_secs(15);
/// A failback waits for what is in use to be told of: 24 s unless the configuration says otherwise.
const TAKEN_BACK: Duration = Duration::from_secs(40);
/// A connection that is not answered within this time is broken.
const PATIENCE: Duration = Duration::from_secs(8);
const BETWEEN_ROUNDS: Duration = Duration::from_millis(200);

/// What `[cluster]` says of synchronisation.
const WARM: &str = "sync = { interface = \"hb\" }\n";
const COLD: &str = "sync = { interface = \"hb\", warm = \"0s\" }\n";
const NONE: &str = "";

fn configuration(sync: &str) -> String {
    format!(
        "[cluster]\nkey-file = \"cluster.key\"\nkeepalive = \"100ms\"\ninitdead = \"500ms\"\n\
         {sync}\
         links = [{{ interface = \"lan\" }}, {{ interface = \"hb\" }}]\n\n\
         [nodes.d]\naddresses = {{ lan = \"10.0.0.1\", hb = \"10.1.0.1\" }}\npriority = 200\n\n\
         [nodes.d2]\naddresses = {{ lan = \"10.0.0.2\", hb = \"10.1.0.2\" }}\npriority = 100\n\n\
         [groups.all]\naddresses = [\"10.0.0.100/24 on lan\"]\n\n\
         [services.held]\nlisten = \"10.0.0.100:{HELD_PORT}\"\nscheduler = \"rr\"\n\
         check = {{ type = \"tcp\", port = {HEALTH_PORT}, interval = \"1s\", \
         timeout = \"900ms\" }}\n\
         servers = [{{ address = \"10.0.0.21\" }}, {{ address = \"10.0.0.22\" }}]\n"
    )
}

/// Plays the story with synchronisation, with a failback that does not wait for it, and without;
/// says what broke.
pub(crate) fn play(program: &str) -> Outcome<ExitCode> {
    println!("{HELD} connections that exchange data through a takeover and a failback");
    let with = broken(program, WARM)?;
    println!("with synchronisation:                               {with} broke");
    let early = broken(program, COLD)?;
    println!("with synchronisation and a failback without a wait: {early} broke");
    let without = broken(program, NONE)?;
    println!("without synchronisation:                            {without} broke");
    // Who gives the addresses back tells of every connection first, so that the wait is not needed;
    // without synchronisation they must break, or the story shows nothing.
    let holds = with == 0 && early == 0 && without > 0;
    println!("{}", if holds { "holds" } else { "BROKEN" });
    Ok(ExitCode::from(u8::from(!holds)))
}

fn broken(program: &str, sync: &str) -> Outcome<usize> {
    let text = configuration(sync);
    let first = director::start(program, "d", &text)?;
    let second = director::start(program, "d2", &text)?;
    first.wait_until_ready(1, 1)?;
    second.wait_until_ready(1, 0)?;
    let client = hold()?;
    sleep(TOLD);
    lose_power(first)?;
    owner(&second, 1)?;
    sleep(TOLD);
    let first = come_back(program, &text)?;
    until(TAKEN_BACK, || first.holds(1, 1))?;
    owner(&second, 0)?;
    let broken = ended(client)?;
    first.stop()?;
    second.stop()?;
    Ok(broken)
}

fn owner(director: &Running, addresses: usize) -> Outcome<()> {
    until(TAKEN, || director.holds(1, addresses))
}

/// The node is gone at once, with all that its kernel knew.
fn lose_power(director: Running) -> Outcome<()> {
    // First, or it might see its carrier go and give the address up, which a dead node does not.
    director.kill()?;
    for interface in ["lan", "hb"] {
        run("ip", &["-n", "d", "link", "set", interface, "down"])?;
    }
    // What a boot forgets.
    run("ip", &["-n", "d", "addr", "del", "10.0.0.100/24", "dev", "lan"])?;
    run("ip", &["netns", "exec", "d", "ipvsadm", "-C"])?;
    for role in ["master", "backup"] {
        // One of them does not run, or none.
        let _ = run("ip", &["netns", "exec", "d", "ipvsadm", "--stop-daemon", role]);
    }
    Ok(())
}

fn come_back(program: &str, text: &str) -> Outcome<Running> {
    for interface in ["lan", "hb"] {
        run("ip", &["-n", "d", "link", "set", interface, "up"])?;
    }
    run("ip", &["-n", "d", "route", "replace", "default", "via", "10.0.0.254"])?;
    director::start(program, "d", text)
}

fn hold() -> Outcome<Child> {
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", "client"]).arg(own).arg("hold").stdout(Stdio::piped());
    command.spawn().map_err(|error| format!("the client: {error}"))
}

fn ended(client: Child) -> Outcome<usize> {
    let output = client.wait_with_output().map_err(|error| format!("the client: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let broken = said.lines().find_map(|line| line.strip_prefix("broken "));
    let broken = broken.and_then(|number| number.trim().parse().ok());
    broken.ok_or_else(|| format!("the client ended with {}: {said}", output.status))
}

/// Inside the client: holds the connections and says how many broke.
pub(crate) fn hold_connections() -> Outcome<ExitCode> {
    let to: SocketAddr = SocketAddr::from(([10, 0, 0, 100], HELD_PORT));
    let begun = Instant::now();
    let open = |_| {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    let held: std::io::Result<Vec<TcpStream>> = (0..HELD).map(open).collect();
    let mut held = held.map_err(|error| format!("{to}: {error}"))?;
    while begun.elapsed() < LONG && !held.is_empty() {
        held.retain_mut(|stream| exchange(stream).is_ok());
        sleep(BETWEEN_ROUNDS);
    }
    println!("broken {}", HELD - held.len());
    Ok(ExitCode::SUCCESS)
}

fn exchange(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut answer = [0; 1];
    stream.write_all(b"?")?;
    stream.read_exact(&mut answer)
}
