//! Directories.

use crate::place::{Place, found, free_ports, need_root};
use crate::process::{Server, prepare};
use crate::subject::{Missing, Stage, Subject, set};
use director_core::config::Dialogue;
use director_core::config::dialogue::{Ldap, Login, Pattern, Tls};
use std::process::Command;

pub(crate) fn stages() -> Vec<Result<Stage, Missing>> {
    vec![set(&["ldap", "ldap StartTLS", "ldaps"], slapd())]
}

const SLAPD: &str = r#"
include /etc/ldap/schema/core.schema
pidfile DIR/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile DIR/cert.pem
TLSCertificateKeyFile DIR/key.pem
database mdb
suffix "dc=example,dc=org"
rootdn "cn=director,dc=example,dc=org"
rootpw hidden
directory DIR/spool
"#;
const TREE: &str = "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n\
                    dc: example\no: example\n";

fn ldap(
    tls: Option<Tls>,
    login: Option<Login>,
    base: Option<&str>,
    expect: Option<&str>,
) -> Dialogue {
    let expect = expect.map(|text| Pattern::Text(text.into()));
    let name = |login| Login { user: "cn=director,dc=example,dc=org".into(), ..login };
    let (login, base) = (login.map(name), base.map(Into::into));
    Dialogue::Ldap(Ldap { tls, login, base, expect }.into())
}

fn slapd() -> Result<Stage, String> {
    let program = found("slapd", "slapd")?;
    need_root("slapd")?;
    let place = Place::new();
    let [plain, secure] = free_ports();
    place.folder("spool");
    let file = place.write("slapd.conf", SLAPD);
    let tree = place.write("tree.ldif", TREE);
    prepare(Command::new("/usr/sbin/slapadd").args(["-f", &file, "-l", &tree]));
    let base = Some("dc=example,dc=org");
    let (login, bad) = (|| Some(place.login()), || Some(place.wrong_login()));
    let (asked, tls) = (|| Some(place.asked_tls()), || Some(place.tls()));
    let stranger = Tls { trust: Tls::default().trust, ..place.asked_tls() };
    let healthy = [
        ldap(None, login(), base, Some("dc=example")),
        ldap(None, login(), None, None),
        ldap(None, None, None, None),
    ];
    let wrong = [
        ldap(None, bad(), None, None),
        ldap(None, login(), Some("dc=none"), None),
        ldap(None, login(), base, Some("dc=other")),
    ];
    let subjects = [
        Subject::new("ldap", plain, healthy, wrong),
        Subject::new(
            "ldap StartTLS",
            plain,
            [ldap(asked(), login(), base, None)],
            [ldap(asked(), bad(), base, None), ldap(Some(stranger), login(), base, None)],
        ),
        Subject::new(
            "ldaps",
            secure,
            [ldap(tls(), login(), base, None)],
            [ldap(tls(), bad(), base, None), ldap(Some(Tls::default()), login(), base, None)],
        ),
    ];
    Ok(Stage::new(place, subjects, move |place| {
        let listen = format!(
            "ldap://127.0.0.1:{plain}/ ldap://[::1]:{plain}/ \
             ldaps://127.0.0.1:{secure}/ ldaps://[::1]:{secure}/"
        );
        let mut command = Command::new(&program);
        command.args(["-d", "0", "-h", &listen, "-f", &place.path("slapd.conf")]);
        Server::start(command, place)
    }))
}
