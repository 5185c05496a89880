"""An OpenID Connect provider for development: signs in sample people without a password. Never for production."""
