//! Files that options name: checks before they are written, and named pipes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program prints a message before it waits for another program.
#[cfg(unix)]
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Makes the program print a message before it waits for another program that opens a named pipe.
pub(crate) fn show_waiting() {
    #[cfg(unix)]
    IS_SHOWN.store(true, Ordering::Relaxed);
}

/// Prints that the program waits for another program. `option` is the name of the option or
/// argument whose value is the path, and `act` is what the other program does with the file, such
/// as "reads".
#[cfg(unix)]
fn note_waiting(option: &str, path: &Path, act: &str) {
    use std::io::Write;

    if IS_SHOWN.load(Ordering::Relaxed) {
        // Such as `-F name=@FILE`.
        let gap = if option.ends_with('@') { "" } else { " " };
        let path = path.display();
        let text = format!("{option}{gap}{path}: waiting for a program that {act} this named pipe");
        // A closed standard error must not end the command.
        let _ = writeln!(io::stderr(), "{}", crate::output::printable(&text));
    }
}

#[cfg(unix)]
fn is_fifo(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Opens an existing file for writing. For a named pipe that no program reads, prints a message and
/// waits for a reader. `option` is the name of the option whose value is the path.
#[cfg_attr(not(unix), expect(unused_variables, reason = "named pipes are not files there"))]
pub(crate) fn open_to_write(option: &str, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    if is_fifo(path) {
        match options.custom_flags(libc::O_NONBLOCK).open(path) {
            // There is no reader.
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
                note_waiting(option, path, "reads");
                options.custom_flags(0);
            }
            file => {
                let file = file?;
                rustix::io::ioctl_fionbio(&file, false)?;
                return Ok(file);
            }
        }
    }
    options.open(path)
}

/// Waits until a program reads the file, if it is a named pipe. Returns the open pipe, or `None` for
/// any other file. `option` is the name of the option whose value is the path.
pub(crate) fn wait_for_reader(option: &str, path: &Path) -> io::Result<Option<File>> {
    #[cfg(unix)]
    if is_fifo(path) {
        return open_to_write(option, path).map(Some);
    }
    #[cfg(not(unix))]
    let _ = (option, path);
    Ok(None)
}

/// Opens a file for reading. For a named pipe that no program writes, prints a message and waits for
/// a writer (on Linux; other Unix systems wait without a message). `option` is the name of the
/// option or argument whose value is the path.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "there is no message"))]
pub(crate) fn open_to_read(option: &str, path: &Path) -> io::Result<Box<dyn Read>> {
    #[cfg(target_os = "linux")]
    if is_fifo(path) {
        return open_fifo(option, path);
    }
    Ok(Box::new(File::open(path)?))
}

/// Opens a named pipe for reading. Opening it without waiting succeeds in any case, so whether there
/// is a writer shows only when it is read.
#[cfg(target_os = "linux")]
fn open_fifo(option: &str, path: &Path) -> io::Result<Box<dyn Read>> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let mut first = [0];
    let length = match file.read(&mut first) {
        // There is a writer that has not written anything yet.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Ok(0) => {
            let is_ready = |file: &File, timeout: Option<&Timespec>| {
                let mut files = [PollFd::new(file, PollFlags::IN)];
                rustix::io::retry_on_intr(|| poll(&mut files, timeout)).map(|count| count > 0)
            };
            // If the pipe had a writer that has closed it, there is nothing to wait for.
            if !is_ready(&file, Some(&Timespec::default()))? {
                note_waiting(option, path, "writes to");
                is_ready(&file, None)?;
            }
            0
        }
        read => read?,
    };
    rustix::io::ioctl_fionbio(&file, false)?;
    let first = first.into_iter().take(length).collect::<Vec<u8>>();
    Ok(Box::new(io::Cursor::new(first).chain(file)))
}

/// Returns the folder that contains the file at `path`. It is `.` if the path is only a name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Checks that the current user can create files in a folder, or write to a file. Changes nothing.
///
/// # Errors
/// Returns the error of the operating system.
#[cfg(unix)]
pub fn check_writable(path: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};

    let access = match fs::metadata(path)?.is_dir() {
        true => Access::WRITE_OK | Access::EXEC_OK,
        false => Access::WRITE_OK,
    };
    Ok(accessat(CWD, path, access, AtFlags::EACCESS)?)
}

/// Checks that a folder or a file exists.
///
/// # Errors
/// Returns the error of the operating system.
#[cfg(not(unix))]
pub fn check_writable(path: &Path) -> io::Result<()> {
    fs::metadata(path).map(drop)
}

/// Checks that the current user can create or replace the file at `path`. In a folder with the
/// sticky bit, such as `/tmp`, only the owner of the file, the owner of the folder and root can
/// replace it. An immutable file cannot be replaced. In an append-only folder, no file can be
/// replaced or renamed, so no new file can be created atomically (both are checked on Linux).
/// Changes nothing.
///
/// # Errors
/// Returns an error that says why the file cannot be created or replaced.
#[cfg(unix)]
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    /// The sticky bit of a mode.
    const STICKY: u32 = 0o1000;
    let folder = folder_of(path);
    let problem = if is_fixed(path) || is_fixed(folder) {
        "is immutable or append-only, or in such a folder, so it cannot be created or replaced"
    } else {
        let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
        let of_folder = fs::metadata(folder)?;
        let user = rustix::process::geteuid();
        let is_owner = user.is_root() || [found.uid(), of_folder.uid()].contains(&user.as_raw());
        if of_folder.mode() & STICKY == 0 || is_owner {
            return Ok(());
        }
        "belongs to another user, so it cannot be replaced in this folder"
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
}

/// Does nothing on this system.
///
/// # Errors
/// Returns no errors on this system.
#[cfg(not(unix))]
pub fn check_replaceable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns the attributes of a file that `statx` reports, or none if it fails.
#[cfg(target_os = "linux")]
fn attributes(path: &Path, flags: rustix::fs::AtFlags) -> rustix::fs::StatxAttributes {
    use rustix::fs::{CWD, StatxAttributes, StatxFlags, statx};

    let found = statx(CWD, path, flags, StatxFlags::empty());
    found.map_or_else(|_| StatxAttributes::empty(), |found| found.stx_attributes)
}

/// Returns whether a file or a folder is immutable or append-only.
#[cfg(target_os = "linux")]
fn is_fixed(path: &Path) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes};

    attributes(path, AtFlags::empty())
        .intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_fixed(_: &Path) -> bool {
    false
}

/// Returns whether a file is a mount point, such as a single file that is mounted into a container.
/// It cannot be replaced, only written.
#[cfg(target_os = "linux")]
pub(crate) fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes};

    attributes(path, AtFlags::SYMLINK_NOFOLLOW).contains(StatxAttributes::MOUNT_ROOT)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mount_point(_: &Path) -> bool {
    false
}
