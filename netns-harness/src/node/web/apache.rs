//! The Apache HTTP server as it is configured here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::{certificate, put};
use crate::plan::{Behaviour, Serve, Speech};

const DIRECTORY: &str = "/run/lab-apache";
const MODULES: &str = "/usr/lib/apache2/modules";
/// Written when it listens.
pub(super) const PID_FILE: &str = "/run/lab-apache/pid";
/// What it complains of.
pub(super) const ERRORS: &str = "/var/log/apache.error";

/// The program in the foreground.
pub(super) fn command() -> Command {
    let mut command = Command::new("apache2");
    command.args(["-D", "FOREGROUND", "-f", "/run/lab-apache/apache.conf"]);
    command
}

/// Writes its configuration and its pages.
pub(super) fn configure(name: &str, pages: &[Serve]) -> anyhow::Result<()> {
    let root = Path::new(DIRECTORY);
    fs::create_dir_all(root).context("Apache's directory")?;
    let mut text = format!(
        "ServerRoot {DIRECTORY}\nServerName {name}\nPidFile {PID_FILE}\nErrorLog {ERRORS}\n\
         DefaultRuntimeDir {DIRECTORY}\nMutex posixsem\n"
    );
    for module in ["mpm_event", "authz_core", "headers", "alias", "socache_shmcb", "ssl"] {
        writeln!(text, "LoadModule {module}_module {MODULES}/mod_{module}.so")?;
    }
    text.push_str(
        "User nobody\nGroup nogroup\nStartServers 1\nKeepAlive Off\nAcceptFilter http none\n\
         AcceptFilter https none\n",
    );
    for page in pages {
        let port = page.port;
        put(root, page)?;
        let protocol = if page.speech == Speech::Https { " https" } else { "" };
        let shown = match certificate(DIRECTORY, page)? {
            Some((certificate, key)) => format!(
                "  SSLEngine on\n  SSLCertificateFile {certificate}\n  \
                 SSLCertificateKeyFile {key}\n"
            ),
            None => String::new(),
        };
        let answer = match page.behaviour {
            Behaviour::Error => "  RedirectMatch 503 ^".to_owned(),
            _ => format!("  AliasMatch ^ {DIRECTORY}/body-{port}"),
        };
        writeln!(
            text,
            "Listen [::]:{port}{protocol}\n<VirtualHost *:{port}>\n{shown}  \
             Header always set X-Server {name}\n{answer}\n</VirtualHost>"
        )?;
    }
    fs::write(root.join("apache.conf"), text).context("Apache's configuration")
}
