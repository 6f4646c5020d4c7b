//! The check of the tests.

use super::*;

pub(super) fn check() -> Check {
    Check {
        dialogue: Dialogue::Tcp,
        via: Via::Server,
        port: None,
        interval: ms(1000),
        timeout: ms(500),
        fall: count(2),
        rise: count(2),
        pace: Pace::default(),
    }
}
