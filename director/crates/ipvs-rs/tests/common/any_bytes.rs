//! What must hold for any bytes: used by the property tests and by the fuzz target.

use ipvs_rs::{Family, Message, Reply};

/// Header of netlink, then what a decoder sees.
const HEADER_BYTES: usize = 16;

/// Takes the first byte for the family and the rest for a message of generic netlink. That gives a
/// value or an error; and what was understood reads back as the same when it is written.
pub(crate) fn understand(bytes: &[u8]) {
    let Some((first, payload)) = bytes.split_first() else { return };
    let family = if first % 2 == 0 { Family::V4 } else { Family::V6 };
    let Ok(message) = Message::from_payload(payload) else { return };
    let written = message.to_bytes(28, 0, 1);
    assert_eq!(Message::from_payload(&written[HEADER_BYTES..]).as_ref(), Ok(&message));
    let Ok(reply) = Reply::from_message(&message, family) else { return };
    // The kernel may say what nobody may ask of it.
    let Ok(again) = reply.message() else { return };
    assert_eq!(Reply::from_message(&again, family), Ok(reply));
}
