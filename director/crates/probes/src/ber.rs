//! Tags, lengths and values (X.690): as much of BER and DER as directories and certificates need.

/// A value with its tag, and what comes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) rest: &'a [u8],
}

/// What the length bytes at the start of an element say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// More bytes are needed to know.
    Short,
    /// Bytes of tag and length, and of the content.
    Known { head: usize, content: usize },
    /// It is none that these protocols have.
    Wrong,
}

/// Tags of the universal class.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The length of the element at the start of `bytes`. Its tag has one byte, its length is definite.
pub(crate) fn head(bytes: &[u8]) -> Head {
    let [_, first, more @ ..] = bytes else { return Head::Short };
    let count = match first {
        0..=0x7f => return Head::Known { head: 2, content: usize::from(*first) },
        0x81..=0x84 => usize::from(first & 0x7f),
        _ => return Head::Wrong,
    };
    let Some(length) = more.get(..count) else { return Head::Short };
    let content = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    Head::Known { head: 2 + count, content }
}

/// The element at the start of `bytes`, when all of it is there.
pub(crate) fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let Head::Known { head, content } = head(bytes) else { return None };
    let end = head.checked_add(content)?;
    Some(Element { tag: *bytes.first()?, content: bytes.get(head..end)?, rest: &bytes[end..] })
}

/// The element at the start of `bytes`, when it has this tag.
pub(crate) fn tagged(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    element(bytes).filter(|element| element.tag == tag)
}

/// The whole number of a content, when it is small.
pub(crate) fn number(content: &[u8]) -> Option<i64> {
    let (first, len) = (*content.first()?, content.len());
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    (len <= 8).then(|| content.iter().fold(sign, |sum, byte| sum << 8 | i64::from(*byte)))
}

/// The bytes of an element.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            // Four bytes hold any length that is sent here; BER allows zeros in front.
            bytes.push(0x84);
            bytes.extend(&length[length.len() - 4..]);
        }
    }
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(element) = element(&bytes) {
                prop_assert!(element.content.len() + element.rest.len() < bytes.len());
            }
            number(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            tag in any::<u8>(),
            length in 0..70_000_usize,
            rest in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let content = vec![7; length];
            let mut bytes = encode(tag, &content);
            let whole = bytes.len();
            for cut in [0, 1, 2, 3, 5, whole - 1].into_iter().filter(|cut| *cut < whole) {
                prop_assert_eq!(element(&bytes[..cut]), None);
            }
            bytes.extend(&rest);
            prop_assert_eq!(element(&bytes), Some(Element { tag, content: &content, rest: &rest }));
        }
    }

    #[test]
    fn numbers_have_a_sign() {
        assert_eq!(number(&[0x7f]), Some(127));
        assert_eq!(number(&[0xff]), Some(-1));
        assert_eq!(number(&[0x01, 0x00]), Some(256));
        assert_eq!(number(&[]), None);
        assert_eq!(number(&[1; 9]), None);
    }
}
