//! The bytes of a question to a voter and of its answer, version 1, and their authentication.
//!
//! ```text
//! offset  size  field (numbers are big-endian)
//!      0     4  "LDVQ" a question, "LDVA" an answer
//!      4     1  version, 1
//!      5     1  0
//!      6     2  identifier of the key; 0 for "not said"
//!      8     8  tag of the cluster's name
//!     16     8  incarnation of the director
//!     24     8  incarnation of the voter; 0 in a question for "not known"
//!     32     8  number of the question
//!     40     8  question: the term in nanoseconds; answer: 0
//!     48        the director: length (1), name
//!               question: groups that it holds: count (2), names; that it wants: the same
//!               answer: groups that are granted: count (2), names;
//!                       that are refused: count (2), each: name, who has it
//!   last    32  HMAC-SHA256 of everything before it, under the cluster's key
//! ```
//!
//! The first four bytes keep questions, answers and heartbeats apart: they share a key.

use super::heartbeat::{Key, MAC_LENGTH, Reader, push_count, push_name, tag};
use crate::beat::Incarnation;
use crate::input::Rejection;
use crate::name::{ClusterName, GroupName, NodeName};
use crate::vote::{Answer, Question};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

const QUESTION: &[u8] = b"LDVQ";
const ANSWER: &[u8] = b"LDVA";
const VERSION: u8 = 1;
/// No group is anybody's for longer after a last word.
const LONGEST_TERM: Duration = Duration::from_secs(3600);

/// The packet that asks.
#[must_use]
pub fn seal_question(question: &Question, cluster: &ClusterName, key: &Key) -> Vec<u8> {
    let term = u64::try_from(question.term.as_nanos()).unwrap_or(u64::MAX);
    let lives = [question.incarnation, question.voter.unwrap_or(Incarnation(0))];
    let mut bytes = head(QUESTION, (cluster, key), lives, [question.number, term]);
    push_name(&mut bytes, question.node.as_str());
    push_groups(&mut bytes, &question.holds);
    push_groups(&mut bytes, &question.wants);
    signed(bytes, key)
}

/// The packet that answers.
#[must_use]
pub fn seal_answer(answer: &Answer, cluster: &ClusterName, key: &Key) -> Vec<u8> {
    let lives = [answer.incarnation, answer.voter];
    let mut bytes = head(ANSWER, (cluster, key), lives, [answer.number, 0]);
    push_name(&mut bytes, answer.node.as_str());
    push_groups(&mut bytes, &answer.granted);
    push_count(&mut bytes, answer.refused.len());
    for (group, node) in answer.refused.iter().take(usize::from(u16::MAX)) {
        push_name(&mut bytes, group.as_str());
        push_name(&mut bytes, node.as_str());
    }
    signed(bytes, key)
}

/// The question in a packet, when it is of this cluster and under one of these secrets.
///
/// # Errors
/// Why it is not to be believed.
pub fn open_question(
    bytes: &[u8],
    cluster: &ClusterName,
    key: &Key,
) -> Result<Question, Rejection> {
    let (mut reader, [asker, voter, number, term]) = opened(bytes, QUESTION, cluster, key)?;
    let question = Question {
        node: read_node(&mut reader)?,
        incarnation: Incarnation(asker),
        voter: (voter != 0).then_some(Incarnation(voter)),
        number,
        term: Duration::from_nanos(term),
        holds: read_groups(&mut reader)?,
        wants: read_groups(&mut reader)?,
    };
    let fits = reader.is_empty() && question.term <= LONGEST_TERM;
    if fits { Ok(question) } else { Err(Rejection::Malformed) }
}

/// The answer in a packet.
///
/// # Errors
/// Why it is not to be believed.
pub fn open_answer(bytes: &[u8], cluster: &ClusterName, key: &Key) -> Result<Answer, Rejection> {
    let (mut reader, [asker, voter, number, _]) = opened(bytes, ANSWER, cluster, key)?;
    let node = read_node(&mut reader)?;
    let granted = read_groups(&mut reader)?;
    let mut refused = BTreeMap::new();
    for _ in 0..reader.count()? {
        refused.insert(read_group(&mut reader)?, read_node(&mut reader)?);
    }
    if !reader.is_empty() || voter == 0 {
        return Err(Rejection::Malformed);
    }
    let (incarnation, voter) = (Incarnation(asker), Incarnation(voter));
    Ok(Answer { node, incarnation, number, voter, granted, refused })
}

fn head(
    magic: &[u8],
    (cluster, key): (&ClusterName, &Key),
    lives: [Incarnation; 2],
    numbers: [u64; 2],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(160);
    bytes.extend_from_slice(magic);
    bytes.extend_from_slice(&[VERSION, 0]);
    bytes.extend_from_slice(&key.identifier().to_be_bytes());
    bytes.extend_from_slice(&tag(cluster).to_be_bytes());
    for number in lives.map(|life| life.0).into_iter().chain(numbers) {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes
}

fn signed(mut bytes: Vec<u8>, key: &Key) -> Vec<u8> {
    let mac = key.sign(&bytes);
    bytes.extend_from_slice(&mac);
    bytes
}

/// The four numbers, and what comes after them.
fn opened<'a>(
    bytes: &'a [u8],
    magic: &[u8],
    cluster: &ClusterName,
    key: &Key,
) -> Result<(Reader<'a>, [u64; 4]), Rejection> {
    let length = bytes.len().checked_sub(MAC_LENGTH).ok_or(Rejection::Malformed)?;
    let (content, mac) = bytes.split_at(length);
    let mut reader = Reader::new(content);
    if reader.take(4)? != magic {
        return Err(Rejection::Malformed);
    }
    if reader.take(2)? != [VERSION, 0] {
        return Err(Rejection::Version);
    }
    let identifier = reader.count()?;
    if reader.number()? != tag(cluster) {
        return Err(Rejection::OtherCluster);
    }
    if !key.verifies(identifier, content, mac) {
        return Err(Rejection::Authentication);
    }
    let numbers = [reader.number()?, reader.number()?, reader.number()?, reader.number()?];
    if numbers[0] == 0 {
        return Err(Rejection::Malformed);
    }
    Ok((reader, numbers))
}

fn push_groups(bytes: &mut Vec<u8>, groups: &BTreeSet<GroupName>) {
    push_count(bytes, groups.len());
    for group in groups.iter().take(usize::from(u16::MAX)) {
        push_name(bytes, group.as_str());
    }
}

fn read_groups(reader: &mut Reader<'_>) -> Result<BTreeSet<GroupName>, Rejection> {
    let count = reader.count()?;
    (0..count).map(|_| read_group(reader)).collect()
}

fn read_group(reader: &mut Reader<'_>) -> Result<GroupName, Rejection> {
    GroupName::new(reader.text()?).map_err(|_| Rejection::Malformed)
}

fn read_node(reader: &mut Reader<'_>) -> Result<NodeName, Rejection> {
    NodeName::new(reader.text()?).map_err(|_| Rejection::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cluster() -> ClusterName {
        ClusterName::new("c").unwrap()
    }

    fn key() -> Key {
        Key::new(b"secret")
    }

    fn question() -> Question {
        Question {
            node: NodeName::new("d1").unwrap(),
            incarnation: Incarnation(3),
            voter: Some(Incarnation(4)),
            number: 5,
            term: Duration::from_millis(125),
            holds: [GroupName::new("web").unwrap()].into(),
            wants: [GroupName::new("mail").unwrap()].into(),
        }
    }

    fn answer() -> Answer {
        let Question { node, incarnation, number, holds, .. } = question();
        let refused = [(GroupName::new("mail").unwrap(), NodeName::new("d2").unwrap())].into();
        let voter = Incarnation(9);
        Answer { node, incarnation, number, voter, granted: holds, refused }
    }

    #[test]
    fn what_is_sealed_is_read_again() {
        let bytes = seal_question(&question(), &cluster(), &key());
        assert_eq!(open_question(&bytes, &cluster(), &key()), Ok(question()));
        assert_eq!(open_answer(&bytes, &cluster(), &key()), Err(Rejection::Malformed));
        let bytes = seal_answer(&answer(), &cluster(), &key());
        assert_eq!(open_answer(&bytes, &cluster(), &key()), Ok(answer()));
        assert_eq!(open_question(&bytes, &cluster(), &key()), Err(Rejection::Malformed));
    }

    #[test]
    fn what_is_not_of_the_cluster_is_rejected() {
        let bytes = seal_question(&question(), &cluster(), &key());
        let other = ClusterName::new("other").unwrap();
        assert_eq!(open_question(&bytes, &other, &key()), Err(Rejection::OtherCluster));
        let wrong = Key::new(b"another");
        let rejected = open_question(&bytes, &cluster(), &wrong);
        assert_eq!(rejected, Err(Rejection::Authentication));
        for length in 0..bytes.len() {
            assert!(open_question(&bytes[..length], &cluster(), &key()).is_err(), "{length}");
        }
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 1;
            assert!(open_question(&bent, &cluster(), &key()).is_err(), "{place}");
        }
    }

    proptest! {
        #[test]
        fn signed_noise_is_no_panic(noise in prop::collection::vec(any::<u8>(), 0..120)) {
            for magic in [QUESTION, ANSWER] {
                let lives = [Incarnation(1), Incarnation(2)];
                let mut bytes = head(magic, (&cluster(), &key()), lives, [3, 4]);
                bytes.extend_from_slice(&noise);
                let bytes = signed(bytes, &key());
                let _any = open_question(&bytes, &cluster(), &key());
                let _any = open_answer(&bytes, &cluster(), &key());
            }
        }
    }
}
