//! The lines of an answer.

use std::ffi::{CString, c_char};

use crate::border::c_string;

/// Lines of text, as the answer of a command. Free them with atmqtt_lines_free().
#[repr(C)]
pub struct atmqtt_lines {
    /// How many.
    pub count: usize,
    /// The lines: UTF-8, NUL-terminated, without their line ends. Behind the last one is a NULL.
    pub lines: *const *const c_char,
}

/// The lines with what they point to. They come first, so that a pointer to them is one to this.
#[repr(C)]
struct Owned {
    lines: atmqtt_lines,
    pointers: Vec<*const c_char>,
    texts: Vec<CString>,
}

impl atmqtt_lines {
    /// Hands lines to the program, which gives them back to [`atmqtt_lines_free`].
    pub(crate) fn into_raw(lines: &[String]) -> *mut Self {
        let texts: Vec<CString> = lines.iter().map(|line| c_string(line.as_str())).collect();
        let pointers: Vec<*const c_char> = texts
            .iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect();
        let owned = Owned {
            lines: Self {
                count: texts.len(),
                lines: pointers.as_ptr(),
            },
            pointers,
            texts,
        };
        Box::into_raw(Box::new(owned)).cast()
    }
}

/// Frees lines. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_lines_free(lines: *mut atmqtt_lines) {
    if !lines.is_null() {
        // SAFETY: they come from `atmqtt_lines::into_raw` and are given back this once.
        let owned = unsafe { Box::from_raw(lines.cast::<Owned>()) };
        let Owned {
            pointers, texts, ..
        } = *owned;
        drop((pointers, texts));
    }
}
