//! Numbers that not every value of their type is: what is read is as good as what is built.

/// Lets a type with a fallible constructor be written as its number and read through it.
macro_rules! through_number {
    ($name:ident, $number:ty, $build:path, $get:path, $may:literal) => {
        impl From<$name> for $number {
            fn from(value: $name) -> Self {
                $get(value)
            }
        }

        impl TryFrom<$number> for $name {
            type Error = &'static str;
            fn try_from(number: $number) -> Result<Self, Self::Error> {
                $build(number).ok_or($may)
            }
        }
    };
}

pub(crate) use through_number;
