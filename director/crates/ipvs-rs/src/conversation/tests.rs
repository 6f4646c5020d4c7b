use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::*;
use crate::error::{Invalid, Missing};
use crate::frame::{Body, split};
use crate::reply::Reply;
use crate::service::{Service, ServiceKey};
use crate::settings::{Info, Version};

const INTERRUPTED: u16 = 0x10;
const ENOENT: i32 = 2;

/// Plays the kernel's part: answers every message of a datagram by a rule.
struct Played<R> {
    rule: R,
    queue: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    sent: usize,
}

/// What a rule sees of a message: number of the family, command, sequence number.
type Seen = (u16, u8, u32);

impl<R: FnMut(Seen) -> Vec<Vec<u8>>> Link for Played<R> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        self.sent += 1;
        for frame in split(bytes) {
            let frame = frame.unwrap();
            let Body::Family { number, payload } = frame.body else { panic!("{frame:?}") };
            self.queue.extend((self.rule)((number, payload[0], frame.sequence)));
        }
        Ok(())
    }

    fn receive(&mut self, _deadline: Instant) -> Result<Option<&[u8]>, ErrorKind> {
        Ok(self.queue.pop_front().map(|datagram| {
            self.last = datagram;
            self.last.as_slice()
        }))
    }
}

fn frame(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

fn acknowledgement(sequence: u32, errno: i32) -> Vec<u8> {
    let mut payload = (-errno).to_ne_bytes().to_vec();
    payload.extend([0; 16]);
    frame(2, 0x100, sequence, &payload)
}

fn end_of_list(sequence: u32, flags: u16) -> Vec<u8> {
    frame(3, 2 | flags, sequence, &[0; 4])
}

/// The controller's answer that the family has this number.
fn family(sequence: u32, id: u16) -> Vec<u8> {
    let [low, high] = id.to_ne_bytes();
    let mut payload = vec![1, 2, 0, 0];
    payload.extend(6u16.to_ne_bytes());
    payload.extend(1u16.to_ne_bytes());
    payload.extend([low, high, 0, 0]);
    frame(16, 0, sequence, &payload)
}

fn start<R: FnMut(Seen) -> Vec<Vec<u8>>>(rule: R, attempts: u32) -> Conversation<Played<R>> {
    let link = Played { rule, queue: VecDeque::new(), last: Vec::new(), sent: 0 };
    let options = Options { list_attempts: attempts, ..Options::default() };
    Conversation::start(link, options).unwrap()
}

fn key() -> ServiceKey {
    ServiceKey::tcp((Ipv4Addr::LOCALHOST, 80))
}

fn add() -> Request {
    Request::AddService(Service::new(key(), "rr"))
}

#[test]
fn an_interrupted_list_is_asked_for_again() {
    let mut lists = 0;
    let rule = |(id, _, sequence)| {
        if id == 16 {
            return vec![family(sequence, 30)];
        }
        lists += 1;
        let service = Reply::Service(Service::new(key(), "rr")).message().unwrap();
        let flags = if lists < 3 { INTERRUPTED } else { 0 };
        vec![service.to_bytes(30, 2, sequence), end_of_list(sequence, flags)]
    };
    let mut conversation = start(rule, 3);
    let replies = conversation.execute(&Request::ListServices).unwrap();
    assert_eq!(replies.len(), 1, "replies of interrupted attempts are dropped");
    assert_eq!(conversation.link.sent, 1 + 3);
}

#[test]
fn a_list_that_is_always_interrupted_is_given_up() {
    let rule = |(id, _, sequence)| {
        if id == 16 { vec![family(sequence, 30)] } else { vec![end_of_list(sequence, INTERRUPTED)] }
    };
    for (asked, attempts) in [(4, 4), (0, 1)] {
        let mut conversation = start(rule, asked);
        let error = conversation.execute(&Request::ListServices).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::DumpInterrupted { attempts });
        assert_eq!(conversation.link.sent, 1 + usize::try_from(attempts).unwrap());
    }
}

#[test]
fn a_question_has_its_reply_before_the_acknowledgement() {
    let info = Info { version: Version(1), connection_table_size: 8, unknown: Vec::new() };
    let answer = info.clone();
    let rule = move |(id, _, sequence)| {
        if id == 16 {
            return vec![family(sequence, 30)];
        }
        let reply = Reply::Info(answer.clone()).message().unwrap();
        vec![reply.to_bytes(30, 0, sequence), acknowledgement(sequence, 0)]
    };
    let replies = start(rule, 1).execute(&Request::GetInfo).unwrap();
    assert_eq!(replies, [Reply::Info(info)]);
}

#[test]
fn silence_breaks_a_batch_off() {
    let rule = |(id, _, sequence)| {
        // 128 changes to a send; what comes after the hundred and seventieth is never answered.
        match (id, sequence) {
            (16, _) => vec![family(sequence, 30)],
            (_, 0..170) => vec![acknowledgement(sequence, 0)],
            _ => Vec::new(),
        }
    };
    let mut conversation = start(rule, 1);
    let results = conversation.batch(&vec![Request::ZeroAll; 400]);
    assert_eq!(results.len(), 400);
    let count = |wanted: fn(&ErrorKind) -> bool| {
        results.iter().filter(|one| one.as_ref().is_err_and(|error| wanted(error.kind()))).count()
    };
    let timed_out = count(|kind| matches!(kind, ErrorKind::TimedOut { .. }));
    let not_sent = count(|kind| *kind == ErrorKind::NotSent);
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 256 - timed_out);
    assert!(timed_out > 0 && not_sent == 400 - 256, "{timed_out} timed out, {not_sent} not sent");
    assert_eq!(conversation.link.sent, 1 + 2);
}

#[test]
fn a_batch_takes_changes_only() {
    let mut conversation = start(|(_, _, sequence)| vec![family(sequence, 30)], 1);
    let results = conversation.batch(&[Request::Flush, Request::GetInfo]);
    let refused = |one: &Result<(), Error>| {
        one.as_ref().is_err_and(|error| *error.kind() == ErrorKind::Invalid(Invalid::NotAChange))
    };
    assert!(results.len() == 2 && results.iter().all(refused), "{results:?}");
    assert_eq!(conversation.link.sent, 1, "nothing was sent but the question for the family");
}

#[test]
fn a_module_that_was_loaded_anew_is_found_again() {
    let mut asked = 0;
    let rule = |(id, _, sequence)| match id {
        16 => {
            asked += 1;
            vec![family(sequence, if asked == 1 { 30 } else { 31 })]
        }
        31 => vec![acknowledgement(sequence, 0)],
        _ => vec![acknowledgement(sequence, ENOENT)],
    };
    let mut conversation = start(rule, 1);
    let results = conversation.batch(&[add(), Request::Flush]);
    assert_eq!(results, [Ok(()), Ok(())]);
    assert!(conversation.execute(&Request::Flush).is_ok());
}

#[test]
fn a_module_that_is_gone_is_not_available() {
    let mut asked = 0;
    let rule = |(id, _, sequence)| match id {
        16 if asked == 0 => {
            asked += 1;
            vec![family(sequence, 30)]
        }
        _ => vec![acknowledgement(sequence, ENOENT)],
    };
    let error = start(rule, 1).execute(&add()).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotAvailable);
    assert_eq!(
        error.to_string(),
        "cannot add service tcp 127.0.0.1:80 (scheduler rr): the kernel has no ip_vs: \
         modprobe ip_vs"
    );
}

#[test]
fn a_missing_scheduler_stays_one_if_the_family_is_as_it_was() {
    let rule = |(id, _, sequence)| match id {
        16 => vec![family(sequence, 30)],
        _ => vec![acknowledgement(sequence, ENOENT)],
    };
    let error = start(rule, 1).execute(&add()).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Missing(Missing::Scheduler));
}

#[test]
fn silence_of_the_controller_is_a_timeout() {
    let rule = |_: Seen| Vec::new();
    let link = Played { rule, queue: VecDeque::new(), last: Vec::new(), sent: 0 };
    let error = Conversation::start(link, Options::default()).err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::TimedOut { .. }), "{error}");
}

#[test]
fn any_timeout_can_be_added_to_the_clock() {
    let rule = |(_, _, sequence)| vec![family(sequence, 30)];
    let link = Played { rule, queue: VecDeque::new(), last: Vec::new(), sent: 0 };
    let options = Options { timeout: Duration::MAX, ..Options::default() };
    let conversation = Conversation::start(link, options).unwrap();
    assert_eq!(conversation.timeout(), Duration::from_secs(3600));
}
