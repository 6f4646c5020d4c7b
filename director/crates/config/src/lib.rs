#![doc = include_str!("../GRAMMAR.md")]

mod address;
mod alerts;
mod check;
mod cluster;
mod code;
mod cross;
mod document;
mod duration;
mod files;
mod found;
mod group;
mod hook;
mod include;
mod node;
mod operations;
mod overrides;
mod place;
mod policy;
mod problem;
pub mod reference;
mod secrets;
mod section;
mod service;
mod show;
mod source;
mod suggest;
mod syntax;
mod texts;
mod trap;
mod tree;
mod value;
pub mod witnesses;
mod write;

pub use check::check_types;
pub use code::Code;
pub use document::{parse, parse_all};
pub use duration::{format_duration, parse_duration};
pub use files::{check_files, check_node, key_path, load};
pub use problem::{Problem, Problems};
pub use suggest::nearest;
pub use texts::Texts;
pub use trap::{Trap, Warning, Warnings, warnings};
pub use write::render;

#[cfg(test)]
mod tests {
    /// Every key that the reader knows stands in the grammar.
    #[test]
    fn the_grammar_is_complete() {
        let grammar = include_str!("../GRAMMAR.md");
        let known = [
            crate::cluster::KEYS.known,
            crate::cluster::links::KEYS.known,
            crate::cluster::ANNOUNCE_KEYS.known,
            crate::cluster::sync::KEYS.known,
            crate::node::KEYS.known,
            crate::overrides::KEYS.known,
            crate::group::KEYS.known,
            crate::group::vrrp::KEYS.known,
            crate::service::KEYS.known,
            crate::service::forward::TUNNEL_KEYS.known,
            crate::service::servers::SERVER_KEYS.known,
            crate::service::settings::PERSISTENCE_KEYS.known,
            crate::policy::QUORUM_KEYS.known,
            crate::alerts::KEYS.known,
            crate::alerts::MAIL_KEYS.known,
            crate::alerts::WEBHOOK_KEYS.known,
            crate::alerts::LIMIT_KEYS.known,
            crate::alerts::RETRY_KEYS.known,
            crate::operations::TELEMETRY_KEYS.known,
            crate::operations::API_KEYS.known,
            crate::operations::MAINTENANCE_KEYS.known,
            crate::policy::DAMPING_KEYS.known,
            crate::check::KEYS.known,
            crate::check::tls::KEYS.known,
        ];
        for key in known.concat() {
            let marked = [format!("`{key}`"), format!("{{ {key} = ")];
            assert!(marked.iter().any(|it| grammar.contains(it)), "no word of {key}");
        }
    }
}
