//! Replies that begin with three digits: SMTP (RFC 5321 §4.2), FTP (RFC 959 §4.2), NNTP (RFC 3977
//! §3.2).

use crate::call::{malformed, rejected};
use crate::wire::Wire;
use director_core::probe::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

/// Lines of one reply.
const LINES: usize = 500;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Its lines, without their codes where they have them.
    pub(crate) lines: Vec<String>,
}

/// How a line goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Last(u16, &'a str),
    Inner(u16, &'a str),
    Free,
}

fn parse(line: &str) -> Line<'_> {
    let Some((code, rest)) = line.split_at_checked(3) else { return Line::Free };
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Line::Free;
    }
    let Ok(code) = code.parse() else { return Line::Free };
    match rest.strip_prefix('-') {
        Some(rest) => Line::Inner(code, rest),
        None if rest.is_empty() || rest.starts_with(' ') => Line::Last(code, rest.trim_start()),
        None => Line::Free,
    }
}

impl Reply {
    /// The next reply.
    pub(crate) async fn read<S: AsyncRead + AsyncWrite + Unpin>(
        wire: &mut Wire<S>,
    ) -> Result<Self, Failure> {
        let first = wire.line().await?;
        let (code, text) = match parse(&first) {
            Line::Last(code, text) => return Ok(Self { code, lines: vec![text.to_owned()] }),
            Line::Inner(code, text) => (code, text.to_owned()),
            Line::Free => return Err(malformed("the reply does not begin with a code")),
        };
        let mut lines = vec![text];
        while lines.len() < LINES {
            let line = wire.line().await?;
            match parse(&line) {
                Line::Last(same, text) if same == code => {
                    lines.push(text.to_owned());
                    return Ok(Self { code, lines });
                }
                Line::Inner(same, text) if same == code => lines.push(text.to_owned()),
                _ => lines.push(line),
            }
        }
        Err(malformed(format_args!("the reply has more than {LINES} lines")))
    }

    /// This reply, when its code is one of those; what the server says otherwise is its refusal.
    pub(crate) fn demand(self, codes: &[u16]) -> Result<Self, Failure> {
        if codes.contains(&self.code) {
            return Ok(self);
        }
        let text = self.lines.last().map_or("", |line| line);
        Err(rejected(&format!("{} {text}", self.code)))
    }
}

/// Says a line and reads the reply, whose code must be one of those.
pub(crate) async fn command<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    line: &str,
    codes: &[u16],
) -> Result<Reply, Failure> {
    wire.send(format!("{line}\r\n").as_bytes()).await?;
    Reply::read(wire).await?.demand(codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_goes_on_or_ends() {
        assert_eq!(parse("250 fine"), Line::Last(250, "fine"));
        assert_eq!(parse("250"), Line::Last(250, ""));
        assert_eq!(parse("250-SIZE 1"), Line::Inner(250, "SIZE 1"));
        for free in ["", "25", "2500", "+50 x", "abc x", " 250 x", "250x", "äöü"] {
            assert_eq!(parse(free), Line::Free, "{free}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in ".{0,12}") {
            if let Line::Last(code, _) | Line::Inner(code, _) = parse(&line) {
                prop_assert!(code < 1000);
            }
        }
    }
}
