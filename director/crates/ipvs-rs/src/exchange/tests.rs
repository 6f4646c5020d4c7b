use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::attribute::Attribute;
use crate::daemon::DaemonRole;
use crate::error::Missing;
use crate::service::{Service, ServiceKey};
use crate::uapi::CMD_ATTR_DAEMON;

const FAMILY_ID: u16 = 0x1c;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const MULTI: u16 = 2;
const INTERRUPTED: u16 = 0x10;
const CAPPED: u16 = 0x100;
const WITH_TEXT: u16 = 0x200;
const ENOENT: i32 = 2;
const EEXIST: i32 = 17;
/// `NLM_F_ACK` (`linux/netlink.h`).
const ACKNOWLEDGE: u16 = 4;

fn frame(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(9999u32.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn acknowledgement(sequence: u32, errno: i32) -> Vec<u8> {
    let mut payload = (-errno).to_ne_bytes().to_vec();
    payload.extend([0; 16]);
    frame(ERROR, CAPPED, sequence, &payload)
}

fn done(sequence: u32, flags: u16) -> Vec<u8> {
    frame(DONE, MULTI | flags, sequence, &0i32.to_ne_bytes())
}

fn key(last: u8) -> ServiceKey {
    ServiceKey::tcp((Ipv4Addr::new(10, 0, 0, last), 80))
}

fn service_frame(sequence: u32, last: u8, flags: u16) -> Vec<u8> {
    let message = Reply::Service(Service::new(key(last), "rr")).message().unwrap();
    message.to_bytes(FAMILY_ID, MULTI | flags, sequence)
}

fn exchange(requests: &[Request], sequence: u32) -> Exchange {
    Exchange::new(requests, FAMILY_ID, sequence).0
}

fn only(exchange: Exchange) -> Outcome {
    let mut outcomes: Vec<_> = exchange.outcomes().collect();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn kind(outcome: &Outcome) -> &ErrorKind {
    outcome.replies.as_ref().unwrap_err().kind()
}

/// A recorded datagram: the bytes up to the first empty line.
fn recorded(text: &str) -> Vec<u8> {
    let first = text.split("\n\n").next().unwrap();
    let digits: String = first.split_whitespace().collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

#[test]
fn each_request_of_a_batch_gets_its_own_result() {
    let requests = [1, 2, 3].map(|last| Request::AddService(Service::new(key(last), "rr")));
    let mut exchange = exchange(&requests, u32::MAX);
    exchange.feed(&acknowledgement(u32::MAX, 0));
    let mut rest = acknowledgement(0, EEXIST);
    rest.extend(acknowledgement(1, 0));
    assert!(!exchange.is_over());
    exchange.feed(&rest);
    assert!(exchange.is_over());
    let outcomes: Vec<_> = exchange.outcomes().collect();
    assert!(outcomes[0].replies.is_ok() && outcomes[2].replies.is_ok());
    let error = outcomes[1].replies.as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot add service tcp 10.0.0.2:80 (scheduler rr): it exists already"
    );
}

#[test]
fn what_cannot_be_sent_fails_alone() {
    let bad = Request::AddService(Service::new(key(1), ""));
    let (mut exchange, bytes) = Exchange::new(&[bad, Request::Flush], FAMILY_ID, 5);
    assert_eq!(bytes.len(), 20);
    exchange.feed(&acknowledgement(6, 0));
    let outcomes: Vec<_> = exchange.outcomes().collect();
    assert!(matches!(kind(&outcomes[0]), ErrorKind::Invalid(_)));
    assert!(outcomes[1].replies.is_ok());
}

#[test]
fn late_answers_of_other_exchanges_are_passed_over() {
    let mut exchange = exchange(&[Request::Flush], 50);
    exchange.feed(&acknowledgement(49, EEXIST));
    exchange.feed(&acknowledgement(52, EEXIST));
    exchange.feed(&service_frame(49, 1, 0));
    assert!(!exchange.is_over());
    exchange.feed(&acknowledgement(50, 0));
    assert_eq!(only(exchange), Outcome { replies: Ok(Vec::new()), interrupted: false });
}

#[test]
fn a_list_comes_in_pieces() {
    let mut exchange = exchange(&[Request::ListServices], 7);
    let mut first = service_frame(7, 1, 0);
    first.extend(service_frame(7, 2, 0));
    exchange.feed(&first);
    exchange.feed(&service_frame(7, 3, 0));
    assert!(!exchange.is_over());
    exchange.feed(&done(7, 0));
    let outcome = only(exchange);
    assert!(!outcome.interrupted);
    let replies = outcome.replies.unwrap();
    let want = [1, 2, 3].map(|last| Reply::Service(Service::new(key(last), "rr")));
    assert_eq!(replies, want);
}

#[test]
fn an_interrupted_list_is_known_by_any_of_its_messages() {
    for (in_message, in_end) in [(INTERRUPTED, 0), (0, INTERRUPTED)] {
        let mut exchange = exchange(&[Request::ListServices], 7);
        exchange.feed(&service_frame(7, 1, in_message));
        exchange.feed(&done(7, in_end));
        assert!(only(exchange).interrupted);
    }
}

#[test]
fn a_list_can_end_in_an_error() {
    let mut exchange = exchange(&[Request::ListServices], 7);
    exchange.feed(&frame(DONE, MULTI, 7, &(-12i32).to_ne_bytes()));
    assert_eq!(kind(&only(exchange)), &ErrorKind::OutOfMemory);
}

#[test]
fn a_daemon_stop_without_acknowledgement_ends_at_the_fence() {
    let requests = [Request::StopDaemon(DaemonRole::Backup)];
    let (mut exchange, bytes) = Exchange::new(&requests, FAMILY_ID, 7);
    assert_eq!(split(&bytes).count(), 2);
    exchange.feed(&acknowledgement(8, 0));
    assert!(exchange.is_over());
    assert_eq!(only(exchange).replies, Ok(Vec::new()));
}

#[test]
fn a_daemon_stop_keeps_its_own_error() {
    let mut exchange = exchange(&[Request::StopDaemon(DaemonRole::Backup)], 7);
    exchange.feed(&acknowledgement(7, 3));
    assert!(!exchange.is_over(), "the fence is still to come");
    exchange.feed(&acknowledgement(8, 0));
    assert_eq!(kind(&only(exchange)), &ErrorKind::Missing(Missing::Daemon));
}

#[test]
fn only_the_last_of_several_changes_is_acknowledged() {
    let changes = [Request::ZeroAll, Request::Flush, Request::ZeroAll];
    let (mut exchange, bytes) = Exchange::new(&changes, FAMILY_ID, 7);
    let flags = |frame: &[u8]| u16::from_ne_bytes([frame[6], frame[7]]);
    let asks = bytes.chunks(bytes.len() / 3).map(|frame| flags(frame) & ACKNOWLEDGE != 0);
    assert_eq!(asks.collect::<Vec<_>>(), [false, false, true]);
    // The kernel answers in order: what failed has been told before the acknowledgement.
    exchange.feed(&acknowledgement(8, EEXIST));
    assert!(!exchange.is_over());
    exchange.feed(&acknowledgement(9, 0));
    let outcomes: Vec<_> = exchange.outcomes().collect();
    assert!(outcomes[0].replies.is_ok() && outcomes[2].replies.is_ok());
    assert_eq!(kind(&outcomes[1]), &ErrorKind::Exists);
}

#[test]
fn a_question_that_the_kernel_passes_over_has_no_answer() {
    let mut exchange = exchange(&[Request::GetInfo, Request::GetInfo], 7);
    exchange.feed(&acknowledgement(8, 0));
    let outcomes: Vec<_> = exchange.outcomes().collect();
    assert_eq!(kind(&outcomes[0]), &ErrorKind::NoAnswer);
}

#[test]
fn the_kernels_words_are_kept() {
    let mut payload = (-22i32).to_ne_bytes().to_vec();
    payload.extend([0; 16]);
    payload.extend(attribute::emit(&[Attribute::text(1, "bad thing").unwrap()]));
    let mut exchange = exchange(&[Request::Flush], 7);
    exchange.feed(&frame(ERROR, CAPPED | WITH_TEXT, 7, &payload));
    let error = only(exchange).replies.unwrap_err();
    assert_eq!((error.kind(), error.detail()), (&ErrorKind::InvalidValue, Some("bad thing")));
    assert_eq!(
        error.to_string(),
        "cannot flush all services: the kernel refuses a value (EINVAL) \
         (the kernel says: bad thing)"
    );
}

#[test]
fn words_stand_behind_the_whole_request_if_it_is_echoed() {
    let mut payload = (-22i32).to_ne_bytes().to_vec();
    payload.extend(frame(FAMILY_ID, 5, 7, &[1, 1, 0, 0, 6, 0, 1, 0, 2, 0, 0, 0]));
    payload.extend(attribute::emit(&[Attribute::text(1, "bad thing").unwrap()]));
    let mut exchange = exchange(&[Request::Flush], 7);
    exchange.feed(&frame(ERROR, WITH_TEXT, 7, &payload));
    assert_eq!(only(exchange).replies.unwrap_err().detail(), Some("bad thing"));
}

#[test]
fn unreadable_answers_end_the_exchange() {
    let mut cut = exchange(&[Request::ListServices], 7);
    cut.feed(&service_frame(7, 1, 0)[..30]);
    assert!(matches!(kind(&only(cut)), ErrorKind::Decode(DecodeError::Truncated { .. })));
    let mut odd = exchange(&[Request::ListDaemons], 7);
    let state = Attribute::nest(CMD_ATTR_DAEMON, &[Attribute::u32(1, 3)]).unwrap();
    let mut payload = vec![9, 1, 0, 0];
    payload.extend(attribute::emit(&[state]));
    odd.feed(&frame(FAMILY_ID, MULTI, 7, &payload));
    let want = ErrorKind::Decode(DecodeError::DaemonRole { number: 3 });
    assert_eq!(kind(&only(odd)), &want);
}

#[cfg(target_endian = "little")]
#[test]
fn recorded_errors() {
    let missing = ErrorKind::Missing(Missing::Service);
    for (text, want) in [
        (include_str!("../../tests/recorded/error.hex"), missing),
        (include_str!("../../tests/recorded/invalid.hex"), ErrorKind::InvalidValue),
        (include_str!("../../tests/recorded/unsupported.hex"), ErrorKind::Unsupported),
    ] {
        let mut exchange = exchange(&[Request::GetService(key(1))], 77);
        exchange.feed(&recorded(text));
        assert_eq!(kind(&only(exchange)), &want);
    }
}

#[cfg(target_endian = "little")]
#[test]
fn the_familys_number_is_found_in_a_recorded_description() {
    let datagram = recorded(include_str!("../../tests/recorded/family.hex"));
    let (question, bytes) = Resolve::new(1);
    assert_eq!(
        bytes,
        [
            32, 0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0, 9, 0, 2, 0, b'I', b'P',
            b'V', b'S', 0, 0, 0, 0
        ]
    );
    assert_eq!(question.feed(&datagram), Some(Ok(FAMILY_ID)));
    let (other, _) = Resolve::new(2);
    assert_eq!(other.feed(&datagram), None);
}

#[test]
fn no_family_is_no_ipvs() {
    let (question, _) = Resolve::new(1);
    let error = question.feed(&acknowledgement(1, ENOENT)).unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect to IPVS: the kernel has no ip_vs: modprobe ip_vs"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever arrives, an exchange neither panics nor invents more outcomes than requests.
    #[test]
    fn any_datagram(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        sequence: u32,
    ) {
        let requests = [Request::ListServices, Request::Flush, Request::ZeroAll];
        let mut exchange = exchange(&requests, sequence);
        let mut datagram = service_frame(sequence, 1, 0);
        datagram.extend(done(sequence, 0));
        datagram.extend(acknowledgement(sequence.wrapping_add(1), 0));
        for (index, value) in changes {
            let at = index.index(datagram.len());
            datagram[at] = value;
        }
        exchange.feed(&noise);
        exchange.feed(&datagram);
        let (question, _) = Resolve::new(sequence);
        let _ = question.feed(&noise);
        let _ = question.feed(&datagram);
        prop_assert_eq!(exchange.outcomes().count(), 3);
    }

    /// Every error number has a name or is kept, for every operation.
    #[test]
    fn any_error_number(errno: i32) {
        let requests = [Request::Flush, Request::RemoveService(key(1))];
        for request in requests {
            let end = end_of(&request, errno, None);
            prop_assert_eq!(end.is_ok(), errno == 0);
        }
    }
}
