//! Where something was read.

/// A place in one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Which file, by the order of reading.
    pub(crate) file: usize,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in the line, from 1, in characters.
    pub(crate) column: usize,
}

/// A value and where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> At<T> {
    pub(crate) const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> At<U> {
        At { value: make(self.value), place: self.place }
    }
}
