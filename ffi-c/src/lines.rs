//! The lines of an answer.

use std::ffi::c_char;

use crate::allocated::{Allocated, Strings};

/// Lines of text, as the answer of a command. Free them with atmqtt_lines_free().
#[repr(C)]
pub struct atmqtt_lines {
    /// How many.
    pub count: usize,
    /// The lines: UTF-8, NUL-terminated, without their line ends. Behind the last one is a NULL.
    pub lines: *const *const c_char,
}

type AllocatedLines = Allocated<atmqtt_lines, (Vec<*const c_char>, Strings)>;

impl atmqtt_lines {
    /// Hands lines to the program, which gives them back to [`atmqtt_lines_free`].
    pub(crate) fn into_raw(lines: &[String]) -> *mut Self {
        let mut texts = Strings::default();
        let mut pointers: Vec<*const c_char> = lines.iter().map(|line| texts.keep(line)).collect();
        pointers.push(std::ptr::null());
        let shown = Self {
            count: lines.len(),
            lines: pointers.as_ptr(),
        };
        AllocatedLines::into_raw(shown, (pointers, texts))
    }
}

/// Frees lines. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_lines_free(lines: *mut atmqtt_lines) {
    // SAFETY: the program gives back what `atmqtt_lines::into_raw` gave, this once.
    unsafe { AllocatedLines::free(lines) }
}
