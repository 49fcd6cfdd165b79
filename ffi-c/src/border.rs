//! Every trick of the border, once: panics, pointers, strings, the last error.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use atmqtt::ErrorKind;

/// Why a function of the border failed: an error of the core, or one of the arguments' own. As small as a
/// pointer, because every function passes it on.
#[derive(Debug)]
pub(crate) struct Failure(Box<Reason>);

#[derive(Debug)]
struct Reason {
    kind: ErrorKind,
    code: i32,
    client: i32,
    command: Option<CString>,
    text: CString,
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A C string of whatever a text holds; a NUL in it becomes a space.
pub(crate) fn c_string(text: impl Into<Vec<u8>>) -> CString {
    let mut bytes = text.into();
    for byte in &mut bytes {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    CString::new(bytes).unwrap_or_default()
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, detail: impl std::fmt::Display) -> Self {
        Self(Box::new(Reason {
            kind,
            code: -1,
            client: -1,
            command: None,
            text: c_string(format!("{}: {detail}", kind.name())),
        }))
    }

    pub(crate) fn argument(detail: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidArgument, detail)
    }

    fn null(name: &str) -> Self {
        Self::argument(format!("{name} is NULL"))
    }
}

impl From<atmqtt::Error> for Failure {
    fn from(error: atmqtt::Error) -> Self {
        Self(Box::new(Reason {
            kind: error.kind(),
            code: error.code().unwrap_or(-1),
            client: error.client().map_or(-1, i32::from),
            command: error.command().map(c_string),
            text: c_string(error.to_string()),
        }))
    }
}

thread_local! {
    static LAST: RefCell<Option<Failure>> = const { RefCell::new(None) };
    /// This thread is in a log callback, which may hold any lock of the library.
    static LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// The last failure of this thread.
fn last<T>(read: impl FnOnce(&Reason) -> T) -> Option<T> {
    LAST.try_with(|last| last.borrow().as_ref().map(|failure| read(&failure.0)))
        .ok()
        .flatten()
}

pub(crate) fn last_text() -> *const c_char {
    last(|failure| failure.text.as_ptr()).unwrap_or(c"".as_ptr())
}

pub(crate) fn last_command() -> *const c_char {
    last(|failure| failure.command.as_ref().map(|command| command.as_ptr()))
        .flatten()
        .unwrap_or(std::ptr::null())
}

pub(crate) fn last_code() -> i32 {
    last(|failure| failure.code).unwrap_or(-1)
}

pub(crate) fn last_client() -> i32 {
    last(|failure| failure.client).unwrap_or(-1)
}

pub(crate) fn forget_last() {
    let _ = LAST.try_with(|last| last.take());
}

/// Runs the body of a function: its failure becomes a status and the last error of this thread, and so
/// does a panic. No unwinding ever reaches C.
pub(crate) fn guard(body: impl FnOnce() -> Result<()>) -> i32 {
    // Every function has its own copy of this one, so what they share is elsewhere.
    if is_logging() {
        return called_while_logging();
    }
    status(catch_unwind(AssertUnwindSafe(body)))
}

#[inline(never)]
fn called_while_logging() -> i32 {
    status(Ok(Err(Failure::new(
        ErrorKind::CalledFromCallback,
        "no function of the library can be called in a log callback",
    ))))
}

/// The status of what a function did; its failure becomes the last error of this thread.
#[inline(never)]
fn status(outcome: std::thread::Result<Result<()>>) -> i32 {
    let failure = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => failure,
        Err(panic) => panicked(&*panic),
    };
    let status = failure.0.kind.number();
    let _ = LAST.try_with(|last| last.replace(Some(failure)));
    status
}

/// The same for what cannot fail, as a getter; a panic gives `otherwise`.
pub(crate) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    Failure::new(
        ErrorKind::Internal,
        format!("a panic: {what}; please report it"),
    )
}

pub(crate) fn is_logging() -> bool {
    LOGGING.try_with(Cell::get).unwrap_or(false)
}

/// Marks this thread as being in a log callback while `body` runs.
pub(crate) fn logging(body: impl FnOnce()) {
    let _ = LOGGING.try_with(|logging| logging.set(true));
    body();
    let _ = LOGGING.try_with(|logging| logging.set(false));
}

/// What a pointer points to.
///
/// # Safety
///
/// The pointer is NULL, or valid and not written to for as long as the reference is used.
pub(crate) unsafe fn required<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_ref() }.ok_or_else(|| Failure::null(name))
}

/// A place for a result, which is written once everything has gone well.
///
/// # Safety
///
/// The pointer is NULL, or valid for a write for as long as the place is used.
pub(crate) unsafe fn place<T>(pointer: *mut T, name: &str) -> Result<Place<T>> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    Ok(Place(pointer))
}

/// The same where NULL means that the result is not wanted.
///
/// # Safety
///
/// As for [`place`].
pub(crate) unsafe fn maybe_place<T>(pointer: *mut T) -> Place<T> {
    Place(pointer)
}

pub(crate) struct Place<T>(*mut T);

impl<T> Place<T> {
    pub(crate) fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }

    pub(crate) fn put(self, value: T) {
        if self.is_wanted() {
            // SAFETY: the maker has promised that the pointer, where it is not NULL, is valid for a write.
            // What is there may be uninitialised, so nothing is dropped.
            unsafe { self.0.write(value) }
        }
    }
}

/// A NUL-terminated UTF-8 string.
///
/// # Safety
///
/// The pointer is NULL or points to such a string, unchanged while the reference is used.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as the caller promises.
    unsafe { maybe_text(pointer, name) }?.ok_or_else(|| Failure::null(name))
}

/// The same where NULL means that it is not given.
///
/// # Safety
///
/// As for [`text`].
pub(crate) unsafe fn maybe_text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises the rest.
    let text = unsafe { CStr::from_ptr(pointer) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(Failure::argument(format!("{name} is not UTF-8: {error}"))),
    }
}

/// Bytes with their length; NULL with length 0 is no bytes.
///
/// # Safety
///
/// The pointer is NULL or points to that many bytes, unchanged while the reference is used.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const c_void,
    length: usize,
    name: &str,
) -> Result<&'a [u8]> {
    // SAFETY: as the caller promises.
    unsafe { items(pointer.cast(), length, name) }
}

/// Any number of items; NULL with length 0 is none.
///
/// # Safety
///
/// As for [`bytes`], with items of this type.
pub(crate) unsafe fn items<'a, T>(pointer: *const T, length: usize, name: &str) -> Result<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::argument(format!(
            "{name} is NULL and its length {length}"
        )));
    }
    if length
        .checked_mul(size_of::<T>())
        .is_none_or(|size| size > isize::MAX as usize)
    {
        return Err(Failure::argument(format!(
            "the length of {name} is {length}, more than there can be"
        )));
    }
    // SAFETY: not NULL and not longer than memory; the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// An integer of C as the type that the core takes.
pub(crate) fn number<T>(value: impl Into<i64>, name: &str, allowed: &str) -> Result<T>
where
    T: TryFrom<i64>,
{
    let value = value.into();
    T::try_from(value)
        .map_err(|_| Failure::argument(format!("{name} is {value}; it must be {allowed}")))
}

/// The same within a range that is narrower than the type.
pub(crate) fn ranged<T>(
    value: impl Into<i64>,
    name: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<T>
where
    T: TryFrom<i64>,
{
    let value = value.into();
    let allowed = format!("{}..={}", range.start(), range.end());
    if !range.contains(&value) {
        return Err(Failure::argument(format!(
            "{name} is {value}; it must be {allowed}"
        )));
    }
    number(value, name, &allowed)
}

/// 0 or 1.
pub(crate) fn flag(value: i32, name: &str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::argument(format!(
            "{name} is {value}; it must be 0 or 1"
        ))),
    }
}

/// Writes a NUL-terminated string to a buffer of the program, whole or not at all.
///
/// # Safety
///
/// The pointer is NULL or valid for a write of `size` bytes.
pub(crate) unsafe fn write_text(
    text: &str,
    buffer: *mut c_char,
    size: usize,
    name: &str,
) -> Result<()> {
    if buffer.is_null() {
        return Err(Failure::null(name));
    }
    let text = c_string(text);
    let bytes = text.as_bytes_with_nul();
    if bytes.len() > size {
        return Err(Failure::argument(format!(
            "size is {size}; the {name} needs {}",
            bytes.len()
        )));
    }
    // SAFETY: not NULL, and the caller promises `size` bytes, which are enough.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), buffer, bytes.len()) };
    Ok(())
}

/// Milliseconds of a caller's patience; negative = no limit.
pub(crate) fn patience(milliseconds: i64) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The options that a caller gives, whatever version of the header it was compiled with.
///
/// # Safety
///
/// The pointer is NULL or points to a struct that begins with its size in bytes and is that large.
pub(crate) unsafe fn options<T: Copy>(
    pointer: *const T,
    smallest: usize,
    name: &str,
    defaults: T,
) -> Result<T> {
    if pointer.is_null() {
        return Ok(defaults);
    }
    // SAFETY: every options struct begins with its size, and the caller promises the rest.
    let size = unsafe { pointer.cast::<usize>().read() };
    if !(smallest..=size_of::<T>()).contains(&size) {
        return Err(Failure::argument(format!(
            "{name}->struct_size is {size}; it must be {smallest}..={}: call its _init function, and \
             use the header that belongs to this library",
            size_of::<T>()
        )));
    }
    let mut options = defaults;
    // SAFETY: both are at least `size` large, and they do not overlap.
    unsafe {
        std::ptr::copy_nonoverlapping(
            pointer.cast::<u8>(),
            std::ptr::from_mut(&mut options).cast::<u8>(),
            size,
        );
    }
    Ok(options)
}

/// Fills in the defaults as far as the caller's struct reaches.
///
/// # Safety
///
/// The pointer is NULL or valid for a write of `size` bytes.
pub(crate) unsafe fn init_options<T: Copy>(
    pointer: *mut T,
    name: &str,
    size: usize,
    smallest: usize,
    defaults: T,
) -> Result<()> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    if !(smallest..=size_of::<T>()).contains(&size) {
        return Err(Failure::argument(format!(
            "struct_size is {size}; it must be {smallest}..={}: sizeof the struct, of the header that \
             belongs to this library",
            size_of::<T>()
        )));
    }
    // SAFETY: `defaults` is at least `size` large, the caller promises the same of the pointer, and the
    // size is the first field of both.
    unsafe {
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(&defaults).cast::<u8>(),
            pointer.cast::<u8>(),
            size,
        );
        pointer.cast::<usize>().write(size);
    }
    Ok(())
}
