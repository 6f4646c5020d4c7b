//! What an answer means, whichever HTTP brought it.

use crate::expect::Search;
use director_core::config::dialogue::{Http, StatusRange};
use director_core::probe::Failure;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This.
    Judged(Result<(), Failure>),
    /// The page is elsewhere.
    Elsewhere { status: u16, location: String },
}

/// Looks at the body of an answer whose status is good.
pub(super) struct Judge {
    search: Option<Search>,
}

impl Judge {
    /// Judges the head of an answer; gives the answer when its body does not matter.
    pub(super) fn new(
        status: StatusCode,
        headers: &HeaderMap,
        http: &Http,
    ) -> Result<Result<Self, Answer>, Failure> {
        let status = status.as_u16();
        let good = match &http.statuses[..] {
            [] => (200..300).contains(&status),
            ranges => {
                ranges.iter().any(|StatusRange { first, last }| (*first..=*last).contains(&status))
            }
        };
        if !good {
            let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
            return Ok(Err(match location {
                Some(location) if matches!(status, 301 | 302 | 303 | 307 | 308) => {
                    Answer::Elsewhere { status, location: location.to_owned() }
                }
                _ => Answer::Judged(Err(Failure::Status { status })),
            }));
        }
        let limit = usize::try_from(http.limit).unwrap_or(usize::MAX);
        let search = http.expect.as_ref().map(|pattern| Search::new(pattern, limit)).transpose()?;
        Ok(Ok(Self { search }))
    }

    /// No further byte can matter. Without an expectation none does.
    pub(super) fn is_over(&self) -> bool {
        self.search.as_ref().is_none_or(Search::is_over)
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        if let Some(search) = &mut self.search {
            search.take(bytes);
        }
    }

    pub(super) fn end(self) -> Answer {
        Answer::Judged(self.search.map_or(Ok(()), Search::end))
    }
}
