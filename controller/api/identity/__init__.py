"""Identity v3: tokens and the catalog, projects, users and roles."""
