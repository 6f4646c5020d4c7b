//! Channels of alerts.

use director_core::alert::Occasion;
use director_core::config::dialogue::{Login, Secret};
use director_core::config::{Alert, Limit, Mail, Means, Retry, Security, Senders, Webhook};
use director_core::name::AlertName;
use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

/// Every kind of channel, the more the larger `count` is.
pub(crate) fn of(count: usize) -> BTreeMap<AlertName, Alert> {
    let command = Alert::by(Means::Command(vec!["/bin/a b".into(), "\"".into()]));
    let mail = |security, login| {
        Means::Mail(Box::new(Mail {
            to: vec!["a@example.org".into(), "b@example.org".into()],
            from: "c@example.org".into(),
            host: "mail.example.org".into(),
            port: NonZeroU16::new(2525).unwrap(),
            security,
            roots: (security != Security::Off).then(|| "/etc/roots.pem".into()),
            login,
            helo: (security == Security::Tls).then(|| "d1.example.org".into()),
        }))
    };
    let login = Login { user: "d".into(), password: Secret::File("/etc/p".into()) };
    let full = Alert {
        occasions: Occasion::ALL.into(),
        senders: Senders::All,
        repeat: Some(Duration::from_secs(3600)),
        recovery: false,
        limit: Limit { count: NonZeroU32::MIN, within: Duration::from_secs(7) },
        retry: Retry {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(2),
            lasts: Duration::ZERO,
        },
        timeout: Duration::from_millis(1500),
        ..Alert::by(mail(Security::Tls, Some(login)))
    };
    let webhook = Alert::by(Means::Webhook(Box::new(Webhook {
        tls: true,
        host: "2001:db8::1".into(),
        port: NonZeroU16::new(8443).unwrap(),
        path: "/a?b=c".into(),
        roots: None,
        token: Some(Secret::Variable("TOKEN".into())),
    })));
    let plain = Alert::by(mail(Security::Off, None));
    let all = [command, plain, webhook, full].into_iter().take(count).enumerate();
    all.map(|(number, alert)| (AlertName::new(&format!("a{number}")).unwrap(), alert)).collect()
}
