//! A serial port of a USB module by what identifies it.

use std::ffi::c_char;

use atmqtt::UsbPort;

use crate::border::{
    Failure, Result, guard, init_options, maybe_text, options, ranged, required, write_text,
};

/// A serial port of a USB module by what identifies it, all of which has to fit; what stays when it comes back
/// under another name. Read from /sys/class/tty. Call atmqtt_usb_port_init() first, which stands for the AT port
/// of the first module of Quectel.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_usb_port {
    /// Set by atmqtt_usb_port_init().
    pub struct_size: usize,
    /// Vendor id, 0 to 65535; default 0x2C7C, Quectel.
    pub vendor: i32,
    /// Product id, 0 to 65535; -1 = any, the default.
    pub product: i32,
    /// Number of the interface, 0 to 255; default 2, where most of these modules have the AT port that prints
    /// URCs.
    pub interface: i32,
    /// Serial number of the device; NULL = any, the default. Many modules have none, or all the same.
    pub serial: *const c_char,
    /// Where it is plugged in, as the kernel names it: "1-1.4" is bus 1, port 1 of the computer, port 4 of the
    /// hub. NULL = anywhere, the default.
    pub path: *const c_char,
}

/// The size of the struct in the first version of the library.
const USB_PORT_SIZE: usize = size_of::<atmqtt_usb_port>();

const DEFAULTS: atmqtt_usb_port = atmqtt_usb_port {
    struct_size: USB_PORT_SIZE,
    vendor: 0x2C7C,
    product: -1,
    interface: 2,
    serial: std::ptr::null(),
    path: std::ptr::null(),
};

/// Leaves everything but vendor and interface open. Call it as atmqtt_usb_port_init(&usb, sizeof usb).
///
/// @param usb  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_usb_port).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_usb_port_init(
    usb: *mut atmqtt_usb_port,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(usb, "usb", struct_size, USB_PORT_SIZE, DEFAULTS) })
}

/// The device that it is at the moment, for atmqtt_modem_open(); a link looks for it by itself. Reads a few files
/// of the kernel, and sends nothing.
///
/// @param usb  what identifies it; not NULL.
/// @param buffer  where the path is written as a NUL-terminated string, as "/dev/ttyUSB2". Not written where it
/// is too small; 64 bytes hold every name that the kernel gives.
/// @param size  the size of the buffer in bytes, the NUL included.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_PORT_LOST where none fits, with those that were seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_usb_port_find(
    usb: *const atmqtt_usb_port,
    buffer: *mut c_char,
    size: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its struct.
        let usb = unsafe { read(usb)? };
        if buffer.is_null() {
            return Err(Failure::argument("buffer is NULL"));
        }
        let path = usb.find()?;
        // SAFETY: the program promises `size` bytes.
        unsafe { write_text(&path.to_string_lossy(), buffer, size, "buffer") }
    })
}

/// # Safety
///
/// The pointer and those in the struct are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_usb_port) -> Result<UsbPort> {
    // SAFETY: as the caller promises.
    let (given, serial, path) = unsafe {
        required(given, "usb")?;
        let given = options(given, USB_PORT_SIZE, "usb", DEFAULTS)?;
        (
            given,
            maybe_text(given.serial, "usb->serial")?,
            maybe_text(given.path, "usb->path")?,
        )
    };
    let mut usb = UsbPort::new()
        .vendor(ranged(given.vendor, "usb->vendor", 0..=0xFFFF)?)
        .interface(ranged(given.interface, "usb->interface", 0..=0xFF)?);
    if given.product != -1 {
        usb = usb.product(ranged(given.product, "usb->product", 0..=0xFFFF)?);
    }
    if let Some(serial) = serial {
        usb = usb.serial(serial);
    }
    if let Some(path) = path {
        usb = usb.path(path);
    }
    Ok(usb)
}
