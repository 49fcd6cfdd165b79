//! Functions of the program, with what they are called with.

use std::ffi::c_void;

/// Called with the `user_data` of a callback once the library has let go of it: once, whatever the call
/// that registered it returned, and after the last call of the callback. From the thread that clears or
/// replaces the callback, that of the callback, or the one that closes the port or link. NULL = nothing to do.
pub type atmqtt_drop_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// What belongs to a callback, and goes with it.
#[derive(Debug)]
pub(crate) struct UserData {
    pointer: *mut c_void,
    drop: atmqtt_drop_callback,
}

// SAFETY: the header says that the pointer is used from the threads of the library, one at a time, and
// that the program has to make that safe.
unsafe impl Send for UserData {}
// SAFETY: only the pointer itself can be read through a shared reference.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, drop: atmqtt_drop_callback) -> Self {
        Self { pointer, drop }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the program gave this function for this pointer, and it is called this once.
            unsafe { drop(self.pointer) }
        }
    }
}
