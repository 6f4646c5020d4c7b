//! `director doctor`: what would bite on this host, with its cure.

use crate::cli::Doctor;
use crate::files::host_name;
use crate::output::{Failure, say, shown};
use director_config::{check_node, load};
use director_core::config::Config;
use director_core::doctor::{Facts, Finding, Severity, director, questions, real_server};
use director_core::name::NodeName;
use director_core::realserver::{Record, changes, needs};
use director_engine::ports::KernelError;
use director_linux::{Problem, RealServerHost, examine, preflight};
use serde_json::json;
use std::process::ExitCode;

/// Exit status when there is a problem.
const PROBLEMS: u8 = 3;

/// Version of the JSON form.
const VERSION: u32 = 1;

/// Who this host is in the configuration.
struct Place {
    node: Option<NodeName>,
    serves: bool,
}

/// Looks, asks the neighbours, changes nothing.
pub(crate) fn doctor(arguments: &Doctor) -> Result<ExitCode, Failure> {
    let path = &arguments.config;
    let (config, texts) = load(path).map_err(|problems| Failure::input(shown(&problems)))?;
    let name = arguments.node.clone().unwrap_or_else(|| host_name(&config));
    let node = check_node(&config, &name, &texts);
    let mut facts = examine::facts().map_err(unknown)?;
    let own = RealServerHost::new().own_addresses().map_err(unknown)?;
    let needs = needs(&config, &own);
    let place = match node {
        Ok(node) => Place { node: Some(node), serves: !needs.services.is_empty() },
        Err(_) if arguments.node.is_none() && !needs.services.is_empty() => {
            Place { node: None, serves: true }
        }
        Err(problems) => return Err(Failure::input(shown(&problems))),
    };
    let mut findings = Vec::new();
    if let Some(node) = &place.node {
        let config = config.local(node);
        findings.extend(preflight(&config, node).iter().map(missing));
        findings.extend(ask(&config, &mut facts));
        findings.extend(director(&config, node, &facts));
    }
    if place.serves {
        let found = RealServerHost::new().find(&needs, &Record::default()).map_err(unknown)?;
        findings.extend(real_server(&config, &needs, &changes(&needs, &found), &facts));
    }
    findings.sort_by_key(|finding| finding.severity);
    say(&if arguments.json { json(&place, &findings) } else { told(&place, &findings) })?;
    let problems = findings.iter().any(|finding| finding.severity == Severity::Problem);
    Ok(if problems { ExitCode::from(PROBLEMS) } else { ExitCode::SUCCESS })
}

fn unknown(error: KernelError) -> Failure {
    Failure::machine(format_args!("this machine cannot be asked: {error}"))
}

/// What keeps a director from starting.
fn missing(problem: &Problem) -> Finding {
    Finding {
        code: "cannot-start",
        severity: Severity::Problem,
        what: format!("{}: {}", problem.place, problem.what),
        consequence: "`director run` refuses to start, and changes nothing".to_owned(),
        cure: problem.cure.clone(),
    }
}

/// Asks the neighbours who answers for which address; what keeps it from asking is a finding.
fn ask(config: &Config, facts: &mut Facts) -> Option<Finding> {
    let error = match examine::ask(&questions(config, facts)) {
        Ok(answers) => {
            facts.answers = answers;
            return None;
        }
        Err(error) => error,
    };
    Some(Finding {
        code: "not-asked",
        severity: Severity::Warning,
        what: format!("nobody was asked who has the virtual addresses: {error}"),
        consequence: "a real server that answers ARP for one goes unseen".to_owned(),
        cure: "run it as root, or with CAP_NET_RAW".to_owned(),
    })
}

fn role(place: &Place) -> String {
    match (&place.node, place.serves) {
        (Some(node), true) => format!("director {node} and real server"),
        (Some(node), false) => format!("director {node}"),
        (None, _) => "real server".to_owned(),
    }
}

fn told(place: &Place, findings: &[Finding]) -> String {
    let mut lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let problems = findings.iter().filter(|one| one.severity == Severity::Problem).count();
    lines.push(match (problems, findings.len() - problems) {
        (0, 0) => format!("{}: nothing found", role(place)),
        (problems, warnings) => format!(
            "{}: {}, {}",
            role(place),
            count(problems, "problem"),
            count(warnings, "warning")
        ),
    });
    lines.join("\n")
}

fn json(place: &Place, findings: &[Finding]) -> String {
    json!({ "version": VERSION, "host": role(place), "findings": findings }).to_string()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
