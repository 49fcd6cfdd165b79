//! The files of the module.

use std::ffi::{c_char, c_void};

use atmqtt::{FileInfo, Files, Outcome, UploadOptions};

use crate::allocated::{Allocated, Strings};
use crate::border::{
    Result, bytes, flag, guard, init_options, maybe_place, maybe_text, options, place, ranged,
    required, text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::modem::atmqtt_modem;

/// Told how far an upload is, in bytes: first with 0, then while the file is on its way, and last with the
/// total once the module has confirmed it. Without ack, done is what the serial port has taken; with it,
/// what the module has acknowledged.
///
/// It is called with no lock held and may make any call of the library but atmqtt_modem_close() in
/// atmqtt_files_upload_start(); it must not wait long: the port waits for nobody. It must not throw and must
/// not longjmp.
pub type atmqtt_upload_progress =
    Option<unsafe extern "C" fn(done: usize, total: usize, user_data: *mut c_void)>;

/// How a file is sent. Call atmqtt_files_upload_options_init() first, which sets every field to its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_files_upload_options {
    /// Set by atmqtt_files_upload_options_init().
    pub struct_size: usize,
    /// Seconds 1 to 65535 without input after which the module stops waiting for the rest; default 10. It is
    /// also how long the port is of no use after a transfer that went wrong.
    pub timeout: i32,
    /// 1 = the module acknowledges every kilobyte, which waits for that; 0 = not, the default. For a UART
    /// without flow control that loses bytes.
    pub ack: i32,
    /// Called with how far the upload is, on the thread that calls atmqtt_files_upload(), or on a thread of
    /// the library, with all signals blocked, for atmqtt_files_upload_start(); NULL = nobody, the default.
    pub progress: atmqtt_upload_progress,
    /// Passed to progress as it is.
    pub user_data: *mut c_void,
    /// Called once with user_data when progress is not called any more, whatever the upload came to, and also
    /// where the call that was given the options failed; not where struct_size is wrong. On the thread of
    /// progress, or on the caller's. NULL = nothing to call, the default.
    pub drop: atmqtt_drop_callback,
}

/// The size of the options in the first version of the library.
const OPTIONS_SIZE: usize = size_of::<atmqtt_files_upload_options>();

const DEFAULTS: atmqtt_files_upload_options = atmqtt_files_upload_options {
    struct_size: OPTIONS_SIZE,
    timeout: 10,
    ack: 0,
    progress: None,
    user_data: std::ptr::null_mut(),
    drop: None,
};

/// A file of the module.
#[repr(C)]
pub struct atmqtt_file {
    /// Name, without "UFS:"; never NULL.
    pub name: *const c_char,
    /// Size in bytes.
    pub size: u64,
}

/// Files of the module. They belong to the library until atmqtt_files_list_free().
#[repr(C)]
pub struct atmqtt_file_list {
    /// How many.
    pub count: usize,
    /// The files; NULL where there are none.
    pub files: *const atmqtt_file,
}

/// Bytes of the library. Free them with atmqtt_bytes_free().
#[repr(C)]
pub struct atmqtt_bytes {
    /// The bytes, with a NUL behind them for the convenience of text, which is not counted; never NULL.
    pub data: *const u8,
    /// How many.
    pub length: usize,
}

type AllocatedList = Allocated<atmqtt_file_list, (Vec<atmqtt_file>, Strings)>;
type AllocatedBytes = Allocated<atmqtt_bytes, Vec<u8>>;

/// Frees bytes. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_bytes_free(bytes: *mut atmqtt_bytes) {
    // SAFETY: the program gives back what `atmqtt_files_download` gave, this once.
    unsafe { AllocatedBytes::free(bytes) }
}

/// Sets every option to its default. Call it as
/// atmqtt_files_upload_options_init(&options, sizeof options).
///
/// @param options  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_files_upload_options).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_upload_options_init(
    options: *mut atmqtt_files_upload_options,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(options, "options", struct_size, OPTIONS_SIZE, DEFAULTS) })
}

/// Writes a file, in the place of one of the same name (AT+QFDEL, AT+QFUPL), and compares size and checksum
/// that the module reports with what was sent.
///
/// The old file is deleted first, because the module cannot overwrite and cannot rename: for the time of the
/// upload there is no such file, and when the upload fails there is none at all, for what arrived of it is
/// deleted. A power failure in between may leave a part of it. Files survive a restart.
///
/// Blocks until the module has confirmed the file, and while the file is on its way no other command can go:
/// publishes wait. Two threads that write the same name at a time get in each other's way.
///
/// @param name  1 to 80 bytes, without quotation marks, control bytes and / \ : * ?; the storage "UFS:" in
/// front is optional and means the same file. There are no folders.
/// @param data  the file; not NULL.
/// @param length  its length in bytes, 1 to 4294967295.
/// @param options  how; NULL = the defaults.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_CHECKSUM_MISMATCH where the module
/// has other bytes than were sent; ATMQTT_CME_ERROR with the module's number: 407 where the old file cannot be
/// deleted, 403 and 420 where there is no room, 421 where bytes did not arrive; ATMQTT_OPERATION_FAILED where it
/// confirms another size or nothing; ATMQTT_UNCONFIRMED where it falls silent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_upload(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    data: *const c_void,
    length: usize,
    options: *const atmqtt_files_upload_options,
) -> i32 {
    // SAFETY: the program's promise about its options.
    let options = unsafe { Upload::read(options) };
    guard(move || {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, data) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?,
                bytes(data, length, "data")?,
            )
        };
        let options = options?;
        Ok(files(modem).upload_with(name, data, options.options())?)
    })
}

/// atmqtt_files_upload() without waiting, on a thread of the library: its end comes as
/// ATMQTT_EVENT_COMPLETED. The data are copied. The handle's time-out does not count. The port stays open until
/// it has ended; atmqtt_modem_close() ends it.
///
/// @param operation  where the number of the operation is written, which the event carries; NULL = not
/// wanted, and the event comes all the same. The event may come before this returns.
/// @return ATMQTT_OK once it is under way: a name or length that is out of its range is ATMQTT_INVALID_ARGUMENT
/// in the event; ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_upload_start(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    data: *const c_void,
    length: usize,
    options: *const atmqtt_files_upload_options,
    operation: *mut u64,
) -> i32 {
    // SAFETY: the program's promise about its options.
    let options = unsafe { Upload::read(options) };
    guard(move || {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, data, operation) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?.to_owned(),
                bytes(data, length, "data")?.to_vec(),
                maybe_place(operation),
            )
        };
        let options = options?;
        modem.start(operation, move |modem| {
            modem
                .files()
                .upload_with(&name, &data, options.options())
                .map(|()| Outcome::Done)
        })
    })
}

/// Writes a file unless the module has it already, as atmqtt_files_upload() with the default options does.
///
/// A file of the same name counts as the same only where its size (AT+QFLST) and then every byte of it, read
/// back (AT+QFREAD), are equal. That costs the transfer of the whole file where the sizes are equal, no less
/// than an upload: what it saves is the wear of the flash and the time in which there is no file.
///
/// @param name  as for atmqtt_files_upload().
/// @param data  the file; not NULL.
/// @param length  its length in bytes, 1 to 4294967295.
/// @param written  where 1 is written if the file was sent, 0 if the module had it; NULL = not wanted.
/// @return as atmqtt_files_upload().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_ensure(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    data: *const c_void,
    length: usize,
    written: *mut i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, data, written) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?,
                bytes(data, length, "data")?,
                maybe_place(written),
            )
        };
        written.put(files(modem).ensure(name, data)?.into());
        Ok(())
    })
}

/// atmqtt_files_ensure() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the text "1" where the
/// file was sent and "0" where the module had it. Everything else is as for atmqtt_files_upload_start().
///
/// @param operation  as for atmqtt_files_upload_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_ensure_start(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    data: *const c_void,
    length: usize,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, data, operation) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?.to_owned(),
                bytes(data, length, "data")?.to_vec(),
                maybe_place(operation),
            )
        };
        modem.start(operation, move |modem| {
            let written = modem.files().ensure(&name, &data)?;
            let text = if written { b"1" } else { b"0" };
            Ok(Outcome::Answer(vec![text.to_vec()]))
        })
    })
}

/// Lists the files whose names fit a pattern (AT+QFLST). Folders, which some modules have, are left out. Blocks
/// for one command, up to 20 s.
///
/// @param pattern  a name that may hold * and ?, as "*.pem"; NULL = all files.
/// @param list  where they are written, also if there are none; free them with atmqtt_files_list_free().
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a pattern that cannot be sent; ATMQTT_MODULE_ERROR and
/// ATMQTT_CME_ERROR as the module answers; ATMQTT_UNCONFIRMED where it falls silent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_list(
    modem: *mut atmqtt_modem,
    pattern: *const c_char,
    list: *mut *mut atmqtt_file_list,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, pattern, list) = unsafe {
            (
                required(modem, "modem")?,
                maybe_text(pattern, "pattern")?,
                place(list, "list")?,
            )
        };
        let found = files(modem).list(pattern.unwrap_or("*"))?;
        list.put(owned_list(&found));
        Ok(())
    })
}

fn owned_list(found: &[FileInfo]) -> *mut atmqtt_file_list {
    let mut strings = Strings::default();
    let files: Vec<atmqtt_file> = found
        .iter()
        .map(|file| atmqtt_file {
            name: strings.keep(&file.name),
            size: file.size,
        })
        .collect();
    let shown = atmqtt_file_list {
        count: files.len(),
        files: if files.is_empty() {
            std::ptr::null()
        } else {
            files.as_ptr()
        },
    };
    AllocatedList::into_raw(shown, (files, strings))
}

/// Frees a list of files. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_list_free(list: *mut atmqtt_file_list) {
    // SAFETY: the program gives back what `atmqtt_files_list` gave, this once.
    unsafe { AllocatedList::free(list) }
}

/// Asks for the size of a file (AT+QFLST). Blocks for one command, up to 20 s.
///
/// @param name  as for atmqtt_files_upload().
/// @param size  where the size in bytes is written; -1 = there is no such file, which is no error.
/// @return as atmqtt_files_list().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_size(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    size: *mut i64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, size) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?,
                place(size, "size")?,
            )
        };
        let found = files(modem).size(name)?;
        size.put(found.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX)));
        Ok(())
    })
}

/// Deletes a file (AT+QFDEL). Blocks for one command, up to 20 s.
///
/// @param name  as for atmqtt_files_upload(); no pattern.
/// @return as atmqtt_files_list(); ATMQTT_CME_ERROR with atmqtt_last_error_code() 405 where there is no such file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_delete(modem: *mut atmqtt_modem, name: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name) = unsafe { (required(modem, "modem")?, text(name, "name")?) };
        Ok(files(modem).delete(name)?)
    })
}

/// Asks how much room there is for files (AT+QFLDS="UFS"). Blocks for one command, up to 20 s.
///
/// @param free_bytes  where what is left is written; NULL = not wanted.
/// @param total_bytes  where what there is altogether is written; NULL = not wanted.
/// @return as atmqtt_files_list(); ATMQTT_OPERATION_FAILED where the answer has another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_space(
    modem: *mut atmqtt_modem,
    free_bytes: *mut u64,
    total_bytes: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, free, total) = unsafe {
            (
                required(modem, "modem")?,
                maybe_place(free_bytes),
                maybe_place(total_bytes),
            )
        };
        let space = files(modem).space()?;
        free.put(space.free);
        total.put(space.total);
        Ok(())
    })
}

/// Reads a file (AT+QFLST, AT+QFOPEN, AT+QFREAD, AT+QFCLOSE), in counted blocks of 1024 bytes, so that nothing
/// in it can be taken for a line of the module. The module gives no checksum here; every block must be as long
/// as it was announced, and all of them as long as the file. Blocks until all of it is there.
///
/// @param name  as for atmqtt_files_upload().
/// @param contents  where the bytes are written; free them with atmqtt_bytes_free().
/// @return as atmqtt_files_list(); ATMQTT_CME_ERROR with atmqtt_last_error_code() 405 where there is no such file;
/// ATMQTT_OPERATION_FAILED where it ends early, or where other lines were printed into it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_download(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    contents: *mut *mut atmqtt_bytes,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, contents) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?,
                place(contents, "contents")?,
            )
        };
        let mut data = files(modem).download(name)?;
        let length = data.len();
        data.push(0);
        let shown = atmqtt_bytes {
            data: data.as_ptr(),
            length,
        };
        contents.put(AllocatedBytes::into_raw(shown, data));
        Ok(())
    })
}

/// atmqtt_files_download() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the bytes as payload.
/// Everything else is as for atmqtt_files_upload_start().
///
/// @param operation  as for atmqtt_files_upload_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_download_start(
    modem: *mut atmqtt_modem,
    name: *const c_char,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, name, operation) = unsafe {
            (
                required(modem, "modem")?,
                text(name, "name")?.to_owned(),
                maybe_place(operation),
            )
        };
        modem.start(operation, move |modem| {
            modem.files().download(&name).map(Outcome::File)
        })
    })
}

/// The checksum that the module reports for a file after its upload: XOR of the bytes in pairs, the first of a
/// pair high, the second of the last pair 0 where there is none. It finds what a serial line does, not what
/// somebody wants to hide. Nothing is sent.
///
/// @param data  the bytes; NULL with length 0 is none.
/// @param length  how many.
/// @param checksum  where the checksum is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_files_checksum(
    data: *const c_void,
    length: usize,
    checksum: *mut u16,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (data, checksum) =
            unsafe { (bytes(data, length, "data")?, place(checksum, "checksum")?) };
        checksum.put(Files::checksum(data));
        Ok(())
    })
}

fn files(modem: &atmqtt_modem) -> Files {
    modem.bounded().files()
}

/// The options of an upload, with what belongs to the progress callback.
struct Upload {
    timeout: u16,
    ack: bool,
    progress: Option<Progress>,
}

struct Progress {
    call: unsafe extern "C" fn(usize, usize, *mut c_void),
    user_data: UserData,
}

impl Upload {
    /// # Safety
    ///
    /// The pointer is NULL or points to what the header says of it.
    unsafe fn read(given: *const atmqtt_files_upload_options) -> Result<Self> {
        // SAFETY: as the caller promises.
        let given = unsafe { options(given, OPTIONS_SIZE, "options", DEFAULTS)? };
        // From here on the user data is let go of, whatever follows.
        let user_data = UserData::new(given.user_data, given.drop);
        Ok(Self {
            timeout: ranged(given.timeout, "timeout in seconds", 1..=65_535)?,
            ack: flag(given.ack, "ack")?,
            progress: given.progress.map(|call| Progress { call, user_data }),
        })
    }

    fn options(&self) -> UploadOptions<'_> {
        let options = UploadOptions::new().timeout(self.timeout).ack(self.ack);
        match &self.progress {
            None => options,
            Some(Progress { call, user_data }) => options.progress(|done, total| {
                // SAFETY: the program gave this function for this pointer. That it does not unwind is said
                // where it is given.
                unsafe { call(done, total, user_data.pointer()) }
            }),
        }
    }
}
