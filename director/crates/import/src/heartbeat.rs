//! Heartbeat: `ha.cf`, `haresources` and `authkeys`.

mod authkeys;
mod ha_cf;
mod haresources;
pub(crate) mod table;

pub(crate) use authkeys::read as authkeys;
pub(crate) use ha_cf::read as ha_cf;
pub(crate) use haresources::read as haresources;

use crate::place::{At, Place};

/// A line's words, each with its place; `#` begins a comment anywhere.
fn words(file: usize, line: usize, text: &str, is_blank: fn(char) -> bool) -> Vec<At<String>> {
    let text = text.split('#').next().unwrap_or("");
    let mut words: Vec<At<String>> = Vec::new();
    let mut is_inside = false;
    for (at, c) in text.chars().enumerate() {
        if is_blank(c) {
            is_inside = false;
            continue;
        }
        match words.last_mut().filter(|_| is_inside) {
            Some(word) => word.value.push(c),
            None => {
                let place = Place { file, line, column: at + 1 };
                words.push(At::new(c.to_string(), place));
            }
        }
        is_inside = true;
    }
    words
}
