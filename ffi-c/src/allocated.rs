//! Structs that the library allocates for the program, with what they point to.

use std::ffi::{CString, c_char};

use crate::border::c_string;

/// Strings that a struct points to. Their memory does not move when they do.
#[derive(Default)]
pub(crate) struct Strings(Vec<CString>);

impl Strings {
    /// Keeps a string, and gives where it is.
    pub(crate) fn keep(&mut self, text: &str) -> *const c_char {
        let text = c_string(text);
        let pointer = text.as_ptr();
        self.0.push(text);
        pointer
    }

    /// The same; "" where there is none.
    pub(crate) fn keep_or_empty(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(c"".as_ptr(), |text| self.keep(text))
    }

    /// The same; NULL where there is none.
    pub(crate) fn keep_or_null(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(std::ptr::null(), |text| self.keep(text))
    }
}

/// A struct with what it points to. The struct comes first, so that a pointer to it is one to this.
#[repr(C)]
pub(crate) struct Allocated<T, K> {
    shown: T,
    kept: K,
}

impl<T, K> Allocated<T, K> {
    /// Hands a struct to the program, which gives it back to [`free`](Self::free). Nothing that it points to
    /// may move when `kept` does.
    pub(crate) fn into_raw(shown: T, kept: K) -> *mut T {
        Box::into_raw(Box::new(Self { shown, kept })).cast()
    }

    /// Frees such a struct.
    ///
    /// # Safety
    ///
    /// The pointer is NULL, or comes from [`into_raw`](Self::into_raw) of this very type and is given back
    /// this once.
    pub(crate) unsafe fn free(pointer: *mut T) {
        if !pointer.is_null() {
            // SAFETY: as the caller promises.
            let owned = unsafe { Box::from_raw(pointer.cast::<Self>()) };
            drop(owned.kept);
        }
    }
}
