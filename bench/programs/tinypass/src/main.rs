//! The smallest useful script: one signed call, one line. `bare` does the same without a client.

use std::error::Error;

use tinypass_client::{Client, Environment};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: program URL [CA]")?;
    let builder = Client::builder("AIDAIDAID0", "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t")
        .environment(Environment::Custom(url));
    #[cfg(feature = "own-ca")]
    let builder = {
        let file = arguments.next().ok_or("usage: program URL CA")?;
        builder.extra_root_certificates(std::fs::read(file)?)
    };
    let access = builder.build()?.get_access("premium-content", "user_42")?;
    println!("{:?}", access.and_then(|access| access.id));
    Ok(())
}
