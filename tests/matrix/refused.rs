//! Cells that the kernel has not: it is asked for each, and its words are shown.

use crate::Outcome;
use e2e::processes::run;

/// A server of the other family, by a method that wraps nothing.
const CASES: [(&str, &str, &str, &str); 4] = [
    ("direct", "IPv4→IPv6", "10.0.0.100:7999", "-g"),
    ("direct", "IPv6→IPv4", "[fd00:a::100]:7999", "-g"),
    ("nat", "IPv4→IPv6", "10.0.0.100:7999", "-m"),
    ("nat", "IPv6→IPv4", "[fd00:a::100]:7999", "-m"),
];

/// Prints them; wrong is a kernel that takes one: then it is a cell.
pub(crate) fn show() -> Outcome<()> {
    for (method, clients, service, flag) in CASES {
        let server = if service.starts_with('[') { "10.0.0.21:7999" } else { "[fd00:a::21]:7999" };
        let ipvsadm =
            |words: &[&str]| run("ip", &[&["netns", "exec", "d", "ipvsadm"][..], words].concat());
        ipvsadm(&["-A", "-t", service, "-s", "rr"])?;
        let answer = ipvsadm(&["-a", "-t", service, "-r", server, flag]);
        ipvsadm(&["-D", "-t", service])?;
        match answer {
            Err(why) => {
                let words = why.rsplit_once(": ").map_or(why.as_str(), |(_, words)| words);
                println!(
                    "{method:8} {clients:11} {:6} {:8}  the kernel refuses: {words}",
                    "any", "any"
                );
            }
            Ok(_) => return Err(format!("the kernel takes {method} {clients}: make it a cell")),
        }
    }
    Ok(())
}
