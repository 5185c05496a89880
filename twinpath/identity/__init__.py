"""Who calls: access tokens of an OpenID provider, machine keys, and what their permissions allow."""
