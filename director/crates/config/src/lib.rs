//! Configuration files of a Linux Director: text to validated values, every problem at once.

mod address;
mod check;
mod cluster;
mod code;
mod cross;
mod document;
mod duration;
mod files;
mod found;
mod group;
mod node;
mod problem;
mod section;
mod service;
mod show;
mod source;
mod suggest;
mod tree;
mod value;

pub use code::Code;
pub use document::parse;
pub use duration::{format_duration, parse_duration};
pub use files::{check_files, check_node, key_path, load};
pub use problem::{Problem, Problems};
