//! A folder of a server's own.

use crate::certificates::{Authority, Shown, Shows};
use director_core::config::dialogue::{Login, Secret, Start, Tls, Trust};
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

pub(crate) const USER: &str = "director";
pub(crate) const PASSWORD: &str = "hidden";

/// Where a program of a Debian package is.
pub(crate) fn found(program: &str, package: &str) -> Result<PathBuf, String> {
    let folders =
        ["/usr/sbin", "/usr/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"];
    let places = folders.iter().map(|folder| Path::new(folder).join(program));
    places.into_iter().find(|path| path.is_file()).ok_or(format!("{package} is not installed"))
}

/// Some servers give up privileges that only root has.
pub(crate) fn need_root(server: &str) -> Result<(), String> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(format!("{server} must be started by root"))
}

/// Below the ports that the kernel gives to whoever asks for any (`ip_local_port_range`, ip(7)):
/// until its server has started, nobody else's test gets one of them.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that nobody uses now: for both transports and both families.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let places = u32::from(PORTS.end - PORTS.start);
    let first = std::process::id().wrapping_mul(101) % places;
    for _ in 0..places {
        let place = (first + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % places;
        let port = PORTS.start + u16::try_from(place).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv6Addr::LOCALHOST, port)).is_ok();
        if free {
            return port;
        }
    }
    panic!("no port from {} to {} is free", PORTS.start, PORTS.end);
}

pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    std::array::from_fn(|_| free_port())
}

/// A folder with a certificate, its key, the root that signed it, and passwords.
pub(crate) struct Place {
    folder: TempDir,
    ours: Authority,
    theirs: Authority,
    pub(crate) good: Shown,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("check-").tempdir().unwrap();
        // Servers look into it as users of their own.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let [ours, theirs] = ["trusted", "trusted by nobody"].map(Authority::named);
        let good = ours.sign(Shows::Good);
        let place = Self { folder, ours, theirs, good };
        place.write("root.pem", &place.ours.root);
        place.show(Shows::Good);
        place.secret("password", PASSWORD);
        place.secret("wrong", "something else");
        place
    }

    /// Has the server show this, once it starts again.
    pub(crate) fn show(&self, shows: Shows) {
        let fresh = match shows {
            Shows::Good => None,
            Shows::UnknownRoot => Some(self.theirs.sign(shows)),
            Shows::OtherName | Shows::Expired => Some(self.ours.sign(shows)),
        };
        let shown = fresh.as_ref().unwrap_or(&self.good);
        // Owner and mode stay as they are.
        self.write("cert.pem", &shown.certificate);
        self.write("key.pem", &shown.key);
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Writes a file; `DIR` in it stands for the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text.replace("DIR", self.root())).unwrap();
        path
    }

    /// Writes a file for the eyes of its owner.
    pub(crate) fn secret(&self, name: &str, text: &str) {
        let path = self.write(name, &format!("{text}\n"));
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Makes a folder that everybody may write to.
    pub(crate) fn folder(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        path
    }

    pub(crate) fn login(&self) -> Login {
        Login { user: USER.into(), password: Secret::File(self.path("password")) }
    }

    pub(crate) fn wrong_login(&self) -> Login {
        Login { user: USER.into(), password: Secret::File(self.path("wrong")) }
    }

    /// TLS with a server that shows this place's certificate.
    pub(crate) fn tls(&self) -> Tls {
        Tls { trust: Trust::Roots(self.path("root.pem")), ..Tls::default() }
    }

    /// The same when it is asked for.
    pub(crate) fn asked_tls(&self) -> Tls {
        Tls { start: Start::Asked, ..self.tls() }
    }

    /// TLS with whoever has the key of this place's good certificate.
    pub(crate) fn pinned(&self) -> Tls {
        Tls { trust: Trust::Pin(self.good.pin), ..Tls::default() }
    }
}
