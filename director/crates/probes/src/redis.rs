//! Redis (RESP2: the Redis serialization protocol).

use crate::call::{Call, malformed, rejected};
use crate::network::Network;
use crate::wire::Wire;
use director_core::config::dialogue::Redis;
use director_core::probe::{Failure, Outcome};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, redis: &Redis) -> Outcome {
    let mut wire = call.dial(redis.tls.as_ref()).await?;
    if let Some(password) = &redis.password {
        let password = call.secret(password).await?;
        let user = redis.user.as_ref().map(String::as_bytes);
        let words: Vec<&[u8]> =
            [Some(&b"AUTH"[..]), user, Some(&password)].into_iter().flatten().collect();
        simple(&mut wire, &words, "+OK").await?;
    }
    simple(&mut wire, &[b"PING"], "+PONG").await?;
    if let Some(wanted) = &redis.role {
        let role = role(&mut wire).await?;
        if role != *wanted {
            return Err(rejected(&format!("role {role}, not {wanted}")));
        }
    }
    Ok(wire.passed())
}

/// A command as an array of its words.
fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

async fn line<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<String, Failure> {
    let line = wire.line().await?;
    line.strip_prefix('-').map_or(Ok(()), |error| Err(rejected(error)))?;
    Ok(line)
}

async fn simple<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    words: &[&[u8]],
    expected: &str,
) -> Result<(), Failure> {
    wire.send(&encode(words)).await?;
    let line = line(wire).await?;
    if line == expected {
        return Ok(());
    }
    Err(malformed(format_args!("the answer is not {expected}")))
}

/// The first element of the answer to `ROLE`.
async fn role<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<String, Failure> {
    wire.send(&encode(&[b"ROLE"])).await?;
    let wrong = || malformed("the answer to ROLE is none");
    let array = line(wire).await?;
    array.strip_prefix('*').ok_or_else(wrong)?;
    let head = line(wire).await?;
    let length: usize = head.strip_prefix('$').and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
    let role = line(wire).await?;
    if role.len() == length { Ok(role) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_password_ends_its_word() {
        let bytes = encode(&[b"AUTH", b"a\r\nb"]);
        assert_eq!(bytes, b"*2\r\n$4\r\nAUTH\r\n$4\r\na\r\nb\r\n");
    }
}
