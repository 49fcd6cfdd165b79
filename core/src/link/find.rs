//! Where the serial port of a link is, and where it is again after it was unplugged.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::port::Port;

/// Quectel.
const VENDOR: u16 = 0x2C7C;

/// How a [`Link`](crate::Link) finds its serial port, anew after every loss.
#[derive(Clone)]
#[non_exhaustive]
pub enum LinkPort {
    /// A device by its path, or a symbolic link to it, as udev makes them in `/dev/serial/by-id`.
    Path(PathBuf),
    /// A port of a USB module, by what stays when it comes back under another name.
    Usb(UsbPort),
    /// Whatever this gives. It is called on the thread of the link.
    Other(OtherPort),
}

/// A byte stream of the program's own; see [`LinkPort::other`].
#[derive(Clone)]
pub struct OtherPort(Arc<Mutex<MakePort>>);

type MakePort = dyn FnMut() -> Result<Box<dyn Port>> + Send;

impl LinkPort {
    /// Any byte stream with a non-blocking descriptor, made anew for every attempt. The function is called on
    /// the thread of the link, and should not block for long: closing the link waits for it.
    pub fn other(make: impl FnMut() -> Result<Box<dyn Port>> + Send + 'static) -> Self {
        Self::Other(OtherPort(Arc::new(Mutex::new(make))))
    }
}

impl OtherPort {
    pub(super) fn make(&self) -> Result<Box<dyn Port>> {
        (self.0.lock())()
    }
}

impl fmt::Debug for LinkPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Usb(usb) => usb.fmt(f),
            Self::Other(_) => f.write_str("a port of the program's own"),
        }
    }
}

impl fmt::Debug for OtherPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherPort").finish_non_exhaustive()
    }
}

impl<T: AsRef<Path> + ?Sized> From<&T> for LinkPort {
    fn from(path: &T) -> Self {
        Self::Path(path.as_ref().to_owned())
    }
}

impl From<PathBuf> for LinkPort {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<UsbPort> for LinkPort {
    fn from(usb: UsbPort) -> Self {
        Self::Usb(usb)
    }
}

/// A serial port of a USB module by what identifies it, all of which has to fit. Read from
/// `/sys/class/tty`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsbPort {
    /// Vendor id; default 0x2C7C, Quectel.
    pub vendor: u16,
    /// Product id; default any.
    pub product: Option<u16>,
    /// Serial number of the device; default any. Many modules have none, or all the same.
    pub serial: Option<String>,
    /// Where it is plugged in, as the kernel names it: `1-1.4` is bus 1, port 1 of the computer, port 4 of
    /// the hub; default anywhere.
    pub path: Option<String>,
    /// Number of the interface; default 2, where most of these modules have the AT port that prints URCs.
    pub interface: u8,
}

impl Default for UsbPort {
    fn default() -> Self {
        Self {
            vendor: VENDOR,
            product: None,
            serial: None,
            path: None,
            interface: 2,
        }
    }
}

impl UsbPort {
    /// The first module of Quectel, at its AT port.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`vendor`](Self::vendor).
    #[must_use]
    pub fn vendor(mut self, vendor: u16) -> Self {
        self.vendor = vendor;
        self
    }

    /// Sets [`product`](Self::product).
    #[must_use]
    pub fn product(mut self, product: u16) -> Self {
        self.product = Some(product);
        self
    }

    /// Sets [`serial`](Self::serial).
    #[must_use]
    pub fn serial(mut self, serial: impl Into<String>) -> Self {
        self.serial = Some(serial.into());
        self
    }

    /// Sets [`path`](Self::path).
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets [`interface`](Self::interface).
    #[must_use]
    pub fn interface(mut self, interface: u8) -> Self {
        self.interface = interface;
        self
    }

    /// The device that it is at the moment.
    ///
    /// # Errors
    ///
    /// [`PortLost`](ErrorKind::PortLost) where none fits, with those that were seen.
    pub fn find(&self) -> Result<PathBuf> {
        self.find_in(Path::new("/sys/class/tty"), Path::new("/dev"))
    }

    fn find_in(&self, class: &Path, dev: &Path) -> Result<PathBuf> {
        let mut seen: Vec<(String, UsbInterface)> = fs::read_dir(class)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                Some((name, UsbInterface::of(&entry.path().join("device"))?))
            })
            .collect();
        seen.sort_unstable_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
        match seen.iter().find(|(_, interface)| self.fits(interface)) {
            Some((name, _)) => Ok(dev.join(name)),
            None => {
                let seen: Vec<String> = seen
                    .iter()
                    .map(|(name, interface)| format!("{name} ({interface})"))
                    .collect();
                Err(Error::new(
                    ErrorKind::PortLost,
                    format!(
                        "no USB serial port fits {self:?}; there are: {}",
                        if seen.is_empty() {
                            "none".to_owned()
                        } else {
                            seen.join(", ")
                        }
                    ),
                ))
            }
        }
    }

    fn fits(&self, found: &UsbInterface) -> bool {
        self.vendor == found.vendor
            && self.product.is_none_or(|product| product == found.product)
            && self
                .serial
                .as_ref()
                .is_none_or(|serial| found.serial.as_ref() == Some(serial))
            && self.path.as_ref().is_none_or(|path| *path == found.path)
            && self.interface == found.number
    }
}

/// What the kernel tells of the interface behind a serial port.
#[derive(Debug)]
struct UsbInterface {
    vendor: u16,
    product: u16,
    serial: Option<String>,
    path: String,
    number: u8,
}

impl UsbInterface {
    /// Looks upwards from the `device` of a tty: a port of `usb-serial` lies below its interface, that of
    /// `cdc-acm` is the interface.
    fn of(device: &Path) -> Option<Self> {
        let device = fs::canonicalize(device).ok()?;
        let interface = device
            .ancestors()
            .find(|folder| folder.join("bInterfaceNumber").exists())?;
        let usb = interface.parent()?;
        let read = |folder: &Path, name: &str| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            Some(text.trim().to_owned())
        };
        let number = |folder, name| u16::from_str_radix(&read(folder, name)?, 16).ok();
        Some(Self {
            vendor: number(usb, "idVendor")?,
            product: number(usb, "idProduct")?,
            serial: read(usb, "serial"),
            path: usb.file_name()?.to_str()?.to_owned(),
            number: u8::try_from(number(interface, "bInterfaceNumber")?).ok()?,
        })
    }
}

impl fmt::Display for UsbInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:04x} at {}, interface {}",
            self.vendor, self.product, self.path, self.number
        )?;
        match &self.serial {
            Some(serial) => write!(f, ", serial number {serial}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with what the kernel shows of a module: four serial ports, from this number on.
    fn plug(root: &Path, bus: &str, vendor: &str, serial: &str, first: usize) {
        let usb = root.join("devices/usb1").join(bus);
        fs::create_dir_all(&usb).unwrap();
        for (name, text) in [
            ("idVendor", vendor),
            ("idProduct", "6005"),
            ("serial", serial),
        ] {
            fs::write(usb.join(name), format!("{text}\n")).unwrap();
        }
        fs::create_dir_all(root.join("class")).unwrap();
        for number in 0..4 {
            let interface = usb.join(format!("{bus}:1.{number}"));
            let name = format!("ttyUSB{}", first + number);
            fs::create_dir_all(interface.join(&name)).unwrap();
            fs::write(interface.join("bInterfaceNumber"), format!("0{number}\n")).unwrap();
            let tty = root.join("class").join(&name);
            fs::create_dir_all(&tty).unwrap();
            symlink(interface.join(&name), tty.join("device")).unwrap();
        }
    }

    fn unplug(root: &Path) {
        fs::remove_dir_all(root.join("class")).unwrap();
        fs::remove_dir_all(root.join("devices")).unwrap();
    }

    fn found(root: &Path, port: &UsbPort) -> Result<String> {
        let path = port.find_in(&root.join("class"), Path::new("/dev"))?;
        Ok(path.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_module_is_found_again_under_another_name() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        plug(root, "1-1", "1a86", "x", 0);
        plug(root, "1-2", "2c7c", "A", 4);
        plug(root, "1-3", "2c7c", "B", 8);
        let [any, by_path, by_serial] = [
            UsbPort::new(),
            UsbPort::new().path("1-3"),
            UsbPort::new().serial("B"),
        ];
        assert_eq!(found(root, &any).unwrap(), "/dev/ttyUSB6");
        assert_eq!(found(root, &by_path).unwrap(), "/dev/ttyUSB10");
        assert_eq!(found(root, &by_serial).unwrap(), "/dev/ttyUSB10");

        unplug(root);
        plug(root, "1-3", "2c7c", "B", 20);
        assert_eq!(found(root, &by_path).unwrap(), "/dev/ttyUSB22");
        assert_eq!(found(root, &by_serial).unwrap(), "/dev/ttyUSB22");
        let modem_port = UsbPort::new().interface(3);
        assert_eq!(found(root, &modem_port).unwrap(), "/dev/ttyUSB23");
    }

    #[test]
    fn the_error_names_what_is_there() {
        let root = tempfile::tempdir().unwrap();
        let error = found(root.path(), &UsbPort::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PortLost);
        assert!(error.detail().ends_with("there are: none"), "{error}");
        plug(root.path(), "2-1.4", "2c7c", "A", 0);
        let error = found(root.path(), &UsbPort::new().product(1)).unwrap_err();
        assert!(
            error
                .detail()
                .contains("ttyUSB2 (2c7c:6005 at 2-1.4, interface 2, serial number A)"),
            "{error}"
        );
    }

    #[test]
    fn a_port_of_cdc_acm_is_its_interface() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        plug(root, "1-1", "2c7c", "A", 0);
        let tty = root.join("class/ttyACM0");
        fs::create_dir_all(&tty).unwrap();
        symlink(root.join("devices/usb1/1-1/1-1:1.2"), tty.join("device")).unwrap();
        fs::remove_dir_all(root.join("class/ttyUSB2")).unwrap();
        assert_eq!(found(root, &UsbPort::new()).unwrap(), "/dev/ttyACM0");
    }
}
