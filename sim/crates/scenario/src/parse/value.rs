//! Small values inside strings.

use super::source::{Mistake, list};
use crate::{Behaviour, Cidr, Protocol, Rate, Serve, Software, Spread, parse_duration};
use std::net::IpAddr;
use std::time::Duration;

const DURATION_HELP: &str = "write a number and its unit: 10s, 2.5s, 100ms, 200us";

pub(super) fn duration(text: &str, at: usize) -> Result<Duration, Mistake> {
    parse_duration(text).map_err(|wrong| Mistake::new(at, wrong, DURATION_HELP))
}

/// `10s`, `10s..20s` or `{10s..20s}`.
pub(super) fn spread(text: &str, at: usize) -> Result<Spread, Mistake> {
    let (inner, shift) = match text.strip_prefix('{') {
        None => (text, 0),
        Some(rest) => match rest.strip_suffix('}') {
            Some(inner) => (inner, 1),
            None => {
                let help = "write a range as {10s..20s}";
                return Err(Mistake::new(at, format!("`{text}` has no closing brace"), help));
            }
        },
    };
    let Some((low, high)) = inner.split_once("..") else {
        if shift == 1 {
            let help = "write a range as {10s..20s}, or the value without braces";
            return Err(Mistake::new(at, format!("`{text}` has no `..`"), help));
        }
        return duration(inner, at).map(Spread::fixed);
    };
    let from = duration(low, at + shift)?;
    let to = duration(high, at + shift + low.len() + 2)?;
    if from > to {
        let help = "write the smaller value first";
        return Err(Mistake::new(at, format!("the range `{text}` is empty"), help));
    }
    Ok(Spread { from, to })
}

pub(super) fn cidr(text: &str) -> Result<Cidr, Mistake> {
    let help = "write an address with its prefix length: 10.0.0.1/24";
    let Some((address, prefix)) = text.split_once('/') else {
        return Err(Mistake::new(0, format!("`{text}` has no prefix length"), help));
    };
    let at = address.len() + 1;
    let address: IpAddr = ip(address, 0)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match prefix.parse::<u8>() {
        Ok(prefix) if prefix <= most => Ok(Cidr { address, prefix }),
        _ => {
            let wrong = format!("`{prefix}` is not a prefix length");
            Err(Mistake::new(at, wrong, format!("write a number from 0 to {most}")))
        }
    }
}

pub(super) fn ip(text: &str, at: usize) -> Result<IpAddr, Mistake> {
    let help = "write an IPv4 or IPv6 address: 10.0.0.100";
    text.parse().map_err(|_| Mistake::new(at, format!("`{text}` is not an IP address"), help))
}

/// `20/s`, `5/100ms`.
pub(super) fn rate(text: &str) -> Result<Rate, Mistake> {
    let help = "write connections per time: 20/s, 1/500ms";
    let wrong = |at, wrong: String| Err(Mistake::new(at, wrong, help));
    let Some((count, per)) = text.split_once('/') else {
        return wrong(0, format!("`{text}` is not a rate"));
    };
    let at = count.len() + 1;
    let count = match count.parse::<u32>() {
        Ok(count) if count > 0 => count,
        _ => return wrong(0, format!("`{count}` is not a number of connections")),
    };
    let spelled = if per.starts_with(|c: char| c.is_ascii_digit()) {
        per.to_owned()
    } else {
        format!("1{per}")
    };
    let per = match parse_duration(&spelled) {
        Ok(per) if per > Duration::ZERO => per,
        _ => return wrong(at, format!("`{per}` is not a length of time")),
    };
    Ok(Rate { count, per })
}

pub(super) fn behaviour(word: &str, at: usize) -> Result<Behaviour, Mistake> {
    Behaviour::ALL.into_iter().find(|known| known.word() == word).ok_or_else(|| {
        let known: Vec<&str> = Behaviour::ALL.iter().map(|known| known.word()).collect();
        Mistake::new(
            at,
            format!("`{word}` is not a way to answer"),
            format!("one of {}", list(&known)),
        )
    })
}

/// `http 80 ok`, `http 80 ok the right page`.
pub(super) fn serve(text: &str) -> Result<Serve, Mistake> {
    let help = "write protocol, port and behaviour: http 80 ok";
    let mut parts = text.splitn(4, ' ');
    let (Some(protocol), Some(port), Some(word)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(Mistake::new(0, format!("`{text}` does not say what is served"), help));
    };
    let port_at = protocol.len() + 1;
    let word_at = port_at + port.len() + 1;
    let (software, protocol) = match protocol.strip_prefix("apache/") {
        Some(protocol @ ("http" | "https")) => (Software::Apache, protocol),
        Some(_) => {
            let wrong = format!("`{protocol}` is not what Apache speaks here");
            return Err(Mistake::new(0, wrong, "one of `apache/http`, `apache/https`"));
        }
        None => (Software::default(), protocol),
    };
    let protocol = match protocol {
        "http" => Protocol::Http,
        "https" => Protocol::Https,
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "postgresql" => Protocol::Postgresql,
        _ => {
            let wrong = format!("`{protocol}` is not a protocol that real servers speak here");
            return Err(Mistake::new(
                0,
                wrong,
                "one of `http`, `https`, `tcp`, `udp`, `postgresql`",
            ));
        }
    };
    let port = match port.parse::<u16>() {
        Ok(port) if port > 0 => port,
        _ => {
            let wrong = format!("`{port}` is not a port");
            return Err(Mistake::new(port_at, wrong, "write a number from 1 to 65535"));
        }
    };
    let behaviour = behaviour(word, word_at)?;
    if behaviour == Behaviour::Expired && protocol != Protocol::Https {
        let wrong = "only `https` has a certificate that can expire";
        return Err(Mistake::new(word_at, wrong, help));
    }
    let body = parts.next().unwrap_or("OK").to_owned();
    Ok(Serve { protocol, port, software, behaviour, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_points_at_its_bad_half() {
        assert_eq!(spread("{1s..2s}", 0).unwrap().to, Duration::from_secs(2));
        assert_eq!(spread("100us..200us", 0).unwrap().from, Duration::from_micros(100));
        assert_eq!(spread("{1s..2x}", 10).unwrap_err().at, 15);
        assert_eq!(spread("{2s..1s}", 3).unwrap_err().at, 3);
        assert!(spread("{1s..2s", 0).is_err());
        assert!(spread("{1s}", 0).is_err());
    }

    #[test]
    fn rates_have_an_interval() {
        assert_eq!(rate("20/s").unwrap().interval(), Duration::from_millis(50));
        assert_eq!(rate("1/2s").unwrap().interval(), Duration::from_secs(2));
        for bad in ["20", "0/s", "x/s", "20/", "20/0s", "20/x"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_served_page_may_have_blanks() {
        let page = serve("http 8080 wrong I am well").unwrap();
        assert_eq!((page.port, page.behaviour, &*page.body), (8080, Behaviour::Wrong, "I am well"));
        assert_eq!(serve("http 80 ok").unwrap().body, "OK");
        assert_eq!(serve("http 0 ok").unwrap_err().at, 5);
        assert_eq!(serve("http 80 fine").unwrap_err().at, 8);
        assert_eq!(serve("apache/http 80 ok").unwrap().software, Software::Apache);
        assert_eq!(serve("apache/https 443 ok").unwrap().protocol, Protocol::Https);
        assert_eq!(serve("postgresql 5432 ok").unwrap().protocol, Protocol::Postgresql);
        assert!(serve("postgresql 5432 expired").is_err());
        assert!(serve("apache/udp 53 ok").is_err());
        assert!(serve("gopher 70 ok").is_err());
        assert!(serve("http 80").is_err());
    }
}
