//! Which library this is.

use std::ffi::c_char;

/// The version of the library, as "0.1.0". Static text; may be called from anywhere. The macros
/// ATMQTT_VERSION_MAJOR, _MINOR and _PATCH are those of the header.
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
