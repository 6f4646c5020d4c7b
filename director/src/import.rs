//! `director import`: other programs' configurations as one `director.toml`.

use crate::cli::Import;
use crate::output::{Failure, complain, say, shown};
use director_config::{Code, Problem, Problems, Texts};
use director_core::config::Config;
use director_import::{Fate, Format, Imported, Input, Interface, Note, Options, Surroundings};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{IpAddr, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status when something of the files is not in the `director.toml`.
const LEFT_OUT: u8 = 1;

/// Reads the files, writes the `director.toml`, and says what is not as it was.
pub(crate) fn import(arguments: &Import) -> Result<ExitCode, Failure> {
    let options = Options {
        addresses: arguments.address.iter().cloned().collect(),
        interface: arguments.interface.clone(),
        key_file: arguments.key_file.clone(),
        config_id: arguments.config_id.clone(),
        format: arguments.from,
    };
    let imported = imported(&arguments.files, &options)?;
    if let Some(path) = &arguments.key_out {
        write_key(path, &imported)?;
    }
    match &arguments.out {
        Some(path) => write_new(path, &imported.text, 0o644)?,
        None => say(&imported.text)?,
    }
    complain(&told(&imported.notes));
    Ok(if imported.is_partial() { ExitCode::from(LEFT_OUT) } else { ExitCode::SUCCESS })
}

/// What becomes of the files.
fn imported(files: &[PathBuf], options: &Options) -> Result<Imported, Failure> {
    let mut inputs = Vec::new();
    let mut unread = Vec::new();
    for path in files {
        match input(path) {
            Ok(input) => inputs.push(input),
            Err(problems) => unread.push(problems),
        }
    }
    if !unread.is_empty() {
        return Err(wrong(&unread));
    }
    director_import::import(&inputs, options, &Host).map_err(|problems| wrong(&problems))
}

fn wrong(problems: &[Problems]) -> Failure {
    let texts: Vec<String> = problems.iter().map(|it| shown(it).trim_end().to_owned()).collect();
    Failure::input(texts.join("\n\n"))
}

/// A configuration with its texts: a `director.toml`, or a file of another program when `format`
/// or a name that ends in `.cf` says so; what is not as it was is told on standard error.
///
/// # Errors
/// Every problem of the text.
pub(crate) fn load(path: &Path, format: Option<Format>) -> Result<(Config, Texts), Problems> {
    let named = path.extension().is_some_and(|it| it == "cf").then_some(Format::Ldirectord);
    let Some(format) = format.or(named) else { return director_config::load(path) };
    let options = Options { format: Some(format), ..Options::default() };
    let imported = director_import::import(&[input(path)?], &options, &Host);
    // One file has one list of problems, unless it includes others: then the first of them.
    let imported = imported.map_err(|problems| {
        let none = || Problems::new(&path.display().to_string(), Vec::new());
        problems.into_iter().next().unwrap_or_else(none)
    })?;
    complain(&told(&imported.notes));
    let name = format!("{}, imported", path.display());
    let config = director_config::parse(&name, &imported.text)?;
    Ok((config, Texts::one(path.display().to_string(), imported.text)))
}

fn input(path: &Path) -> Result<Input, Problems> {
    let name = path.display().to_string();
    let problem = |code, message: String, help: &str| {
        let help = help.to_owned();
        let (file, line, column, span, source_line) = (None, 1, 1, 0..0, None);
        let problem = Problem { code, file, line, column, message, help, span, source_line };
        Problems::new(&name, vec![problem])
    };
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("the file cannot be read: {error}");
        problem(Code::Unreadable, message, "name a file that can be read")
    })?;
    // These files are older than UTF-8: what is not, stands in comments and texts only.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Input { name, text })
}

fn told(notes: &[Note]) -> String {
    let mut lines: Vec<String> = notes.iter().map(ToString::to_string).collect();
    let count = |fate| notes.iter().filter(|note| note.fate == fate).count();
    lines.push(format!("{} left out, {} changed", count(Fate::LeftOut), count(Fate::Changed)));
    lines.join("\n")
}

fn write_key(path: &Path, imported: &Imported) -> Result<(), Failure> {
    let Some(secret) = &imported.secret else {
        return Err(Failure::input(
            "--key-out: these files have no secret; make one: \
             (umask 077; head -c 32 /dev/urandom | base64 > FILE)",
        ));
    };
    write_new(path, &format!("{secret}\n"), 0o600)
}

/// Writes a file that is not there yet: nothing is overwritten.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
}

/// `NODE:INTERFACE=ADDRESS`.
pub(crate) fn own_address(text: &str) -> Result<((String, String), IpAddr), String> {
    let parts = text.split_once('=').and_then(|(names, address)| {
        let (node, interface) = names.split_once(':')?;
        Some(((node.to_owned(), interface.to_owned()), address.parse().ok()?))
    });
    parts.ok_or_else(|| "write NODE:INTERFACE=ADDRESS, such as d1:eth0=10.0.0.11".to_owned())
}

/// This host, as the files lean on it.
struct Host;

impl Surroundings for Host {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn matching(&self, pattern: &str) -> Vec<PathBuf> {
        glob::glob(pattern).into_iter().flatten().filter_map(Result::ok).collect()
    }

    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let found = (name, 0).to_socket_addrs();
        found.into_iter().flatten().map(|address| address.ip()).collect()
    }

    fn port(&self, name: &str, protocol: &str) -> Option<u16> {
        let services = std::fs::read_to_string("/etc/services").ok()?;
        services.lines().find_map(|line| service(line, name, protocol))
    }

    fn host_name(&self) -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        let found = nix::ifaddrs::getifaddrs().into_iter().flatten();
        let usable =
            found.filter(|it| !it.flags.contains(nix::net::if_::InterfaceFlags::IFF_LOOPBACK));
        usable.filter_map(|it| interface(&it)).collect()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// `http 80/tcp www`: the port when the line is about this service.
fn service(line: &str, name: &str, protocol: &str) -> Option<u16> {
    let mut words = line.split('#').next()?.split_whitespace();
    let (first, port) = (words.next()?, words.next()?);
    let (port, of) = port.split_once('/')?;
    let named = first == name || words.any(|word| word == name);
    (named && of == protocol).then(|| port.parse().ok()).flatten()
}

fn interface(found: &nix::ifaddrs::InterfaceAddress) -> Option<Interface> {
    let ip = |it: Option<&nix::sys::socket::SockaddrStorage>| {
        let it = it?;
        let v4 = it.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
        v4.or_else(|| it.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
    };
    let bits = match ip(found.netmask.as_ref())? {
        IpAddr::V4(mask) => u32::from(mask).count_ones(),
        IpAddr::V6(mask) => u128::from(mask).count_ones(),
    };
    let address = ip(found.address.as_ref())?;
    let name = found.interface_name.clone();
    Some(Interface { name, address, prefix: u8::try_from(bits).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_name_and_by_alias() {
        let line = "http\t\t80/tcp\t\twww # WorldWideWeb";
        assert_eq!(service(line, "http", "tcp"), Some(80));
        assert_eq!(service(line, "www", "tcp"), Some(80));
        assert_eq!(service(line, "http", "udp"), None);
        assert_eq!(service("# http 80/tcp", "http", "tcp"), None);
    }

    #[test]
    fn addresses_of_nodes_are_read() {
        let read = own_address("d1:eth0=10.0.0.11").expect("an address");
        assert_eq!(read.0, ("d1".to_owned(), "eth0".to_owned()));
        for wrong in ["d1=10.0.0.11", "d1:eth0", "d1:eth0=there"] {
            assert!(own_address(wrong).is_err(), "{wrong}");
        }
    }
}
