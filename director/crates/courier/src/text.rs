//! What an alert says.

use director_core::alert::{Kind, Notice};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The version of the JSON form.
const VERSION: u32 = 1;

/// An alert with wall-clock times.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    notice: Notice,
    /// When the trouble began.
    since: Timestamp,
    /// How long ago that was, in whole seconds.
    lasted: i64,
}

impl Letter {
    pub(crate) fn of(notice: &Notice, since: Timestamp, now: Timestamp) -> Self {
        // Nobody needs fractions of a second.
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since);
        let lasted = now.as_second().saturating_sub(since.as_second()).max(0);
        Self { notice: notice.clone(), since, lasted }
    }

    pub(crate) fn node(&self) -> &str {
        self.notice.node.as_str()
    }

    pub(crate) fn number(&self) -> u64 {
        self.notice.number
    }

    pub(crate) fn since_seconds(&self) -> i64 {
        self.since.as_second()
    }

    /// One line.
    pub(crate) fn subject(&self) -> String {
        self.notice.subject()
    }

    /// All of it, line by line.
    pub(crate) fn body(&self) -> String {
        let Notice { node, kind, what, place, why, suppressed, .. } = &self.notice;
        let mut lines = vec![
            format!("What:   {what}"),
            format!("Where:  {place}, seen by director {node}"),
            format!("Since:  {} UTC{}", self.when(), self.length()),
        ];
        if !why.is_empty() {
            lines.push(format!("Why:    {why}"));
        }
        if *kind == Kind::Recovery {
            lines.push("This is over.".to_owned());
        }
        if *suppressed > 0 {
            lines.push(format!("{suppressed} alerts were suppressed before this one."));
        }
        lines.push(format!("\n`director explain` and `director status` on {node} say more."));
        lines.join("\n") + "\n"
    }

    fn when(&self) -> String {
        self.since.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn length(&self) -> String {
        match self.lasted {
            0 => String::new(),
            seconds @ 1..120 => format!(", {seconds} s ago"),
            seconds @ 120..7200 => format!(", {} min ago", seconds / 60),
            seconds => format!(", {} h ago", seconds / 3600),
        }
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let Notice { number, node, kind, occasion, what, place, why, suppressed, .. } =
            &self.notice;
        json!({
            "version": VERSION,
            "number": number,
            "node": node.as_str(),
            "kind": kind.word(),
            "event": occasion.map(|occasion| occasion.word()),
            "subject": self.subject(),
            "what": what,
            "where": place,
            "why": why,
            "since": self.since.to_string(),
            "since_s": self.since.as_second(),
            "lasted_s": self.lasted,
            "suppressed": suppressed,
        })
    }

    /// The same as variables of a program's environment.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let Notice { number, node, kind, occasion, what, place, why, suppressed, .. } =
            &self.notice;
        let event = occasion.map_or("", |occasion| occasion.word());
        vec![
            ("DIRECTOR_NODE", node.to_string()),
            ("DIRECTOR_ALERT_NUMBER", number.to_string()),
            ("DIRECTOR_ALERT_KIND", kind.word().to_owned()),
            ("DIRECTOR_ALERT_EVENT", event.to_owned()),
            ("DIRECTOR_ALERT_SUBJECT", self.subject()),
            ("DIRECTOR_ALERT_WHAT", what.clone()),
            ("DIRECTOR_ALERT_WHERE", place.clone()),
            ("DIRECTOR_ALERT_WHY", why.clone()),
            ("DIRECTOR_ALERT_SINCE", self.since.to_string()),
            ("DIRECTOR_ALERT_LASTED_S", self.lasted.to_string()),
            ("DIRECTOR_ALERT_SUPPRESSED", suppressed.to_string()),
        ]
    }

    /// The arguments of a program.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let occasion = self.notice.occasion.map_or("summary", |occasion| occasion.word());
        vec![self.notice.kind.word().to_owned(), occasion.to_owned()]
    }
}
