use crate::attribute::{self, Attribute};
use crate::error::{DecodeError, Invalid};
use crate::stats::{Rates, Stats};
use crate::uapi::{
    STATS_ATTR_CONNS, STATS_ATTR_CPS, STATS_ATTR_INBPS, STATS_ATTR_INBYTES, STATS_ATTR_INPKTS,
    STATS_ATTR_INPPS, STATS_ATTR_OUTBPS, STATS_ATTR_OUTBYTES, STATS_ATTR_OUTPKTS,
    STATS_ATTR_OUTPPS, STATS_ATTR_PAD,
};

/// The container of 64 bit counters.
pub(super) fn stats_attribute(kind: u16, stats: &Stats) -> Result<Attribute, Invalid> {
    let Rates { connections, packets_in, packets_out, bytes_in, bytes_out } = stats.rates;
    let mut inner: Vec<Attribute> = [
        (STATS_ATTR_CONNS, stats.connections),
        (STATS_ATTR_INPKTS, stats.packets_in),
        (STATS_ATTR_OUTPKTS, stats.packets_out),
        (STATS_ATTR_INBYTES, stats.bytes_in),
        (STATS_ATTR_OUTBYTES, stats.bytes_out),
        (STATS_ATTR_CPS, connections),
        (STATS_ATTR_INPPS, packets_in),
        (STATS_ATTR_OUTPPS, packets_out),
        (STATS_ATTR_INBPS, bytes_in),
        (STATS_ATTR_OUTBPS, bytes_out),
    ]
    .into_iter()
    .map(|(kind, value)| Attribute::u64(kind, value))
    .collect();
    inner.extend_from_slice(&stats.unknown);
    Attribute::nest(kind, &inner)
}

/// Reads either container: 32 bit counters widen.
pub(super) fn stats_from(container: &Attribute) -> Result<Stats, DecodeError> {
    let mut stats = Stats::default();
    let rates = &mut stats.rates;
    for attribute in attribute::parse(container.value(), "statistics")? {
        let (slot, name) = match attribute.number() {
            STATS_ATTR_CONNS => (&mut stats.connections, "connections"),
            STATS_ATTR_INPKTS => (&mut stats.packets_in, "packets in"),
            STATS_ATTR_OUTPKTS => (&mut stats.packets_out, "packets out"),
            STATS_ATTR_INBYTES => (&mut stats.bytes_in, "bytes in"),
            STATS_ATTR_OUTBYTES => (&mut stats.bytes_out, "bytes out"),
            STATS_ATTR_CPS => (&mut rates.connections, "connection rate"),
            STATS_ATTR_INPPS => (&mut rates.packets_in, "packet rate in"),
            STATS_ATTR_OUTPPS => (&mut rates.packets_out, "packet rate out"),
            STATS_ATTR_INBPS => (&mut rates.bytes_in, "byte rate in"),
            STATS_ATTR_OUTBPS => (&mut rates.bytes_out, "byte rate out"),
            STATS_ATTR_PAD => continue,
            _ => {
                stats.unknown.push(attribute);
                continue;
            }
        };
        *slot = attribute.to_counter(name)?;
    }
    Ok(stats)
}
