//! The same on the real ldirectord, where it is installed and the defect can be brought about.

use crate::stage::{Theirs, has_module};
use std::net::TcpListener;
use std::time::Duration;

fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What it did, without what it says twice because it is being debugged.
fn lines<'a>(log: &'a str, words: &[&str]) -> Vec<&'a str> {
    let has = |line: &&str| words.iter().any(|words| line.contains(words));
    log.lines().filter(|line| !line.starts_with("DEBUG")).filter(has).collect()
}

#[test]
fn the_real_ldirectord_counts_a_failure_for_every_service() {
    let port = nobody();
    let real = format!("\treal=127.0.0.1:{port} masq 5\n\tchecktype=connect\n\tprotocol=tcp\n");
    let places = ["10.0.0.100:8001", "10.0.0.100:8002", "10.0.0.100:8003"];
    let services: String = places.map(|place| format!("virtual={place}\n{real}\n")).concat();
    // One round of checks, and the next an hour later.
    let globals = "failurecount=3\ncheckinterval=3600\nchecktimeout=2\nquiescent=yes\n";
    let text = format!("{globals}{services}");
    let Some(theirs) = Theirs::start(&text, &places, port) else { return };
    let log = theirs.wait_for(&["Quiescent real server"]);
    let said = lines(&log, &["Soft failure", "Quiescent real server"]);
    let ends = ["failure 1/3", "failure 2/3", "(Weight set to 0)"];
    // What comes after is its second look at the same server for the other services.
    assert!(said.len() >= ends.len(), "{said:#?}");
    assert!(said.iter().zip(ends).all(|(line, end)| line.ends_with(end)), "{said:#?}");
}

#[test]
fn the_real_ldirectord_counts_a_failed_ldap_connection_twice() {
    let port = nobody();
    let text = format!(
        "failurecount=4\ncheckinterval=3600\nchecktimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:389\n\treal=127.0.0.1:{port} masq 5\n\tservice=ldap\n\
         \tchecktype=negotiate\n\tprotocol=tcp\n"
    );
    let Some(theirs) = Theirs::start(&text, &["10.0.0.100:389"], port) else { return };
    theirs.wait_for(&["failure 1/4", "failure 2/4"]);
}

#[test]
fn the_real_ldirectord_takes_a_killed_program_and_silent_servers_for_healthy() {
    let (one, two, three) = (nobody(), nobody(), nobody());
    let text = format!(
        "checkinterval=3600\nchecktimeout=2\nnegotiatetimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:8001\n\treal=127.0.0.1:{one} masq 5\n\tchecktype=external\n\
         \tcheckcommand=\"FOLDER/killed\"\n\tprotocol=tcp\n\n\
         virtual=10.0.0.100:110\n\treal=127.0.0.1:{two} masq 6\n\tservice=pop\n\
         \tchecktype=negotiate\n\tprotocol=tcp\n\n\
         virtual=10.0.0.100:8003\n\treal=127.0.0.1:{three} masq 7\n\tchecktype=negotiate\n\
         \tprotocol=tcp\n"
    );
    let Some(theirs) = Theirs::start(&text, &[], 0) else { return };
    // They begin with weight 0; nothing listens on any of the three ports.
    theirs.wait_for(&["(Weight set to 5)", "(Weight set to 6)", "(Weight set to 7)"]);
}

#[test]
fn the_real_ldirectord_gives_a_dead_server_weight_at_every_reload() {
    let port = nobody();
    let text = format!(
        "failurecount=1\ncheckinterval=1\nchecktimeout=2\nquiescent=yes\n\
         virtual=10.0.0.100:8001\n\treal=127.0.0.1:{port} masq 5\n\tchecktype=connect\n\
         \tprotocol=tcp\n"
    );
    let Some(theirs) = Theirs::start(&text, &[], 0) else { return };
    theirs.wait_for(&["(Weight set to 0)"]);
    theirs.wait_for_another("(Weight set to 5)", || theirs.signal("-HUP"));
}

const SERVICE: &str = "10.0.0.100:8001";
const SERVER: &str = "127.0.0.1:9";

/// One service whose only server is checked every second by the program of the stage.
fn checked_by_program(globals: &str) -> String {
    format!(
        "checkinterval=1\nchecktimeout=5\nfailurecount=1\n{globals}virtual={SERVICE}\n\
         \treal={SERVER} masq 5\n\tchecktype=external\n\tcheckcommand=\"FOLDER/check\"\n\
         \tprotocol=tcp\n"
    )
}

#[test]
fn the_real_ldirectord_does_not_put_back_what_somebody_took() {
    let text = checked_by_program("quiescent=yes\n");
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    theirs.wait_for_rounds(2);
    assert_eq!(theirs.weight(&format!("-t {SERVICE}"), SERVER).as_deref(), Some("5"));
    theirs.by_hand(&["-d", "-t", SERVICE, "-r", SERVER]);
    theirs.wait_for_rounds(3);
    assert_eq!(theirs.weight(&format!("-t {SERVICE}"), SERVER), None);
}

#[test]
fn the_real_ldirectord_leaves_a_dead_server_its_weight_by_hand() {
    let text = checked_by_program("quiescent=yes\n");
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    theirs.wait_for_another("(Weight set to 0)", || theirs.checks_pass(false));
    theirs.by_hand(&["-e", "-t", SERVICE, "-r", SERVER, "-m", "-w", "7"]);
    theirs.wait_for_rounds(3);
    assert_eq!(theirs.weight(&format!("-t {SERVICE}"), SERVER).as_deref(), Some("7"));
}

#[test]
fn the_real_ldirectord_has_no_global_fallback_for_a_firewall_mark() {
    let marked = "virtual=7\n\treal=127.0.0.1:9 masq 5\n\tchecktype=external\n\
                  \tcheckcommand=\"FOLDER/check\"\n\tprotocol=fwm\n";
    let text = checked_by_program("quiescent=yes\nfallback=127.0.0.2:80\n") + marked;
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    theirs.checks_pass(false);
    theirs.wait_for_rounds(6);
    let table = theirs.read("table");
    let has = |service: &str| {
        let of_it = table.lines().filter(|line| line.starts_with(&format!("R\t{service}\t")));
        of_it.into_iter().any(|line| line.contains("127.0.0.2:"))
    };
    assert!(has(&format!("-t {SERVICE}")), "{table}");
    assert!(!has("-f 7"), "{table}");
}

#[test]
fn the_real_ldirectord_that_stops_does_not_know_what_its_children_found() {
    let text = checked_by_program("quiescent=no\ncleanstop=yes\nfork=yes\n");
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    let gone = format!("Deleted real server: {SERVER}");
    theirs.wait_for_rounds(2);
    theirs.wait_for_another(&gone, || theirs.checks_pass(false));
    assert_eq!(theirs.weight(&format!("-t {SERVICE}"), SERVER), None);
    // It takes out what is out already: to the process that stops the server is healthy.
    let again = format!("Purged real server (stop): {SERVER}");
    theirs.wait_for_another(&again, || theirs.signal("-TERM"));
}

#[test]
fn the_real_ldirectord_is_deaf_after_a_reload_with_an_error() {
    let text = checked_by_program("quiescent=yes\n");
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    theirs.wait_for_rounds(2);
    theirs.write("ldirectord.cf", &checked_by_program("quiescent=yes\nmistake=1\n"));
    theirs.wait_for_another("mistake", || theirs.signal("-HUP"));
    theirs.checks_pass(false);
    theirs.wait_for_rounds(4);
    assert_eq!(theirs.weight(&format!("-t {SERVICE}"), SERVER).as_deref(), Some("5"));
}

#[test]
fn the_real_ldirectord_waits_for_a_database_that_hangs() {
    if !has_module("DBD::mysql", "libdbd-mysql-perl") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sql = format!(
        "checktimeout=1\nnegotiatetimeout=1\nvirtual=10.0.0.100:3306\n\
         \treal=127.0.0.1:{port} masq 5\n\tservice=mysql\n\tchecktype=negotiate\n\
         \tlogin=\"check\"\n\tpasswd=\"x\"\n\tdatabase=\"shop\"\n\trequest=\"SELECT 1\"\n\
         \tprotocol=tcp\n"
    );
    let text = sql + &checked_by_program("quiescent=yes\n");
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    let (connection, _) = listener.accept().unwrap();
    // The program is the second to be asked: many times the database's limit later it was not.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(theirs.rounds(), 0, "{}", theirs.log());
    drop((connection, listener));
    theirs.wait_for_rounds(1);
}

#[test]
fn the_real_ldirectord_writes_down_no_failure_of_a_perl_program() {
    let text = checked_by_program(
        "quiescent=yes\nvirtual=10.0.0.100:8002\n\treal=127.0.0.1:10 masq 5\n\
         \tchecktype=external-perl\n\tcheckcommand=FOLDER/perl\n\tprotocol=tcp\n\
         \tmonitorfile=FOLDER/of-perl\n\n",
    ) + "\tmonitorfile=FOLDER/of-program\n";
    let Some(theirs) = Theirs::start(&text, &[SERVICE], 9) else { return };
    theirs.checks_pass(false);
    // The same failure of a program of the other kind is written.
    theirs.wait_for_lines("of-program", 3);
    assert!(theirs.read("of-program").contains("[down]"));
    assert!(theirs.log().contains("(external-perl)"), "{}", theirs.log());
    assert_eq!(theirs.read("of-perl"), "");
}
