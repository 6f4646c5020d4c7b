//! What a client of HTTP asks.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

/// How long requests can be in bytes. Web servers take no more than four heads of 8 KiB, and no
/// longer line than one of them (nginx's `large_client_header_buffers`, Apache's
/// `LimitRequestFieldSize`).
pub(crate) const LENGTH: RangeInclusive<u16> = 256..=16_000;
/// The longest line that fills a request up, in bytes with its end.
const LINE: usize = 4_000;
/// How such a line begins and ends.
const FILL: (&str, &str) = ("X-Fill: ", "\r\n");

/// A request for the one page there is, of that many bytes if they are said; `keeps`: the
/// connection is to stay open after the answer.
pub fn request(target: SocketAddr, keeps: bool, length: Option<u16>) -> String {
    let after = if keeps { "keep-alive" } else { "close" };
    let mut text = format!("GET / HTTP/1.1\r\nHost: {target}\r\nConnection: {after}\r\n");
    let end = "\r\n";
    let length = length.map_or(0, usize::from);
    let (begins, ends) = FILL;
    let shortest = begins.len() + ends.len() + 1;
    loop {
        let left = length.saturating_sub(text.len() + end.len());
        if left < shortest {
            break;
        }
        // What is left after this line is nothing, or enough for another one.
        let line = match left {
            _ if left <= LINE => left,
            _ if left >= LINE + shortest => LINE,
            _ => LINE - shortest,
        };
        text.push_str(begins);
        text.push_str(&"x".repeat(line - begins.len() - ends.len()));
        text.push_str(ends);
    }
    text + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_long_as_was_said_and_no_line_of_it_is_too_long() {
        for target in ["10.0.0.100:80", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"] {
            let target = target.parse().unwrap();
            for length in LENGTH.step_by(7).chain([*LENGTH.end()]) {
                let text = request(target, length % 2 == 0, Some(length));
                assert_eq!(text.len(), usize::from(length), "{target}");
                assert!(text.ends_with("\r\n\r\n"));
                assert!(text.split_terminator("\r\n").all(|line| line.len() < 8_000));
                let fields = text.trim_end().split("\r\n").skip(1);
                assert!(fields.clone().all(|field| field.contains(": ")) && fields.count() < 10);
            }
        }
        let short = "GET / HTTP/1.1\r\nHost: 10.0.0.100:80\r\nConnection: close\r\n\r\n";
        assert_eq!(request("10.0.0.100:80".parse().unwrap(), false, None), short);
    }
}
