//! Every directive of `ldirectord.cf`, and what becomes of it.

use crate::directive::{Language, directives};

/// The language.
pub(crate) const LANGUAGE: Language = Language {
    name: "ldirectord.cf",
    directives: directives! {
        "global" {
            Carried "checktimeout" "`check.timeout` of services whose check is short";
            Carried "negotiatetimeout" "`check.timeout` of services whose check is a dialogue";
            Carried "checkinterval" "`check.interval`, from start to start";
            Changed "checkcount"
                "it counted ping attempts only; failurecount counts failed checks of every kind";
            Carried "failurecount" "`check.fall`, counted for each service and server on its own";
            Changed "autoreload"
                "a director reads its file when it gets SIGHUP, and never half of it";
            LeftOut "callback"
                "a director runs no program when its file changes; let what writes the file do \
                 it";
            Carried "fallback" "`fallback` of every service without one of its own";
            Carried "fallback6" "`fallback` of every IPv6 service without one of its own";
            Carried "fallbackcommand" "`fallback-command` of every service without its own";
            Changed "logfile" "the log goes to standard output, from there to the journal";
            Carried "emailalert" "`mail.to` of a channel `[alerts.email]`";
            Carried "emailalertfrom" "`mail.from`";
            Carried "emailalertfreq" "`repeat`, from ten seconds on";
            Changed "emailalertstatus"
                "alerts go out whenever a director runs; without `running` or `all` nobody is told";
            Carried "smtp" "`mail.server`";
            LeftOut "execute" "it starts another ldirectord; import its file, too";
            Changed "supervised" "a director always runs in the foreground, under systemd";
            Changed "fork" "checks never wait for each other, whatever is said";
            Carried "quiescent" "`on-failure`";
            Changed "readdquiescent"
                "a server that is down is never in the table with weight, however it came there";
            Changed "cleanstop"
                "a director that stops hands over to its peer and takes off what it put there";
            LeftOut "maintenancedir"
                "`directory` of `[maintenance]` does it, for files that are named by address";
        }
        "virtual" {
            Carried "real" "`servers`";
            Carried "real6" "`servers`";
            Carried "checktype" "`check.type`, see below";
            Carried "checktype=negotiate" "by `service`, see below";
            Carried "checktype=connect" "`type = \"tcp\"`; for UDP a ping, as before";
            Carried "checktype=ping" "`type = \"ping\"`";
            Changed "checktype=external"
                "a program that a signal ends has failed from now on; ldirectord took that for \
                 success";
            LeftOut "checktype=external-perl"
                "a director has no Perl inside; the file is run as a program of its own";
            Changed "checktype=on"
                "a server of which nothing is known is not taken for healthy unless the grammar \
                 has `on`";
            Carried "checktype=off" "`type = \"off\"`: the fallback serves";
            Changed "checktype=N" "every check is the dialogue; none is a mere connection";
            Carried "service" "with `checktype` the type of the check, see below";
            Carried "service=http" "`type = \"http\"`; redirects are not followed";
            Changed "service=https" "the certificate is verified; ldirectord never did";
            Carried "service=http_proxy" "`type = \"http\"` with the whole URL as `path`";
            Carried "service=smtp" "`type = \"smtp\"`";
            Carried "service=submission" "`type = \"smtp\"`";
            Changed "service=pop"
                "a greeting must come; without `login` ldirectord took every server for healthy";
            Changed "service=pops"
                "a greeting must come; without `login` ldirectord took every server for healthy";
            Carried "service=imap" "`type = \"imap\"`";
            Changed "service=imaps" "the certificate is verified; ldirectord never did";
            Carried "service=ldap" "`type = \"ldap\"`; a failure counts once, not twice";
            Changed "service=ldaps"
                "the certificate is verified, and a failure counts once, not twice";
            Carried "service=nntp" "`type = \"nntp\"`";
            Changed "service=ftp"
                "login and transfer must succeed; without `receive` ldirectord took every \
                 server for healthy";
            Carried "service=dns" "`type = \"dns\"`";
            Carried "service=radius" "`type = \"radius\"`";
            Changed "service=mysql" "the check ends at its timeout; ldirectord waited for ever";
            Changed "service=pgsql" "the check ends at its timeout; ldirectord waited for ever";
            Changed "service=oracle" "the check ends at its timeout; ldirectord waited for ever";
            Carried "service=sip" "`type = \"sip\"`";
            Carried "service=simpletcp" "`type = \"tcp\"` with what is sent and expected";
            Carried "service=none" "`type = \"tcp\"`, and noted: a connection must be possible";
            Carried "checkcommand" "`check.command`";
            Carried "checkport" "`check.port`";
            Carried "request" "`check.path` or what the dialogue asks";
            Carried "receive" "`check.expect`, or an expression";
            Carried "httpmethod" "`check.method`";
            Carried "virtualhost" "`check.host`";
            LeftOut "login"
                "its password stands in a file of its own: write `check.user` and \
                 `check.password-file`";
            LeftOut "passwd"
                "a secret stands in a file of its own: name it as `check.password-file`";
            LeftOut "secret"
                "a secret stands in a file of its own: name it as `check.secret-file`";
            Carried "database" "`check.database`";
            Carried "load" "ldirectord took it and did nothing with it";
            Carried "scheduler" "`scheduler`";
            Carried "persistent" "`persistence`";
            Carried "netmask" "`persistence`, where there is one; alone it had no meaning";
            Carried "schedflags" "`scheduler-flags`";
            Carried "protocol" "`protocol`";
            Carried "ops" "`one-packet`, for UDP; elsewhere it had no meaning";
            Carried "fallback"
                "`fallback`; the kernel reaches one on this host locally, whatever the method";
            Carried "fallback6" "`fallback`";
            Carried "fallbackcommand" "`fallback-command`";
            Carried "quiescent" "`on-failure`";
            Changed "cleanstop"
                "a director that stops hands over to its peer and takes off what it put there";
            Carried "checktimeout" "`check.timeout`";
            Carried "negotiatetimeout" "`check.timeout`";
            Changed "checkcount"
                "it counted ping attempts only; failurecount counts failed checks of every kind";
            Carried "failurecount" "`check.fall`, counted for each service and server on its own";
            Carried "checkinterval" "`check.interval`";
            Carried "emailalert" "`mail.to` of a channel `[alerts.email]`";
            Carried "emailalertfreq" "`repeat`, from ten seconds on";
            Changed "emailalertstatus"
                "alerts go out whenever a director runs; without `running` or `all` nobody is told";
            Carried "smtp" "`mail.server`";
            LeftOut "monitorfile" "`director status --json` and the log have what it had";
            Carried "servicename" "it stood in mails only";
            Carried "comment" "it stood in mails only";
        }
    },
};
