//! Agents on servers that say how they are, as HAProxy's agent checks do: one line of words such as
//! `75%`, `up`, `drain`, `down#disk full`.

use crate::call::{Call, malformed, rejected};
use crate::network::Network;
use director_core::config::dialogue::Agent;
use director_core::probe::{Admission, Advice, Failure, Outcome, Passed};

pub(crate) async fn ask<N: Network>(call: Call<'_, N>, agent: &Agent) -> Outcome {
    let mut wire = call.dial(None).await?;
    if !agent.send.is_empty() {
        wire.send(&agent.send).await?;
    }
    let advice = parse(&wire.last_line().await?)?;
    Ok(Passed { advice, ..wire.passed() })
}

/// What the words mean. Words of other programs are passed over; a line without any that is known
/// says nothing about the server.
fn parse(line: &str) -> Result<Advice, Failure> {
    let mut advice = Advice::default();
    let mut known = false;
    let words = line.split('#').next().unwrap_or_default();
    for word in words.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        match &*word {
            "down" | "failed" | "fail" | "stopped" => return Err(rejected(line)),
            "up" => {}
            "ready" => advice.admission = Some(Admission::Ready),
            "drain" => advice.admission = Some(Admission::Drain),
            "maint" => advice.admission = Some(Admission::Maintenance),
            _ => match word.strip_suffix('%').and_then(|number| number.parse().ok()) {
                Some(percent) => advice.weight_percent = Some(percent),
                None => continue,
            },
        }
        known = true;
    }
    if known { Ok(advice) } else { Err(malformed("the agent says nothing that is known")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_have_their_meaning() {
        let advice = |weight_percent, admission| Ok(Advice { weight_percent, admission });
        assert_eq!(parse("up"), advice(None, None));
        assert_eq!(parse("75%"), advice(Some(75), None));
        assert_eq!(parse("UP, 50% ready"), advice(Some(50), Some(Admission::Ready)));
        assert_eq!(parse("drain maxconn:30"), advice(None, Some(Admission::Drain)));
        assert_eq!(parse("maint"), advice(None, Some(Admission::Maintenance)));
        for down in ["down", "up down", "fail#disk full", "stopped 10%"] {
            assert!(matches!(parse(down), Err(Failure::Rejected { .. })), "{down}");
        }
        for nothing in ["", "#down", "hello", "70000%", "-1%", "%"] {
            assert!(matches!(parse(nothing), Err(Failure::Malformed { .. })), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in ".{0,30}") {
            let _answered = parse(&line);
        }
    }
}
