//! Every keyword of `keepalived.conf`, and what becomes of it.

pub(crate) mod general;
pub(crate) mod services;

use crate::keepalived::tree::Statement;
use crate::log::Log;

/// Notes what the tables say of every statement of a block.
pub(super) fn note(section: &str, statements: &[Statement], log: &mut Log) {
    for statement in statements {
        let (name, place) = (statement.name(), statement.place());
        let languages = [general::LANGUAGE, services::LANGUAGE];
        match languages.into_iter().find(|it| it.find(section, name).is_some()) {
            Some(language) => language.note(section, name, place, log),
            None => {
                let known: Vec<&str> =
                    languages.iter().flat_map(|language| language.names(section)).collect();
                let near = director_config::nearest(name, known).map_or_else(
                    || "keepalived has no such keyword here, and ignores it".to_owned(),
                    |near| format!("keepalived ignores it; is `{near}` meant?"),
                );
                log.left_out(place, name, near);
            }
        }
    }
}
