//! Troubles that last: each is told once when it begins and once when it is over.

use std::collections::BTreeMap;

/// What is in trouble now, and how.
#[derive(Debug, Default)]
pub(crate) struct Complaints(BTreeMap<String, String>);

impl Complaints {
    /// Notes the result of doing `what`. Returns a message when it is news.
    ///
    /// Nearly every result is good while there is no trouble: that must cost nothing.
    pub(crate) fn note(
        &mut self,
        what: impl FnOnce() -> String,
        result: Result<(), impl std::fmt::Display>,
    ) -> Option<Complaint> {
        if self.0.is_empty() && result.is_ok() {
            return None;
        }
        let what = what();
        match result {
            Ok(()) => self.0.remove(&what).map(|_| Complaint::Over(format!("can {what} again"))),
            Err(why) => {
                let why = why.to_string();
                if self.0.get(&what) == Some(&why) {
                    return None;
                }
                let text = format!("cannot {what}: {why}");
                self.0.insert(what, why);
                Some(Complaint::New(text))
            }
        }
    }
}

/// News of a trouble.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// It has begun, or has another cause than before.
    New(String),
    /// It is over.
    Over(String),
}

impl Complaint {
    /// Writes it to the log.
    pub(crate) fn tell(&self) {
        match self {
            Self::New(text) => tracing::warn!("{text}"),
            Self::Over(text) => tracing::info!("{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_when_it_begins_changes_and_ends() {
        let mut complaints = Complaints::default();
        let mut note =
            |result: Result<(), &str>| complaints.note(|| "send on eth0".to_owned(), result);
        assert_eq!(note(Ok(())), None);
        let begun = Complaint::New("cannot send on eth0: no carrier".into());
        assert_eq!(note(Err("no carrier")), Some(begun));
        assert_eq!(note(Err("no carrier")), None);
        let changed = Complaint::New("cannot send on eth0: no route".into());
        assert_eq!(note(Err("no route")), Some(changed));
        assert_eq!(note(Ok(())), Some(Complaint::Over("can send on eth0 again".into())));
        assert_eq!(note(Ok(())), None);
    }
}
