"""The sections of the page about scaling, one file each."""
