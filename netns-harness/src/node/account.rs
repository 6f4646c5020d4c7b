//! Users of the machine, from `/etc/passwd` (passwd(5)).

use std::fs;

use anyhow::Context;

/// Whom a program runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    /// User id.
    pub(super) user: u32,
    /// Group id.
    pub(super) group: u32,
}

impl Account {
    /// The user of this name.
    pub(super) fn of(name: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        found(&text, name).with_context(|| format!("there is no user {name} in /etc/passwd"))
    }
}

fn found(text: &str, name: &str) -> Option<Account> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    // The first word is where a password once stood.
    let mut numbers = line.split(':').skip(1).map(|word| word.parse().ok());
    Some(Account { user: numbers.next()??, group: numbers.next()?? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\npost:x:7:8::/:/bin/sh\npostgres:x:104:110::/:/bin/sh\n";
        assert_eq!(found(text, "postgres"), Some(Account { user: 104, group: 110 }));
        assert_eq!(found(text, "post"), Some(Account { user: 7, group: 8 }));
        assert_eq!(found(text, "po"), None);
    }
}
