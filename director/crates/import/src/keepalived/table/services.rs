//! Keywords of the virtual servers of a `keepalived.conf`, and what becomes of them.

use crate::directive::{Language, directives};

/// This part of the language.
pub(crate) const LANGUAGE: Language = Language {
    name: "keepalived.conf",
    directives: directives! {
        "virtual_server" {
            Carried "lvs_sched" "`scheduler`";
            Carried "lb_algo" "`scheduler`";
            Carried "flag-1" "`scheduler-flags`";
            Carried "flag-2" "`scheduler-flags`";
            Carried "flag-3" "`scheduler-flags`";
            Carried "sh-port" "`scheduler-flags`";
            Carried "sh-fallback" "`scheduler-flags`";
            Carried "mh-port" "`scheduler-flags`";
            Carried "mh-fallback" "`scheduler-flags`";
            Carried "ops" "`one-packet`";
            Carried "lvs_method" "`forward`, and `tunnel` for what follows `type`";
            Carried "lb_kind" "`forward`";
            Carried "persistence_timeout" "`persistence`";
            Carried "persistence_granularity" "`persistence`";
            Carried "persistence_engine" "`persistence`";
            Carried "protocol" "`protocol`; without it UDP, as keepalived warns";
            Carried "ip_family" "`family` of a `fwmark` service";
            Carried "sorry_server" "`fallback`";
            Changed "sorry_server_inhibit"
                "the fallback is reached as the servers are, and is in the table while it serves";
            Changed "sorry_server_lvs_method"
                "the fallback is reached as the servers are, and is in the table while it serves";
            Carried "quorum" "`quorum.weight`";
            Carried "hysteresis" "`quorum.hysteresis`";
            LeftOut "quorum_up"
                "a channel `[alerts.NAME]` runs a `command`; it is told in another form";
            LeftOut "quorum_down"
                "a channel `[alerts.NAME]` runs a `command`; it is told in another form";
            Carried "inhibit_on_failure" "`on-failure = \"quiesce\"`; without it `\"remove\"`";
            Changed "omega" "nothing is told of servers when a director stops";
            Changed "ha_suspend"
                "servers are checked on the standby, too, so that it knows them at once";
            Carried "virtualhost" "`check.host`";
            LeftOut "snmp_name" "there is no SNMP; `director status --json` has the figures";
            LeftOut "smtp_alert"
                "one channel of alerts tells of all services and groups alike";
            Carried "real_server" "`servers`";
            Carried "connect_timeout" "`check.timeout`";
            Carried "retry" "`check.fall`, less one";
            Carried "nb_get_retry" "`check.fall`, less one";
            Changed "delay_before_retry"
                "failed checks are repeated at `check.interval`: shorten that, or set \
                 `fast-interval`";
            Carried "warmup" "checks are spread by themselves";
            Carried "delay_loop" "`check.interval`";
            Carried "alpha" "a server gets clients after its first successful check, always";
        }
        "real_server" {
            Carried "weight" "`weight`";
            Carried "lvs_method" "`forward` of the server, and its `tunnel`";
            Carried "lb_kind" "`forward` of the server";
            Carried "uthreshold" "`upper-threshold`";
            Carried "lthreshold" "`lower-threshold`";
            Carried "inhibit_on_failure" "`on-failure`, the same for all servers of a service";
            LeftOut "notify_up"
                "a channel `[alerts.NAME]` runs a `command`; it is told in another form";
            LeftOut "notify_down"
                "a channel `[alerts.NAME]` runs a `command`; it is told in another form";
            Carried "virtualhost" "`check.host`";
            LeftOut "snmp_name" "there is no SNMP; `director status --json` has the figures";
            LeftOut "smtp_alert"
                "one channel of alerts tells of all services and groups alike";
            Carried "HTTP_GET" "`type = \"http\"`";
            Changed "SSL_GET"
                "`type = \"http\"` with `tls`: the certificate is verified; keepalived never did";
            Carried "TCP_CHECK" "`type = \"tcp\"`";
            Carried "SMTP_CHECK" "`type = \"smtp\"`";
            Carried "DNS_CHECK" "`type = \"dns\"`";
            Changed "MISC_CHECK"
                "`type = \"program\"`; it is killed with its children at the timeout, and runs \
                 as `nobody`";
            Carried "PING_CHECK" "`type = \"ping\"`";
            Changed "UDP_CHECK" "`type = \"udp\"`; without an answer a server is not healthy";
            LeftOut "BFD_CHECK" "there is no BFD";
            LeftOut "FILE_CHECK" "weights do not come of files";
            Carried "connect_timeout" "`check.timeout`";
            Carried "retry" "`check.fall`, less one";
            Carried "nb_get_retry" "`check.fall`, less one";
            Changed "delay_before_retry"
                "failed checks are repeated at `check.interval`: shorten that, or set \
                 `fast-interval`";
            Carried "warmup" "checks are spread by themselves";
            Carried "delay_loop" "`check.interval`";
            Carried "alpha" "a server gets clients after its first successful check, always";
        }
        "checker" {
            LeftOut "connect_ip" "the address that is asked is the server's own";
            Carried "connect_port" "`check.port`";
            LeftOut "bindto" "checks go out as the routes say";
            LeftOut "bind_if" "checks go out as the routes say";
            LeftOut "bind_port" "checks go out as the routes say";
            LeftOut "fwmark" "checks go out as the routes say";
            Changed "log_all_failures" "`--log-level debug` has them all";
            Changed "http_protocol" "checks are HTTP/1.1, or as `version` says";
            Carried "fast_recovery" "always so";
            Carried "enable_sni" "always so";
            Carried "sni_name" "`tls.name`";
            Carried "tls_compliant" "always so";
            Carried "url" "the first; the others are told";
            Carried "helo_name" "`check.helo`";
            Carried "type" "`check.record`";
            Carried "name" "`check.name`";
            Carried "misc_path" "`check.command`";
            Carried "misc_timeout" "`check.timeout`";
            LeftOut "misc_dynamic" "weights do not come of programs";
            Carried "user" "`check.user`";
            Carried "payload" "`check.send-hex`";
            Carried "require_reply" "`check.expect-hex`";
            LeftOut "min_reply_length" "any length will do";
            LeftOut "max_reply_length" "any length will do";
            LeftOut "host" "one address is asked, the server's own";
            LeftOut "track_file" "weights do not come of files";
            LeftOut "dynamic" "weights do not come of files";
            LeftOut "weight" "weights do not come of files";
            Carried "connect_timeout" "`check.timeout`";
            Carried "retry" "`check.fall`, less one";
            Carried "nb_get_retry" "`check.fall`, less one";
            Changed "delay_before_retry"
                "failed checks are repeated at `check.interval`: shorten that, or set \
                 `fast-interval`";
            Carried "warmup" "checks are spread by themselves";
            Carried "delay_loop" "`check.interval`";
            Carried "alpha" "a server gets clients after its first successful check, always";
        }
        "url" {
            Carried "path" "`check.path`";
            LeftOut "digest" "a page is known by a text in it (`expect`), not by its digest";
            Carried "status_code" "`check.status`";
            Carried "virtualhost" "`check.host`";
            Carried "regex" "`check.expect`, or `check.expect-regex`";
            LeftOut "regex_no_match" "the expression is looked for in the whole answer";
            LeftOut "regex_options" "the expression is looked for in the whole answer";
            LeftOut "regex_stack" "the expression is looked for in the whole answer";
            LeftOut "regex_min_offset" "the expression is looked for in the whole answer";
            LeftOut "regex_max_offset" "the expression is looked for in the whole answer";
        }
    },
};
