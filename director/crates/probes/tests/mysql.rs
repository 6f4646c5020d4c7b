//! Logins to a MySQL that this file plays byte by byte: `caching_sha2_password`, which MariaDB does
//! not have, as "Caching_sha2_password information" in the manual of MySQL's source tells it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "peers/secret.rs"]
#[allow(dead_code, reason = "its certificates serve other tests too")]
mod secret;

use director_core::config::Dialogue;
use director_core::config::dialogue::{Login, Program, Secret, ServerKey, Sql, Start, Tls, Trust};
use director_core::probe::{Failure, Outcome, Passed, Probe};
use director_probes::{Ended, Host, Network, Pending, probe};
use num_bigint::BigUint;
use rustls::RootCertStore;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::future::{pending, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

const PASSWORD: &[u8] = b"correct horse";
const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";

/// A key that is used here and nowhere else.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCd+kOpGUOf3Fq07I8xI/QOjGIf
rZZuVthS4S/AiKt9dRCPwMQ4sxdp5fOJb6wr3L4oXexBNMrFGc3lYeXmPVT1YMU1
dyfoer86MBxTpDqPEgESrbBzq/qVzzMcjwj4mANdIsl4OoHUcU76sTYNNtrlbEX9
nTj0JmcFji5FvmKPHwIDAQAB
-----END PUBLIC KEY-----
";
const MODULUS: &[u8] = b"9DFA43A919439FDC5AB4EC8F3123F40E8C621FAD966E56D852E12FC088AB7D75\
    108FC0C438B31769E5F3896FAC2BDCBE285DEC4134CAC519CDE561E5E63D54F5\
    60C5357727E87ABF3A301C53A43A8F120112ADB073ABFA95CF331C8F08F89803\
    5D22C9783A81D4714EFAB1360D36DAE56C45FD9D38F42667058E2E45BE628F1F";
const PRIVATE: &[u8] = b"46a474c1171510553f128c7df3a17a2f4f43499b1c1bb72600d9c5bab8e2c6b5\
    2474c3e47ade4ae805f6034d36965e9d81fb8dfc129961ce0a2e3abacd5c3bb2\
    d278b797a7ae4dc9308c17ed88bf142f67e7653964ffa325889610980ed0b92b\
    57d7b5c57dd454a67fbfa5dd6ee9ac985023501ca3d03007fbf3ce3d27992f71";

/// A host with one server behind it.
struct One {
    stream: Mutex<Option<DuplexStream>>,
    file: &'static str,
}

impl Network for One {
    type Stream = DuplexStream;

    async fn connect(&self, _: SocketAddr) -> io::Result<DuplexStream> {
        Ok(self.stream.lock().unwrap().take().unwrap())
    }

    fn host(&self) -> &dyn Host {
        self
    }
}

impl Host for One {
    fn secret<'a>(&'a self, _: &'a Secret) -> Pending<'a, io::Result<Vec<u8>>> {
        Box::pin(ready(Ok(PASSWORD.into())))
    }

    fn file<'a>(&'a self, path: &'a str, _: u64) -> Pending<'a, io::Result<Vec<u8>>> {
        assert_eq!(path, "/key.pem");
        Box::pin(ready(Ok(self.file.into())))
    }

    fn roots<'a>(&'a self, _: &'a Trust) -> Pending<'a, io::Result<Arc<RootCertStore>>> {
        Box::pin(ready(Ok(secret::roots())))
    }

    fn run<'a>(&'a self, _: &'a Program, _: Vec<String>) -> Pending<'a, io::Result<Ended>> {
        Box::pin(pending())
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A server's side of a connection.
struct Peer<S> {
    stream: S,
    number: u8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    async fn say(&mut self, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let packet = [&length[..3], &[self.number], payload].concat();
        self.number += 1;
        self.stream.write_all(&packet).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn hear(&mut self) -> Vec<u8> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[3], self.number, "packets are numbered");
        self.number += 1;
        let mut payload = vec![0; usize::from(head[0]) | usize::from(head[1]) << 8];
        self.stream.read_exact(&mut payload).await.unwrap();
        payload
    }

    /// "Protocol::HandshakeV10" of a MySQL 8 with TLS.
    async fn greet(&mut self) {
        let parts: [&[u8]; 8] = [
            b"\x0a8.0.36\0\x07\0\0\0",
            &NONCE[..8],
            b"\0\xff\xff\xff\x02\0\xff\xdf\x15",
            &[0; 10],
            &NONCE[8..],
            b"\0",
            b"caching_sha2_password",
            b"\0",
        ];
        self.say(&parts.concat()).await;
    }

    /// "Protocol::HandshakeResponse41": a name and a proof that the server can check with what it
    /// keeps, SHA256(SHA256(password)).
    async fn judge_proof(&mut self) {
        let said = self.hear().await;
        let rest = said[32..].strip_prefix(b"check\0").unwrap();
        assert_eq!(rest[0], 32);
        let (proof, rest) = rest[1..].split_at(32);
        assert_eq!(rest, b"caching_sha2_password\0");
        let stored = Sha256::digest(Sha256::digest(PASSWORD));
        let mask = Sha256::new().chain_update(stored).chain_update(NONCE).finalize();
        let once: Vec<u8> = proof.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(Sha256::digest(once), stored);
    }

    async fn welcome(&mut self) {
        self.say(&[0, 0, 0, 2, 0, 0, 0]).await;
        self.number = 0;
        assert_eq!(self.hear().await, [1], "the client takes its leave");
    }
}

fn sql(server_key: Option<ServerKey>, tls: Option<Tls>) -> Dialogue {
    let login = Login { user: "check".into(), password: Secret::Variable("P".into()) };
    Dialogue::Mysql(Sql { tls, login, database: None, query: None, rows: 0, server_key }.into())
}

async fn check<F: Future<Output = ()> + Send + 'static>(
    dialogue: Dialogue,
    file: &'static str,
    server: impl FnOnce(Peer<DuplexStream>) -> F,
) -> Outcome {
    let (ours, stream) = tokio::io::duplex(64 << 10);
    let playing = tokio::spawn(server(Peer { stream, number: 0 }));
    let network = One { stream: Mutex::new(Some(ours)), file };
    let target = "192.0.2.21:3306".parse().unwrap();
    let timeout = Duration::from_secs(3);
    let outcome = probe(&network, &Probe { target, way: None, dialogue, timeout }).await;
    drop(network);
    if outcome.is_ok() {
        playing.await.unwrap();
    }
    outcome
}

/// What was encrypted for the key above (RFC 8017 §7.1.2).
fn decrypted(cipher: &[u8]) -> Vec<u8> {
    fn mask(bytes: &mut [u8], seed: &[u8]) {
        for (counter, chunk) in (0_u32..).zip(bytes.chunks_mut(20)) {
            let hash = Sha1::digest([seed, &counter.to_be_bytes()].concat());
            chunk.iter_mut().zip(hash).for_each(|(byte, mask)| *byte ^= mask);
        }
    }
    let number = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    assert_eq!(cipher.len(), 128);
    let plain = BigUint::from_bytes_be(cipher).modpow(&number(PRIVATE), &number(MODULUS));
    let mut bytes = plain.to_bytes_be();
    // The zero in front of a block is not in the number.
    assert_eq!(bytes.len(), 127);
    let (seed, block) = bytes.split_at_mut(20);
    mask(seed, block);
    mask(block, seed);
    let rest = block.strip_prefix(&Sha1::digest(b"")[..]).unwrap();
    let at = rest.iter().position(|byte| *byte != 0).unwrap();
    assert_eq!(rest[at], 1);
    rest[at + 1..].to_vec()
}

fn is_the_password(cipher: &[u8]) {
    let mixed = decrypted(cipher);
    let said: Vec<u8> =
        mixed.iter().zip(NONCE.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    assert_eq!(said, [PASSWORD, b"\0"].concat());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_the_server_remembers_needs_its_proof_alone() {
    let outcome = check(sql(None, None), "", |mut peer| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(&[1, 3]).await;
        peer.welcome().await;
    });
    assert_eq!(outcome.await, Ok(Passed::default()));
}

#[tokio::test(start_paused = true)]
async fn the_server_is_asked_for_its_key() {
    let outcome = check(sql(Some(ServerKey::Asked), None), "", |mut peer| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(&[1, 4]).await;
        assert_eq!(peer.hear().await, [2]);
        peer.say(&[&[1], PUBLIC.as_bytes()].concat()).await;
        is_the_password(&peer.hear().await);
        peer.welcome().await;
    });
    assert_eq!(outcome.await, Ok(Passed::default()));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_known_is_not_asked_for() {
    let key = Some(ServerKey::File("/key.pem".into()));
    let outcome = check(sql(key, None), PUBLIC, |mut peer| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(&[1, 4]).await;
        is_the_password(&peer.hear().await);
        peer.welcome().await;
    });
    assert_eq!(outcome.await, Ok(Passed::default()));
}

#[tokio::test(start_paused = true)]
async fn over_tls_the_password_goes_as_it_is() {
    let tls = Tls { start: Start::Asked, name: Some(secret::NAME.into()), ..Tls::default() };
    let outcome = check(sql(None, Some(tls)), "", |mut peer| async move {
        peer.greet().await;
        assert_eq!(peer.hear().await.len(), 32, "a request for TLS");
        let stream = secret::accept(peer.stream, &secret::good()).await.unwrap();
        let mut peer = Peer { stream, number: peer.number };
        peer.judge_proof().await;
        peer.say(&[1, 4]).await;
        assert_eq!(peer.hear().await, [PASSWORD, b"\0"].concat());
        peer.welcome().await;
    });
    assert_eq!(outcome.await, Ok(Passed::default()));
}

#[tokio::test(start_paused = true)]
async fn a_password_is_not_said_to_whoever_asks_for_it() {
    let want = |mut peer: Peer<DuplexStream>| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(&[1, 4]).await;
        pending().await
    };
    let outcome = check(sql(None, None), "", want).await;
    assert!(matches!(outcome, Err(Failure::Malformed { .. })), "{outcome:?}");
    let key = Some(ServerKey::File("/key.pem".into()));
    let outcome = check(sql(key, None), "no key", want).await;
    assert!(matches!(outcome, Err(Failure::Local { .. })), "{outcome:?}");
    let outcome = check(sql(Some(ServerKey::Asked), None), "", |mut peer| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(&[1, 4]).await;
        assert_eq!(peer.hear().await, [2]);
        peer.say(b"\x01no key").await;
        pending().await
    });
    let outcome = outcome.await;
    assert!(matches!(outcome, Err(Failure::Malformed { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_the_servers_word() {
    let outcome = check(sql(Some(ServerKey::Asked), None), "", |mut peer| async move {
        peer.greet().await;
        peer.judge_proof().await;
        peer.say(b"\xff\x15\x04#28000Access denied").await;
        pending().await
    });
    let answer = "error 1045 Access denied".to_owned();
    assert_eq!(outcome.await, Err(Failure::Rejected { answer }));
}
