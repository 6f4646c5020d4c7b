//! Every directive of Heartbeat's files, and what becomes of it.

use crate::directive::{Language, directives};

/// `ha.cf`.
pub(crate) const HA_CF: Language = Language {
    name: "ha.cf",
    directives: directives! {
        "ha.cf" {
            Carried "node" "`[nodes.NAME]`";
            Carried "keepalive" "`keepalive`";
            Carried "deadtime" "`deadtime`, as the upper bound: a silent peer is asked before";
            Changed "warntime" "a late beat is answered by questions at 1.5 times keepalive";
            Carried "initdead" "`initdead`, which ends as soon as every peer has been heard";
            Changed "deadping" "witnesses are asked when a peer is silent, not all the time";
            Carried "udpport" "`port`";
            LeftOut "baud" "there are no serial links: a second network is the second link";
            Carried "bcast" "`links`; heartbeats go to each peer, not to everybody";
            Carried "mcast" "`multicast` of a link; it crosses no router, whatever the TTL";
            Carried "ucast" "`links`, and the nodes' `addresses` where names tell whose they are";
            Carried "mcast6" "`multicast` of a link; the nodes have IPv6 addresses there";
            LeftOut "ucast6" "name the IPv6 address of the node: --address d1:eth0=2001:db8::11";
            LeftOut "serial" "there are no serial links: a second network is the second link";
            Carried "ping" "`witnesses`: one must answer before a silent peer is believed dead";
            Carried "ping6" "`witnesses`";
            Changed "ping_group" "`witnesses`: any of them may answer, whatever their group";
            LeftOut "hbaping" "there are no fibre channel links";
            Carried "auto_failback" "`failback`; legacy is on";
            Changed "nice_failback" "its modern spelling, auto_failback, is what is read";
            Carried "hopfudge" "it counted hops of serial rings";
            Changed "watchdog" "systemd watches the daemon (WatchdogSec)";
            LeftOut "stonith" "`fence` in `[cluster]` names a command that switches a peer off";
            LeftOut "stonith_host"
                "`fence` in `[cluster]` names a command that switches a peer off";
            LeftOut "respawn" "a director starts no other programs; systemd does";
            LeftOut "failfast" "a director starts no other programs; systemd does";
            Changed "apiauth" "the control socket has an owner and a mode";
            LeftOut "autojoin" "every director is written down";
            Carried "uuidfrom" "nodes are known by name";
            Carried "hbgenmethod" "every start has an incarnation of its own";
            Carried "cluster" "`name`";
            Carried "msgfmt" "heartbeats have one form";
            Carried "max_rexmit_delay" "heartbeats are not repeated";
            Carried "compression" "heartbeats are short";
            Carried "compression_threshold" "heartbeats are short";
            Carried "traditional_compression" "heartbeats are short";
            Changed "realtime" "systemd sets scheduling (CPUSchedulingPolicy)";
            Changed "rtprio" "systemd sets scheduling (CPUSchedulingPriority)";
            Carried "memreserve" "memory is not reserved";
            Changed "logfacility" "the log goes to standard output, from there to the journal";
            Changed "logfile" "the log goes to standard output, from there to the journal";
            Changed "debugfile" "`--log-level debug`";
            Changed "use_logd" "the log goes to standard output, from there to the journal";
            Changed "conn_logd_time" "the log goes to standard output, from there to the journal";
            Changed "syslogmsgfmt" "`--log-format`";
            Changed "debug" "`--log-level debug`";
            Carried "log_badpack" "packets that do not authenticate are always counted";
            Changed "coredumps" "systemd sets it (LimitCORE)";
            Changed "coreroot" "systemd sets it";
            Changed "env" "systemd sets it (Environment)";
            LeftOut "use_apphbd" "systemd watches the daemon";
            LeftOut "crm" "a cluster with Pacemaker keeps its resources there: carry them by hand";
            LeftOut "pacemaker"
                "a cluster with Pacemaker keeps its resources there: carry them by hand";
            LeftOut "crm_daemon_dir" "it belongs to Pacemaker";
            LeftOut "crmd_spawns_pengine" "it belongs to Pacemaker";
            LeftOut "record_config_changes" "it belongs to Pacemaker";
            LeftOut "record_pengine_inputs" "it belongs to Pacemaker";
            LeftOut "enable_config_writes" "it belongs to Pacemaker";
            LeftOut "quorum_server" "there is no quorum server";
        }
    },
};

/// `haresources`.
pub(crate) const HARESOURCES: Language = Language {
    name: "haresources",
    directives: directives! {
        "haresources" {
            Carried "IPaddr" "an address of `[groups.NAME]`; one line is one group";
            Carried "IPaddr2" "an address of `[groups.NAME]`";
            Carried "IPv6addr" "an address of `[groups.NAME]`";
            Carried "ldirectord"
                "the director checks the real servers itself: import that file, too";
            Changed "LVSSyncDaemonSwap" "`[sync]`, over the first link; nothing is swapped by hand";
            LeftOut "MailTo" "a channel `[alerts.NAME]` with the event `role` sends mail";
            LeftOut "a script"
                "`notify` in `[cluster]` runs a command at changes of role, which can start it";
        }
    },
};

/// `authkeys`.
pub(crate) const AUTHKEYS: Language = Language {
    name: "authkeys",
    directives: directives! {
        "authkeys" {
            Carried "auth" "it selects the key";
            Changed "sha1" "the same secret, with HMAC-SHA256: write it with --key-out";
            Changed "md5" "the same secret, with HMAC-SHA256: write it with --key-out";
            LeftOut "crc" "it is no secret, and heartbeats are always authenticated: make a key";
        }
    },
};
