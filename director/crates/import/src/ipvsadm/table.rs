//! Every option of a rule of `ipvsadm -Sn`, and what becomes of it.

use crate::directive::{Language, directives};

/// The language.
pub(crate) const LANGUAGE: Language = Language {
    name: "ipvsadm -Sn",
    directives: directives! {
        "a rule" {
            Changed "-A" "a table says nothing of health: servers get a check, a connection";
            Carried "-t" "`listen`";
            Carried "-u" "`listen` and `protocol`";
            Carried "--sctp-service" "`listen` and `protocol`";
            Carried "-f" "`fwmark`";
            Carried "-6" "`fwmark6`";
            Carried "-s" "`scheduler`";
            Carried "-b" "`scheduler-flags`";
            Carried "-p" "`persistence`";
            Carried "-M" "`persistence`";
            Carried "--pe" "`persistence`";
            Carried "-o" "`one-packet`";
            Carried "-a" "`servers`";
            Carried "-r" "`servers`";
            Carried "-g" "`forward = \"direct\"`";
            Carried "-i" "`forward = \"tunnel\"`";
            Carried "-m" "`forward = \"nat\"`";
            Carried "-w" "`weight`";
            Carried "-x" "`upper`";
            Carried "-y" "`lower`";
            Carried "--tun-type" "`tunnel.type`";
            Carried "--tun-port" "`tunnel.port`";
            Carried "--tun-nocsum" "`tunnel.checksum`";
            Carried "--tun-csum" "`tunnel.checksum`";
            Carried "--tun-remcsum" "`tunnel.checksum`";
        }
    },
};
