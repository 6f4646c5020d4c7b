//! A topology and a configuration from a seed.

use scenario::{Problems, Scenario, Stream};
use std::fmt::Write;

const SCHEDULERS: [&str; 4] = ["wlc", "wrr", "rr", "lc"];

/// Where the real servers are, and how packets come to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Beside the directors, by direct routing.
    Beside,
    /// Behind the router, through a tunnel.
    Beyond(&'static str),
    /// Behind the directors, by NAT.
    Behind,
}

impl Way {
    fn draw(seed: u64) -> Self {
        match Stream::named(seed, "hunt/forward").between(0, 11) {
            0 => Self::Beyond(""),
            1 => Self::Beyond(", tunnel = { type = \"gue\", port = 6080 }"),
            2 => Self::Beyond(", tunnel = { type = \"gre\" }"),
            3..=5 => Self::Behind,
            _ => Self::Beside,
        }
    }

    const fn forward(self) -> &'static str {
        match self {
            Self::Beside => "direct",
            Self::Beyond(_) => "tunnel",
            Self::Behind => "nat",
        }
    }

    /// The servers' network without the last number, and its segment.
    const fn network(self) -> (&'static str, &'static str) {
        match self {
            Self::Beside => ("10.0.0.", "lan"),
            Self::Beyond(_) => ("10.2.0.", "far"),
            Self::Behind => ("192.168.7.", "inside"),
        }
    }

    /// What else a server's table has in the topology.
    fn server(self, seed: u64) -> String {
        match self {
            Self::Beside => String::new(),
            Self::Beyond(_) => format!("prepare = \"config/seed-{seed}.toml\"\n"),
            Self::Behind => "gateway = \"192.168.7.254\"\nvip_on_lo = false\n".to_owned(),
        }
    }

    /// What a server's entry in the configuration has behind its address.
    const fn of_server(self) -> (&'static str, &'static str) {
        match self {
            Self::Beside => ("", ""),
            Self::Beyond(tunnel) => ("", tunnel),
            Self::Behind => (":8080", ""),
        }
    }
}

/// A pair of directors with two to four real servers behind one or two links.
///
/// # Errors
/// None in practice: what is drawn is valid.
pub(super) fn frame(seed: u64) -> Result<Scenario, Problems> {
    let mut topology = Stream::named(seed, "hunt/topology");
    let (two_links, servers) = (topology.between(0, 2) > 0, topology.between(2, 4));
    let fallback = topology.between(0, 3) > 0;
    let votes = votes(seed);
    let way = Way::draw(seed);
    let families = if way == Way::Beside { Families::of(seed) } else { Families::Four };
    let config = families.config(config(seed, two_links, servers, fallback));
    let ((network, segment), own) = (way.network(), way.server(seed));
    let far = if segment == "far" { "far = \"10.2.0.1/24\"\n" } else { "" };
    let inside = if segment == "inside" { "inside = \"192.168.7.{11..12}/24\"\n" } else { "" };
    let port = if way == Way::Behind { 8080 } else { 80 };
    let mut text = format!(
        "title = \"drawn from seed {seed}\"\n\
         why = \"whatever happens, the pair must serve again\"\n\
         length = \"10m\"\nengines = [\"world\"]\nexpect = [\"pinned(web)\"]\n\
         [nodes.gw]\nkind = \"router\"\nlan = \"10.0.0.1/24\"\n{far}"
    );
    let hb = if two_links { "hb = \"10.1.0.{11..12}/24\"\n" } else { "" };
    let sorry = if fallback { "serve = \"http 80 ok sorry\"\n" } else { "" };
    let _ = write!(
        text,
        "[nodes.\"d1..d2\"]\nkind = \"director\"\nlan = \"10.0.0.{{11..12}}/24\"\n{hb}\
         {inside}config = \"config/seed-{seed}.toml\"\n{sorry}\
         [nodes.\"s1..s{servers}\"]\nkind = \"server\"\n\
         {segment} = \"{network}{{21..{}}}/24\"\nserve = \"http {port} ok OK\"\n{own}\
         [clients.web]\ntarget = \"10.0.0.100:80\"\nnew = \"{}/s\"\nstart = \"5s\"\n",
        20 + servers,
        topology.between(5, 20),
    );
    if votes {
        let _ = write!(
            text,
            "[nodes.v]\nkind = \"voter\"\nlan = \"10.0.0.5/24\"\n\
             config = \"config/seed-{seed}.toml\"\n"
        );
    }
    let text = families.scenario(text);
    Scenario::parse(&format!("seed {seed}"), &text, &|_| Ok(config.clone()))
}

/// What a seed's pair serves. Most seeds serve IPv4, and are the same whatever the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Families {
    Four,
    /// Nothing in it is of IPv4: heartbeats, checks and clients neither.
    Six,
    /// An address and a service of each, in one group.
    Both,
}

impl Families {
    fn of(seed: u64) -> Self {
        match Stream::named(seed, "hunt/families").between(0, 7) {
            0 => Self::Six,
            1 => Self::Both,
            _ => Self::Four,
        }
    }

    fn config(self, four: String) -> String {
        match self {
            Self::Four => four,
            Self::Six => over_six(&four),
            Self::Both => {
                let own = "\"10.0.0.100/24 on lan\"";
                let both = format!("{own}, {}", over_six(own));
                let service = four.split_once("[services.http]").map_or("", |(_, it)| it);
                let six = format!("\n[services.http6]{}", over_six(service));
                four.replace(own, &both) + &six
            }
        }
    }

    fn scenario(self, four: String) -> String {
        match self {
            Self::Four => four,
            Self::Six => over_six(&four),
            Self::Both => {
                let lines = four.lines().map(|line| match line.strip_prefix("lan = ") {
                    Some(cidr) => format!("lan = [{cidr}, {}]\n", over_six(cidr)),
                    None => format!("{line}\n"),
                });
                let client = four.split_once("[clients.web]").map_or("", |(_, it)| it);
                let client = client.split_once("[nodes.").map_or(client, |(it, _)| it);
                let six = format!("[clients.web6]{}", over_six(client));
                lines.collect::<String>() + &six
            }
        }
    }
}

/// The same of IPv6.
fn over_six(text: &str) -> String {
    text.replace("127.0.0.1:", "[::1]:")
        .replace("10.0.0.100:", "[2001:db8::100]:")
        .replace("10.0.0.", "2001:db8::")
        .replace("10.1.0.", "fd00:1::")
        .replace("/24", "/64")
}

/// Whether the pair has a voter.
fn votes(seed: u64) -> bool {
    Stream::named(seed, "hunt/voter").between(0, 3) == 0
}

fn config(seed: u64, two_links: bool, servers: u64, fallback: bool) -> String {
    let mut drawn = Stream::named(seed, "hunt/config");
    // Evenly spread over the orders of magnitude, not over the milliseconds.
    let keepalive = [50, 100, 200, 500][usize::try_from(drawn.between(0, 3)).unwrap_or(0)];
    let keepalive = keepalive * drawn.between(100, 200) / 100;
    let failback = match drawn.between(0, 1) {
        0 => "failback = \"manual\"".to_owned(),
        _ => format!("failback = \"auto\"\nfailback-delay = \"{}ms\"", drawn.between(0, 3_000)),
    };
    let detection = if drawn.between(0, 4) == 0 { "deadtime" } else { "ask" };
    let interval = drawn.between(3, 20) * 100;
    let (fall, rise) = (drawn.between(1, 3), drawn.between(1, 3));
    let on_failure = if drawn.between(0, 1) == 0 { "quiesce" } else { "remove" };
    let scheduler = usize::try_from(drawn.between(0, 3)).unwrap_or(0);
    let scheduler = SCHEDULERS.get(scheduler).copied().unwrap_or("wlc");
    let refresh = match drawn.between(0, 2) {
        0 => "announce = { refresh = \"2s\" }\n",
        _ => "",
    };
    let resync = drawn.between(1, 4);
    let mut asked = Stream::named(seed, "hunt/witness");
    let witness = if asked.between(0, 3) == 0 { "witnesses = [\"10.0.0.1\"]\n" } else { "" };
    let voter = if votes(seed) { "voter = \"10.0.0.5\"\n" } else { "" };
    let hb = |own: u32| {
        if two_links { format!(", hb = \"10.1.0.{own}\"") } else { String::new() }
    };
    let links = if two_links { ", { interface = \"hb\" }" } else { "" };
    let fallback = if fallback { "fallback = \"127.0.0.1:80\"\n" } else { "" };
    let way = Way::draw(seed);
    let ((network, segment), (port, tunnel)) = (way.network(), way.of_server());
    let servers: Vec<String> = (1..=servers)
        .map(|one| {
            let weight = drawn.between(1, 5);
            let address = format!("{network}{}{port}", 20 + one);
            format!("{{ address = \"{address}\", weight = {weight}{tunnel} }}")
        })
        .collect();
    let behind = segment == "inside";
    let inside = if behind { ", \"192.168.7.254/24 on inside\"" } else { "" };
    let own = |own: u32| {
        let inside = if behind { format!(", inside = \"192.168.7.{own}\"") } else { String::new() };
        hb(own) + &inside
    };
    let forward = way.forward();
    format!(
        "[cluster]\nname = \"pair\"\nkeepalive = \"{keepalive}ms\"\ndetection = \"{detection}\"\n\
         {failback}\n{refresh}{witness}{voter}resync = \"{resync}s\"\n\
         key-file = \"/etc/director/cluster.key\"\n\
         links = [{{ interface = \"lan\" }}{links}]\n\n\
         [nodes.d1]\naddresses = {{ lan = \"10.0.0.11\"{} }}\npriority = 200\n\n\
         [nodes.d2]\naddresses = {{ lan = \"10.0.0.12\"{} }}\npriority = 100\n\n\
         [groups.web]\naddresses = [\"10.0.0.100/24 on lan\"{inside}]\n\n\
         [services.http]\nlisten = \"10.0.0.100:80\"\nscheduler = \"{scheduler}\"\n\
         forward = \"{forward}\"\ncheck = {{ type = \"http\", path = \"/\", expect = \"OK\", \
         interval = \"{interval}ms\", timeout = \"{}ms\", fall = {fall}, rise = {rise} }}\n\
         on-failure = \"{on_failure}\"\n{fallback}servers = [{}]\n",
        own(11),
        own(12),
        interval / 2,
        servers.join(", "),
    )
}
