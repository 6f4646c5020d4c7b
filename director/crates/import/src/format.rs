//! Which language a file is written in.

use std::fmt;

/// A language that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `ldirectord.cf`.
    Ldirectord,
    /// Heartbeat's `ha.cf`.
    HaCf,
    /// Heartbeat's `haresources`.
    Haresources,
    /// Heartbeat's `authkeys`.
    Authkeys,
    /// `keepalived.conf`.
    Keepalived,
    /// What `ipvsadm -Sn` writes.
    Ipvsadm,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ldirectord,
        Self::HaCf,
        Self::Haresources,
        Self::Authkeys,
        Self::Keepalived,
        Self::Ipvsadm,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ldirectord => "ldirectord",
            Self::HaCf => "ha.cf",
            Self::Haresources => "haresources",
            Self::Authkeys => "authkeys",
            Self::Keepalived => "keepalived",
            Self::Ipvsadm => "ipvsadm",
        }
    }

    /// By the file's name, or else by what its text begins lines with.
    #[must_use]
    pub fn guess(name: &str, text: &str) -> Option<Self> {
        Self::by_name(name).or_else(|| Self::by_text(text))
    }

    fn by_name(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let named = [
            ("haresources", Self::Haresources),
            ("authkeys", Self::Authkeys),
            ("keepalived", Self::Keepalived),
            ("ldirectord", Self::Ldirectord),
        ];
        if name == "ha.cf" || name.ends_with("-ha.cf") {
            return Some(Self::HaCf);
        }
        named.into_iter().find(|(part, _)| name.contains(part)).map(|(_, format)| format)
    }

    fn by_text(text: &str) -> Option<Self> {
        let word = |line: &str| {
            let end = |c: char| c.is_whitespace() || matches!(c, '=' | '{' | '#' | '!');
            line.split(end).next().unwrap_or("").to_owned()
        };
        text.lines().find_map(|line| match word(line).as_str() {
            "-A" | "-a" => Some(Self::Ipvsadm),
            "virtual" | "virtual6" | "checkinterval" | "checktimeout" => Some(Self::Ldirectord),
            "auth" => Some(Self::Authkeys),
            "keepalive" | "deadtime" | "bcast" | "ucast" | "mcast" | "node" => Some(Self::HaCf),
            "global_defs"
            | "vrrp_instance"
            | "virtual_server"
            | "vrrp_script"
            | "vrrp_sync_group"
            | "virtual_server_group" => Some(Self::Keepalived),
            // Definitions and sequences, which no other of the languages has.
            first if first.starts_with(['$', '~']) => Some(Self::Keepalived),
            _ => None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn a_file_of_definitions_and_sequences_is_keepaliveds() {
        let text =
            "# Services.\n$REAL=\\\n  real_server 10.0.0.${LAST} 80 { }\n~SEQ(LAST, 1, 9) $REAL\n";
        assert_eq!(Format::guess("a.conf", text), Some(Format::Keepalived));
        assert_eq!(Format::guess("a.conf", "# $REAL\n"), None);
    }
}
