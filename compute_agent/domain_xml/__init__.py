"""libvirt's XML: shapes that hold no policy, and the builder that alone has opinions."""
