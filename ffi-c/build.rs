//! How the shared library is linked. (cargo-c does the same in its own way.)

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libatmqtt.so.{version}");
        // Threads of the library may still run when a program unloads it.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
