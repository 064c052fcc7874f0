"""What `carillon up` starts on one machine: the engines, the mail sink, the service, and who watches them."""
