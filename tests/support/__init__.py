"""What tests share: servers, a running system, short ways to say things."""
