//! Memory that is not needed any more.

/// Gives what was freed back to the system.
///
/// Reading a configuration takes many times the room of what is kept of it: for 70,000 servers some
/// hundred megabytes, which the C library would otherwise keep for the rest of the process. With so
/// many servers it takes some milliseconds.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "the C library has it, and nothing safe calls it")]
        // SAFETY: malloc_trim(3) may be called by any thread at any time; it touches no memory that
        // is in use.
        let _whether_there_was_any = unsafe { nix::libc::malloc_trim(0) };
    }
}
