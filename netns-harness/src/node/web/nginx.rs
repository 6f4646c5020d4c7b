//! nginx as it is configured here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::{certificate, put};
use crate::plan::{Behaviour, Serve};

const DIRECTORY: &str = "/run/lab-web";
/// Written when it listens.
pub(super) const PID_FILE: &str = "/run/lab-web/pid";
/// What it complains of.
pub(super) const ERRORS: &str = "/var/log/nginx.error";

/// The program in the foreground.
pub(super) fn command() -> Command {
    let mut command = Command::new("nginx");
    command.args(["-p", DIRECTORY, "-e", ERRORS, "-c", "/run/lab-web/nginx.conf"]);
    command
}

/// Writes its configuration and its pages.
pub(super) fn configure(name: &str, pages: &[Serve]) -> anyhow::Result<()> {
    let root = Path::new(DIRECTORY);
    fs::create_dir_all(root).context("nginx's directory")?;
    let mut text = String::from(
        "user root;\ndaemon off;\nworker_processes 1;\npid /run/lab-web/pid;\n\
         events { worker_connections 4096; }\n\
         http {\n  access_log off;\n  default_type text/plain;\n  server_tokens off;\n",
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {kind}_temp_path /run/lab-web/{kind};")?;
    }
    for page in pages {
        let port = page.port;
        put(root, page)?;
        let answer = match page.behaviour {
            Behaviour::Error => "return 503;".to_owned(),
            _ => format!("root {DIRECTORY}; try_files /body-{port} =404;"),
        };
        let (flag, shown) = match certificate(DIRECTORY, page)? {
            Some((certificate, key)) => {
                let key = format!("    ssl_certificate_key {key};\n");
                (" ssl", format!("    ssl_certificate {certificate};\n{key}"))
            }
            None => ("", String::new()),
        };
        writeln!(
            text,
            "  server {{\n    listen [::]:{port}{flag} ipv6only=off backlog=4096;\n{shown}    \
             location / {{ add_header X-Server {name} always; {answer} }}\n  }}"
        )?;
    }
    text.push_str("}\n");
    fs::write(root.join("nginx.conf"), text).context("nginx's configuration")
}
